// SPDX-License-Identifier: Apache-2.0
#include "converter/run/argument_text.h"

#include <charconv>
#include <cmath>

#include "converter/io/error.h"
#include "converter/io/text_file.h"

namespace pintle::converter {
namespace {

template <typename Number>
std::optional<Number> all_digits(const std::string& text) {
  Number value = 0;
  const char* end = text.data() + text.size();
  const auto [parsed, code] = std::from_chars(text.data(), end, value);
  if (code != std::errc() || parsed != end) return std::nullopt;
  return value;
}

}  // namespace

float parse_finite(const std::string& text, const std::string& where) {
  const char* begin = text.data() + (starts_with(text, "+") ? 1 : 0);
  const char* end = text.data() + text.size();
  float value = 0;
  const auto [parsed, code] = std::from_chars(begin, end, value);
  if (code != std::errc() || parsed != end || !std::isfinite(value) || starts_with(text, "+-")) {
    throw Error(where + ": \"" + text + "\" is not a number");
  }
  return value;
}

std::optional<uint64_t> parse_digits(const std::string& text) { return all_digits<uint64_t>(text); }
std::optional<uint32_t> parse_index(const std::string& text) { return all_digits<uint32_t>(text); }

std::optional<NamedValue> split_value(const std::string& text) {
  const size_t equals = text.rfind('=');
  if (equals == std::string::npos || equals == 0) return std::nullopt;
  return NamedValue{text.substr(0, equals), text.substr(equals + 1)};
}

bool take_suffix(std::string* text, const std::string& suffix) {
  if (!ends_with(*text, suffix)) return false;
  text->resize(text->size() - suffix.size());
  return true;
}

}  // namespace pintle::converter
