// SPDX-License-Identifier: Apache-2.0
#ifndef PINTLE_CONVERTER_IMPORT_SAFETENSORS_H_
#define PINTLE_CONVERTER_IMPORT_SAFETENSORS_H_

#include <map>
#include <string>

#include "converter/import/checkpoint.h"

namespace pintle::converter {

// An 8-byte little-endian length, a JSON header of that length, and the tensors' bytes, which the
// header's offsets must cover without gap or overlap. "__metadata__" is ignored. Throws Error.
std::map<std::string, CheckpointTensor> read_safetensors(const std::string& path);

}  // namespace pintle::converter

#endif  // PINTLE_CONVERTER_IMPORT_SAFETENSORS_H_
