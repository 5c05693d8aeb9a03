// SPDX-License-Identifier: Apache-2.0
#include "converter/import/checkpoint.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <optional>
#include <string_view>

#include "converter/import/checkpoint_files.h"
#include "converter/import/item_id_maps.h"
#include "converter/import/safetensors.h"
#include "converter/import/state_dict.h"
#include "converter/import/tensor_view.h"
#include "converter/import/torch_archive.h"
#include "converter/io/error.h"
#include "converter/io/json_file.h"
#include "converter/io/text_file.h"

namespace pintle::converter {
namespace {

std::string read_start(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) throw Error(path + ": cannot be opened: " + std::strerror(errno));
  std::string start(64, '\0');
  file.read(start.data(), static_cast<std::streamsize>(start.size()));
  start.resize(static_cast<size_t>(file.gcount()));
  return start;
}

[[noreturn]] void refuse_container(const std::string& path, std::string_view start) {
  std::string known =
      "the file is none of a PyTorch checkpoint (zip or old layout) and safetensors";
  if (start.empty()) {
    known = "the file is empty";
  } else if (starts_with(start, "version https://git-lfs")) {
    known = "is a Git LFS pointer, not the checkpoint itself; fetch it with 'git lfs pull'";
  } else if (starts_with(start, "GGUF")) {
    known = "is a GGUF file; give the PyTorch or safetensors checkpoint";
  } else if (starts_with(start, "\x89HDF")) {
    known = "is an HDF5 file (Keras?); give a PyTorch or safetensors checkpoint";
  }
  throw Error(path + ": " + known);
}

void add_tensors(const std::string& path, std::map<std::string, CheckpointTensor> tensors,
                 Checkpoint* checkpoint) {
  for (auto& [name, tensor] : tensors) {
    if (!checkpoint->tensors.emplace(name, std::move(tensor)).second) {
      throw Error(path + ": holds the tensor '" + name + "', which another shard holds too");
    }
  }
}

// Every view is checked against its storage here, where the tensor's name is known.
std::map<std::string, CheckpointTensor> load_tensors(
    TorchArchive& archive, const std::map<std::string, const PickleTensor*>& found,
    const std::string& path) {
  std::map<std::string, CheckpointTensor> tensors;
  for (const auto& [name, pickled] : found) {
    const StorageView& view = *pickled->storage;
    const std::string what = path + ": tensor '" + name + "'";
    check_tensor_view(what, pickled->shape, pickled->strides, pickled->offset, view.element_count);
    CheckpointTensor tensor;
    tensor.type = view.root->type;
    tensor.shape = pickled->shape;
    tensor.strides = pickled->strides;
    tensor.offset = view.offset + pickled->offset;
    tensor.storage = archive.storage(*view.root);
    tensors.emplace(name, std::move(tensor));
  }
  return tensors;
}

void add_torch_tensors(TorchArchive& archive, const std::string& path, CheckpointExtent extent,
                       Checkpoint* checkpoint) {
  StateDict state = find_state_dict(archive.root(), path);
  add_tensors(path, load_tensors(archive, state.tensors, path), checkpoint);
  checkpoint->modules.merge(state.modules);
  checkpoint->config.update(find_config(archive.root(), path));
  try {
    if (auto ids = find_item_ids(archive.root(), checkpoint->config, path)) {
      checkpoint->item_ids = std::move(ids);
    }
  } catch (const Error& error) {
    checkpoint->item_ids_fault = error.what();
  }
  if (extent == CheckpointExtent::kModel) return;
  checkpoint->beside.merge(
      load_tensors(archive, find_beside(archive.root(), state.tensors, path), path));
  checkpoint->values_beside.update(find_values_beside(archive.root(), path));
}

// Adds the tensors and what lies beside them in one file.
void read_file(const std::string& path, CheckpointExtent extent, Checkpoint* checkpoint) {
  const std::string start = read_start(path);
  if (starts_with(start, "PK\x03\x04") || starts_with(start, "PK\x05\x06")) {
    checkpoint->container = "torch zip";
    add_torch_tensors(*open_torch_zip(path), path, extent, checkpoint);
  } else if (start.size() > 8 && start[8] == '{') {
    checkpoint->container = "safetensors";
    add_tensors(path, read_safetensors(path), checkpoint);
  } else if (start.size() > 2 && start[0] == '\x80' && start[1] >= 2 && start[1] <= 5) {
    checkpoint->container = "torch legacy";
    add_torch_tensors(*open_torch_legacy(path), path, extent, checkpoint);
  } else {
    refuse_container(path, start);
  }
}

// Every tensor of the index must be in the shard that it names.
void check_weight_map(const CheckpointFiles& files, const Checkpoint& checkpoint) {
  for (const auto& [tensor, shard] : files.weight_map) {
    if (checkpoint.tensors.count(tensor) == 0) {
      throw Error(shard + ": lacks the tensor '" + tensor +
                  "' that the index expects in it; the shards are not of one checkpoint");
    }
  }
  for (const auto& [tensor, unused] : checkpoint.tensors) {
    if (!files.weight_map.empty() && files.weight_map.count(tensor) == 0) {
      throw Error(checkpoint.path + ": the shards hold the tensor '" + tensor +
                  "', which the index does not name; the shards are not of one checkpoint");
    }
  }
}

// A config.json beside the weights; what a pickle holds inside must not say otherwise.
void add_config(const std::string& path, Checkpoint* checkpoint) {
  const nlohmann::json config = read_json_file(path);
  if (!config.is_object()) throw Error(path + ": is no JSON object");
  checkpoint->config_is_inside = !checkpoint->config.empty();
  checkpoint->config_source = std::string("config.json beside the weights") +
                              (checkpoint->config_is_inside ? " or the checkpoint's config" : "");
  for (const auto& [key, value] : config.items()) {
    const auto [entry, is_new] = checkpoint->config.emplace(key, value);
    if (is_new || *entry == value) continue;
    throw Error(path + ": says " + key + " = " + value.dump() +
                ", but the checkpoint itself says " + entry->dump() +
                "; move the file away if it belongs to another checkpoint");
  }
}

}  // namespace

Checkpoint read_checkpoint(const std::string& path, CheckpointExtent extent) {
  const CheckpointFiles files = find_checkpoint_files(path);
  Checkpoint checkpoint;
  checkpoint.path = path;
  for (const std::string& file : files.weights) read_file(file, extent, &checkpoint);
  if (files.weights.size() > 1) {
    checkpoint.container += ", " + std::to_string(files.weights.size()) + " shards";
  }
  check_weight_map(files, checkpoint);
  if (!files.config.empty()) add_config(files.config, &checkpoint);
  return checkpoint;
}

}  // namespace pintle::converter
