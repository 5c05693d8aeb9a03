// SPDX-License-Identifier: Apache-2.0
#include "converter/io/text_file.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "converter/io/error.h"
#include "converter/io/text_coding.h"
#include "converter/io/utf8.h"

namespace pintle::converter {
namespace {

constexpr std::string_view kSpaces = " \t\r\v\f";

// Old Macs ended lines by "\r" alone. In other files a lone one is only a character.
void end_lines_by_newline(std::string* text) {
  size_t lone = 0, newlines = 0;
  for (size_t at = text->find('\r'); at != std::string::npos; at = text->find('\r', at + 1)) {
    lone += at + 1 == text->size() || (*text)[at + 1] != '\n' ? 1 : 0;
  }
  if (lone == 0) return;
  newlines = static_cast<size_t>(std::count(text->begin(), text->end(), '\n'));
  if (lone > newlines) std::replace(text->begin(), text->end(), '\r', '\n');
}

}  // namespace

std::string read_text_file(const std::string& path, std::string* coding) {
  if (std::filesystem::is_directory(path)) throw Error(path + ": is a folder, not a text file");
  std::ifstream file(path, std::ios::binary);
  if (!file) throw Error(path + ": cannot be opened: " + std::strerror(errno));
  std::string bytes((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  if (file.bad()) throw Error(path + ": cannot be read to its end");
  DecodedText decoded = decode_text(path, std::move(bytes));
  if (coding != nullptr) *coding = decoded.coding;
  std::string& text = decoded.text;
  end_lines_by_newline(&text);
  if (is_utf8(text) && text.find('\0') == std::string::npos) return std::move(text);
  LineReader lines(text);
  std::string_view line;
  while (lines.next(&line)) {
    if (is_utf8(line) && line.find('\0') == std::string_view::npos) continue;
    throw Error(at_line(path, lines.number()) +
                "is not UTF-8 text; convert the file, for example with iconv -f latin1 -t utf-8");
  }
  return std::move(text);
}

bool LineReader::next(std::string_view* line) {
  if (rest_.empty()) return false;
  const size_t end = rest_.find('\n');
  *line = rest_.substr(0, end);
  rest_ = end == std::string_view::npos ? std::string_view() : rest_.substr(end + 1);
  if (!line->empty() && line->back() == '\r') line->remove_suffix(1);
  ++number_;
  return true;
}

void split_fields(std::string_view line, std::vector<std::string_view>* fields) {
  size_t begin = line.find_first_not_of(kSpaces);
  while (begin != std::string_view::npos) {
    const size_t end = line.find_first_of(kSpaces, begin);
    fields->push_back(line.substr(begin, end - begin));
    begin = end == std::string_view::npos ? end : line.find_first_not_of(kSpaces, end);
  }
}

std::string_view trim(std::string_view text) {
  const size_t begin = text.find_first_not_of(kSpaces);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(kSpaces) - begin + 1);
}

std::string to_lower(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return lower;
}

bool starts_with(std::string_view text, std::string_view start) {
  return text.substr(0, start.size()) == start;
}

bool ends_with(std::string_view text, std::string_view end) {
  return text.size() >= end.size() && text.substr(text.size() - end.size()) == end;
}

std::string count_text(size_t count) {
  std::string text = std::to_string(count);
  for (size_t at = text.size(); at > 3;) text.insert(at -= 3, ",");
  return text;
}

std::string quoted_list(const std::vector<std::string>& names) {
  constexpr size_t kMost = 30;
  std::string list;
  for (size_t i = 0; i < std::min(names.size(), kMost); ++i) list += " '" + names[i] + "'";
  return names.size() > kMost ? list + " ..." : list;
}

std::string at_line(const std::string& path, size_t line) {
  return path + ":" + std::to_string(line) + ": ";
}

}  // namespace pintle::converter
