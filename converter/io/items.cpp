// SPDX-License-Identifier: Apache-2.0
#include "converter/io/items.h"

#include <algorithm>
#include <charconv>
#include <map>
#include <set>
#include <string_view>
#include <unordered_map>

#include "converter/io/error.h"
#include "converter/io/item_columns.h"
#include "converter/io/table_reader.h"
#include "converter/io/text_file.h"

namespace pintle::converter {
namespace {

std::string quoted(const std::string& name) { return "'" + name + "'"; }

void check_header(const std::string& path, const std::vector<std::string>& names) {
  std::set<std::string> known;
  for (const std::string& name : names) {
    if (name.empty()) {
      throw Error(at_line(path, 1) +
                  "a column of the header has no name (pandas writes its index so; "
                  "to_csv(index=False) leaves it out)");
    }
    if (!known.insert(name).second) {
      throw Error(at_line(path, 1) + "the header names column '" + name + "' twice");
    }
  }
}

std::optional<int64_t> parse_integer(std::string_view text) {
  int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

// "57" of "57.0"; empty if it is no whole number with a decimal point.
std::string_view without_decimals(std::string_view text) {
  const size_t point = text.find('.');
  if (point == std::string_view::npos || point + 1 == text.size() ||
      text.find_first_not_of('0', point + 1) != std::string_view::npos) {
    return {};
  }
  const std::string_view whole = text.substr(0, point);
  return canonical_integer(std::string(whole)) ? whole : std::string_view();
}

// Attributes get their final numbers once all are known: (group's order, name) -> number.
using AttributeKey = std::pair<size_t, std::string>;

class ItemsReader {
 public:
  ItemsReader(const std::string& path, const TableReader& table, const ItemOptions& options)
      : path_(path), options_(options), names_(table.columns()) {
    check_header(path, names_);
    for (size_t i = 0; i < names_.size(); ++i)
      columns_.push_back({names_[i], table.types()[i], {}});
    row_column_ = column_of(options.row_column, 0);
    id_column_ = column_of(options.id_column, 0);
    for (const std::string& name : options.attributes) asked_.insert(column_of(name, 0));
    choose_title();
    table.read_rows([&](size_t line, std::vector<std::string>& fields) {
      lines_.push_back(line);
      for (size_t i = 0; i < fields.size(); ++i) columns_[i].fields.emplace_back(trim(fields[i]));
    });
    if (lines_.empty()) throw Error(path + ": has a header but no items");
    result_.path = path;
    result_.row_column = names_[row_column_];
    result_.row_column_is_told = !options.row_column.empty();
    result_.id_column = names_[id_column_];
    result_.has_titles = title_column_.has_value();
    result_.typed_header = std::any_of(table.types().begin(), table.types().end(),
                                       [](const std::string& type) { return !type.empty(); });
    read_ids();
    if (title_column_) {
      for (size_t i = 0; i < lines_.size(); ++i) {
        result_.items[i].title = columns_[*title_column_].fields[i];
      }
    }
    choose_dates();
    choose_attributes();
    number_attributes();
  }

  ItemTable take() { return std::move(result_); }

 private:
  [[noreturn]] void fail(size_t item, const std::string& fault) const {
    throw Error(at_line(path_, lines_[item]) + fault);
  }
  void note(const std::string& text) { result_.notes.push_back(text); }

  size_t column_of(const std::string& name, size_t otherwise) const {
    if (name.empty()) return otherwise;
    const auto found = std::find(names_.begin(), names_.end(), name);
    if (found == names_.end()) {
      std::string list;
      for (const std::string& known : names_) list += " '" + known + "'";
      throw Error(at_line(path_, 1) + "has no column '" + name + "'; it has" + list);
    }
    return static_cast<size_t>(found - names_.begin());
  }

  std::string place_of(size_t column, const std::string& asked_by, bool is_asked) const {
    return "column " + quoted(names_[column]) + " (" + (is_asked ? asked_by : "the first") + ")";
  }

  void choose_title() {
    if (!options_.title_column.empty()) {
      title_column_ = column_of(options_.title_column, 0);
      title_note_ = "titles: column " + quoted(names_[*title_column_]) + " (--title-column)";
      return;
    }
    std::vector<size_t> candidates;
    for (const size_t column : title_candidates(names_)) {
      if (column != row_column_ && column != id_column_ && asked_.count(column) == 0) {
        candidates.push_back(column);
      }
    }
    if (candidates.empty()) {
      title_note_ =
          "titles: none, no column is called title, name or the like (--title-column "
          "takes one)";
      return;
    }
    title_column_ = candidates.front();
    title_note_ = "titles: column " + quoted(names_[*title_column_]) + " (by its name)";
    other_titles_.insert(candidates.begin() + 1, candidates.end());
    if (other_titles_.empty()) return;
    if (to_lower(names_[candidates[0]]) == to_lower(names_[candidates[1]])) {
      throw Error(at_line(path_, 1) + "the header names two title columns, " +
                  quoted(names_[candidates[0]]) + " and " + quoted(names_[candidates[1]]) +
                  "; settle it with --title-column");
    }
    title_note_ += ", rather than " + quoted(names_[candidates[1]]) + "; --title-column settles it";
  }

  // By the option, or the only column whose values are dates and whose name does not say of what else.
  void choose_dates() {
    const std::string& asked = options_.date_column;
    if (asked == "none") return;
    if (!asked.empty()) {
      date_column_ = column_of(asked, 0);
      return take_dates(read_item_dates(columns_[*date_column_].fields), "--date-column");
    }
    for (size_t i = 0; i < columns_.size(); ++i) {
      if (i == row_column_ || i == id_column_ || i == title_column_ || asked_.count(i) != 0) {
        continue;
      }
      ItemDates dates = read_item_dates(columns_[i].fields);
      if (dates.are_years() || !dates.mostly_known() ||
          !may_be_item_date(names_[i], dates.is_number)) {
        if (dates.are_years() && dates.mostly_known()) year_columns_.insert(i);
        continue;
      }
      date_candidates_.emplace(i, std::move(dates));
    }
    if (date_candidates_.size() == 1) {
      date_column_ = date_candidates_.begin()->first;
      take_dates(date_candidates_.begin()->second, "the only one of dates");
    } else if (!date_candidates_.empty()) {
      std::vector<std::string> names;
      for (const auto& [column, dates] : date_candidates_) names.push_back(names_[column]);
      date_note_ = "dates: none, several columns hold them:" + quoted_list(names) +
                   "; --date-column says which tells when an item appeared";
    }
  }

  void take_dates(const ItemDates& dates, const std::string& chosen_by) {
    const std::string place = "column " + quoted(names_[*date_column_]) + " (" + chosen_by + ")";
    if (!dates.fault.empty()) {
      throw Error(at_line(path_, 1) + place + ": " + dates.fault +
                  "; write YYYY-MM-DD, or seconds since 1970");
    }
    for (size_t i = 0; i < lines_.size(); ++i) result_.items[i].date = dates.minutes[i];
    result_.has_dates = true;
    date_note_ = "dates: " + place + ", " + dates.form + "; " + std::to_string(dates.known) +
                 " of " + std::to_string(lines_.size()) + " items have one";
    if (dates.unread != 0) {
      date_note_ += ", " + std::to_string(dates.unread) + " cannot be read, such as " +
                    quoted(dates.unread_example);
    }
  }

  // Ids that a merge made decimals are whole again, if all of them are.
  void mend_decimals(size_t column) {
    std::vector<std::string>& fields = columns_[column].fields;
    const auto is_decimal = [](const std::string& id) { return !without_decimals(id).empty(); };
    const size_t decimals =
        static_cast<size_t>(std::count_if(fields.begin(), fields.end(), is_decimal));
    if (decimals == 0) return;
    const auto first = std::find_if(fields.begin(), fields.end(), is_decimal);
    const std::string example = *first;
    if (decimals != fields.size()) {
      note("column " + quoted(names_[column]) + ": " + std::to_string(decimals) + " of " +
           std::to_string(fields.size()) + " ids are written like " + example +
           ": kept as they are written");
      return;
    }
    for (std::string& field : fields) field = std::string(without_decimals(field));
    note("column " + quoted(names_[column]) + ": " + example + " is read as " + fields[0]);
  }

  void read_ids() {
    note("ids: " + place_of(id_column_, "--id-column", !options_.id_column.empty()));
    if (row_column_ != id_column_) {
      note("rows of the checkpoint: " +
           place_of(row_column_, "--row-column", !options_.row_column.empty()));
      mend_decimals(row_column_);
    }
    mend_decimals(id_column_);
    std::unordered_map<std::string, size_t> line_by_row, line_by_id;
    for (size_t i = 0; i < lines_.size(); ++i) {
      Item item;
      item.line = lines_[i];
      item.row_text = columns_[row_column_].fields[i];
      item.external_id = columns_[id_column_].fields[i];
      if (is_missing(item.external_id)) {
        fail(i, item.external_id.empty() ? "the app's id is empty"
                                         : "the app's id is missing: " + quoted(item.external_id));
      }
      if (is_missing(item.row_text)) fail(i, "the id used in the checkpoint is missing");
      const std::optional<int64_t> row = parse_integer(item.row_text);
      if (row && *row >= 0) item.checkpoint_id = row;
      result_.rows_are_integers = result_.rows_are_integers && item.checkpoint_id;
      const std::string row_key = row ? std::to_string(*row) : item.row_text;
      const auto [same_row, is_new_row] = line_by_row.emplace(row_key, lines_[i]);
      if (!is_new_row) {
        fail(i, "id " + row_key + " was given on line " + std::to_string(same_row->second));
      }
      const auto [same_id, is_new_id] = line_by_id.emplace(item.external_id, lines_[i]);
      if (!is_new_id) {
        fail(i, "the app's id '" + item.external_id + "' was given on line " +
                    std::to_string(same_id->second));
      }
      result_.integer_ids = result_.integer_ids && canonical_integer(item.external_id).has_value();
      result_.items.push_back(std::move(item));
    }
  }

  void choose_attributes() {
    note(title_note_);
    if (!date_note_.empty()) note(date_note_);
    for (size_t i = 0; i < columns_.size(); ++i) {
      const bool is_asked = asked_.count(i) != 0;
      const bool has_role =
          i == row_column_ || i == id_column_ || i == title_column_ || i == date_column_;
      if (!is_asked && has_role) continue;
      const std::string begin = "column " + quoted(names_[i]) + ": ";
      if (!is_asked && !asked_.empty()) {
        note(begin + "not used: --attributes does not name it");
        continue;
      }
      if (!is_asked && other_titles_.count(i) != 0) {
        note(begin + "not used: another title; --attributes " + names_[i] + " would take them");
        continue;
      }
      if (is_asked) refuse_what_is_no_list(columns_[i]);
      const ColumnVerdict verdict =
          is_asked ? accept_column(columns_[i]) : judge_column(columns_[i]);
      if (verdict.is_attribute) {
        groups_.emplace_back(i, verdict.form);
        note(begin + verdict.text);
        continue;
      }
      note(begin + "not used: " + verdict.text + advice_for(i, verdict));
    }
  }

  std::string advice_for(size_t column, const ColumnVerdict& verdict) const {
    const std::string& name = names_[column];
    if (verdict.is_id) return "; --id-column " + name + " would make them the app's";
    if (!verdict.can_be_asked) return "";
    const std::string advice = "; --attributes " + name + " would take them";
    if (date_column_ || (date_candidates_.count(column) == 0 && year_columns_.count(column) == 0)) {
      return advice;
    }
    return advice + ", --date-column " + name + " as dates";
  }

  void refuse_what_is_no_list(const ItemColumn& column) const {
    if (column.type == "float_seq") {
      throw Error(at_line(path_, 1) + "column '" + column.name +
                  "' holds lists of numbers (float_seq), which are no attributes; leave it out of "
                  "--attributes");
    }
    const ListForm form = find_list_form(column.fields, column.type == "token_seq");
    for (size_t i = 0; i < column.fields.size(); ++i) {
      if (split_values(column.fields[i], form)) continue;
      fail(i, "column '" + column.name + "': " + column.fields[i] +
                  " is no list that can be read; write ['A', 'B'], [\"A\", \"B\"] or A|B");
    }
  }

  void number_attributes() {
    std::map<AttributeKey, uint32_t> numbers;
    std::vector<std::vector<AttributeKey>> keys(lines_.size());
    for (size_t group = 0; group < groups_.size(); ++group) {
      const auto [column, form] = groups_[group];
      for (size_t i = 0; i < lines_.size(); ++i) {
        const auto values = split_values(columns_[column].fields[i], form);
        for (const std::string& value : *values) {
          keys[i].emplace_back(group, value);
          numbers.emplace(keys[i].back(), 0);
        }
      }
    }
    for (auto& [key, number] : numbers) {
      number = static_cast<uint32_t>(result_.attributes.size());
      result_.attributes.emplace_back(names_[groups_[key.first].first], key.second);
    }
    for (size_t i = 0; i < keys.size(); ++i) {
      std::vector<uint32_t>& of_item = result_.items[i].attributes;
      for (const AttributeKey& key : keys[i]) of_item.push_back(numbers.at(key));
      std::sort(of_item.begin(), of_item.end());
    }
  }

  const std::string& path_;
  const ItemOptions& options_;
  const std::vector<std::string>& names_;
  std::vector<ItemColumn> columns_;
  std::vector<size_t> lines_;  // of the items
  size_t row_column_ = 0, id_column_ = 0;
  std::optional<size_t> title_column_;
  std::string title_note_;
  std::set<size_t> other_titles_;  // that had the name of one
  std::optional<size_t> date_column_;
  std::string date_note_;
  std::map<size_t, ItemDates> date_candidates_;      // by names and values
  std::set<size_t> year_columns_;                    // dates only where they are asked for
  std::set<size_t> asked_;                           // by --attributes
  std::vector<std::pair<size_t, ListForm>> groups_;  // columns that become attributes
  ItemTable result_;
};

}  // namespace

std::optional<int64_t> canonical_integer(const std::string& text) {
  const std::optional<int64_t> value = parse_integer(text);
  return value && std::to_string(*value) == text ? value : std::nullopt;
}

ItemTable read_items(const std::string& path, const ItemOptions& options) {
  const std::string text = read_text_file(path);
  const TableReader table(path, text);
  return ItemsReader(path, table, options).take();
}

void require_integer_rows(const ItemTable& table) {
  for (const Item& item : table.items) {
    if (item.checkpoint_id) continue;
    throw Error(at_line(table.path, item.line) + "'" + item.row_text +
                "' is no row of the checkpoint; column '" + table.row_column +
                "' holds whole numbers from 0, or --row-column names the one that does");
  }
}

}  // namespace pintle::converter
