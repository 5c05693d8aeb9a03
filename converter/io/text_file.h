// SPDX-License-Identifier: Apache-2.0
#ifndef PINTLE_CONVERTER_IO_TEXT_FILE_H_
#define PINTLE_CONVERTER_IO_TEXT_FILE_H_

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace pintle::converter {

// A whole text file in memory, as UTF-8 without a byte order mark, lines ended by "\n" or "\r\n".
// Gzip, UTF-16 and old Mac line ends are read; `coding`, if not null, gets their names (see
// DecodedText). Throws Error if it cannot be read or is no text, and names the line or what it is.
std::string read_text_file(const std::string& path, std::string* coding = nullptr);

// The lines of a text, without their ends ("\n" or "\r\n"); a last line needs no end.
class LineReader {
 public:
  explicit LineReader(std::string_view text) : rest_(text) {}
  bool next(std::string_view* line);
  size_t number() const { return number_; }  // of the line that next() gave last, from 1

 private:
  std::string_view rest_;
  size_t number_ = 0;
};

// The parts of a line between spaces and tabs, appended to `fields`.
void split_fields(std::string_view line, std::vector<std::string_view>* fields);

// Calls on_line(number, line, fields) for each line of a text; a blank one has no fields.
template <typename OnLine>
void for_each_line(std::string_view text, const OnLine& on_line) {
  LineReader lines(text);
  std::string_view line;
  std::vector<std::string_view> fields;
  while (lines.next(&line)) {
    fields.clear();
    split_fields(line, &fields);
    on_line(lines.number(), line, fields);
  }
}

std::string_view trim(std::string_view text);
std::string to_lower(std::string_view text);  // ASCII
bool starts_with(std::string_view text, std::string_view start);
bool ends_with(std::string_view text, std::string_view end);

std::string count_text(size_t count);  // "1,000,209"
// " 'a' 'b'" of at most some names, for messages.
std::string quoted_list(const std::vector<std::string>& names);

// "path:line: " as errors begin.
std::string at_line(const std::string& path, size_t line);

}  // namespace pintle::converter

#endif  // PINTLE_CONVERTER_IO_TEXT_FILE_H_
