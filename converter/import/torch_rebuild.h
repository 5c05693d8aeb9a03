// SPDX-License-Identifier: Apache-2.0
//
// The meaning of a pickle's calls and of torch's persistent ids.
#ifndef PINTLE_CONVERTER_IMPORT_TORCH_REBUILD_H_
#define PINTLE_CONVERTER_IMPORT_TORCH_REBUILD_H_

#include "converter/import/pickle_value.h"

namespace pintle::converter {

// What `callable(*args)` stands for: a container, a tensor or an opaque object. Calls nothing.
// Throws Error if the call would reach the system.
PickleValue* rebuild_call(PickleArena& arena, const PickleValue& callable, const PickleValue& args);

// ('storage', class, key, location, elements[, view]) or ('module', class, source file, source).
PickleValue* load_persistent(PickleArena& arena, const PickleValue& id);

}  // namespace pintle::converter

#endif  // PINTLE_CONVERTER_IMPORT_TORCH_REBUILD_H_
