// SPDX-License-Identifier: Apache-2.0
#include "converter/io/time_text.h"

#include <charconv>
#include <cstddef>

#include "converter/io/text_file.h"

namespace pintle::converter {
namespace {

constexpr int kFractionDigits = 18;
constexpr int64_t kOne = 1'000'000'000'000'000'000;  // of a fraction
constexpr int64_t kDaySeconds = 86400;

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

// Reads forwards through a text; what does not match leaves it where it was.
class Cursor {
 public:
  explicit Cursor(std::string_view text) : rest_(text) {}

  bool at_end() const { return rest_.empty(); }
  char peek() const { return rest_.empty() ? '\0' : rest_.front(); }
  size_t digits_ahead() const {
    size_t count = 0;
    while (count < rest_.size() && is_digit(rest_[count])) ++count;
    return count;
  }
  bool eat(char c) {
    if (peek() != c) return false;
    rest_.remove_prefix(1);
    return true;
  }
  bool eat_spaces() {
    const size_t before = rest_.size();
    while (eat(' ')) {
    }
    return rest_.size() != before;
  }
  // A number of exactly `least` to `most` digits, all there are.
  bool number(size_t least, size_t most, int* value) {
    const size_t count = digits_ahead();
    return count >= least && count <= most && leading_number(count, value);
  }
  // The next `count` digits, whatever follows. REQUIRES: count is below 10.
  bool leading_number(size_t count, int* value) {
    if (digits_ahead() < count) return false;
    std::from_chars(rest_.data(), rest_.data() + count, *value);
    rest_.remove_prefix(count);
    return true;
  }
  std::string_view word() {
    size_t count = 0;
    while (count < rest_.size() && is_letter(rest_[count])) ++count;
    const std::string_view word = rest_.substr(0, count);
    rest_.remove_prefix(count);
    return word;
  }
  std::string_view digits() {
    const std::string_view digits = rest_.substr(0, digits_ahead());
    rest_.remove_prefix(digits.size());
    return digits;
  }

 private:
  std::string_view rest_;
};

bool is_leap(int year) { return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0; }

// Days since 1970, by the proleptic Gregorian calendar.
std::optional<int64_t> days_of(int year, int month, int day) {
  constexpr int kLengths[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  if (year < 1 || month < 1 || month > 12 || day < 1) return std::nullopt;
  if (day > kLengths[month - 1] + (month == 2 && is_leap(year) ? 1 : 0)) return std::nullopt;
  const int64_t y =
      month <= 2 ? year - 1 : year;  // years that begin in March end with the leap day
  const int64_t day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
  return 365 * y + y / 4 - y / 100 + y / 400 + day_of_year - 719468;
}

// Of 20170714 in the years 1900 to 2100.
std::optional<int64_t> days_of_digits(int64_t number) {
  if (number < 19000101 || number > 21001231) return std::nullopt;
  return days_of(static_cast<int>(number / 10000), static_cast<int>(number / 100 % 100),
                 static_cast<int>(number % 100));
}

// 1 to 12 for an English name or its first three letters, 0 for other words.
int month_of(std::string_view word) {
  constexpr std::string_view kMonths[] = {"january",   "february", "march",    "april",
                                          "may",       "june",     "july",     "august",
                                          "september", "october",  "november", "december"};
  const std::string lower = to_lower(word);
  for (int i = 0; i < 12; ++i) {
    if (lower == kMonths[i] || lower == kMonths[i].substr(0, 3)) return i + 1;
  }
  return lower == "sept" ? 9 : 0;
}

bool is_weekday(std::string_view word) {
  const std::string lower = to_lower(word);
  for (const std::string_view day :
       {"monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"}) {
    if (lower == day || lower == day.substr(0, 3)) return true;
  }
  return false;
}

// What has been read of a text so far.
struct Parts {
  TimeForm form;
  int year = 0, month = 0, day = 0;
  int64_t seconds = 0;   // of the day, less the zone's offset
  int64_t fraction = 0;  // of a second
};

bool read_fraction(Cursor* cursor, int64_t* fraction) {
  const std::string_view digits = cursor->digits();
  if (digits.empty()) return false;
  int64_t unit = kOne;
  for (size_t i = 0; i < digits.size() && i < kFractionDigits; ++i) {
    unit /= 10;
    *fraction += (digits[i] - '0') * unit;
  }
  return true;
}

// 18:51, 18:51:37.25, 6:51 PM; after a T also 1851 and 185137.
bool read_time_of_day(Cursor* cursor, bool may_be_basic, Parts* parts) {
  int hour = 0, minute = 0, second = 0;
  const size_t digits = cursor->digits_ahead();
  if (may_be_basic && (digits == 4 || digits == 6)) {
    cursor->leading_number(2, &hour);
    cursor->leading_number(2, &minute);
    if (digits == 6) cursor->leading_number(2, &second);
    if (digits == 6 && cursor->eat('.') && !read_fraction(cursor, &parts->fraction)) return false;
  } else {
    if (!cursor->number(1, 2, &hour) || !cursor->eat(':') || !cursor->number(2, 2, &minute)) {
      return false;
    }
    if (cursor->eat(':')) {
      if (!cursor->number(2, 2, &second)) return false;
      const bool has_point = cursor->eat('.') || cursor->eat(',');
      if (has_point && !read_fraction(cursor, &parts->fraction)) return false;
    }
  }
  Cursor after = *cursor;
  after.eat_spaces();
  const std::string half = to_lower(after.word());
  if (half == "am" || half == "pm") {
    if (hour < 1 || hour > 12) return false;
    hour = hour % 12 + (half == "pm" ? 12 : 0);
    parts->form.is_half_day = true;
    *cursor = after;
  }
  if (hour > 23 || minute > 59 || second > 60) return false;  // 60: a leap second
  parts->seconds += hour * 3600 + minute * 60 + second;
  parts->form.has_time_of_day = true;
  return true;
}

// Z, UTC, GMT, +02:00, +0200, +02, if there is one.
bool read_zone(Cursor* cursor, Parts* parts) {
  cursor->eat_spaces();
  if (cursor->peek() == '+' || cursor->peek() == '-') {
    const int64_t sign = cursor->eat('-') ? -1 : (cursor->eat('+'), 1);
    int hours = 0, minutes = 0;
    if (!cursor->leading_number(2, &hours)) return false;
    const bool has_colon = cursor->eat(':');
    if (cursor->digits_ahead() == 2) {
      cursor->leading_number(2, &minutes);
    } else if (has_colon) {
      return false;
    }
    if (hours > 15 || minutes > 59) return false;
    parts->seconds -= sign * (hours * 3600 + minutes * 60);
    parts->form.has_zone = true;
    return true;
  }
  Cursor after = *cursor;
  const std::string name = to_lower(after.word());
  if (name == "z" || name == "utc" || name == "gmt") {
    parts->form.has_zone = true;
    *cursor = after;
  }
  return true;
}

// 2017-07-14, 20170714 before a T, 07/14/2017, 14.07.2017, 07 14, 2017, 14 Jul 2017, 14/Jul/2017.
bool read_date_of_numbers(Cursor* cursor, Parts* parts) {
  const auto set_form = [&](DateForm date, char separator) {
    parts->form.date = date;
    parts->form.separator = separator;
  };
  const size_t digits = cursor->digits_ahead();
  if (digits == 8) {
    cursor->leading_number(4, &parts->year);
    cursor->leading_number(2, &parts->month);
    cursor->leading_number(2, &parts->day);
    set_form(DateForm::kBasic, '\0');
    return true;
  }
  if (digits == 4) {
    cursor->number(4, 4, &parts->year);
    const char separator = cursor->peek();
    if (separator != '-' && separator != '/' && separator != '.') return false;
    set_form(DateForm::kYearFirst, separator);
    return cursor->eat(separator) && cursor->number(1, 2, &parts->month) &&
           cursor->eat(separator) && cursor->number(1, 2, &parts->day);
  }
  int first = 0;
  if (!cursor->number(1, 2, &first)) return false;
  const char separator = cursor->peek();
  cursor->eat(separator);
  if (is_letter(cursor->peek())) {  // 14 Jul 2017
    parts->month = month_of(cursor->word());
    parts->day = first;
    set_form(DateForm::kMonthName, '\0');
    if (separator == ' ') cursor->eat(',');
    cursor->eat(separator);
    return parts->month != 0 && cursor->number(4, 4, &parts->year);
  }
  parts->month = first;
  if (!cursor->number(1, 2, &parts->day)) return false;
  if (separator == ' ') {
    set_form(DateForm::kMonthDayComma, '\0');
    return cursor->eat(',') && cursor->eat_spaces() && cursor->number(4, 4, &parts->year);
  }
  if (separator != '/' && separator != '-' && separator != '.') return false;
  set_form(separator == '.' ? DateForm::kDayDotMonth : DateForm::kNumbers, separator);
  if (separator == '.') std::swap(parts->day, parts->month);
  return cursor->eat(separator) && cursor->number(4, 4, &parts->year);
}

// Jul 14, 2017; Jul 14 18:51:37 +0000 2017, as Twitter and ctime write it.
bool read_month_first(Cursor* cursor, std::string_view month, Parts* parts) {
  parts->form.date = DateForm::kMonthName;
  parts->month = month_of(month);
  cursor->eat('.');
  cursor->eat_spaces();
  if (parts->month == 0 || !cursor->number(1, 2, &parts->day)) return false;
  cursor->eat(',');
  if (!cursor->eat_spaces()) return false;
  if (cursor->digits_ahead() == 4) return cursor->number(4, 4, &parts->year);
  if (!read_time_of_day(cursor, false, parts) || !read_zone(cursor, parts)) return false;
  cursor->eat_spaces();
  return cursor->number(4, 4, &parts->year);
}

bool read_date(Cursor* cursor, Parts* parts) {
  if (!is_letter(cursor->peek())) return read_date_of_numbers(cursor, parts);
  std::string_view word = cursor->word();
  if (is_weekday(word)) {
    cursor->eat(',');
    cursor->eat_spaces();
    if (!is_letter(cursor->peek())) return read_date_of_numbers(cursor, parts);
    word = cursor->word();
  }
  return read_month_first(cursor, word, parts);
}

// After a date: T, spaces, a comma, or Apache's colon, and a time of day with perhaps a zone.
bool read_rest(Cursor* cursor, Parts* parts) {
  if (parts->form.has_time_of_day) return true;
  const bool has_t = cursor->eat('T') || cursor->eat('t');
  if (!has_t && parts->form.date == DateForm::kMonthName && cursor->eat(':')) {
    return read_time_of_day(cursor, false, parts) && read_zone(cursor, parts);
  }
  if (!has_t) {
    cursor->eat(',');
    if (!cursor->eat_spaces()) return false;
  }
  return read_time_of_day(cursor, has_t, parts) && read_zone(cursor, parts);
}

std::optional<Instant> instant_of(const Parts& parts, int month, int day) {
  Instant instant{parts.seconds, parts.fraction};
  if (parts.form.date != DateForm::kNone) {
    const std::optional<int64_t> days = days_of(parts.year, month, day);
    if (!days) return std::nullopt;
    instant.whole += *days * kDaySeconds;
  }
  return instant;
}

std::optional<TimeText> parse_calendar(std::string_view text) {
  Cursor cursor(text);
  Parts parts;
  const bool is_clock = text.size() > 2 && (text[1] == ':' || text[2] == ':');
  if (is_clock) {
    if (!read_time_of_day(&cursor, false, &parts)) return std::nullopt;
  } else {
    if (!read_date(&cursor, &parts)) return std::nullopt;
    if (!cursor.at_end() && !read_rest(&cursor, &parts)) return std::nullopt;
  }
  if (!cursor.at_end()) return std::nullopt;
  TimeText result;
  result.form = parts.form;
  const std::optional<Instant> instant = instant_of(parts, parts.month, parts.day);
  if (parts.form.date == DateForm::kNumbers) {
    result.day_first = instant_of(parts, parts.day, parts.month);
    result.is_month_first = instant.has_value();
  }
  if (!instant && !result.day_first) return std::nullopt;
  result.instant = instant.value_or(Instant());
  return result;
}

// 1500058297, 1500058297.25, 1.500058e+09, exactly.
std::optional<TimeText> parse_number(std::string_view text) {
  Cursor cursor(text);
  const bool is_negative = cursor.eat('-');
  if (!is_negative) cursor.eat('+');
  std::string digits(cursor.digits());
  const bool has_point = cursor.eat('.');
  int64_t point = static_cast<int64_t>(digits.size());
  if (has_point) digits += cursor.digits();
  if (digits.empty()) return std::nullopt;
  TimeText result;
  result.form.is_number = true;
  if (cursor.eat('e') || cursor.eat('E')) {
    const int sign = cursor.eat('-') ? -1 : (cursor.eat('+'), 1);
    int exponent = 0;
    if (!cursor.number(1, 3, &exponent)) return std::nullopt;
    point += sign * exponent;
    result.has_lost_digits = point > static_cast<int64_t>(digits.size());
  }
  if (!cursor.at_end()) return std::nullopt;
  const size_t zeros = digits.find_first_not_of('0');
  if (zeros == std::string::npos) return result;  // zero
  digits.erase(0, zeros);
  point -= static_cast<int64_t>(zeros);
  if (point > 19 || point < -kFractionDigits) return std::nullopt;  // no time is so far away
  if (point < 0) digits.insert(0, static_cast<size_t>(-point), '0');
  const size_t whole = point < 0 ? 0 : static_cast<size_t>(point);
  if (digits.size() < whole) digits.append(whole - digits.size(), '0');
  if (whole != 0) {
    const auto [end, fault] =
        std::from_chars(digits.data(), digits.data() + whole, result.instant.whole);
    if (fault != std::errc()) return std::nullopt;
  }
  Cursor fraction(std::string_view(digits).substr(whole));
  if (!fraction.at_end()) read_fraction(&fraction, &result.instant.fraction);
  if (is_negative) {
    result.instant.whole = -result.instant.whole;
    if (result.instant.fraction != 0) {
      --result.instant.whole;
      result.instant.fraction = kOne - result.instant.fraction;
    }
  }
  return result;
}

}  // namespace

std::string describe(const TimeForm& form) {
  if (form.is_number) return "numbers";
  std::string text;
  switch (form.date) {
    case DateForm::kNone:
      return "times of day";
    case DateForm::kYearFirst:
      text = form.separator == '-'
                 ? "ISO 8601"
                 : std::string("YYYY") + form.separator + "MM" + form.separator + "DD";
      break;
    case DateForm::kBasic:
      text = "ISO 8601";
      break;
    case DateForm::kNumbers:
      text = std::string("with '") + form.separator + "'";
      break;
    case DateForm::kDayDotMonth:
      text = "DD.MM.YYYY";
      break;
    case DateForm::kMonthDayComma:
      text = "MM DD, YYYY";
      break;
    case DateForm::kMonthName:
      text = "with the month's name";
      break;
  }
  if (!form.has_time_of_day) return text + ", days only";
  return form.has_zone ? text + ", with zones" : text + ", taken as UTC: no zone is written";
}

std::optional<TimeText> parse_time(std::string_view text) {
  if (text.empty()) return std::nullopt;
  const bool is_numeric = text.find_first_not_of("0123456789.+-eE") == std::string_view::npos;
  if (is_numeric) {
    if (const std::optional<TimeText> number = parse_number(text)) return number;
  }
  return parse_calendar(text);
}

const char* epoch_unit(int64_t number) {
  if (days_of_digits(number)) return "YYYYMMDD";
  if (days_of_digits(number / 1'000'000) && number / 10000 % 100 < 24) return "YYYYMMDDhhmmss";
  int64_t factor = 1;
  for (const char* unit : {"seconds", "milliseconds", "microseconds", "nanoseconds"}) {
    if (number / factor >= 100'000'000 && number / factor < 10'000'000'000) return unit;
    factor *= 1000;
  }
  return nullptr;
}

int64_t seconds_of_day_digits(int64_t number) {
  return days_of_digits(number).value_or(0) * kDaySeconds;
}

bool is_recent_epoch(int64_t number) {
  constexpr int64_t kEarliest = 631152000, kLatest = 2208988800;
  const char* unit = epoch_unit(number);
  if (unit == nullptr) return false;
  if (unit[0] == 'Y') {
    while (number > 99999999) number /= 1'000'000;
    return number >= 19900101 && number < 20400101;
  }
  while (number > 10 * kLatest) number /= 1000;
  return number >= kEarliest && number < kLatest;
}

}  // namespace pintle::converter
