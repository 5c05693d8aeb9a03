// SPDX-License-Identifier: Apache-2.0
#include "converter/import/layer_names.h"

#include <cctype>

#include "converter/import/tensor_index.h"

namespace pintle::converter {
namespace {

constexpr size_t kMaxDigits = 4;  // no network has so many layers

bool is_digit(char c) { return std::isdigit(static_cast<unsigned char>(c)) != 0; }

// The digits from `at` on, which is moved behind them.
std::string take_digits(const std::string& text, size_t* at) {
  const size_t begin = *at;
  while (*at < text.size() && is_digit(text[*at])) ++*at;
  return text.substr(begin, *at - begin);
}

// {stride i + offset}, from `begin` to `end` of a pattern.
struct LayerNumber {
  size_t begin = 0, end = 0;
  int64_t stride = 1, offset = 0;
};

std::optional<LayerNumber> parse_number(const std::string& inner) {
  LayerNumber number;
  size_t at = 0;
  const std::string stride = take_digits(inner, &at);
  if (stride.size() > kMaxDigits || at >= inner.size() || inner[at] != 'i') return std::nullopt;
  if (!stride.empty()) number.stride = std::stoll(stride);
  ++at;
  if (at < inner.size()) {
    if (inner[at++] != '+') return std::nullopt;
    const std::string offset = take_digits(inner, &at);
    if (offset.empty() || offset.size() > kMaxDigits || at < inner.size()) return std::nullopt;
    number.offset = std::stoll(offset);
  }
  if (number.stride == 0) return std::nullopt;
  return number;
}

// The first of a pattern. REQUIRES: the pattern has no fault.
std::optional<LayerNumber> first_number(const std::string& pattern) {
  const size_t begin = pattern.find('{');
  if (begin == std::string::npos) return std::nullopt;
  const size_t end = pattern.find('}', begin);
  std::optional<LayerNumber> number = parse_number(pattern.substr(begin + 1, end - begin - 1));
  number->begin = begin;
  number->end = end + 1;
  return number;
}

}  // namespace

std::string layer_fault(const std::string& pattern) {
  for (size_t at = 0; (at = pattern.find_first_of("{}", at)) != std::string::npos;) {
    const size_t end = pattern.find('}', at);
    if (pattern[at] == '}' || end == std::string::npos) {
      return "\"" + pattern + "\" has a brace without its other one";
    }
    if (!parse_number(pattern.substr(at + 1, end - at - 1))) {
      return "\"" + pattern.substr(at, end + 1 - at) +
             "\" is no layer's number; write {i}, {i+N}, {Ni} or {Ni+M}, with i = 0 for the first";
    }
    at = end + 1;
  }
  return {};
}

bool has_layer(const std::string& pattern) { return pattern.find('{') != std::string::npos; }

bool has_stride(const std::string& pattern) {
  const std::optional<LayerNumber> number = first_number(pattern);
  return number && number->stride > 1;
}

std::string for_layer(const std::string& pattern, int64_t layer) {
  std::string name = pattern;
  while (const std::optional<LayerNumber> number = first_number(name)) {
    name.replace(number->begin, number->end - number->begin,
                 std::to_string(number->stride * layer + number->offset));
  }
  return name;
}

std::optional<int64_t> layer_of(const std::string& pattern, const std::string& name) {
  const std::optional<LayerNumber> number = first_number(pattern);
  for (size_t at = 0; number && at < name.size(); ++at) {
    const std::string digits = take_digits(name, &at);
    if (digits.empty() || digits.size() > kMaxDigits) continue;
    const int64_t rest = std::stoll(digits) - number->offset;
    if (rest < 0 || rest % number->stride != 0) continue;
    const int64_t layer = rest / number->stride;
    if (name_matches(for_layer(pattern, layer), name)) return layer;
  }
  return std::nullopt;
}

}  // namespace pintle::converter
