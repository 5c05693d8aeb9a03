// SPDX-License-Identifier: Apache-2.0
//
// When items appeared: the column of an item table that tells it, cell by cell.
#ifndef PINTLE_CONVERTER_IO_ITEM_DATES_H_
#define PINTLE_CONVERTER_IO_ITEM_DATES_H_

#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

namespace pintle::converter {

// As fb::Catalogue.dates has it.
inline constexpr int32_t kUnknownDate = std::numeric_limits<int32_t>::min();

struct ItemDates {
  std::vector<int32_t>
      minutes;  // since 1970, UTC; kUnknownDate: no value, or none that can be read
  size_t known = 0, missing = 0, unread = 0;
  std::string unread_example;
  std::string form;        // "ISO 8601, days only", "seconds since 1970", "years", ...
  bool is_number = false;  // not written out
  std::string
      fault;  // of the column as a whole, then nothing is known: "'a' is no date"; empty: none

  bool are_years() const { return form == "years"; }
  bool mostly_known() const { return known > 0 && known * 10 >= (known + unread) * 9; }
};

// fields: trimmed, one an item. Dates that are written out count as they stand, whatever their form;
// where only the column tells whether day or month comes first, all must agree. Numbers count in the
// unit of most of them: since 1970, YYYYMMDD, YYYYMMDDhhmmss or, of four digits, years (January 1st).
ItemDates read_item_dates(const std::vector<std::string>& fields);

// Whether a column of dates that are written out, or one of numbers, is called what people call the
// date at which an item appears. Of a written date the name may say nothing, but no other moment
// ("updated", "birthday").
bool may_be_item_date(std::string_view name, bool is_number);

}  // namespace pintle::converter

#endif  // PINTLE_CONVERTER_IO_ITEM_DATES_H_
