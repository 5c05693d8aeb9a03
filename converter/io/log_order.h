// SPDX-License-Identifier: Apache-2.0
#ifndef PINTLE_CONVERTER_IO_LOG_ORDER_H_
#define PINTLE_CONVERTER_IO_LOG_ORDER_H_

#include <cstdint>
#include <string>
#include <vector>

#include "converter/io/event_list.h"
#include "converter/io/log_names.h"
#include "converter/io/time_column.h"

namespace pintle::converter {

// A column that may tell the order of events, by its name or by its values.
struct TimeCandidate {
  std::string name;
  TimeName named = TimeName::kNone;
  bool is_chosen = false;  // by --time-column
  TimeColumn times;
};

// Sorts each user's rows by the candidate that tells the time, if there is one, equal times in the
// file's order; the notes say what was taken and what was not. Throws Error if candidates contradict
// each other, if one is faulty, or if it is doubtful whether one tells the time and the order
// depends on it. `items`: by row. `column_note` says which columns are what; the time is
// appended to it.
void order_rows(const std::string& path, std::vector<TimeCandidate> candidates,
                const std::vector<uint32_t>& items, size_t item_count, bool force, RowsByUser* rows,
                std::string* column_note, std::vector<std::string>* notes);

}  // namespace pintle::converter

#endif  // PINTLE_CONVERTER_IO_LOG_ORDER_H_
