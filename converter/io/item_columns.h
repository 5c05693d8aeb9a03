// SPDX-License-Identifier: Apache-2.0
//
// What the columns of an item table are, by their names and by what they hold.
#ifndef PINTLE_CONVERTER_IO_ITEM_COLUMNS_H_
#define PINTLE_CONVERTER_IO_ITEM_COLUMNS_H_

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "converter/io/value_lists.h"

namespace pintle::converter {

// The columns that may hold titles by their usual names (title, name, movie_title, item_name, ...),
// the surest first.
std::vector<size_t> title_candidates(const std::vector<std::string>& names);

struct ItemColumn {
  std::string name, type;           // type: RecBole's, "token_seq"; empty: the header tells none
  std::vector<std::string> fields;  // trimmed, one an item
};

struct ColumnVerdict {
  bool is_attribute = false;
  bool is_id = false;
  bool can_be_asked = true;  // as an attribute; no if it holds nothing that could be one
  ListForm form = ListForm::kBars;
  std::string text;  // "numbers (81 values)": why it is none; "attributes, 18 values"
};

// Whether a column looks like categories. Numbers, dates, addresses, ids, free text and columns
// whose values hardly come again do not; columns of few values always do unless they are numbers.
ColumnVerdict judge_column(const ItemColumn& column);

// The verdict on a column that was asked for by name.
ColumnVerdict accept_column(const ItemColumn& column);

}  // namespace pintle::converter

#endif  // PINTLE_CONVERTER_IO_ITEM_COLUMNS_H_
