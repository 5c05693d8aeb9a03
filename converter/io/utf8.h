// SPDX-License-Identifier: Apache-2.0
#ifndef PINTLE_CONVERTER_IO_UTF8_H_
#define PINTLE_CONVERTER_IO_UTF8_H_

#include <cstdint>
#include <string>
#include <string_view>

namespace pintle::converter {

// True if all of `text` is well-formed UTF-8: shortest forms, no surrogates.
bool is_utf8(std::string_view text);

// REQUIRES: code <= 0x10ffff. A surrogate is written as it is, which is_utf8 then refuses.
void append_utf8(uint32_t code, std::string* text);

}  // namespace pintle::converter

#endif  // PINTLE_CONVERTER_IO_UTF8_H_
