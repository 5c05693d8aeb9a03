// SPDX-License-Identifier: Apache-2.0
//
// Knobs and presets in a model file.
#ifndef PINTLE_CONVERTER_FILE_WRITE_KNOBS_H_
#define PINTLE_CONVERTER_FILE_WRITE_KNOBS_H_

#include <flatbuffers/flatbuffers.h>

#include <string>
#include <utility>
#include <vector>

#include "converter/network/interpretation.h"
#include "pintle_generated.h"

namespace pintle::converter {

// attributes: the catalogue's, (group, name). Throws Error if the knob's is not among them.
flatbuffers::Offset<fb::Knob> write_knob(
    flatbuffers::FlatBufferBuilder* builder, const Knob& knob,
    const std::vector<std::pair<std::string, std::string>>& attributes);

// Throws Error if the preset names a knob that is none of `knobs`.
flatbuffers::Offset<fb::Preset> write_preset(flatbuffers::FlatBufferBuilder* builder,
                                             const Preset& preset, const std::vector<Knob>& knobs);

}  // namespace pintle::converter

#endif  // PINTLE_CONVERTER_FILE_WRITE_KNOBS_H_
