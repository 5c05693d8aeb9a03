// SPDX-License-Identifier: Apache-2.0
//
// What the converter adds to pintle.hpp: Error instead of statuses, and ids as text.
#ifndef PINTLE_CONVERTER_RUN_RUNTIME_MODEL_H_
#define PINTLE_CONVERTER_RUN_RUNTIME_MODEL_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "pintle/pintle.hpp"

namespace pintle::converter {

// Throws Error "<what>: <status's name>: <message>" for a failure.
void require(const Status& status, std::string_view what);
// Gives a result's value.
template <typename T>
T require(Result<T> result, std::string_view what) {
  require(result.failure(), what);
  return std::move(*result);
}
// The same of "<what> <number>".
template <typename T>
T require(Result<T> result, const char* what, uint32_t number) {
  if (!result) require(result.failure(), what + (" " + std::to_string(number)));
  return std::move(*result);
}

// flags: PINTLE_OPEN_*; isa: null for the best; delta: a delta's path, null or "" for none. Throws Error:
// "<path>: PINTLE_ERR_CORRUPT: <what>".
Model open_model(const std::string& path, uint32_t flags = 0, const char* isa = nullptr,
                 const char* delta = nullptr);
// A model that no file holds; `file` is copied. isa: as above. Throws Error if the runtime refuses it.
Model open_in_memory(const std::vector<uint8_t>& file, const char* isa = nullptr);
Session new_session(const Model& model);

// Whether it is an item's number: with a delta some below item_count are nobody's.
inline bool has_item(const pintle_model_info& info, uint32_t item) {
  return item < info.base_item_count || item >= info.item_count - info.added_item_count;
}
// The external id as text, whatever its kind.
std::string item_id(const Model& model, uint32_t item);
// "" of an item without one.
std::string item_title(const Model& model, uint32_t item);
// False if the catalogue has no such id; text that is no integer is unknown to a model of integers.
bool find_item(const Model& model, const std::string& id, uint32_t* item);
// All of `ids`. Throws Error "<where>: ..." for the first that is unknown.
std::vector<uint32_t> find_items(const Model& model, const std::vector<std::string>& ids,
                                 const std::string& where);

}  // namespace pintle::converter

#endif  // PINTLE_CONVERTER_RUN_RUNTIME_MODEL_H_
