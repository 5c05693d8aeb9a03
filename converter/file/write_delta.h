// SPDX-License-Identifier: Apache-2.0
//
// A delta of a model's catalogue, as schema/README.md lays it out.
#ifndef PINTLE_CONVERTER_FILE_WRITE_DELTA_H_
#define PINTLE_CONVERTER_FILE_WRITE_DELTA_H_

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "converter/file/catalogue.h"
#include "converter/network/network.h"
#include "pintle_generated.h"

namespace pintle::converter {

// What a network knows of items one by one: a row each.
struct ItemTables {
  Matrix items;                        // embeddings on the way in
  std::optional<Matrix> output_items;  // what scores come from, where it is another table
  std::vector<float> item_bias;        // empty: none
  std::optional<Matrix> exact_rows;    // the scored rows in f32, of a model with an exact index

  // The rows that scores come from, as finely as they are known.
  const Matrix& scored() const {
    return exact_rows ? *exact_rows : output_items ? *output_items : items;
  }
};

struct Delta {
  std::vector<uint32_t> retired;  // items of the base, ascending
  // Of the added items; `catalogue.attributes` are the base's.
  ItemTables tables;
  Catalogue catalogue;
  std::vector<std::pair<std::string, double>> quality;
};

// The whole file. Equal inputs give equal bytes. Throws Error if the delta lacks a table that its base has,
// or as serialize_model does. base: the root of the model's file.
std::vector<uint8_t> serialize_delta(const fb::Model& base, const Delta& delta);

}  // namespace pintle::converter

#endif  // PINTLE_CONVERTER_FILE_WRITE_DELTA_H_
