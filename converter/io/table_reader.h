// SPDX-License-Identifier: Apache-2.0
#ifndef PINTLE_CONVERTER_IO_TABLE_READER_H_
#define PINTLE_CONVERTER_IO_TABLE_READER_H_

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace pintle::converter {

enum class TableForm {
  kTabs,
  kCommas,
  kSemicolons,
  kBars,          // '|'
  kDoubleColons,  // "::", as MovieLens has it
  kSpaces,        // runs of them, as RecBole's examples have it
  kJsonLines,     // an object a line
};

// Reads a table with a header line, or JSON lines. The header decides the form: the one that gives
// most known names, else the first of TableForm that finds two columns (spaces only by known names).
// Commas and semicolons are strict RFC 4180. Elsewhere a whole field may be quoted, but a quote
// inside is only a character (titles hold them); only between spaces may it hold the delimiter.
class TableReader {
 public:
  // Called with the line a row starts on, from 1, and as many fields as the header has; they may be
  // moved from.
  using RowCallback = std::function<void(size_t line, std::vector<std::string>& fields)>;
  // How many of a header's columns are known.
  using NameCount = std::function<size_t(const std::vector<std::string>& columns)>;

  // `text` is the whole file, as read_text_file gives it, and must outlive this. Throws Error if
  // there is no header.
  TableReader(const std::string& path, std::string_view text, const NameCount& known_names = {});

  // Column names, trimmed, without RecBole's types: "item_id:token" is "item_id". May be empty or
  // equal.
  const std::vector<std::string>& columns() const { return columns_; }
  // RecBole's types of the columns: "token", "token_seq", "float", "float_seq"; "": the header tells
  // none.
  const std::vector<std::string>& types() const { return types_; }
  bool has_types() const;  // whether the header tells one
  TableForm form() const { return form_; }
  void read_rows(const RowCallback& on_row) const;
  // At most the first `most`.
  void read_first_rows(size_t most, const RowCallback& on_row) const;

 private:
  void read_all(TableForm form, const RowCallback& on_row) const;
  void read_csv(TableForm form, const RowCallback& on_row) const;
  std::vector<std::string> header(TableForm form) const;
  void set_columns(const std::vector<std::string>& header);

  std::string path_;
  std::string_view text_;
  TableForm form_ = TableForm::kCommas;
  std::vector<std::string> columns_, types_;
  std::vector<std::string> json_keys_;  // kJsonLines: the columns as the objects have them
};

// "comma-separated", "JSON lines", ...
const char* table_form_name(TableForm form);

}  // namespace pintle::converter

#endif  // PINTLE_CONVERTER_IO_TABLE_READER_H_
