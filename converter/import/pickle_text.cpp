// SPDX-License-Identifier: Apache-2.0
#include "converter/import/pickle_text.h"

#include <charconv>
#include <cstdint>

#include "converter/io/utf8.h"

namespace pintle::converter {
namespace {

bool read_hex(std::string_view text, size_t at, size_t digits, uint32_t* value) {
  if (digits > text.size() - at) return false;
  const char* end = text.data() + at + digits;
  const auto result = std::from_chars(text.data() + at, end, *value, 16);
  return result.ec == std::errc() && result.ptr == end;
}

}  // namespace

bool decode_string_literal(std::string_view literal, std::string* text) {
  if (literal.size() < 2 || literal.front() != literal.back() ||
      (literal.front() != '\'' && literal.front() != '"')) {
    return false;
  }
  literal = literal.substr(1, literal.size() - 2);
  for (size_t i = 0; i < literal.size(); ++i) {
    if (literal[i] != '\\') {
      text->push_back(literal[i]);
      continue;
    }
    if (++i == literal.size()) return false;
    switch (literal[i]) {
      case 'n':
        text->push_back('\n');
        break;
      case 'r':
        text->push_back('\r');
        break;
      case 't':
        text->push_back('\t');
        break;
      case '\\':
      case '\'':
      case '"':
        text->push_back(literal[i]);
        break;
      case 'x': {
        uint32_t byte = 0;
        if (!read_hex(literal, i + 1, 2, &byte)) return false;
        text->push_back(static_cast<char>(byte));
        i += 2;
        break;
      }
      default:
        return false;
    }
  }
  return true;
}

bool decode_raw_unicode(std::string_view line, std::string* text) {
  for (size_t i = 0; i < line.size(); ++i) {
    const bool is_escape =
        line[i] == '\\' && i + 1 < line.size() && (line[i + 1] == 'u' || line[i + 1] == 'U');
    if (!is_escape) {
      append_utf8(static_cast<uint8_t>(line[i]), text);
      continue;
    }
    const size_t digits = line[i + 1] == 'u' ? 4 : 8;
    uint32_t code = 0;
    if (!read_hex(line, i + 2, digits, &code) || code > 0x10ffff) return false;
    append_utf8(code, text);
    i += digits + 1;
  }
  return true;
}

}  // namespace pintle::converter
