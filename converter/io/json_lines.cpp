// SPDX-License-Identifier: Apache-2.0
#include "converter/io/json_lines.h"

#include <nlohmann/json.hpp>
#include <unordered_map>

#include "converter/io/error.h"
#include "converter/io/text_coding.h"
#include "converter/io/text_file.h"

namespace pintle::converter {
namespace {

using nlohmann::ordered_json;

void for_each_object(const std::string& path, std::string_view text,
                     const std::function<void(size_t line, const ordered_json&)>& on_object) {
  LineReader lines(text);
  std::string_view line;
  while (lines.next(&line)) {
    if (trim(line).empty()) continue;
    const ordered_json object = ordered_json::parse(line, nullptr, /*allow_exceptions=*/false);
    if (!object.is_object()) {
      throw Error(at_line(path, lines.number()) +
                  "is no JSON object; a file of JSON lines has one object a line; " +
                  pandas_advice(path, "read_json"));
    }
    on_object(lines.number(), object);
  }
}

void for_each_value(const ordered_json& object, const std::string& prefix,
                    const std::function<void(const std::string&, const ordered_json&)>& on_value) {
  for (const auto& [key, value] : object.items()) {
    if (value.is_object()) {
      for_each_value(value, prefix + key + ".", on_value);
    } else {
      on_value(prefix.empty() ? key : prefix + key, value);
    }
  }
}

}  // namespace

std::vector<std::string> json_columns(const std::string& path, std::string_view text) {
  std::vector<std::string> columns;
  std::unordered_map<std::string, size_t> known;
  for_each_object(path, text, [&](size_t, const ordered_json& object) {
    for_each_value(object, "", [&](const std::string& name, const ordered_json&) {
      if (known.emplace(name, columns.size()).second) columns.push_back(name);
    });
  });
  return columns;
}

void read_json_rows(const std::string& path, std::string_view text,
                    const std::vector<std::string>& columns,
                    const std::function<void(size_t line, std::vector<std::string>&)>& on_row) {
  std::unordered_map<std::string, size_t> numbers;
  for (size_t i = 0; i < columns.size(); ++i) numbers.emplace(columns[i], i);
  std::vector<std::string> fields;
  for_each_object(path, text, [&](size_t line, const ordered_json& object) {
    fields.assign(columns.size(), "");
    for_each_value(object, "", [&](const std::string& name, const ordered_json& value) {
      std::string& field = fields[numbers.at(name)];
      if (value.is_string()) {
        field = value.get_ref<const std::string&>();
      } else if (!value.is_null()) {
        field = value.dump();
      }
    });
    on_row(line, fields);
  });
}

}  // namespace pintle::converter
