// SPDX-License-Identifier: Apache-2.0
#ifndef PINTLE_CONVERTER_IMPORT_TENSOR_VIEW_H_
#define PINTLE_CONVERTER_IMPORT_TENSOR_VIEW_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace pintle::converter {

// a * b, or nothing on overflow. REQUIRES: both are >= 0. The same for the sum.
std::optional<int64_t> checked_product(int64_t a, int64_t b);
std::optional<int64_t> checked_sum(int64_t a, int64_t b);

// Throws Error, with `what` (file and tensor) in front, unless all elements of the view lie inside
// a storage of `storage_elements`. Also refuses views that repeat their storage (stride 0) into
// more than 2^24 elements: a small file could otherwise ask for any amount of memory.
void check_tensor_view(const std::string& what, const std::vector<int64_t>& shape,
                       const std::vector<int64_t>& strides, int64_t offset,
                       int64_t storage_elements);

std::vector<int64_t> row_major_strides(const std::vector<int64_t>& shape);
std::string shape_text(const std::vector<int64_t>& shape);  // "[3, 4]"

}  // namespace pintle::converter

#endif  // PINTLE_CONVERTER_IMPORT_TENSOR_VIEW_H_
