// SPDX-License-Identifier: Apache-2.0
#ifndef PINTLE_CONVERTER_IMPORT_STATE_DICT_H_
#define PINTLE_CONVERTER_IMPORT_STATE_DICT_H_

#include <map>
#include <nlohmann/json.hpp>
#include <string>

#include "converter/import/pickle_value.h"

namespace pintle::converter {

struct StateDict {
  std::map<std::string, const PickleTensor*> tensors;  // by flattened names
  std::map<std::string, ModuleRecord> modules;         // of a pickled module, by the same names
};

// The model in a checkpoint: the root itself, or what lies under "state_dict", "model" or the like; a
// whole module is walked as its state_dict() would. Optimizer state is left out. Throws Error with
// `path` in front if there are no tensors.
StateDict find_state_dict(const PickleValue& root, const std::string& path);

// A module's own plain values (num_heads, padding_idx), without torch's bookkeeping.
nlohmann::json module_attributes(const PickleValue& module, const std::string& path);

// The tensors that lie beside those of the model, by their flattened names in the whole file.
std::map<std::string, const PickleTensor*> find_beside(
    const PickleValue& root, const std::map<std::string, const PickleTensor*>& state,
    const std::string& path);

// The plain values directly under the root, beside the tensors: an object.
nlohmann::json find_values_beside(const PickleValue& root, const std::string& path);

// The plain values (none, booleans, numbers, text, lists and dicts of them) of "config",
// "hyper_parameters", "args" and their like beside the tensors. RecBole's Config object gives its
// final_config_dict, a whole module its own attributes. Anything else in them is left out.
nlohmann::json find_config(const PickleValue& root, const std::string& path);

}  // namespace pintle::converter

#endif  // PINTLE_CONVERTER_IMPORT_STATE_DICT_H_
