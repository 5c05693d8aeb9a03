// SPDX-License-Identifier: Apache-2.0
//
// What can be said of items from a catalogue and a log, and so what names of features are made of.
#ifndef PINTLE_CONVERTER_FEATURES_ITEM_PROPERTIES_H_
#define PINTLE_CONVERTER_FEATURES_ITEM_PROPERTIES_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "converter/run/histories.h"
#include "pintle/pintle.hpp"

namespace pintle::converter {

// In the order in which a name says them: "well known 1980s Action".
enum class PropertyKind { kPopularity, kEra, kAttribute, kSeries, kWord };

struct ItemProperty {
  PropertyKind kind;
  std::string text;             // "1980s", "Action"
  std::vector<uint32_t> items;  // ascending
};

// Properties of at least `min_items` items:
//   whole attributes (no memberships);
//   eras: decades, and "before" and "since" the quarters of the items' years, from dates, or where the
//     model has none from titles that end in a year, "Alien (1979)";
//   popularity, by how often items occur in `histories`: the best known tenth, the well known quarter,
//     the less known half;
//   series: titles that are the same up to a colon, a number at the end or "Part ...";
//   words of four letters or more in titles.
// At most kMostProperties, those of most items.
inline constexpr size_t kMostProperties = 4096;
std::vector<ItemProperty> item_properties(const Model& model, const Histories& histories,
                                          size_t min_items);

}  // namespace pintle::converter

#endif  // PINTLE_CONVERTER_FEATURES_ITEM_PROPERTIES_H_
