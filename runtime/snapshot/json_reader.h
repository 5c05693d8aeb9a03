// SPDX-License-Identifier: Apache-2.0
#ifndef PINTLE_RUNTIME_SNAPSHOT_JSON_READER_H_
#define PINTLE_RUNTIME_SNAPSHOT_JSON_READER_H_

#include <stddef.h>
#include <stdint.h>

namespace pintle::internal {

// A string of JSON without its escapes: at most kMost bytes.
struct JsonText {
  static constexpr size_t kMost = 1023;
  char bytes[kMost + 1];  // and a NUL
  size_t length;

  bool is(const char* name) const;
};

// Reads JSON (RFC 8259) of untrusted bytes from front to back, value by value, as the caller expects them. The first fault
// sticks: every later call fails. Depth is bounded; work is linear in the bytes.
class JsonReader {
 public:
  JsonReader(const char* data, size_t size) : data_(data), size_(size) {}

  bool failed() const { return failed_; }
  size_t position() const { return place_; }
  // What the bytes are that come next: '{', '[', '"', '0' (a number), 'n' (null), 't' (true or false), 0: no value.
  char next();

  // for (reader.open('{'); reader.more('}');) { reader.key(&name); ... }
  void open(char bracket);
  // Whether another element comes before the bracket, which is read where none does.
  bool more(char bracket);
  void key(JsonText* name);

  void text(JsonText* text);
  // A whole number, or a fraction of at most six places, in millionths where `scale` is 1000000.
  int64_t number(int64_t scale = 1);
  // A number of 64 bits without a sign.
  uint64_t natural();
  bool null();  // true: it was null, and is read
  void skip();  // any value
  void fail() { failed_ = true; }
  // Nothing but white space is left.
  bool at_end();

 private:
  static constexpr int kMostDepth = 32;

  void space();
  bool take(char byte);
  bool word(const char* word);
  void number_text(bool* is_negative, uint64_t* whole, uint32_t* millionths);
  void put(JsonText* text, char byte);
  uint32_t hex4();

  const char* data_;
  size_t size_, place_ = 0;
  bool failed_ = false;
  bool is_first_ = true;
};

}  // namespace pintle::internal

#endif  // PINTLE_RUNTIME_SNAPSHOT_JSON_READER_H_
