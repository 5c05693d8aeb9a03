// SPDX-License-Identifier: Apache-2.0
#ifndef PINTLE_CONVERTER_IO_TABLE_READER_H_
#define PINTLE_CONVERTER_IO_TABLE_READER_H_

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace pintle::converter {

// Reads a table with a header line. The header decides the delimiter: tab, else comma, else
// semicolon. CSV is strict RFC 4180. A tab-separated field may be quoted, but a quote elsewhere is
// only a character (titles hold them), so such fields cannot contain tabs or line ends.
class TableReader {
 public:
  // Called with the line a row starts on, from 1, and as many fields as the header has; they may be
  // moved from.
  using RowCallback = std::function<void(size_t line, std::vector<std::string>& fields)>;

  // `text` is the whole file, as read_text_file gives it, and must outlive this. Throws Error if
  // there is no header.
  TableReader(const std::string& path, std::string_view text);

  // Column names, trimmed, without RecBole's types: "item_id:token" is "item_id". May be empty or
  // equal.
  const std::vector<std::string>& columns() const { return columns_; }
  // RecBole's types of the columns: "token", "token_seq", "float", "float_seq"; "": the header tells
  // none.
  const std::vector<std::string>& types() const { return types_; }
  void read_rows(const RowCallback& on_row) const;

 private:
  void read_all(const RowCallback& on_row) const;

  std::string path_;
  std::string_view text_;
  char delimiter_ = ',';
  std::vector<std::string> columns_, types_;
};

}  // namespace pintle::converter

#endif  // PINTLE_CONVERTER_IO_TABLE_READER_H_
