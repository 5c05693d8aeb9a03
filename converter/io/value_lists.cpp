// SPDX-License-Identifier: Apache-2.0
#include "converter/io/value_lists.h"

#include <algorithm>
#include <array>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <utility>

#include "converter/io/text_file.h"

namespace pintle::converter {
namespace {

struct BracketedList {
  std::vector<std::string> values;
  bool is_quoted = false;  // some value stood in quotes
};

// "set()" and "frozenset({...})" are Python's words for a list in brackets.
std::string_view without_call(std::string_view text) {
  for (const std::string_view name : {"frozenset", "set", "array", "list", "tuple"}) {
    if (text.substr(0, name.size() + 1) == std::string(name) + "(" && text.back() == ')') {
      text = trim(text.substr(name.size() + 1, text.size() - name.size() - 2));
      return text.empty() ? "[]" : text;
    }
  }
  return text;
}

bool has_brackets(std::string_view text) {
  return text.size() >= 2 && ((text.front() == '[' && text.back() == ']') ||
                              (text.front() == '(' && text.back() == ')') ||
                              (text.front() == '{' && text.back() == '}'));
}

std::optional<BracketedList> read_json(std::string_view text) {
  const nlohmann::json list = nlohmann::json::parse(text, nullptr, false);
  if (!list.is_array()) return std::nullopt;
  BracketedList result;
  for (const nlohmann::json& value : list) {
    if (value.is_structured()) return std::nullopt;
    if (value.is_null()) continue;
    result.is_quoted = result.is_quoted || value.is_string();
    result.values.push_back(value.is_string() ? value.get<std::string>() : value.dump());
  }
  return result;
}

// Python's and NumPy's forms, which JSON's parser does not take.
class PythonList {
 public:
  explicit PythonList(std::string_view text)
      : text_(text.substr(1, text.size() - 2)), is_set_(text.front() == '{') {}

  std::optional<BracketedList> read() {
    while (skip_spaces()) {
      const bool is_quoted = read_prefix();
      std::optional<std::string> value = is_quoted ? read_quoted() : read_bare();
      if (!value) return std::nullopt;
      if (is_quoted || !is_missing(*value)) result_.values.push_back(std::move(*value));
      result_.is_quoted = result_.is_quoted || is_quoted;
      if (!skip_spaces()) break;
      if (text_[at_] == ',') {
        ++at_;
      } else if (!is_quoted || !is_quote(text_[at_])) {  // NumPy separates by spaces
        return std::nullopt;
      }
    }
    return result_;
  }

 private:
  static bool is_quote(char c) { return c == '\'' || c == '"'; }

  bool skip_spaces() {
    while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\n' || text_[at_] == '\t')) {
      ++at_;
    }
    return at_ < text_.size();
  }

  // u'A' and b'A' of older Pythons.
  bool read_prefix() {
    if (at_ + 1 < text_.size() && (text_[at_] == 'u' || text_[at_] == 'b') &&
        is_quote(text_[at_ + 1])) {
      ++at_;
    }
    return is_quote(text_[at_]);
  }

  std::optional<std::string> read_quoted() {
    const char quote = text_[at_++];
    std::string value;
    for (; at_ < text_.size(); ++at_) {
      const char c = text_[at_];
      if (c == quote) {
        ++at_;
        return value;
      }
      if (c != '\\') {
        value.push_back(c);
        continue;
      }
      if (++at_ == text_.size()) return std::nullopt;
      const size_t escape = std::string_view("\\'\"ntr").find(text_[at_]);
      if (escape == std::string_view::npos) return std::nullopt;
      value.push_back("\\'\"\n\t\r"[escape]);
    }
    return std::nullopt;
  }

  // Up to the next comma; a nested list or an object has no such form.
  std::optional<std::string> read_bare() {
    const size_t end = std::min(text_.find(',', at_), text_.size());
    const std::string_view value = trim(text_.substr(at_, end - at_));
    at_ = end;
    if (value.find_first_of("[](){}'\"") != std::string_view::npos) return std::nullopt;
    if (is_set_ && value.find(':') != std::string_view::npos) return std::nullopt;
    return std::string(value);
  }

  std::string_view text_;
  bool is_set_;
  size_t at_ = 0;
  BracketedList result_;
};

std::optional<BracketedList> read_bracketed(std::string_view field) {
  const std::string_view text = without_call(field);
  if (!has_brackets(text)) return std::nullopt;
  if (text.front() == '[') {
    if (std::optional<BracketedList> list = read_json(text)) return list;
  }
  return PythonList(text).read();
}

// "(unknown)" and "{x}" are words; in square brackets or with quotes they are lists.
bool looks_bracketed(std::string_view field) {
  const std::string_view text = field.empty() ? field : without_call(field);
  return has_brackets(text) && (text.front() == '[' || text.size() == 2 ||
                                text.find_first_of("'\"") != std::string_view::npos);
}

bool is_bracket_form(const std::vector<std::string>& fields) {
  size_t filled = 0, bracketed = 0;
  for (const std::string& field : fields) {
    if (is_missing(field)) continue;
    ++filled;
    if (!looks_bracketed(field)) continue;
    ++bracketed;
    const std::optional<BracketedList> list = read_bracketed(field);
    if (list && list->is_quoted) return true;
  }
  return bracketed != 0 && bracketed * 2 >= filled;
}

std::vector<std::string_view> parts_of(std::string_view field, char separator) {
  std::vector<std::string_view> parts;
  while (true) {
    const size_t end = field.find(separator);
    parts.push_back(trim(field.substr(0, end)));
    if (end == std::string_view::npos) return parts;
    field.remove_prefix(end + 1);
  }
}

// Categories come again in other combinations; the parts of names, places and sentences mostly do
// not.
bool separates(const std::vector<std::string>& fields, char separator) {
  const std::set<std::string_view> distinct(fields.begin(), fields.end());
  std::map<std::string_view, size_t> fields_with, of_lists;
  size_t lists = 0, length = 0;
  for (const std::string_view field : distinct) {
    const std::vector<std::string_view> parts = parts_of(field, separator);
    if (parts.size() > 1) ++lists;
    for (const std::string_view part : std::set<std::string_view>(parts.begin(), parts.end())) {
      if (part.empty()) continue;
      ++fields_with[part];
      if (parts.size() > 1) of_lists.emplace(part, part.size());
    }
  }
  size_t again = 0;
  bool has_letters = false;
  for (const auto& [part, size] : of_lists) {
    again += fields_with[part] > 1 ? 1 : 0;
    length += size;
    has_letters = has_letters || part.find_first_not_of("0123456789.+-$%") != part.npos;
  }
  constexpr size_t kLongest = 25;  // on average; sentences are longer
  return lists >= 2 && has_letters && again * 2 >= of_lists.size() &&
         length <= kLongest * of_lists.size();
}

bool has(const std::vector<std::string>& fields, char c) {
  return std::any_of(fields.begin(), fields.end(),
                     [c](const std::string& field) { return field.find(c) != std::string::npos; });
}

}  // namespace

const char* list_form_text(ListForm form) {
  switch (form) {
    case ListForm::kSpaces:
      return "split at spaces";
    case ListForm::kBrackets:
      return "read as lists in brackets";
    case ListForm::kCommas:
      return "split at commas";
    case ListForm::kSemicolons:
      return "split at semicolons";
    case ListForm::kBars:
      break;
  }
  return "split at '|'";
}

ListForm find_list_form(const std::vector<std::string>& fields, bool is_token_seq) {
  if (is_bracket_form(fields)) return ListForm::kBrackets;
  if (is_token_seq)
    return has(fields, '|') && !has(fields, ' ') ? ListForm::kBars : ListForm::kSpaces;
  if (has(fields, '|')) return ListForm::kBars;
  if (separates(fields, ';')) return ListForm::kSemicolons;
  return separates(fields, ',') ? ListForm::kCommas : ListForm::kBars;
}

std::optional<std::vector<std::string>> split_values(std::string_view field, ListForm form) {
  std::vector<std::string> values;
  const auto add = [&](std::string_view value) {
    value = trim(value);
    if (!is_missing(value) && std::find(values.begin(), values.end(), value) == values.end()) {
      values.emplace_back(value);
    }
  };
  if (form == ListForm::kBrackets && looks_bracketed(field)) {
    const std::optional<BracketedList> list = read_bracketed(field);
    if (!list) return std::nullopt;
    for (const std::string& value : list->values) add(value);
    return values;
  }
  constexpr char kSeparators[] = {'|', ' ', '|', ',', ';'};  // by ListForm
  for (const std::string_view part : parts_of(field, kSeparators[static_cast<size_t>(form)])) {
    add(part);
  }
  return values;
}

bool is_missing(std::string_view value) {
  static constexpr std::array<std::string_view, 10> kMissing = {
      "", "nan", "NaN", "NAN", "None", "null", "NULL", "<NA>", "NaT", "\\N"};
  return std::find(kMissing.begin(), kMissing.end(), value) != kMissing.end();
}

}  // namespace pintle::converter
