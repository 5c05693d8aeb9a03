// SPDX-License-Identifier: Apache-2.0
#include "converter/import/pickle_stream.h"

#include <charconv>
#include <cstring>

namespace pintle::converter {

void PickleStream::damaged(const std::string& fault) const {
  arena_.fail("its pickle is damaged near byte " + std::to_string(position_) + ": " + fault);
}

void PickleStream::require(uint64_t length) const {
  if (length > bytes_.size() - position_) damaged("it ends early (file truncated?)");
}

std::string_view PickleStream::take(uint64_t length) {
  require(length);
  const std::string_view part = bytes_.substr(position_, static_cast<size_t>(length));
  position_ += static_cast<size_t>(length);
  return part;
}

uint64_t PickleStream::take_unsigned(size_t size_bytes) {
  const std::string_view part = take(size_bytes);
  uint64_t value = 0;
  for (size_t i = size_bytes; i > 0; --i) value = (value << 8) | static_cast<uint8_t>(part[i - 1]);
  return value;
}

double PickleStream::take_double() {
  uint64_t bits = 0;
  for (const char byte : take(8)) bits = (bits << 8) | static_cast<uint8_t>(byte);
  double value = 0;
  std::memcpy(&value, &bits, sizeof(value));
  return value;
}

std::string_view PickleStream::take_line() {
  const size_t end = bytes_.find('\n', position_);
  if (end == std::string_view::npos) damaged("it ends early (file truncated?)");
  const std::string_view line = bytes_.substr(position_, end - position_);
  position_ = end + 1;
  return line;
}

uint64_t PickleStream::take_decimal_line() {
  const std::string_view line = take_line();
  uint64_t value = 0;
  const auto [end, error] = std::from_chars(line.data(), line.data() + line.size(), value);
  if (error != std::errc() || end != line.data() + line.size()) damaged("a number is malformed");
  return value;
}

double PickleStream::take_double_line() {
  const std::string_view line = take_line();
  double value = 0;
  const auto [end, error] = std::from_chars(line.data(), line.data() + line.size(), value);
  if (error != std::errc() || end != line.data() + line.size()) damaged("a number is malformed");
  return value;
}

}  // namespace pintle::converter
