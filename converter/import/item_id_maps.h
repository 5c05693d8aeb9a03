// SPDX-License-Identifier: Apache-2.0
//
// Where the map from a checkpoint's rows to the app's ids is found.
#ifndef PINTLE_CONVERTER_IMPORT_ITEM_ID_MAPS_H_
#define PINTLE_CONVERTER_IMPORT_ITEM_ID_MAPS_H_

#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "converter/import/pickle_value.h"
#include "converter/network/item_ids.h"

namespace pintle::converter {

// What a framework left in the pickle: RecTools's hyper_parameters.item_external_ids, or the
// field2id_token of a RecBole dataset. `config` is the checkpoint's, which names RecBole's item
// field. Throws Error, naming `path`, on a map that is there but cannot be read.
std::optional<ItemIds> find_item_ids(const PickleValue& root, const nlohmann::json& config,
                                     const std::string& path);

// A map in a file of its own: a JSON list (the id of row 0, of row 1, ...; null for none), a JSON
// object (id -> row), RePlay's tokenizer (its folder or init_args.json), or a table whose first column
// is the row and whose second is the id. Throws Error.
ItemIds read_item_ids(const std::string& path);

}  // namespace pintle::converter

#endif  // PINTLE_CONVERTER_IMPORT_ITEM_ID_MAPS_H_
