// SPDX-License-Identifier: Apache-2.0
#include "converter/io/items.h"

#include <algorithm>
#include <charconv>
#include <map>
#include <optional>
#include <set>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "converter/io/error.h"
#include "converter/io/table_reader.h"
#include "converter/io/text_file.h"

namespace pintle::converter {
namespace {

struct ItemColumns {
  size_t external_id = 0;
  std::optional<size_t> title;
  std::vector<size_t> groups;
};

ItemColumns find_columns(const std::string& path, const std::vector<std::string>& names,
                         const std::string& id_column) {
  ItemColumns columns;
  std::set<std::string> known;
  for (const std::string& name : names) {
    if (name.empty()) throw Error(at_line(path, 1) + "a column of the header has no name");
    if (!known.insert(name).second) {
      throw Error(at_line(path, 1) + "the header names column '" + name + "' twice");
    }
  }
  if (!id_column.empty()) {
    const auto found = std::find(names.begin(), names.end(), id_column);
    if (found == names.end()) {
      std::string list;
      for (const std::string& name : names) list += " '" + name + "'";
      throw Error(at_line(path, 1) + "has no column '" + id_column + "'; it has" + list);
    }
    columns.external_id = static_cast<size_t>(found - names.begin());
  }
  for (size_t i = 1; i < names.size(); ++i) {
    if (i == columns.external_id) continue;
    if (to_lower(names[i]) == "title") {
      if (columns.title) throw Error(at_line(path, 1) + "the header names two title columns");
      columns.title = i;
    } else {
      columns.groups.push_back(i);
    }
  }
  return columns;
}

std::optional<int64_t> parse_integer(std::string_view text) {
  int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

// An id that text and back does not change.
bool is_canonical_integer(const std::string& text) {
  const std::optional<int64_t> value = parse_integer(text);
  return value && std::to_string(*value) == text;
}

// The non-empty values between '|', in order, without repeats.
std::vector<std::string_view> split_values(std::string_view field) {
  std::vector<std::string_view> values;
  while (true) {
    const size_t bar = field.find('|');
    const std::string_view value = trim(field.substr(0, bar));
    if (!value.empty() && std::find(values.begin(), values.end(), value) == values.end()) {
      values.push_back(value);
    }
    if (bar == std::string_view::npos) return values;
    field.remove_prefix(bar + 1);
  }
}

// Attributes get their final numbers once all are known: (group's order, name) -> number.
using AttributeKey = std::pair<size_t, std::string>;

class ItemsReader {
 public:
  ItemsReader(const std::string& path, const TableReader& table, const std::string& id_column)
      : path_(path), columns_(find_columns(path, table.columns(), id_column)) {
    table.read_rows([&](size_t line, std::vector<std::string>& fields) { add(line, fields); });
    if (result_.items.empty()) throw Error(path + ": has a header but no items");
    number_attributes(table.columns());
    result_.has_titles = columns_.title.has_value();
  }

  ItemTable take() { return std::move(result_); }

 private:
  void add(size_t line, const std::vector<std::string>& fields) {
    const auto fail = [&](const std::string& fault) { throw Error(at_line(path_, line) + fault); };
    Item item;
    const std::string_view id_text = trim(fields[0]);
    const std::optional<int64_t> id = parse_integer(id_text);
    if (!id || *id < 0) {
      fail("'" + std::string(id_text) +
           "' is no row of the checkpoint; the first column holds whole numbers from 0");
    }
    item.checkpoint_id = *id;
    const auto [same_row, is_new_row] = line_by_id_.emplace(*id, line);
    if (!is_new_row) {
      fail("id " + std::to_string(*id) + " was given on line " + std::to_string(same_row->second));
    }
    item.external_id = trim(fields[columns_.external_id]);
    if (item.external_id.empty()) fail("the app's id is empty");
    const auto [same_id, is_new_id] = line_by_external_id_.emplace(item.external_id, line);
    if (!is_new_id) {
      fail("the app's id '" + item.external_id + "' was given on line " +
           std::to_string(same_id->second));
    }
    result_.integer_ids = result_.integer_ids && is_canonical_integer(item.external_id);
    if (columns_.title) item.title = trim(fields[*columns_.title]);
    std::vector<AttributeKey> attributes;
    for (size_t group = 0; group < columns_.groups.size(); ++group) {
      for (const std::string_view value : split_values(fields[columns_.groups[group]])) {
        attributes.emplace_back(group, value);
        numbers_.emplace(attributes.back(), 0);
      }
    }
    attributes_.push_back(std::move(attributes));
    result_.items.push_back(std::move(item));
  }

  void number_attributes(const std::vector<std::string>& names) {
    for (auto& [key, number] : numbers_) {
      number = static_cast<uint32_t>(result_.attributes.size());
      result_.attributes.emplace_back(names[columns_.groups[key.first]], key.second);
    }
    for (size_t i = 0; i < attributes_.size(); ++i) {
      std::vector<uint32_t>& numbers = result_.items[i].attributes;
      for (const AttributeKey& key : attributes_[i]) numbers.push_back(numbers_.at(key));
      std::sort(numbers.begin(), numbers.end());
    }
  }

  const std::string& path_;
  ItemColumns columns_;
  ItemTable result_;
  std::map<AttributeKey, uint32_t> numbers_;
  std::vector<std::vector<AttributeKey>> attributes_;  // by item
  std::unordered_map<int64_t, size_t> line_by_id_;
  std::unordered_map<std::string, size_t> line_by_external_id_;
};

}  // namespace

ItemTable read_items(const std::string& path, const std::string& id_column) {
  const std::string text = read_text_file(path);
  const TableReader table(path, text);
  return ItemsReader(path, table, id_column).take();
}

}  // namespace pintle::converter
