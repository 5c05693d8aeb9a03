// SPDX-License-Identifier: Apache-2.0
//
// Times as logs write them.
#ifndef PINTLE_CONVERTER_IO_TIME_TEXT_H_
#define PINTLE_CONVERTER_IO_TIME_TEXT_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace pintle::converter {

// A number of seconds, or of the column's own unit, exactly: whole + fraction / 10^18.
struct Instant {
  int64_t whole = 0;
  int64_t fraction = 0;  // at least 0
};
inline bool operator==(const Instant& a, const Instant& b) {
  return a.whole == b.whole && a.fraction == b.fraction;
}
inline bool operator<(const Instant& a, const Instant& b) {
  return a.whole != b.whole ? a.whole < b.whole : a.fraction < b.fraction;
}

enum class DateForm {
  kNone,
  kYearFirst,      // 2017-07-14, with any separator
  kBasic,          // 20170714T185137: with a time of day only; alone it is a number
  kNumbers,        // 07/14/2017 or 14/07/2017: a column decides
  kDayDotMonth,    // 14.07.2017
  kMonthDayComma,  // 07 14, 2017
  kMonthName,      // Jul 14, 2017; 14 Jul 2017; Sat Jul 14 18:51:37 +0000 2017; 14/Jul/2017
};

// What all times of a column have in common.
struct TimeForm {
  bool is_number = false;
  DateForm date = DateForm::kNone;
  char separator = '\0';  // of kYearFirst and kNumbers
  bool has_time_of_day = false, has_zone = false, is_half_day = false;  // half: AM and PM
};
inline bool operator==(const TimeForm& a, const TimeForm& b) {
  return a.is_number == b.is_number && a.date == b.date && a.separator == b.separator &&
         a.has_time_of_day == b.has_time_of_day && a.has_zone == b.has_zone &&
         a.is_half_day == b.is_half_day;
}
inline bool is_time_of_day_only(const TimeForm& form) {
  return !form.is_number && form.date == DateForm::kNone;
}
// "ISO 8601, taken as UTC where no zone is written", "MM DD, YYYY", ...
std::string describe(const TimeForm& form);

struct TimeText {
  TimeForm form;
  Instant instant;                   // kNumbers: read with the month first
  std::optional<Instant> day_first;  // kNumbers: read with the day first, if that is a date
  bool is_month_first = true;        // kNumbers: whether `instant` is a date
  bool has_lost_digits = false;      // 1.500058e+09 says hours, not seconds
};

// None if `text` is no time. A number is always one.
std::optional<TimeText> parse_time(std::string_view text);

// The unit that a number of this size counts in since 1970, from 1973 on: "seconds", "milliseconds",
// "microseconds", "nanoseconds"; "YYYYMMDD" or "YYYYMMDDhhmmss" where its digits are a date. Null: none.
const char* epoch_unit(int64_t number);
// The first second of the day, for a number whose unit is "YYYYMMDD".
int64_t seconds_of_day_digits(int64_t number);
// Such a time of 1990 to 2040: what numbers whose column's name says nothing may be.
bool is_recent_epoch(int64_t number);

}  // namespace pintle::converter

#endif  // PINTLE_CONVERTER_IO_TIME_TEXT_H_
