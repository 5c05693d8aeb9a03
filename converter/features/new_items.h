// SPDX-License-Identifier: Apache-2.0
//
// Vectors for items that a network was not trained with, from what is known of them.
//
// The direction of a new item's row is learned: by a ridge regression of the trained items' rows on their
// content, or as the mean row of the nearest items by content. Five in a hundred trained items are hidden,
// four times others, and what says their rows best (the mean cosine with them, the mean row taken off both) is
// taken.
//
// A regression's rows are shorter than true ones, and a shorter row hardly ever ranks high. So all are made
// longer by one factor, at which the hidden items get as many of the places in lists of ten as they get with
// their true rows (times `exposure`), over histories: a log's, or such as the model itself draws, item by item.
// A larger factor finds the new items more often, and takes places from the others.
#ifndef PINTLE_CONVERTER_FEATURES_NEW_ITEMS_H_
#define PINTLE_CONVERTER_FEATURES_NEW_ITEMS_H_

#include <cstdint>
#include <string>
#include <vector>

#include "converter/features/item_content.h"
#include "converter/file/write_delta.h"
#include "converter/run/histories.h"
#include "pintle/pintle.hpp"

namespace pintle::converter {

struct NewItemQuality {
  std::string method;        // "ridge regression (penalty 10) on attributes, dates, text and words"
  size_t learned_items = 0;  // that it was learned from
  size_t hidden_items = 0;   // of the four times together
  double cosine = 0;         // of their built rows with the true ones
  double scale = 1;          // the factor
  double exposure = 0, true_exposure = 0;  // shares of places that hidden items get, built and true
  bool has_log = false;
  // With a log: NDCG@10 where the next item is a hidden one that histories do not hold either, by built
  // rows, and by true rows with the whole histories.
  size_t events = 0;
  double ndcg = 0, true_ndcg = 0;
};

struct NewItems {
  ItemTables tables;
  NewItemQuality quality;
};

// `known`: of every item of the model, in its order; `added`: of those to be built. histories: null for none.
// Throws Error if the model has too few trained items, or if the items have no content at all.
NewItems build_new_items(const Model& model, const ItemTables& tables,
                         const std::vector<ItemContent>& known,
                         const std::vector<ItemContent>& added, const Histories* histories,
                         double exposure);

}  // namespace pintle::converter

#endif  // PINTLE_CONVERTER_FEATURES_NEW_ITEMS_H_
