// SPDX-License-Identifier: Apache-2.0
#include "converter/io/table_reader.h"

#include <csv.h>

#include <exception>
#include <memory>
#include <utility>

#include "converter/io/error.h"
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

// What libcsv's callbacks work on. An exception may not pass through C, so it waits here.
struct Rows {
  const TableReader::RowCallback& on_row;
  bool is_unquoted;       // tab-separated
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

}  // namespace

TableReader::TableReader(const std::string& path, std::string_view text)
    : path_(path), text_(text) {
  LineReader lines(text);
  std::string_view header;
  while (lines.next(&header) && trim(header).empty()) {
  }
  if (trim(header).empty())
    throw Error(path + ": is empty; a table with a header line is expected");
  for (const char delimiter : {'\t', ',', ';'}) {
    if (header.find(delimiter) != std::string_view::npos) {
      delimiter_ = delimiter;
      break;
    }
  }
  try {
    read_all([&](size_t, std::vector<std::string>& fields) {
      for (const std::string& field : fields) {
        auto [name, type] = name_and_type(field);
        columns_.push_back(std::move(name));
        types_.push_back(std::move(type));
      }
      throw StopReading();
    });
  } catch (const StopReading&) {
  }
}

void TableReader::read_rows(const RowCallback& on_row) const {
  bool is_header = true;
  read_all([&](size_t line, std::vector<std::string>& fields) {
    if (std::exchange(is_header, false)) return;
    if (fields.size() != columns_.size()) {
      throw Error(at_line(path_, line) + "has " + std::to_string(fields.size()) +
                  " fields, but the header has " + std::to_string(columns_.size()));
    }
    on_row(line, fields);
  });
}

void TableReader::read_all(const RowCallback& on_row) const {
  csv_parser parser;
  if (csv_init(&parser, CSV_STRICT | CSV_STRICT_FINI) != 0) throw Error("out of memory");
  const std::unique_ptr<csv_parser, void (*)(csv_parser*)> owner(&parser, csv_free);
  csv_set_delim(&parser, static_cast<unsigned char>(delimiter_));
  Rows rows{on_row, delimiter_ == '\t', 0, 0, {}, {}};
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

}  // namespace pintle::converter
