// SPDX-License-Identifier: Apache-2.0
#include "converter/io/memberships.h"

#include <array>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <optional>
#include <string_view>
#include <tuple>

#include "converter/io/error.h"
#include "converter/io/log_names.h"
#include "converter/io/table_reader.h"
#include "converter/io/text_file.h"

namespace pintle::converter {
namespace {

constexpr double kFifteenths = 15;  // fb::Catalogue.item_memberships
constexpr std::array<std::string_view, 4> kColumns = {"item", "group", "name", "membership"};
constexpr char kNeeded[] = "the columns are item (the app's id), group, name and membership";

// columns[i] of the table is kColumns[places[i]].
std::vector<size_t> places_of(const std::string& path, const std::vector<std::string>& columns) {
  std::vector<size_t> places;
  std::array<size_t, kColumns.size()> counts{};
  for (const std::string& column : columns) {
    size_t place = 0;
    while (place < kColumns.size() && plain_name(column) != kColumns[place]) ++place;
    if (place == kColumns.size()) {
      throw Error(at_line(path, 1) + "has a column '" + column + "'; " + kNeeded);
    }
    ++counts[place];
    places.push_back(place);
  }
  for (size_t i = 0; i < kColumns.size(); ++i) {
    if (counts[i] == 1) continue;
    throw Error(at_line(path, 1) +
                (counts[i] == 0 ? "has no column '" : "names twice the column '") +
                std::string(kColumns[i]) + "'; " + kNeeded);
  }
  return places;
}

std::optional<double> parse_share(const std::string& text) {
  char* end = nullptr;
  const double value = std::strtod(text.c_str(), &end);
  if (end != text.c_str() + text.size() || !(value >= 0 && value <= 1)) return std::nullopt;
  return value;
}

// As RFC 4180 has it.
std::string csv_field(const std::string& field) {
  std::string text = "\"";
  for (const char c : field) text += c == '"' ? "\"\"" : std::string(1, c);
  return text + "\"";
}

}  // namespace

std::string memberships_text(const std::vector<Membership>& rows) {
  std::string text;
  for (const std::string_view column : kColumns) {
    text += (text.empty() ? "" : ",") + std::string(column);
  }
  text += "\n";
  for (const Membership& row : rows) {
    char share[16];
    std::snprintf(share, sizeof(share), "%.4f", row.fifteenths / kFifteenths);
    text += csv_field(row.item) + "," + csv_field(row.group) + "," + csv_field(row.name) + "," +
            share + "\n";
  }
  return text;
}

MembershipTable read_memberships(const std::string& path) {
  const std::string text = read_text_file(path);
  const auto known_names = [](const std::vector<std::string>& columns) {
    size_t known = 0;
    for (const std::string& column : columns) {
      for (const std::string_view name : kColumns) known += plain_name(column) == name ? 1 : 0;
    }
    return known;
  };
  const TableReader reader(path, text, known_names);
  const std::vector<size_t> places = places_of(path, reader.columns());
  MembershipTable table;
  table.path = path;
  std::map<std::tuple<std::string, std::string, std::string>, size_t> line_by_key;
  reader.read_rows([&](size_t line, std::vector<std::string>& fields) {
    std::array<std::string, kColumns.size()> row;
    for (size_t i = 0; i < fields.size(); ++i) row[places[i]] = std::string(trim(fields[i]));
    for (size_t i = 0; i < kColumns.size(); ++i) {
      if (row[i].empty()) throw Error(at_line(path, line) + std::string(kColumns[i]) + " is empty");
    }
    const std::optional<double> share = parse_share(row[3]);
    if (!share) {
      throw Error(at_line(path, line) + "the membership '" + row[3] + "' is no number from 0 to 1");
    }
    const auto [same, is_new] = line_by_key.emplace(std::tuple(row[0], row[1], row[2]), line);
    if (!is_new) {
      throw Error(at_line(path, line) + "the membership of item '" + row[0] + "' in " + row[1] +
                  " '" + row[2] + "' was given on line " + std::to_string(same->second));
    }
    const auto fifteenths = static_cast<uint8_t>(std::lround(*share * kFifteenths));
    table.rows.push_back({row[0], row[1], row[2], fifteenths, line});
  });
  if (table.rows.empty()) throw Error(path + ": has a header but no memberships");
  return table;
}

}  // namespace pintle::converter
