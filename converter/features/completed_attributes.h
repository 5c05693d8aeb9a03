// SPDX-License-Identifier: Apache-2.0
//
// Attributes that are known of a part of the items only, completed by what people do with the others.
#ifndef PINTLE_CONVERTER_FEATURES_COMPLETED_ATTRIBUTES_H_
#define PINTLE_CONVERTER_FEATURES_COMPLETED_ATTRIBUTES_H_

#include <cstddef>
#include <string>
#include <vector>

#include "converter/features/item_levels.h"
#include "converter/network/concept.h"

namespace pintle::converter {

struct CompletedAttribute {
  std::string group, name;  // of the attribute that it completes
  size_t known = 0;         // items that have it
  // Pearson's correlation of what the regression says of an item whose own answer it did not see with that
  // answer, over the known items.
  double correlation = 0;
  Concept content;      // of the group "GROUP, completed"
  std::string refusal;  // why it is not completed; "": it is, and `content` is filled
};

// Fewer known items with the attribute, or a smaller correlation, complete nothing.
inline constexpr size_t kFewestKnown = 10;
inline constexpr double kLeastCorrelation = 0.3;

// Items with an attribute of `group` are known, with all their attributes of it; the others are not known. Of
// these says a ridge regression of the known ones' 0 or 1 on the item's vector and, where there is an SAE
// (levels not null), the mean activations of its features at the item; the penalty is the one of least
// leave-one-out error over the attributes. A logistic curve through the leave-one-out answers (Platt, 1999)
// makes probabilities of them, which are the memberships; known items have theirs whole. Throws Error if no
// attribute is of that group, or every item is known.
std::vector<CompletedAttribute> complete_attributes(const Model& model, const std::string& group,
                                                    const ItemLevels* levels);

}  // namespace pintle::converter

#endif  // PINTLE_CONVERTER_FEATURES_COMPLETED_ATTRIBUTES_H_
