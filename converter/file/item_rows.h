// SPDX-License-Identifier: Apache-2.0
//
// Which row of the checkpoint's item table is which item: a row that somebody lists is believed only
// if it can mean an item.
#ifndef PINTLE_CONVERTER_FILE_ITEM_ROWS_H_
#define PINTLE_CONVERTER_FILE_ITEM_ROWS_H_

#include <cstddef>
#include <string>
#include <vector>

#include "converter/io/interactions.h"
#include "converter/io/items.h"
#include "converter/network/network.h"

namespace pintle::converter {

struct ItemRow {
  size_t source = 0;           // index into the network's items
  std::string external_id;     // what the app calls it
  const Item* item = nullptr;  // null: not listed in an item table
};

struct ItemRows {
  std::vector<ItemRow> rows;         // ascending by source
  std::vector<std::string> missing;  // ids of an item table that have no row, in its order
  std::vector<std::string> notes;    // what was taken for what; doubts that `force` overrode
};

// Joins the item table, or null, with the network's rows: by the app's ids where the map of ids is
// known, else by the table's row column. Throws Error, saying what to do, if
//   the table lists a row that is no item (the pad, beyond the end): shifted by one?
//   the table has the framework's own ids, and the map from them to rows is not known;
//   half of the table's ids are not in the map;
// the first and the last not with `force`, which leaves such items out; and if nothing is left.
ItemRows find_item_rows(const ItemTable* items, const Network& network, bool force);

// Throws Error if the log's ids, which are taken as rows, cannot be rows: its header is of a framework
// that numbers items anew and no map is known, or, unless `force`, it names the pad row. Otherwise
// returns what to tell: empty, or that the ids are taken as rows. REQUIRES: no item table.
std::string question_log_rows(const Interactions& interactions, const Network& network, bool force);

}  // namespace pintle::converter

#endif  // PINTLE_CONVERTER_FILE_ITEM_ROWS_H_
