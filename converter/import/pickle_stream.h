// SPDX-License-Identifier: Apache-2.0
#ifndef PINTLE_CONVERTER_IMPORT_PICKLE_STREAM_H_
#define PINTLE_CONVERTER_IMPORT_PICKLE_STREAM_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "converter/import/pickle_value.h"

namespace pintle::converter {

// The bytes of a pickle, read from the front. Every function throws Error rather than read past the
// end or take a malformed number.
class PickleStream {
 public:
  // Both must outlive the stream; the arena knows the file's name for errors.
  PickleStream(std::string_view bytes, const PickleArena& arena) : bytes_(bytes), arena_(arena) {}

  size_t position() const { return position_; }
  std::string_view take(uint64_t length);
  uint64_t take_unsigned(size_t size_bytes);  // little-endian
  double take_double();                       // big-endian, alone among the opcodes
  std::string_view take_line();               // without its '\n'
  uint64_t take_decimal_line();
  double take_double_line();
  // Throws unless `length` more bytes follow.
  void require(uint64_t length) const;
  [[noreturn]] void damaged(const std::string& fault) const;

 private:
  std::string_view bytes_;
  const PickleArena& arena_;
  size_t position_ = 0;
};

}  // namespace pintle::converter

#endif  // PINTLE_CONVERTER_IMPORT_PICKLE_STREAM_H_
