// SPDX-License-Identifier: Apache-2.0
#include "converter/io/item_dates.h"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <map>
#include <optional>

#include "converter/io/log_names.h"
#include "converter/io/time_text.h"
#include "converter/io/value_lists.h"

namespace pintle::converter {
namespace {

constexpr char kYears[] = "years";

// What a number counts, by its size: as epoch_unit, and years.
std::string unit_of(int64_t number) {
  if (number >= 1000 && number < 3000) return kYears;
  const char* unit = epoch_unit(number);
  return unit == nullptr ? "" : unit;
}

// Seconds since 1970 of a number in `unit`.
std::optional<int64_t> seconds_of(int64_t number, const std::string& unit) {
  if (unit == kYears) {
    if (unit_of(number) != unit) return std::nullopt;
    return parse_time(std::to_string(number) + "-01-01")->instant.whole;
  }
  if (unit[0] == 'Y') {
    if (unit_of(number) != unit) return std::nullopt;
    if (unit == "YYYYMMDD") return seconds_of_day_digits(number);
    const int64_t hour = number / 10000 % 100, minute = number / 100 % 100, second = number % 100;
    return seconds_of_day_digits(number / 1'000'000) + hour * 3600 + minute * 60 + second;
  }
  // Dates before 1973 are too small to tell a unit by themselves. Near 0 it is a mark for none.
  constexpr int64_t kNearZero = 1'000'000, kFar = 10'000'000'000;
  int64_t factor = 1;
  for (const char* step : {"seconds", "milliseconds", "microseconds", "nanoseconds"}) {
    if (unit == step) break;
    factor *= 1000;
  }
  const int64_t seconds = number / factor - (number % factor < 0 ? 1 : 0);
  if (std::abs(seconds) < kNearZero || std::abs(seconds) >= kFar) return std::nullopt;
  return seconds;
}

int32_t minutes_of(int64_t seconds) {
  const int64_t minutes = seconds / 60 - (seconds % 60 < 0 ? 1 : 0);
  const bool fits = minutes > kUnknownDate && minutes <= std::numeric_limits<int32_t>::max();
  return fits ? static_cast<int32_t>(minutes) : kUnknownDate;
}

// The key that most cells have.
std::string most_common(const std::map<std::string, size_t>& counts) {
  std::string best;
  size_t most = 0;
  for (const auto& [key, count] : counts) {
    if (key.empty() || count <= most) continue;
    best = key;
    most = count;
  }
  return best;
}

class DateReader {
 public:
  explicit DateReader(const std::vector<std::string>& fields) : fields_(fields) {
    for (const std::string& field : fields) {
      times_.push_back(is_missing(field) ? std::nullopt : parse_time(field));
    }
  }

  ItemDates read() {
    settle_day_and_month();
    find_form();
    for (size_t i = 0; i < fields_.size(); ++i) {
      const int32_t minutes =
          times_[i] && result_.fault.empty() ? minutes_at(*times_[i]) : kUnknownDate;
      result_.minutes.push_back(minutes);
      if (minutes != kUnknownDate) {
        ++result_.known;
      } else if (is_missing(fields_[i])) {
        ++result_.missing;
      } else if (++result_.unread == 1) {
        result_.unread_example = fields_[i];
      }
    }
    if (result_.fault.empty() && result_.known == 0) {
      result_.fault =
          result_.unread == 0 ? "it is empty" : "'" + result_.unread_example + "' is no date";
    }
    return std::move(result_);
  }

 private:
  // A number, or else a date that is written out, with or without a time of day.
  static bool is_date(const TimeText& time) {
    return time.form.is_number || time.form.date != DateForm::kNone;
  }

  std::string written_form(const TimeForm& form) const {
    if (form.date != DateForm::kNumbers) return describe(form);
    const std::string slash(1, form.separator);
    return (is_day_first_ ? "DD" + slash + "MM" : "MM" + slash + "DD") + slash + "YYYY";
  }

  void find_form() {
    std::map<std::string, size_t> units, forms;
    size_t numbers = 0, written = 0;
    for (const std::optional<TimeText>& time : times_) {
      if (!time || !is_date(*time)) continue;
      if (time->form.is_number) {
        ++numbers;
        ++units[unit_of(time->instant.whole)];
      } else {
        ++written;
        ++forms[written_form(time->form)];
      }
    }
    result_.is_number = numbers > written;  // "1995" among written dates is none of them
    if (!result_.is_number) {
      result_.form = most_common(forms);
      return;
    }
    unit_ = most_common(units);
    if (unit_.empty()) return;
    result_.form = unit_ == kYears || unit_[0] == 'Y' ? unit_ : unit_ + " since 1970";
  }

  void settle_day_and_month() {
    const std::string* day_first = nullptr;
    const std::string* month_first = nullptr;
    const std::string* either = nullptr;
    for (size_t i = 0; i < fields_.size(); ++i) {
      if (!times_[i] || times_[i]->form.date != DateForm::kNumbers) continue;
      const TimeText& time = *times_[i];
      const bool is_both = time.is_month_first && time.day_first;
      (is_both ? either : time.is_month_first ? month_first : day_first) = &fields_[i];
    }
    is_day_first_ = day_first != nullptr;
    if (day_first != nullptr && month_first != nullptr) {
      result_.fault = "'" + *day_first + "' has the day first, '" + *month_first + "' the month";
    } else if (day_first == nullptr && month_first == nullptr && either != nullptr) {
      result_.fault = "'" + *either + "' and all others may have the day or the month first";
    }
  }

  int32_t minutes_at(const TimeText& time) const {
    if (!is_date(time)) return kUnknownDate;
    if (time.form.is_number) {
      if (unit_.empty()) return kUnknownDate;
      const std::optional<int64_t> seconds = seconds_of(time.instant.whole, unit_);
      return seconds ? minutes_of(*seconds) : kUnknownDate;
    }
    const bool swaps = is_day_first_ && time.form.date == DateForm::kNumbers;
    return minutes_of(swaps ? time.day_first->whole : time.instant.whole);
  }

  const std::vector<std::string>& fields_;
  std::vector<std::optional<TimeText>> times_;
  std::string unit_;  // of numbers; empty: numbers are no dates here
  bool is_day_first_ = false;
  ItemDates result_;
};

template <size_t kCount>
bool has_word(const std::vector<std::string>& words,
              const std::array<std::string_view, kCount>& names) {
  return std::any_of(words.begin(), words.end(), [&](const std::string& word) {
    return std::find(names.begin(), names.end(), word) != names.end();
  });
}

}  // namespace

ItemDates read_item_dates(const std::vector<std::string>& fields) {
  return DateReader(fields).read();
}

bool may_be_item_date(std::string_view name, bool is_number) {
  // Of another moment than the one at which the item appeared: words, and parts of words.
  static constexpr std::array<std::string_view, 9> kOtherWords = {
      "last", "latest", "end", "ends", "ended", "until", "dob", "died", "born"};
  static constexpr std::array<std::string_view, 12> kOtherParts = {
      "updat", "modif", "chang", "birth", "expir",   "delet",
      "remov", "crawl", "scrap", "fetch", "retriev", "access"};
  static constexpr std::array<std::string_view, 22> kAppearing = {
      "release",   "released",  "publish",  "published", "publication", "pub",
      "added",     "created",   "creation", "launch",    "launched",    "premiere",
      "premiered", "aired",     "posted",   "listed",    "uploaded",    "upload",
      "issued",    "available", "opened",   "appeared"};
  const std::vector<std::string> words = header_words(name);
  const std::string plain = plain_name(name);
  const bool has_part =
      std::any_of(kOtherParts.begin(), kOtherParts.end(),
                  [&](std::string_view part) { return plain.find(part) != std::string::npos; });
  if (has_part || has_word(words, kOtherWords)) return false;
  if (!is_number) return true;
  const TimeName time = time_name(name);
  return time == TimeName::kExact || time == TimeName::kLikely || has_word(words, kAppearing);
}

}  // namespace pintle::converter
