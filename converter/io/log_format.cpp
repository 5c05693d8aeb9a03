// SPDX-License-Identifier: Apache-2.0
#include "converter/io/log_format.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "converter/io/error.h"
#include "converter/io/text_file.h"
#include "converter/io/time_text.h"

namespace pintle::converter {
namespace {

constexpr size_t kSampledLines = 20000;
constexpr size_t kFewLines = 20;     // fewer prove nothing by their statistics
constexpr size_t kMostColumns = 8;   // tables without a header have few; longer rows are sequences
constexpr size_t kMostRatings = 11;  // 0 to 10, or half stars

bool is_numeric(std::string_view text) {
  const std::optional<TimeText> time = parse_time(text);
  return time && time->form.is_number;
}

bool is_moment(std::string_view text) {
  const std::optional<TimeText> time = parse_time(text);
  return time && !time->form.is_number;
}

// 4.5, but not 57.0, which may be an id that a merge made a float.
bool is_decimal(std::string_view text) {
  const size_t point = text.find('.');
  if (point == std::string_view::npos || point + 1 == text.size()) return false;
  return text.find_first_not_of('0', point + 1) != std::string_view::npos && is_numeric(text);
}

// What the sampled values of a column have in common.
class ColumnEvidence {
 public:
  void add(std::string_view value) {
    ++count_;
    values_.insert(value);
    int64_t number = 0;
    const auto [end, fault] = std::from_chars(value.data(), value.data() + value.size(), number);
    if (fault != std::errc() || end != value.data() + value.size()) {
      all_small_ = all_small_ && is_numeric(value) && value.size() < 5;
      return;
    }
    all_small_ = all_small_ && number >= 0 && number <= 100;
    epochs_ += is_recent_epoch(number) && epoch_unit(number)[0] != 'Y' ? 1 : 0;
  }

  size_t distinct() const { return values_.size(); }
  bool is_constant() const { return count_ >= kFewLines && values_.size() == 1; }
  // A few small numbers over and over.
  bool is_rating() const {
    return all_small_ && values_.size() <= kMostRatings && count_ >= 5 * values_.size() &&
           count_ >= kFewLines;
  }
  bool is_time() const { return 100 * epochs_ >= 99 * count_ && count_ >= kFewLines; }
  const std::unordered_set<std::string_view>& values() const { return values_; }

 private:
  std::unordered_set<std::string_view> values_;
  size_t count_ = 0, epochs_ = 0;
  bool all_small_ = true;
};

class LogEvidence {
 public:
  LogEvidence(const std::string& path, std::string_view text, const InteractionOptions& options)
      : path_(path), options_(options) {
    for_each_line(text, [&](size_t number, std::string_view line,
                            const std::vector<std::string_view>& fields) {
      if (!fields.empty()) add_line(number, line, fields);
    });
    if (count_ == 0) throw Error(path + ": holds no interactions");
  }

  InteractionFormat judge() const {
    if (!options_.force) refuse_certain_faults();
    if (options_.format != InteractionFormat::kDetect) return options_.format;
    if (lines_with_items_ == 0) refuse("has one field a line, so no user and item");
    if (fewest_ == 2 && most_ == 2) {
      refuse_bad_columns();
      return InteractionFormat::kPairs;
    }
    if (tabs_are_even_ && tabs_ >= 1 && has_spaces_in_fields_) judge_fields_with_spaces();
    if (fewest_ == most_) judge_even_lines();
    if (even_lines_ * 20 >= count_ * 19 && count_ >= kFewLines && users_repeat()) {
      refuse("has " + std::to_string(first_count_) +
             " fields in almost every line and several lines a user, as a table without a header");
    }
    return InteractionFormat::kSequences;
  }

 private:
  void add_line(size_t number, std::string_view line, const std::vector<std::string_view>& fields) {
    const size_t tabs = static_cast<size_t>(std::count(line.begin(), line.end(), '\t'));
    if (count_ == 0) {
      first_line_ = number;
      first_fields_ = fields;
      first_text_ = line;
      first_count_ = fewest_ = most_ = fields.size();
      tabs_ = tabs;
    } else {
      rest_is_numeric_ = rest_is_numeric_ && has_number(fields);
    }
    ++count_;
    if (trim(line).find('\r') != std::string_view::npos && carriage_return_line_ == 0) {
      carriage_return_line_ = number;
    }
    fewest_ = std::min(fewest_, fields.size());
    most_ = std::max(most_, fields.size());
    even_lines_ += fields.size() == first_count_ ? 1 : 0;
    lines_with_items_ += fields.size() > 1 ? 1 : 0;
    tabs_are_even_ = tabs_are_even_ && tabs == tabs_;
    has_spaces_in_fields_ = has_spaces_in_fields_ || fields.size() > tabs + 1;
    if (odd_field_.empty() && line.find_first_of(".:-/") != std::string_view::npos) {
      for (const std::string_view field : fields) {
        if (!is_decimal(field) && !is_moment(field)) continue;
        odd_field_ = field;
        odd_line_ = number;
        break;
      }
    }
    if (count_ > kSampledLines) return;
    columns_.resize(std::max(columns_.size(), std::min(fields.size(), kMostColumns)));
    for (size_t i = 0; i < std::min(fields.size(), kMostColumns); ++i) columns_[i].add(fields[i]);
  }

  static bool has_number(const std::vector<std::string_view>& fields) {
    return std::any_of(fields.begin(), fields.end(), [](std::string_view field) {
      return field.find_first_not_of("0123456789.") == std::string_view::npos;
    });
  }

  [[noreturn]] void refuse(const std::string& fault) const {
    throw Error(path_ + ": " + fault + advice());
  }

  // What stands between fields, if not spaces or tabs.
  std::string_view separator() const {
    for (const std::string_view separator : {"::", ",", ";", "|"}) {
      if (first_text_.find(separator) != std::string_view::npos) return separator;
    }
    return {};
  }

  // Names made of what the columns look like, so that they are only to be checked.
  std::string proposed_header() const {
    const std::string_view between = separator();
    if (!between.empty()) {
      return "user" + std::string(between) + "item" + std::string(between) + "timestamp";
    }
    std::string header;
    bool has_user = false, has_item = false;
    const bool is_table = fewest_ == most_ && most_ <= kMostColumns;
    for (size_t i = 0; is_table && i < columns_.size(); ++i) {
      const std::string_view first = first_fields_[i];
      const bool is_time = columns_[i].is_time() || is_moment(first);
      const bool is_rating = i != 0 && columns_[i].is_rating();
      const bool is_role =
          !is_time && !is_rating && !columns_[i].is_constant() && !is_decimal(first);
      const std::string name = is_time                ? "timestamp"
                               : is_rating            ? "rating"
                               : is_role && !has_user ? "user"
                               : is_role && !has_item ? "item"
                                                      : "column" + std::to_string(i + 1);
      has_user = has_user || name == "user";
      has_item = has_item || name == "item";
      header += (header.empty() ? "" : " ") + name;
    }
    return has_user && has_item ? header : "user item timestamp";
  }

  std::string advice() const {
    return "; if it is a table, write a first line with its columns' names, such as '" +
           proposed_header() + "', separated as the other lines are; else say what it is with " +
           "--format pairs or --format sequences";
  }

  void refuse_certain_faults() const {
    if (first_fields_[0][0] == '#') {
      throw Error(at_line(path_, first_line_) + "is a comment; delete such lines, or pass --force");
    }
    if (carriage_return_line_ != 0) {
      throw Error(at_line(path_, carriage_return_line_) +
                  "has a carriage return inside; end all lines alike, for example with dos2unix");
    }
    if (!separator().empty() && options_.format == InteractionFormat::kDetect) {
      throw Error(at_line(path_, first_line_) +
                  "looks like a table, but no header names a user and an item column" + advice());
    }
    if (!has_number(first_fields_) && rest_is_numeric_ && count_ > 2) {
      throw Error(at_line(path_, first_line_) + "'" + std::string(first_text_) +
                  "' looks like a header, but names no user and item column that is known; name "
                  "them with --user-column and --item-column, or delete the line");
    }
    if (!odd_field_.empty()) {
      throw Error(at_line(path_, odd_line_) + "'" + std::string(odd_field_) + "' is " +
                  (is_moment(odd_field_) ? "a time" : "a decimal number") + ", not an id" +
                  advice() + "; --force takes it for an id");
    }
  }

  bool users_repeat() const {
    const size_t sampled = std::min(count_, kSampledLines);
    return columns_[0].distinct() * 10 < sampled * 9;
  }

  void refuse_bad_columns() const {
    for (size_t i = 0; i < columns_.size(); ++i) {
      const std::string column = "column " + std::to_string(i + 1);
      if (columns_[i].is_constant()) {
        refuse(column + " is '" + std::string(*columns_[i].values().begin()) +
               "' in every line, so it is no " + (i == 0 ? "user" : "item"));
      }
      if (columns_[i].is_time()) refuse(column + " holds times, in seconds since 1970 or finer");
      if (columns_[i].is_rating() && i != 0) {
        refuse(column + " holds " + std::to_string(columns_[i].distinct()) +
               " small numbers again and again, as ratings are");
      }
    }
  }

  // "user<TAB>item with spaces", "user<TAB>time<TAB>artist's name ...".
  void judge_fields_with_spaces() const {
    if (tabs_ >= 2) {
      refuse("has " + std::to_string(tabs_ + 1) +
             " fields between tabs in every line, some with spaces inside, as a table without a "
             "header");
    }
    if (users_repeat()) {
      refuse(
          "has a tab and spaces in its lines and several lines a user: sequences, or pairs whose "
          "ids hold spaces");
    }
  }

  void judge_even_lines() const {
    if (count_ < 2) {
      if (most_ < kMostColumns) {
        refuse("has one line of " + std::to_string(most_) +
               " fields: a sequence, or a row of a table without a header");
      }
      return;
    }
    const std::string even = "has " + std::to_string(most_) + " fields in every line";
    refuse_bad_columns();
    if (users_repeat()) refuse(even + " and several lines a user, as a table without a header");
    if (most_ < kMostColumns && !shares_vocabulary()) {
      refuse(even +
             ", and other values in each column: it may be a table without a header or short "
             "sequences");
    }
  }

  // Items of sequences occur at every place; a table's columns hold values of their own.
  bool shares_vocabulary() const {
    std::unordered_map<std::string_view, size_t> places;
    size_t fewest = columns_[1].distinct(), most = fewest;
    for (size_t i = 1; i < columns_.size(); ++i) {
      for (const std::string_view value : columns_[i].values()) ++places[value];
      fewest = std::min(fewest, columns_[i].distinct());
      most = std::max(most, columns_[i].distinct());
    }
    if (fewest * 4 < most) return false;
    for (size_t i = 1; i < columns_.size(); ++i) {
      const auto& values = columns_[i].values();
      const auto shared = std::count_if(values.begin(), values.end(), [&](std::string_view value) {
        return places.at(value) > 1;
      });
      if (static_cast<size_t>(shared) * 10 < values.size() * 3) return false;
    }
    return true;
  }

  const std::string& path_;
  const InteractionOptions& options_;
  size_t count_ = 0, lines_with_items_ = 0, even_lines_ = 0;   // of lines that are not blank
  size_t first_count_ = 0, fewest_ = 0, most_ = 0, tabs_ = 0;  // fields and tabs of a line
  size_t first_line_ = 0, odd_line_ = 0, carriage_return_line_ = 0;
  std::vector<std::string_view> first_fields_;
  std::string_view first_text_, odd_field_;
  bool tabs_are_even_ = true, has_spaces_in_fields_ = false, rest_is_numeric_ = true;
  std::vector<ColumnEvidence> columns_;
};

}  // namespace

InteractionFormat detect_log_format(const std::string& path, std::string_view text,
                                    const InteractionOptions& options) {
  return LogEvidence(path, text, options).judge();
}

}  // namespace pintle::converter
