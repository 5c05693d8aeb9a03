// SPDX-License-Identifier: Apache-2.0
//
// A model file taken apart again, so that other SAEs and knobs can be put into it without the
// checkpoint.
#ifndef PINTLE_CONVERTER_FILE_MODEL_PARTS_H_
#define PINTLE_CONVERTER_FILE_MODEL_PARTS_H_

#include <cstdint>
#include <string>
#include <vector>

#include "converter/file/catalogue.h"
#include "converter/file/writer.h"
#include "converter/network/network.h"

namespace pintle::converter {

// What serialize_model takes. `network` has the architecture and every epsilon, and the SAEs their
// shapes, but no weights: they are in `packed`, as the file stores them.
struct ModelParts {
  Network network;
  PackedNetwork packed;
  Catalogue catalogue;
  Provenance provenance;
  Interpretation interpretation;
};

// serialize_model gives the file's bytes back. Throws Error for a file that the runtime's full
// verification refuses.
ModelParts read_model_parts(const std::string& path);

// The bytes of a file of the parts with these SAEs, knobs and presets in place of their own.
std::vector<uint8_t> join_parts(const ModelParts& parts, const Interpretation& interpretation);
// The same with the parts' own SAEs, these knobs and no presets.
std::vector<uint8_t> join_knobs(const ModelParts& parts, const std::vector<Knob>& knobs);

}  // namespace pintle::converter

#endif  // PINTLE_CONVERTER_FILE_MODEL_PARTS_H_
