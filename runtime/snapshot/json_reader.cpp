// SPDX-License-Identifier: Apache-2.0
#include "runtime/snapshot/json_reader.h"

#include <string.h>

namespace pintle::internal {

bool JsonText::is(const char* name) const {
  return strlen(name) == length && memcmp(name, bytes, length) == 0;
}

void JsonReader::space() {
  while (place_ < size_ && memchr(" \t\r\n", data_[place_], 4) != nullptr) ++place_;
}

char JsonReader::next() {
  space();
  if (failed_ || place_ == size_) return 0;
  const char byte = data_[place_];
  if (byte == '-' || (byte >= '0' && byte <= '9')) return '0';
  if (byte == 'f') return 't';
  return memchr("{[\"nt", byte, 5) != nullptr ? byte : '\0';
}

bool JsonReader::take(char byte) {
  space();
  if (failed_ || place_ == size_ || data_[place_] != byte) return false;
  ++place_;
  return true;
}

void JsonReader::open(char bracket) {
  if (!take(bracket)) fail();
  is_first_ = true;
}

bool JsonReader::more(char bracket) {
  if (failed_) return false;
  if (take(bracket)) {
    is_first_ = false;
    return false;
  }
  if (!is_first_ && !take(',')) fail();
  is_first_ = false;
  return !failed_;
}

void JsonReader::key(JsonText* name) {
  text(name);
  if (!take(':')) fail();
}

void JsonReader::put(JsonText* text, char byte) {
  if (text->length == JsonText::kMost) return fail();
  text->bytes[text->length++] = byte;
}

uint32_t JsonReader::hex4() {
  uint32_t value = 0;
  for (int i = 0; i < 4; ++i) {
    const char byte = place_ < size_ ? data_[place_++] : '\0';
    const char lower = static_cast<char>(byte | 0x20);
    if (byte >= '0' && byte <= '9') {
      value = value * 16 + static_cast<uint32_t>(byte - '0');
    } else if (lower >= 'a' && lower <= 'f') {
      value = value * 16 + static_cast<uint32_t>(lower - 'a' + 10);
    } else {
      fail();
    }
  }
  return value;
}

void JsonReader::text(JsonText* text) {
  text->length = 0;
  text->bytes[0] = '\0';
  if (!take('"')) return fail();
  while (!failed_) {
    if (place_ == size_) return fail();
    const char byte = data_[place_++];
    if (byte == '"') break;
    if (static_cast<unsigned char>(byte) < 0x20) return fail();
    if (byte != '\\') {
      put(text, byte);
      continue;
    }
    if (place_ == size_) return fail();
    const char escape = data_[place_++];
    const char* const from = "\"\\/bfnrt";
    const char* const found = static_cast<const char*>(memchr(from, escape, 8));
    if (found != nullptr) {
      put(text, "\"\\/\b\f\n\r\t"[found - from]);
      continue;
    }
    if (escape != 'u') return fail();
    uint32_t code = hex4();
    if (code >= 0xd800 && code < 0xdc00) {  // the first half of a pair
      if (place_ + 2 > size_ || memcmp(data_ + place_, "\\u", 2) != 0) return fail();
      place_ += 2;
      const uint32_t low = hex4();
      if (low < 0xdc00 || low > 0xdfff) return fail();
      code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
    } else if (code >= 0xdc00 && code <= 0xdfff) {
      return fail();
    }
    // UTF-8.
    const int more = code < 0x80 ? 0 : code < 0x800 ? 1 : code < 0x10000 ? 2 : 3;
    const uint32_t heads[] = {0, 0xc0, 0xe0, 0xf0};
    put(text, static_cast<char>(heads[more] | code >> (6 * more)));
    for (int i = more - 1; i >= 0; --i) {
      put(text, static_cast<char>(0x80 | ((code >> (6 * i)) & 0x3f)));
    }
  }
  text->bytes[text->length] = '\0';
}

// -?digits(.digits)?, at most six places; no exponent: nobody writes one here.
void JsonReader::number_text(bool* is_negative, uint64_t* whole, uint32_t* millionths) {
  *is_negative = take('-');
  *whole = *millionths = 0;
  const size_t begin = place_;
  for (; place_ < size_ && data_[place_] >= '0' && data_[place_] <= '9'; ++place_) {
    const uint64_t digit = static_cast<uint64_t>(data_[place_] - '0');
    if (*whole > (UINT64_MAX - digit) / 10) return fail();
    *whole = *whole * 10 + digit;
  }
  if (place_ == begin || (data_[begin] == '0' && place_ > begin + 1)) return fail();
  if (place_ == size_ || data_[place_] != '.') return;
  uint32_t unit = 100000;
  const size_t point = place_++;
  for (; place_ < size_ && data_[place_] >= '0' && data_[place_] <= '9'; ++place_, unit /= 10) {
    if (unit == 0) return fail();
    *millionths += static_cast<uint32_t>(data_[place_] - '0') * unit;
  }
  if (place_ == point + 1) fail();
}

int64_t JsonReader::number(int64_t scale) {
  bool is_negative = false;
  uint64_t whole = 0;
  uint32_t millionths = 0;
  space();
  if (next() != '0') fail();
  if (failed_) return 0;
  number_text(&is_negative, &whole, &millionths);
  if (scale == 1 && millionths != 0) fail();
  const uint64_t limit = static_cast<uint64_t>(INT64_MAX) + (is_negative ? 1 : 0);
  const uint64_t factor = static_cast<uint64_t>(scale);
  if (whole > (limit - (scale == 1 ? 0 : millionths)) / factor) fail();
  if (failed_) return 0;
  const uint64_t value = whole * factor + (scale == 1 ? 0 : millionths);
  return static_cast<int64_t>(is_negative ? 0 - value : value);
}

uint64_t JsonReader::natural() {
  bool is_negative = false;
  uint64_t whole = 0;
  uint32_t millionths = 0;
  if (next() != '0') fail();
  if (failed_) return 0;
  number_text(&is_negative, &whole, &millionths);
  if (is_negative || millionths != 0) fail();
  return failed_ ? 0 : whole;
}

bool JsonReader::word(const char* word) {
  const size_t length = strlen(word);
  if (size_ - place_ < length || memcmp(data_ + place_, word, length) != 0) return false;
  place_ += length;
  return true;
}

bool JsonReader::null() {
  space();
  return !failed_ && word("null");
}

void JsonReader::skip() {
  char open_brackets[kMostDepth];
  int depth = 0;
  JsonText ignored;
  do {
    const char kind = next();
    if (kind == '{' || kind == '[') {
      if (depth == kMostDepth) return fail();
      open_brackets[depth++] = kind == '{' ? '}' : ']';
      open(kind);
    } else if (kind == '"') {
      text(&ignored);
    } else if (kind == '0') {
      take('-');
      while (place_ < size_ && memchr("0123456789.eE+-", data_[place_], 15) != nullptr) ++place_;
    } else if (!(kind == 'n' && word("null")) &&
               !(kind == 't' && (word("true") || word("false")))) {
      return fail();
    }
    while (depth > 0 && !more(open_brackets[depth - 1])) {
      if (failed_) return;
      --depth;
    }
    if (depth > 0 && open_brackets[depth - 1] == '}') key(&ignored);
  } while (depth > 0 && !failed_);
}

bool JsonReader::at_end() {
  space();
  return !failed_ && place_ == size_;
}

}  // namespace pintle::internal
