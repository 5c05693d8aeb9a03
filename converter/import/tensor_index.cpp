// SPDX-License-Identifier: Apache-2.0
#include "converter/import/tensor_index.h"

namespace pintle::converter {
namespace {

bool matches(const char* pattern, const char* name) {
  for (; *pattern != '\0'; ++pattern, ++name) {
    if (*pattern == '*') {
      const bool crosses_dots = pattern[1] == '*';
      const char* rest = pattern + (crosses_dots ? 2 : 1);
      for (;; ++name) {
        if (matches(rest, name)) return true;
        if (*name == '\0' || (*name == '.' && !crosses_dots)) return false;
      }
    }
    if (*pattern != *name) return false;
  }
  return *name == '\0';
}

std::string strip(std::string name, const std::vector<std::string>& prefixes) {
  for (bool stripped = true; stripped;) {
    stripped = false;
    for (const std::string& prefix : prefixes) {
      if (name.size() > prefix.size() && name.compare(0, prefix.size(), prefix) == 0) {
        name.erase(0, prefix.size());
        stripped = true;
      }
    }
  }
  return name;
}

}  // namespace

bool name_matches(const std::string& pattern, const std::string& name) {
  return matches(pattern.c_str(), name.c_str());
}

TensorIndex::TensorIndex(const Checkpoint& checkpoint, const std::vector<std::string>& prefixes) {
  tensors_.reserve(checkpoint.tensors.size());
  for (const auto& [name, tensor] : checkpoint.tensors) {
    tensors_.push_back({name, strip(name, prefixes), &tensor});
  }
}

std::vector<const NamedTensor*> TensorIndex::find(const std::string& pattern) const {
  std::vector<const NamedTensor*> found;
  for (const NamedTensor& tensor : tensors_) {
    if (name_matches(pattern, tensor.stripped)) found.push_back(&tensor);
  }
  return found;
}

std::string extents_text(const std::vector<int64_t>& shape) {
  std::string text = "[";
  for (size_t i = 0; i < shape.size(); ++i) {
    if (i > 0) text += ", ";
    text += shape[i] < 0 ? "any" : std::to_string(shape[i]);
  }
  return text + "]";
}

}  // namespace pintle::converter
