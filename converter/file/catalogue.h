// SPDX-License-Identifier: Apache-2.0
//
// Which items a model holds, and what an app calls them.
#ifndef PINTLE_CONVERTER_FILE_CATALOGUE_H_
#define PINTLE_CONVERTER_FILE_CATALOGUE_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "converter/io/interactions.h"
#include "converter/io/item_dates.h"
#include "converter/io/items.h"
#include "converter/io/log_ids.h"
#include "converter/network/network.h"

namespace pintle::converter {

inline constexpr uint8_t kWholeMembership = 15;

// Row i describes the network's items.row(i).
struct Catalogue {
  bool has_text_ids = false;
  std::vector<int64_t> integer_ids;   // if !has_text_ids
  std::vector<std::string> text_ids;  // if has_text_ids
  std::vector<uint32_t> id_order;     // rows by ascending id, text bytewise
  std::vector<bool> trained;          // empty: all
  std::vector<std::string> titles;    // empty, or one a row ("": none)
  std::vector<std::pair<std::string, std::string>> attributes;  // (group, name)
  std::vector<std::vector<uint32_t>> item_attributes;           // empty, or ascending indices a row
  // How much a row belongs to each of its attributes, in fifteenths, 1 to kWholeMembership. Empty: whole.
  std::vector<std::vector<uint8_t>> item_memberships;
  std::vector<int32_t> dates;  // empty, or minutes since 1970 a row (kUnknownDate)
  // Empty, or the log of every row's share of the events, each row's counted once more; -inf: untrained.
  std::vector<float> popularity;

  size_t trained_count(size_t item_count) const;
  size_t dated_count() const;  // items of which it is known when they appeared
  // Whether some item belongs to the attribute only in part.
  bool is_soft(uint32_t attribute) const {
    for (size_t row = 0; row < item_memberships.size(); ++row) {
      for (size_t i = 0; i < item_memberships[row].size(); ++i) {
        if (item_attributes[row][i] != attribute) continue;
        if (item_memberships[row][i] != kWholeMembership) return true;
      }
    }
    return false;
  }
};

// What had no counterpart, for the report.
struct CatalogueReport {
  size_t checkpoint_items = 0;     // item rows of the checkpoint
  size_t dropped_items = 0;        // of these, left out of the model
  size_t untrained_items = 0;      // kept, never recommended
  std::vector<std::string> notes;  // how rows and ids were joined, and doubts that were overridden
  size_t missing_items = 0;        // listed in the item table, without a row
  std::vector<std::string> missing_examples;
  LogIds log;  // how the interactions' ids fit the items
};

// Keeps, in ascending order of the checkpoint's ids,
//   with neither table       every row;
//   with `items`             the rows that it lists;
//   with `interactions`      the rows that occur in them (ids are the checkpoint's, or the app's
//                            where the network knows them);
//   with both                the rows that `items` lists; those that never occur in the
//                            interactions, whose ids are `items`' external ids, are untrained;
// and drops the others from the network. Either table may be null. Throws Error if nothing is left,
// and where item_rows.h does; `force` as there.
Catalogue build_catalogue(const ItemTable* items, const Interactions* interactions,
                          Network* network, CatalogueReport* report, bool force = false);

// Fills catalogue->popularity from the interactions, whose ids are the catalogue's external ones.
void count_popularity(const Interactions& interactions, Catalogue* catalogue);

}  // namespace pintle::converter

#endif  // PINTLE_CONVERTER_FILE_CATALOGUE_H_
