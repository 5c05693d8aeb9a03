// SPDX-License-Identifier: Apache-2.0
#include "converter/io/time_column.h"

#include <cstring>
#include <optional>

namespace pintle::converter {
namespace {

constexpr int64_t kSurelySeconds = 600'000'000;  // 1989: counters and indices stay below

}  // namespace

void TimeColumn::fail(size_t line, const std::string& fault) {
  fault_ = fault;
  fault_line_ = line;
}

void TimeColumn::add(size_t line, std::string_view text) {
  if (has_fault()) return;
  const std::optional<TimeText> time = parse_time(text);
  const auto quoted = [&] { return "'" + std::string(text) + "'"; };
  if (!time) return fail(line, quoted() + " is no time");
  const bool is_first = instants_.empty();
  if (is_first) {
    form_ = time->form;
    first_text_ = text;
    least_ = greatest_ = time->instant.whole;
    least_line_ = line;
  } else if (!(time->form == form_)) {
    return fail(line, quoted() + " has another form than '" + first_text_ + "' before it");
  }
  instants_.push_back(time->instant);
  if (form_.date == DateForm::kNumbers) {
    day_first_.push_back(time->day_first.value_or(Instant()));
    if (!time->day_first && only_month_first_ == 0) only_month_first_ = line;
    if (!time->is_month_first && only_day_first_ == 0) only_day_first_ = line;
    if (only_month_first_ != 0 && only_day_first_ != 0) {
      fail(line,
           quoted() + " has day and month in another order than line " +
               std::to_string(only_month_first_ == line ? only_day_first_ : only_month_first_));
    }
  }
  has_lost_digits_ = has_lost_digits_ || time->has_lost_digits;
  if (time->instant.whole < least_) {
    least_ = time->instant.whole;
    least_line_ = line;
  }
  if (time->instant.whole > greatest_) greatest_ = time->instant.whole;
}

void TimeColumn::finish() {
  if (has_fault() || instants_.empty()) return;
  if (form_.date == DateForm::kNumbers) settle_day_and_month();
  if (form_.is_number) settle_unit();
}

void TimeColumn::settle_day_and_month() {
  if (only_day_first_ == 0 && only_month_first_ == 0) {
    return fail(0, "'" + first_text_ +
                       "' and all others may have the day or the month first; write YYYY-MM-DD");
  }
  is_day_first_ = only_day_first_ != 0;
  if (is_day_first_) instants_.swap(day_first_);
  day_first_ = {};
}

void TimeColumn::settle_unit() {
  unit_ = epoch_unit(greatest_);
  const char* least_unit = epoch_unit(least_);
  const bool is_one_unit =
      unit_ != nullptr && least_unit != nullptr && std::strcmp(unit_, least_unit) == 0;
  if (is_one_unit) return;
  if (unit_ != nullptr && greatest_ >= kSurelySeconds) {
    fail(least_line_, "'" + std::to_string(least_) + "' is no time in " + unit_ + " as '" +
                          std::to_string(greatest_) + "' is; is it missing?");
  }
  unit_ = nullptr;
}

std::string TimeColumn::description() const {
  return form_description() + (has_clock_ ? ", with the time of day" : "");
}

std::string TimeColumn::form_description() const {
  if (form_.is_number) {
    if (unit_ == nullptr) return "numbers";
    return unit_[0] == 'Y' ? unit_ : std::string(unit_) + " since 1970";
  }
  if (form_.date != DateForm::kNumbers) return describe(form_);
  const std::string slash(1, form_.separator);
  return (is_day_first_ ? "DD" + slash + "MM" : "MM" + slash + "DD") + slash + "YYYY, as line " +
         std::to_string(is_day_first_ ? only_day_first_ : only_month_first_) + " tells";
}

bool TimeColumn::is_date_only() const {
  if (has_clock_) return false;
  return form_.is_number ? unit_ != nullptr && std::strcmp(unit_, "YYYYMMDD") == 0
                         : form_.date != DateForm::kNone && !form_.has_time_of_day;
}

void TimeColumn::add_time_of_day(const TimeColumn& clock) {
  for (size_t row = 0; row < instants_.size(); ++row) {
    if (form_.is_number) instants_[row].whole = seconds_of_day_digits(instants_[row].whole);
    instants_[row].whole += clock.instants_[row].whole;
    instants_[row].fraction = clock.instants_[row].fraction;
  }
  has_clock_ = true;
}

}  // namespace pintle::converter
