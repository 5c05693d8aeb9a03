// SPDX-License-Identifier: Apache-2.0
#ifndef PINTLE_CONVERTER_IO_TIME_COLUMN_H_
#define PINTLE_CONVERTER_IO_TIME_COLUMN_H_

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "converter/io/time_text.h"

namespace pintle::converter {

// The times of a column, row by row, all of one form. The first that is none, or of another form, is
// the column's fault; what comes after it is not read.
class TimeColumn {
 public:
  void add(size_t line, std::string_view text);
  // After the last row: settles what only the whole column tells, and finds numbers of two units.
  void finish();

  bool has_fault() const { return !fault_.empty(); }
  // "is no time", with the text; and the line, 0 if it is the whole column's fault.
  const std::string& fault() const { return fault_; }
  size_t fault_line() const { return fault_line_; }

  const TimeForm& form() const { return form_; }
  const std::vector<Instant>& instants() const { return instants_; }
  bool has_lost_digits() const { return has_lost_digits_; }
  // All numbers are times since 1970 (or dates in digits), of one unit. After finish().
  bool is_epoch() const { return unit_ != nullptr; }
  std::string description() const;  // for notes. After finish()
  bool is_date_only() const;
  // A date's column gets the time of day of another, row by row. REQUIRES: is_date_only()
  void add_time_of_day(const TimeColumn& clock);

 private:
  void fail(size_t line, const std::string& fault);
  void settle_day_and_month();
  void settle_unit();
  std::string form_description() const;

  TimeForm form_;
  std::vector<Instant> instants_, day_first_;
  std::string first_text_, fault_;
  size_t fault_line_ = 0;
  // Lines where only one reading is a date; 0: none.
  size_t only_day_first_ = 0, only_month_first_ = 0;
  bool is_day_first_ = false, has_lost_digits_ = false, has_clock_ = false;
  size_t least_line_ = 0;
  int64_t least_ = 0, greatest_ = 0;
  const char* unit_ = nullptr;
};

}  // namespace pintle::converter

#endif  // PINTLE_CONVERTER_IO_TIME_COLUMN_H_
