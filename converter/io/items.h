// SPDX-License-Identifier: Apache-2.0
#ifndef PINTLE_CONVERTER_IO_ITEMS_H_
#define PINTLE_CONVERTER_IO_ITEMS_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "converter/io/item_dates.h"

namespace pintle::converter {

struct Item {
  std::optional<int64_t> checkpoint_id;  // row of the checkpoint's embedding table
  std::string external_id;               // the app's own id
  std::string title;
  std::vector<uint32_t> attributes;  // ascending indices into ItemTable::attributes
  std::string row_text{};            // the row column as it was written
  size_t line = 0;                   // of the table
  int32_t date = kUnknownDate;       // minutes since 1970
};

struct ItemTable {
  std::vector<Item> items;  // in file order; rows and external ids are unique
  // (group, name): the column's header and one of its values, sorted by group order, then name.
  std::vector<std::pair<std::string, std::string>> attributes;
  bool has_titles = false;
  bool has_dates = false;
  bool integer_ids = true;          // every external id is a canonical int64
  bool rows_are_integers = true;    // every item has a checkpoint_id
  bool typed_header = false;        // a RecBole atomic file: "item_id:token"
  bool row_column_is_told = false;  // by the options
  std::string path, row_column, id_column;
  std::vector<std::string> notes;  // what every column became and why, for people
};

// Which columns are what; empty: by the table itself.
struct ItemOptions {
  std::string row_column;               // rows of the checkpoint; default: the first
  std::string id_column;                // the app's own ids; default: the first
  std::string title_column;             // default: by its usual name
  std::string date_column;              // "none": none; default: by names and values
  std::vector<std::string> attributes;  // exactly these; default: those that look like categories
};

// CSV or TSV (by the header) with a header line; several values in a field as value_lists.h reads
// them. Throws Error (file, line, fault).
ItemTable read_items(const std::string& path, const ItemOptions& options = {});

// The number that an id is, if number and back does not change it.
std::optional<int64_t> canonical_integer(const std::string& text);

// Throws Error, naming the line, unless every item has a checkpoint_id.
void require_integer_rows(const ItemTable& table);

}  // namespace pintle::converter

#endif  // PINTLE_CONVERTER_IO_ITEMS_H_
