// SPDX-License-Identifier: Apache-2.0
#ifndef PINTLE_CONVERTER_IO_ITEMS_H_
#define PINTLE_CONVERTER_IO_ITEMS_H_

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace pintle::converter {

struct Item {
  int64_t checkpoint_id = 0;  // row of the checkpoint's embedding table
  std::string external_id;    // the app's own id
  std::string title;
  std::vector<uint32_t> attributes;  // ascending indices into ItemTable::attributes
};

struct ItemTable {
  std::vector<Item> items;  // in file order; checkpoint ids and external ids are unique
  // (group, name): the column's header and one of its values, sorted by group order, then name.
  std::vector<std::pair<std::string, std::string>> attributes;
  bool has_titles = false;
  bool integer_ids = true;  // every external id is a canonical int64
};

// CSV or TSV (by the header) with a header line. Column 0: the id used in the checkpoint. A column
// named "title" (any case): the title. id_column names the column of the app's own ids; empty: column
// 0. Every other column is a group of attributes, '|' between several. Throws Error (file, line, fault).
ItemTable read_items(const std::string& path, const std::string& id_column);

}  // namespace pintle::converter

#endif  // PINTLE_CONVERTER_IO_ITEMS_H_
