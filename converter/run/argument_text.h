// SPDX-License-Identifier: Apache-2.0
//
// Numbers and NAME=VALUE as people write them on a command line.
#ifndef PINTLE_CONVERTER_RUN_ARGUMENT_TEXT_H_
#define PINTLE_CONVERTER_RUN_ARGUMENT_TEXT_H_

#include <cstdint>
#include <optional>
#include <string>

namespace pintle::converter {

// A finite number, "+2" too. Throws Error "<where>: ...".
float parse_finite(const std::string& text, const std::string& where);
// Digits alone. None for anything else, and for what is too large.
std::optional<uint64_t> parse_digits(const std::string& text);
std::optional<uint32_t> parse_index(const std::string& text);

// "NAME=VALUE", cut at the last "=": names may hold more of them.
struct NamedValue {
  std::string name, value;
};
// None without "=" or a name.
std::optional<NamedValue> split_value(const std::string& text);

// Cuts `suffix` off the end of `text`, if it is there.
bool take_suffix(std::string* text, const std::string& suffix);

}  // namespace pintle::converter

#endif  // PINTLE_CONVERTER_RUN_ARGUMENT_TEXT_H_
