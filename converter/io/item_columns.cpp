// SPDX-License-Identifier: Apache-2.0
#include "converter/io/item_columns.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <set>
#include <string_view>

#include "converter/io/log_names.h"
#include "converter/io/text_file.h"

namespace pintle::converter {
namespace {

constexpr std::array<std::string_view, 44> kTitleNames = {
    "title",      "itemtitle",    "movietitle",   "booktitle",  "producttitle", "tracktitle",
    "songtitle",  "gametitle",    "articletitle", "videotitle", "newstitle",    "coursetitle",
    "jobtitle",   "showtitle",    "filmtitle",    "animetitle", "recipetitle",  "posttitle",
    "name",       "itemname",     "moviename",    "bookname",   "productname",  "prodname",
    "trackname",  "songname",     "gamename",     "appname",    "articlename",  "videoname",
    "coursename", "showname",     "filmname",     "animename",  "recipename",   "businessname",
    "venuename",  "poiname",      "placename",    "dishname",   "displayname",  "headline",
    "fullname",   "originaltitle"};

bool is_digit(char c) { return c >= '0' && c <= '9'; }

bool is_digits(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), is_digit);
}

// 12, -1.5, 1e9, 1,299.00, $12.99, 45%, 90 min.
bool is_number(std::string_view text) {
  for (const std::string_view sign : {"$", "\u20ac", "\u00a3", "\u00a5"}) {
    if (text.substr(0, sign.size()) == sign) text = trim(text.substr(sign.size()));
  }
  if (!text.empty() && (text[0] == '-' || text[0] == '+')) text.remove_prefix(1);
  size_t end = 0, digits = 0;
  while (end < text.size() && (is_digit(text[end]) || text[end] == '.' || text[end] == ',')) {
    digits += is_digit(text[end++]) ? 1 : 0;
  }
  if (digits == 0) return false;
  std::string_view rest = text.substr(end);
  if (rest.size() >= 2 && (rest[0] == 'e' || rest[0] == 'E')) {
    const size_t sign = rest[1] == '-' || rest[1] == '+' ? 2 : 1;
    if (is_digits(rest.substr(sign))) return true;
  }
  constexpr size_t kLongestUnit = 5;
  if (rest.empty() || rest == "%") return true;
  if (rest[0] != ' ') return false;
  rest = trim(rest);
  return rest.size() <= kLongestUnit && std::all_of(rest.begin(), rest.end(), [](char c) {
           return std::isalpha(static_cast<unsigned char>(c)) != 0;
         });
}

std::vector<std::string_view> words_of(std::string_view text) {
  std::vector<std::string_view> words;
  const auto is_word = [](char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0; };
  while (!text.empty()) {
    const auto begin = std::find_if(text.begin(), text.end(), is_word);
    const auto end = std::find_if_not(begin, text.end(), is_word);
    if (begin != end) {
      words.push_back(
          text.substr(static_cast<size_t>(begin - text.begin()), static_cast<size_t>(end - begin)));
    }
    text.remove_prefix(static_cast<size_t>(end - text.begin()));
  }
  return words;
}

bool is_year(std::string_view word) {
  return word.size() == 4 && is_digits(word) && (word[0] == '1' || word[0] == '2');
}

bool is_month_name(std::string_view word) {
  static constexpr std::array<std::string_view, 12> kMonths = {
      "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"};
  return word.size() >= 3 && !is_digit(word[0]) &&
         std::find(kMonths.begin(), kMonths.end(), to_lower(word.substr(0, 3))) != kMonths.end();
}

// 2020-05, 2020-05-17T10:00, 17.5.2020, 01-Jan-1995, January 1, 2020.
bool is_date(std::string_view text) {
  if (!std::any_of(text.begin(), text.end(), is_digit)) return false;
  const std::vector<std::string_view> words = words_of(text);
  if (words.size() < 2) return false;
  const size_t count = std::min<size_t>(words.size(), 3);
  size_t years = 0, months = 0, small = 0;
  for (size_t i = 0; i < count; ++i) {
    if (is_year(words[i])) {
      ++years;
    } else if (is_month_name(words[i])) {
      ++months;
    } else if (words[i].size() <= 2 && is_digits(words[i])) {
      ++small;
    } else if (i == 2 && words[i].size() > 2 && is_digits(words[i].substr(0, 2))) {
      ++small;  // 17T10 of ISO 8601
    }
  }
  return years == 1 && years + months + small == count;
}

bool is_address(std::string_view text) {
  const std::string start = to_lower(text.substr(0, 8));
  return start.substr(0, 7) == "http://" || start == "https://" || start.substr(0, 4) == "www." ||
         start.substr(0, 6) == "ftp://" || start.substr(0, 2) == "//";
}

// "sku", "imdb_id", "parentId".
bool is_id_name(const std::string& name) {
  static constexpr std::array<std::string_view, 13> kNames = {
      "id",  "sku",  "asin", "isbn", "isbn10", "isbn13",    "ean",
      "upc", "gtin", "uuid", "guid", "slug",   "parentasin"};
  const std::string plain = plain_name(name);
  if (std::find(kNames.begin(), kNames.end(), plain) != kNames.end()) return true;
  if (name.size() < 3) return false;
  const std::string end = name.substr(name.size() - 2);
  const bool is_own_word = std::isalnum(static_cast<unsigned char>(name[name.size() - 3])) == 0;
  return (to_lower(end) == "id" && is_own_word) || end == "Id" || end == "ID";
}

// One word with a digit in it.
bool is_code(std::string_view text) {
  return std::any_of(text.begin(), text.end(), is_digit) &&
         text.find(' ') == std::string_view::npos;
}

struct ColumnMeasure {
  size_t filled = 0, lists = 0;  // fields with values, with several
  size_t occurrences = 0, bytes = 0;
  size_t numbers = 0, dates = 0, addresses = 0, codes = 0;
  std::set<std::string> distinct;
  std::string unreadable, example;
  size_t missing = 0;  // fields that say so by a word

  bool mostly(size_t count) const { return count * 10 >= occurrences * 9; }
};

ColumnMeasure measure(const ItemColumn& column, ListForm form) {
  ColumnMeasure m;
  for (const std::string& field : column.fields) {
    if (is_missing(field)) {
      m.missing += field.empty() ? 0 : 1;
      continue;
    }
    const auto values = split_values(field, form);
    if (!values) {
      if (m.unreadable.empty()) m.unreadable = field;
      continue;
    }
    m.filled += values->empty() ? 0 : 1;
    m.lists += values->size() > 1 ? 1 : 0;
    for (const std::string& value : *values) {
      ++m.occurrences;
      m.bytes += value.size();
      m.numbers += is_number(value) ? 1 : 0;
      m.dates += is_date(value) ? 1 : 0;
      m.addresses += is_address(value) ? 1 : 0;
      m.codes += is_code(value) ? 1 : 0;
      m.distinct.insert(value);
    }
  }
  return m;
}

std::string values_text(size_t count) {
  return std::to_string(count) + (count == 1 ? " value" : " values");
}

std::string shortened(std::string_view text) {
  constexpr size_t kMost = 40;
  if (text.size() <= kMost) return std::string(text);
  size_t end = kMost;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
  return std::string(text.substr(0, end)) + "...";
}

bool is_id(const ItemColumn& column, const ColumnMeasure& m, bool hardly_again) {
  constexpr size_t kFewCodes = 8;
  const bool all_differ = m.distinct.size() == m.occurrences && m.lists == 0;
  if (is_id_name(column.name)) return m.distinct.size() > 1 && (all_differ || hardly_again);
  return all_differ && m.distinct.size() >= kFewCodes && m.mostly(m.codes) && !m.mostly(m.numbers);
}

// Why it is no attribute; an empty text if nothing speaks against it.
ColumnVerdict objection(const ItemColumn& column, const ColumnMeasure& m, ListForm form) {
  constexpr size_t kFewValues = 20, kLongValue = 40;
  const size_t distinct = m.distinct.size();
  const auto no = [&](const std::string& text) {
    return ColumnVerdict{false, false, true, form, text};
  };
  const auto never = [&](const std::string& text) {
    return ColumnVerdict{false, false, false, form, text};
  };
  const auto no_values = [&](const char* what) {
    return no(what + (" (" + values_text(distinct) + ")"));
  };
  if (column.type == "float_seq") return never("lists of numbers (float_seq)");
  if (!m.unreadable.empty()) {
    return never("lists of a form that is not read: " + shortened(m.unreadable));
  }
  if (m.occurrences == 0) return never("empty");
  // Values come again less than twice on average, in a table where they had room to.
  const bool hardly_again = distinct > kFewValues && distinct * 2 > m.occurrences;
  if (m.mostly(m.dates)) return no_values("dates");
  if (m.mostly(m.addresses)) return no_values("addresses of the web");
  if (is_id(column, m, hardly_again)) {
    return {false, true, true, form, "ids (" + values_text(distinct) + ")"};
  }
  if (m.mostly(m.numbers)) return no_values("numbers");
  const size_t length = m.bytes / m.occurrences;
  if (length > kLongValue && distinct > 1) {
    return no("free text (" + std::to_string(length) + " characters on average)");
  }
  if (!hardly_again) return no("");
  return no("nearly unique (" + values_text(distinct) + " over " + std::to_string(m.filled) +
            " items)");
}

ColumnVerdict accepted(const ColumnMeasure& m, ListForm form) {
  std::string text = "attributes, " + values_text(m.distinct.size());
  if (form != ListForm::kBars || m.lists != 0) text += ", " + std::string(list_form_text(form));
  if (m.missing != 0) {
    text += "; " + std::to_string(m.missing) + " fields such as NaN or None taken as missing";
  }
  return {true, false, true, form, text};
}

ListForm form_of(const ItemColumn& column) {
  return find_list_form(column.fields, column.type == "token_seq");
}

}  // namespace

std::vector<size_t> title_candidates(const std::vector<std::string>& names) {
  std::vector<size_t> found;
  for (const std::string_view usual : kTitleNames) {
    for (size_t i = 0; i < names.size(); ++i) {
      if (plain_name(names[i]) == usual) found.push_back(i);
    }
  }
  return found;
}

ColumnVerdict judge_column(const ItemColumn& column) {
  const ListForm form = form_of(column);
  const ColumnMeasure m = measure(column, form);
  const ColumnVerdict fault = objection(column, m, form);
  return fault.text.empty() ? accepted(m, form) : fault;
}

ColumnVerdict accept_column(const ItemColumn& column) {
  const ListForm form = form_of(column);
  return accepted(measure(column, form), form);
}

}  // namespace pintle::converter
