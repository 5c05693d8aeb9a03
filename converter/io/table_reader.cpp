// SPDX-License-Identifier: Apache-2.0
#include "converter/io/table_reader.h"

#include <csv.h>

#include <algorithm>
#include <exception>
#include <memory>
#include <utility>

#include "converter/io/error.h"
#include "converter/io/json_lines.h"
#include "converter/io/text_coding.h"
#include "converter/io/text_file.h"

namespace pintle::converter {
namespace {

// "say ""hi""" in quotes becomes say "hi"; anything that is not quoted as a whole stays.
std::string unquote(std::string field) {
  if (field.size() < 2 || field.front() != '"' || field.back() != '"') return field;
  std::string text;
  for (size_t i = 1; i + 1 < field.size(); ++i) {
    if (field[i] == '"') {
      if (i + 2 >= field.size() || field[i + 1] != '"') return field;
      ++i;
    }
    text.push_back(field[i]);
  }
  return text;
}

// The name and RecBole's type of a column: "item_id:token". Type: "" if there is none.
std::pair<std::string, std::string> name_and_type(std::string_view header) {
  const std::string_view name = trim(header);
  const size_t colon = name.rfind(':');
  if (colon != std::string_view::npos) {
    const std::string_view type = name.substr(colon + 1);
    if (type == "token" || type == "float" || type == "token_seq" || type == "float_seq") {
      return {std::string(trim(name.substr(0, colon))), std::string(type)};
    }
  }
  return {std::string(name), ""};
}

// Fields between runs of spaces. One that begins with a quote ends with the next.
void split_spaces(std::string_view line, std::vector<std::string>* fields) {
  line = trim(line);
  while (!line.empty()) {
    size_t end = line.find_first_of(" \t");
    if (line.front() == '"') {
      size_t quote = line.find('"', 1);
      while (quote != std::string_view::npos && line.substr(quote, 2) == "\"\"") {
        quote = line.find('"', quote + 2);
      }
      const bool closes =
          quote != std::string_view::npos &&
          (quote + 1 == line.size() || line.find_first_of(" \t", quote) == quote + 1);
      if (closes) end = quote + 1;
    }
    fields->push_back(unquote(std::string(line.substr(0, end))));
    line = end == std::string_view::npos ? std::string_view() : trim(line.substr(end));
  }
}

void split_double_colons(std::string_view line, std::vector<std::string>* fields) {
  while (true) {
    const size_t end = line.find("::");
    fields->push_back(unquote(std::string(trim(line.substr(0, end)))));
    if (end == std::string_view::npos) return;
    line.remove_prefix(end + 2);
  }
}

// What libcsv's callbacks work on. An exception may not pass through C, so it waits here.
struct Rows {
  const TableReader::RowCallback& on_row;
  bool is_unquoted;       // a quote is only a character
  size_t line = 0;        // being fed
  size_t first_line = 0;  // of the row being read; 0 between rows
  std::vector<std::string> fields;
  std::exception_ptr fault;

  static void on_field(void* bytes, size_t size, void* context) {
    Rows& rows = *static_cast<Rows*>(context);
    if (rows.fault) return;
    try {
      std::string field(static_cast<const char*>(bytes), size);
      rows.fields.push_back(rows.is_unquoted ? unquote(std::move(field)) : std::move(field));
    } catch (...) {
      rows.fault = std::current_exception();
    }
  }
  static void on_row_end(int, void* context) {
    Rows& rows = *static_cast<Rows*>(context);
    if (rows.fault) return;
    try {
      rows.on_row(rows.first_line, rows.fields);
    } catch (...) {
      rows.fault = std::current_exception();
    }
    rows.fields.clear();
    rows.first_line = 0;
  }
};

struct StopReading {};

constexpr char kBlanks[] = " \t\r\n";

constexpr TableForm kSeparated[] = {TableForm::kTabs,         TableForm::kCommas,
                                    TableForm::kSemicolons,   TableForm::kBars,
                                    TableForm::kDoubleColons, TableForm::kSpaces};

char delimiter_of(TableForm form) {
  return form == TableForm::kTabs         ? '\t'
         : form == TableForm::kSemicolons ? ';'
         : form == TableForm::kBars       ? '|'
                                          : ',';
}

}  // namespace

TableReader::TableReader(const std::string& path, std::string_view text,
                         const NameCount& known_names)
    : path_(path), text_(text) {
  const size_t start = text.find_first_not_of(kBlanks);
  if (start == std::string_view::npos) {
    throw Error(path + ": is empty; a table with a header line is expected");
  }
  if (text[start] == '{') {
    form_ = TableForm::kJsonLines;
    json_keys_ = json_columns(path, text);
    set_columns(json_keys_);
    return;
  }
  const size_t inner = text.find_first_not_of(kBlanks, start + 1);
  if (text[start] == '[' && inner != std::string_view::npos &&
      (text[inner] == '{' || text[inner] == '[')) {
    throw Error(path + ": is one JSON list; write CSV or JSON lines, one object a line; " +
                pandas_advice(path, "read_json"));
  }
  size_t best_known = 0;
  bool is_found = false, are_commas = true;
  for (const TableForm form : kSeparated) {
    std::vector<std::string> names;
    try {
      names = header(form);
    } catch (const Error&) {  // its quotes are not those of this form
      are_commas = are_commas && form != TableForm::kCommas;
      continue;
    }
    for (std::string& name : names) name = name_and_type(name).first;
    const size_t known = known_names ? known_names(names) : 0;
    const bool is_first =
        !is_found && names.size() > 1 && (form != TableForm::kSpaces || !are_commas);
    if (known < best_known || (known == best_known && !is_first)) continue;
    best_known = known;
    is_found = true;
    form_ = form;
  }
  set_columns(header(form_));
}

std::vector<std::string> TableReader::header(TableForm form) const {
  std::vector<std::string> header;
  try {
    read_all(form, [&](size_t, std::vector<std::string>& fields) {
      header = fields;
      throw StopReading();
    });
  } catch (const StopReading&) {
  }
  return header;
}

void TableReader::set_columns(const std::vector<std::string>& header) {
  for (const std::string& field : header) {
    auto [name, type] = name_and_type(field);
    columns_.push_back(std::move(name));
    types_.push_back(std::move(type));
  }
}

bool TableReader::has_types() const {
  return std::any_of(types_.begin(), types_.end(),
                     [](const std::string& type) { return !type.empty(); });
}

void TableReader::read_rows(const RowCallback& on_row) const {
  if (form_ == TableForm::kJsonLines) return read_json_rows(path_, text_, json_keys_, on_row);
  bool is_header = true;
  read_all(form_, [&](size_t line, std::vector<std::string>& fields) {
    if (std::exchange(is_header, false)) return;
    if (fields.size() != columns_.size()) {
      throw Error(at_line(path_, line) + "has " + std::to_string(fields.size()) +
                  " fields, but the header has " + std::to_string(columns_.size()));
    }
    on_row(line, fields);
  });
}

void TableReader::read_first_rows(size_t most, const RowCallback& on_row) const {
  size_t count = 0;
  try {
    read_rows([&](size_t line, std::vector<std::string>& fields) {
      if (count++ == most) throw StopReading();
      on_row(line, fields);
    });
  } catch (const StopReading&) {
  }
}

void TableReader::read_all(TableForm form, const RowCallback& on_row) const {
  if (form != TableForm::kSpaces && form != TableForm::kDoubleColons) return read_csv(form, on_row);
  LineReader lines(text_);
  std::string_view line;
  std::vector<std::string> fields;
  while (lines.next(&line)) {
    if (trim(line).empty()) continue;
    fields.clear();
    (form == TableForm::kSpaces ? split_spaces : split_double_colons)(line, &fields);
    on_row(lines.number(), fields);
  }
}

void TableReader::read_csv(TableForm form, const RowCallback& on_row) const {
  csv_parser parser;
  if (csv_init(&parser, CSV_STRICT | CSV_STRICT_FINI) != 0) throw Error("out of memory");
  const std::unique_ptr<csv_parser, void (*)(csv_parser*)> owner(&parser, csv_free);
  csv_set_delim(&parser, static_cast<unsigned char>(delimiter_of(form)));
  Rows rows{on_row, form == TableForm::kTabs || form == TableForm::kBars, 0, 0, {}, {}};
  // A byte that the text cannot hold: read_text_file refuses it.
  if (rows.is_unquoted) csv_set_quote(&parser, 0);

  const auto check = [&](bool is_parsed) {
    if (rows.fault) std::rethrow_exception(rows.fault);
    if (is_parsed) return;
    throw Error(at_line(path_, rows.first_line) +
                "a quote is not closed or stands inside a field; write such a field in quotes, and "
                "each quote in it twice");
  };
  // Line by line, because libcsv does not tell where a row starts.
  std::string_view rest = text_;
  while (!rest.empty()) {
    const size_t end = rest.find('\n');
    const std::string_view line = rest.substr(0, end == std::string_view::npos ? end : end + 1);
    rest.remove_prefix(line.size());
    ++rows.line;
    if (rows.first_line == 0) rows.first_line = rows.line;
    check(csv_parse(&parser, line.data(), line.size(), Rows::on_field, Rows::on_row_end, &rows) ==
          line.size());
    if (rows.fields.empty() && !parser.quoted) rows.first_line = 0;  // the line was blank
  }
  check(csv_fini(&parser, Rows::on_field, Rows::on_row_end, &rows) == 0);
}

const char* table_form_name(TableForm form) {
  switch (form) {
    case TableForm::kTabs:
      return "tab-separated";
    case TableForm::kCommas:
      return "comma-separated";
    case TableForm::kSemicolons:
      return "separated by semicolons";
    case TableForm::kBars:
      return "separated by '|'";
    case TableForm::kDoubleColons:
      return "separated by '::'";
    case TableForm::kSpaces:
      return "separated by spaces";
    case TableForm::kJsonLines:
      return "JSON lines";
  }
  return "";
}

}  // namespace pintle::converter
