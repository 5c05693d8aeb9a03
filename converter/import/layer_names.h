// SPDX-License-Identifier: Apache-2.0
//
// Layers in the patterns of recipes: {i} is the layer's number, counted from 0; {i+1} for names that
// count from 1; {2i} and {2i+1} for two series in one.
#ifndef PINTLE_CONVERTER_IMPORT_LAYER_NAMES_H_
#define PINTLE_CONVERTER_IMPORT_LAYER_NAMES_H_

#include <cstdint>
#include <optional>
#include <string>

namespace pintle::converter {

// What is wrong with the braces of a pattern; empty if nothing is.
std::string layer_fault(const std::string& pattern);

bool has_layer(const std::string& pattern);
// Whether its numbers leave gaps, which other tensors may fill: {2i}.
bool has_stride(const std::string& pattern);

// The pattern with the numbers of `layer`.
std::string for_layer(const std::string& pattern, int64_t layer);

// The layer for which the pattern is this name.
std::optional<int64_t> layer_of(const std::string& pattern, const std::string& name);

}  // namespace pintle::converter

#endif  // PINTLE_CONVERTER_IMPORT_LAYER_NAMES_H_
