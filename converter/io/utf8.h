// SPDX-License-Identifier: Apache-2.0
#ifndef PINTLE_CONVERTER_IO_UTF8_H_
#define PINTLE_CONVERTER_IO_UTF8_H_

#include <string_view>

namespace pintle::converter {

// True if all of `text` is well-formed UTF-8: shortest forms, no surrogates.
bool is_utf8(std::string_view text);

}  // namespace pintle::converter

#endif  // PINTLE_CONVERTER_IO_UTF8_H_
