// SPDX-License-Identifier: Apache-2.0
#ifndef PINTLE_CONVERTER_NETWORK_CONCEPT_H_
#define PINTLE_CONVERTER_NETWORK_CONCEPT_H_

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace pintle::converter {

// A group of items that nobody labelled, or not all of: in a model file an attribute with memberships.
struct Concept {
  std::string group, name;
  std::vector<std::pair<std::string, uint8_t>> items;  // (the app's id, fifteenths from 1)
};

// The group of concepts that an SAE's features found.
inline constexpr char kFoundGroup[] = "concept";

inline constexpr int kWholeFifteenths = 15;

}  // namespace pintle::converter

#endif  // PINTLE_CONVERTER_NETWORK_CONCEPT_H_
