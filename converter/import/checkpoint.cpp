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
void add_torch_tensors(TorchArchive& archive, Checkpoint* checkpoint) {
  for (const auto& [name, found] : find_state_dict(archive.root(), checkpoint->path)) {
    const StorageView& view = *found->storage;
    const std::string what = checkpoint->path + ": tensor '" + name + "'";
    check_tensor_view(what, found->shape, found->strides, found->offset, view.element_count);
    CheckpointTensor tensor;
    tensor.type = view.root->type;
    tensor.shape = found->shape;
    tensor.strides = found->strides;
    tensor.offset = view.offset + found->offset;
    tensor.storage = archive.storage(*view.root);
    checkpoint->tensors.emplace(name, std::move(tensor));
  }
  checkpoint->config = find_config(archive.root(), checkpoint->path);
}

}  // namespace

Checkpoint read_checkpoint(const std::string& path) {
  const std::string start = read_start(path);
  Checkpoint checkpoint;
  checkpoint.path = path;
  if (starts_with(start, "PK\x03\x04") || starts_with(start, "PK\x05\x06")) {
    checkpoint.container = "torch zip";
    add_torch_tensors(*open_torch_zip(path), &checkpoint);
  } else if (start.size() > 8 && start[8] == '{') {
    checkpoint.container = "safetensors";
    checkpoint.tensors = read_safetensors(path);
  } else if (start.size() > 2 && start[0] == '\x80' && start[1] >= 2 && start[1] <= 5) {
    checkpoint.container = "torch legacy";
    add_torch_tensors(*open_torch_legacy(path), &checkpoint);
  } else {
    refuse_container(path, start);
  }
  return checkpoint;
}

}  // namespace pintle::converter
