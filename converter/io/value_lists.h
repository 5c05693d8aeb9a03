// SPDX-License-Identifier: Apache-2.0
//
// Several values in one field of a table, in the forms that people's tools write.
#ifndef PINTLE_CONVERTER_IO_VALUE_LISTS_H_
#define PINTLE_CONVERTER_IO_VALUE_LISTS_H_

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace pintle::converter {

enum class ListForm {
  kBars,        // A|B; a single value is such a list too
  kSpaces,      // A B: RecBole's token_seq
  kBrackets,    // ['A', 'B'], ('A',), {'A'}, ["A", "B"], ['A' 'B']: Python, pandas, NumPy, JSON
  kCommas,      // A, B
  kSemicolons,  // A; B
};

// "split at spaces", for reports.
const char* list_form_text(ListForm form);

// The form of a column by its fields. Commas and semicolons also stand inside names and sentences:
// they separate only where at least half of the parts come again in another field. `is_token_seq`:
// the header says so.
ListForm find_list_form(const std::vector<std::string>& fields, bool is_token_seq);

// The values in order, trimmed, without repeats and without missing ones; nothing if the field is a
// list in brackets that cannot be read, such as one of objects.
std::optional<std::vector<std::string>> split_values(std::string_view field, ListForm form);

// What tools write where there is no value: nothing, NaN, None, null, <NA>, NaT or \N.
bool is_missing(std::string_view value);

}  // namespace pintle::converter

#endif  // PINTLE_CONVERTER_IO_VALUE_LISTS_H_
