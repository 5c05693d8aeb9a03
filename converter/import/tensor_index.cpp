// SPDX-License-Identifier: Apache-2.0
#include "converter/import/tensor_index.h"

#include <algorithm>
#include <set>

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

std::string strip_prefixes(std::string name, const std::vector<std::string>& prefixes) {
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

// The length of what two names have in common at the front, up to and with a dot.
size_t shared_path(const std::string& a, const std::string& b) {
  size_t length = 0;
  for (size_t i = 0; i < a.size() && i < b.size() && a[i] == b[i]; ++i) {
    if (a[i] == '.') length = i + 1;
  }
  return length;
}

}  // namespace

bool name_matches(const std::string& pattern, const std::string& name) {
  return matches(pattern.c_str(), name.c_str());
}

std::string without_wrappers(const std::string& name) {
  std::string bare;
  for (size_t begin = 0; begin <= name.size();) {
    const size_t end = std::min(name.find('.', begin), name.size());
    const std::string part = name.substr(begin, end - begin);
    if (part != "_orig_mod" && part != "_fsdp_wrapped_module" &&
        part != "_checkpoint_wrapped_module") {
      bare += (bare.empty() ? "" : ".") + part;
    }
    begin = end + 1;
  }
  return bare;
}

TensorIndex::TensorIndex(const Checkpoint& checkpoint, const std::vector<std::string>& prefixes,
                         const std::vector<std::string>& anchors) {
  tensors_.reserve(checkpoint.tensors.size());
  for (const auto& [name, tensor] : checkpoint.tensors) {
    tensors_.push_back({name, strip_prefixes(without_wrappers(name), prefixes), &tensor});
  }
  strip_own_prefix(prefixes, anchors);
}

void TensorIndex::strip_own_prefix(const std::vector<std::string>& prefixes,
                                   const std::vector<std::string>& anchors) {
  for (const std::string& anchor : anchors) {
    if (!find(anchor).empty()) return;
  }
  std::set<std::string> found;  // two: which of them is the model cannot be told
  for (const std::string& anchor : anchors) {
    for (const NamedTensor& tensor : tensors_) {
      const std::string& name = tensor.stripped;
      for (size_t dot = name.find('.'); dot != std::string::npos; dot = name.find('.', dot + 1)) {
        if (!name_matches(anchor, name.substr(dot + 1))) continue;
        found.insert(name.substr(0, dot + 1));
        break;
      }
    }
    if (!found.empty()) break;
  }
  if (found.size() != 1) return;
  own_prefix_ = *found.begin();
  for (NamedTensor& tensor : tensors_) {
    // A head may stand beside the body that the prefix leads to: net.body.wte, net.lm_head.
    tensor.stripped.erase(0, shared_path(own_prefix_, tensor.stripped));
    tensor.stripped = strip_prefixes(std::move(tensor.stripped), prefixes);
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
