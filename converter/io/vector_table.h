// SPDX-License-Identifier: Apache-2.0
//
// Vectors of items that others made: the rows of a network, or what a text encoder says of titles.
#ifndef PINTLE_CONVERTER_IO_VECTOR_TABLE_H_
#define PINTLE_CONVERTER_IO_VECTOR_TABLE_H_

#include <cstddef>
#include <string>
#include <unordered_map>
#include <vector>

namespace pintle::converter {

struct VectorTable {
  std::string path;
  size_t dim = 0;
  std::unordered_map<std::string, std::vector<float>> by_id;  // by the app's ids
};

// A table with a header (CSV or TSV), the app's id in its first column and a number in each other one; or,
// where the name ends in .npy, an array of NumPy, f4 or f8, [ids.size()][dim] in C order, whose rows are those
// of `ids`. Throws Error (file, line, fault), also for an id that comes twice and for what is not finite.
VectorTable read_vectors(const std::string& path, const std::vector<std::string>& ids);

}  // namespace pintle::converter

#endif  // PINTLE_CONVERTER_IO_VECTOR_TABLE_H_
