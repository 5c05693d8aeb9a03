// SPDX-License-Identifier: Apache-2.0
#ifndef PINTLE_CONVERTER_NETWORK_ITEM_IDS_H_
#define PINTLE_CONVERTER_NETWORK_ITEM_IDS_H_

#include <cstddef>
#include <string>
#include <vector>

namespace pintle::converter {

// The app's id of each row of a checkpoint's item table, where a framework numbered the items anew.
struct ItemIds {
  std::vector<std::string> by_row;  // "": no item of the map has this row
  size_t extra_tokens = 0;          // so many rows at the front are tokens (PAD, MASK), no items
  std::string source;               // "hyper_parameters.item_external_ids", for reports
};

}  // namespace pintle::converter

#endif  // PINTLE_CONVERTER_NETWORK_ITEM_IDS_H_
