// SPDX-License-Identifier: Apache-2.0
#ifndef PINTLE_CONVERTER_IMPORT_TORCH_PICKLE_H_
#define PINTLE_CONVERTER_IMPORT_TORCH_PICKLE_H_

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "converter/import/pickle_value.h"

namespace pintle::converter {

struct PickleTree {
  std::unique_ptr<PickleArena> arena;
  const PickleValue* root = nullptr;
};

// Reads one pickle, protocols 0 to 5, from the start of `bytes`, which must outlive the tree.
// Nothing is ever executed or imported. Containers and torch's tensors become values; any other
// class becomes an opaque object; a call into a module that reaches the system (os, subprocess, …)
// is refused, because a file that holds one was made to harm. Throws Error with `path` in front.
// `consumed`, unless null, receives the length of the pickle.
PickleTree read_pickle(std::string_view bytes, const std::string& path, size_t* consumed = nullptr);

}  // namespace pintle::converter

#endif  // PINTLE_CONVERTER_IMPORT_TORCH_PICKLE_H_
