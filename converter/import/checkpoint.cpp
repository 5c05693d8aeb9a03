// SPDX-License-Identifier: Apache-2.0
#include "converter/import/checkpoint.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <optional>
#include <string_view>

#include "converter/import/safetensors.h"
#include "converter/import/state_dict.h"
#include "converter/import/tensor_view.h"
#include "converter/import/torch_archive.h"
#include "converter/io/error.h"

namespace pintle::converter {
namespace {

std::string read_start(const std::string& path) {
  if (std::filesystem::is_directory(path)) {
    throw Error(path + ": is a folder; give the checkpoint file in it");
  }
  std::ifstream file(path, std::ios::binary);
  if (!file) throw Error(path + ": cannot be opened: " + std::strerror(errno));
  std::string start(64, '\0');
  file.read(start.data(), static_cast<std::streamsize>(start.size()));
  start.resize(static_cast<size_t>(file.gcount()));
  return start;
}

bool starts_with(std::string_view text, std::string_view prefix) {
  return text.substr(0, prefix.size()) == prefix;
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

void add_torch_tensors(TorchArchive& archive, CheckpointExtent extent, Checkpoint* checkpoint) {
  const std::string& path = checkpoint->path;
  const auto state = find_state_dict(archive.root(), path);
  checkpoint->tensors = load_tensors(archive, state, path);
  checkpoint->config = find_config(archive.root(), path);
  if (extent == CheckpointExtent::kModel) return;
  checkpoint->beside = load_tensors(archive, find_beside(archive.root(), state, path), path);
  checkpoint->values_beside = find_values_beside(archive.root(), path);
}

}  // namespace

Checkpoint read_checkpoint(const std::string& path, CheckpointExtent extent) {
  const std::string start = read_start(path);
  Checkpoint checkpoint;
  checkpoint.path = path;
  if (starts_with(start, "PK\x03\x04") || starts_with(start, "PK\x05\x06")) {
    checkpoint.container = "torch zip";
    add_torch_tensors(*open_torch_zip(path), extent, &checkpoint);
  } else if (start.size() > 8 && start[8] == '{') {
    checkpoint.container = "safetensors";
    checkpoint.tensors = read_safetensors(path);
  } else if (start.size() > 2 && start[0] == '\x80' && start[1] >= 2 && start[1] <= 5) {
    checkpoint.container = "torch legacy";
    add_torch_tensors(*open_torch_legacy(path), extent, &checkpoint);
  } else {
    refuse_container(path, start);
  }
  return checkpoint;
}

}  // namespace pintle::converter
