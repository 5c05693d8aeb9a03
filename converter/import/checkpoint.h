// SPDX-License-Identifier: Apache-2.0
//
// A trained checkpoint, whatever its container: tensors by name, and the configuration beside them.
#ifndef PINTLE_CONVERTER_IMPORT_CHECKPOINT_H_
#define PINTLE_CONVERTER_IMPORT_CHECKPOINT_H_

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "converter/network/item_ids.h"

namespace pintle::converter {

enum class ScalarType { kF64, kF32, kF16, kBF16, kI64, kI32, kI16, kI8, kU8, kBool };

size_t scalar_size_bytes(ScalarType type);
const char* scalar_type_name(ScalarType type);

// A strided view into shared storage. Every reader checks, before it makes one, that all of the
// view's elements lie inside the storage.
struct CheckpointTensor {
  ScalarType type = ScalarType::kF32;
  std::vector<int64_t> shape;
  std::vector<int64_t> strides;  // in elements
  int64_t offset = 0;            // in elements
  std::shared_ptr<const std::vector<std::byte>> storage;

  int64_t element_count() const;
  // Row-major values. Does not check for NaN: the caller knows which tensors matter.
  std::vector<float> to_f32() const;
};

// A module of a pickled whole module: what its object says of itself.
struct ModuleRecord {
  std::string type;  // "torch.nn.modules.sparse.Embedding"
  nlohmann::json attributes =
      nlohmann::json::object();  // plain values: padding_idx, num_heads, eps
};

struct Checkpoint {
  std::string path;
  std::string container;  // "torch zip", "torch legacy", "safetensors", "safetensors, 2 shards"
  // Flattened names, as in a state_dict: nested dicts and modules are joined by '.'. Optimizer state
  // is left out. Prefixes such as "model." are kept: recipes strip them.
  std::map<std::string, CheckpointTensor> tensors;
  // With CheckpointExtent::kAll, what lies beside them in a pickle, by its name in the whole file:
  // tensors, and plain values.
  std::map<std::string, CheckpointTensor> beside;
  nlohmann::json values_beside = nlohmann::json::object();
  // Plain values found beside the tensors: RecBole's final_config_dict, Lightning's
  // hyper_parameters, a "config" or "args" entry. An object; empty if there is none.
  nlohmann::json config = nlohmann::json::object();
  std::string config_source = "the checkpoint's config";  // for reports
  bool config_is_inside = true;  // false: a file beside the weights, which another may replace
  std::map<std::string, ModuleRecord> modules;  // by the prefix of their tensors; "": the root
  std::optional<ItemIds> item_ids;  // if a framework put the app's ids beside the tensors
  std::string item_ids_fault;       // why a map that is there cannot be read; empty: it can
};

enum class CheckpointExtent { kModel, kAll };

// `path` as find_checkpoint_files takes it; the files are read by content, not by extension: torch
// zip, torch legacy or safetensors. Throws Error.
Checkpoint read_checkpoint(const std::string& path,
                           CheckpointExtent extent = CheckpointExtent::kModel);

}  // namespace pintle::converter

#endif  // PINTLE_CONVERTER_IMPORT_CHECKPOINT_H_
