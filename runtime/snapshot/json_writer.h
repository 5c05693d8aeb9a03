// SPDX-License-Identifier: Apache-2.0
#ifndef PINTLE_RUNTIME_SNAPSHOT_JSON_WRITER_H_
#define PINTLE_RUNTIME_SNAPSHOT_JSON_WRITER_H_

#include <stddef.h>
#include <stdint.h>
#include <string.h>

namespace pintle::internal {

// Writes JSON into a caller's bytes, or only counts them where there is no room. Numbers are written by hand: printf
// goes by the process's locale. Fractions are whole millionths.
class JsonWriter {
 public:
  JsonWriter(char* data, size_t capacity) : data_(data), capacity_(capacity) {}

  size_t size() const { return size_; }
  bool fits() const { return size_ <= capacity_; }

  void open(char bracket) {
    separate();
    put(bracket);
    is_first_ = true;
  }
  void close(char bracket) {
    put(bracket);
    is_first_ = false;
  }
  // The next value is the object's member of this name.
  void key(const char* name) {
    text(name, strlen(name));
    put(':');
    is_first_ = true;
  }
  void null() {
    separate();
    put("null", 4);
  }
  void integer(int64_t value) {
    separate();
    if (value < 0) put('-');
    digits(value < 0 ? 0 - static_cast<uint64_t>(value) : static_cast<uint64_t>(value), 1);
  }
  void natural(uint64_t value) {
    separate();
    digits(value, 1);
  }
  // value: >= 0.
  void millionths(uint64_t value) {
    separate();
    digits(value / 1000000, 1);
    uint64_t fraction = value % 1000000;
    if (fraction == 0) return;
    int places = 6;
    for (; fraction % 10 == 0; fraction /= 10) --places;
    put('.');
    digits(fraction, places);
  }
  // Any bytes: what JSON does not allow as it is, is escaped.
  void text(const char* bytes, size_t length) {
    separate();
    put('"');
    for (size_t i = 0; i < length; ++i) {
      const unsigned char byte = static_cast<unsigned char>(bytes[i]);
      if (byte == '"' || byte == '\\') {
        put('\\');
        put(bytes[i]);
      } else if (byte < 0x20) {
        put("\\u00", 4);
        put("0123456789abcdef"[byte >> 4]);
        put("0123456789abcdef"[byte & 15]);
      } else {
        put(bytes[i]);
      }
    }
    put('"');
  }

 private:
  void separate() {
    if (!is_first_) put(',');
    is_first_ = false;
  }
  void put(char byte) { put(&byte, 1); }
  void put(const char* bytes, size_t count) {
    if (size_ + count <= capacity_) memcpy(data_ + size_, bytes, count);
    size_ += count;
  }
  // At least `least` of them.
  void digits(uint64_t value, int least) {
    char reversed[20];
    int count = 0;
    for (; value > 0 || count < least; value /= 10) {
      reversed[count++] = static_cast<char>('0' + value % 10);
    }
    while (count > 0) put(reversed[--count]);
  }

  char* const data_;
  const size_t capacity_;
  size_t size_ = 0;
  bool is_first_ = true;
};

}  // namespace pintle::internal

#endif  // PINTLE_RUNTIME_SNAPSHOT_JSON_WRITER_H_
