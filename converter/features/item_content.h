// SPDX-License-Identifier: Apache-2.0
//
// What is known of items besides how people used them, as numbers: what a vector of a new item is built from.
#ifndef PINTLE_CONVERTER_FEATURES_ITEM_CONTENT_H_
#define PINTLE_CONVERTER_FEATURES_ITEM_CONTENT_H_

#include <Eigen/Core>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace pintle::converter {

struct ItemContent {
  std::vector<std::pair<uint32_t, float>> attributes;  // (number, membership in (0, 1])
  std::string title;
  int32_t date = 0;                          // minutes since 1970; kUnknownDate
  const std::vector<float>* text = nullptr;  // a text encoder's vector; null: none
};

// A row an item. The columns of the first parts, in this order: attributes (the most common ones), dates (hat
// functions between their quantiles) and text vectors make the first `plain_count`; then words of titles.
struct ContentMatrix {
  Eigen::MatrixXf rows;
  int64_t plain_count = 0;
};

inline constexpr size_t kMostAttributeColumns = 512, kMostWordColumns = 512;

ContentMatrix content_matrix(const std::vector<ItemContent>& items);

}  // namespace pintle::converter

#endif  // PINTLE_CONVERTER_FEATURES_ITEM_CONTENT_H_
