// SPDX-License-Identifier: Apache-2.0
#ifndef PINTLE_CONVERTER_IMPORT_PICKLE_TEXT_H_
#define PINTLE_CONVERTER_IMPORT_PICKLE_TEXT_H_

#include <string>
#include <string_view>

namespace pintle::converter {

// Strings of protocol 0. Both return false if the text is malformed.
// A Python literal in quotes: 'it\'s \x41'.
bool decode_string_literal(std::string_view literal, std::string* text);
// Latin-1 with \uXXXX and \UXXXXXXXX; gives UTF-8.
bool decode_raw_unicode(std::string_view line, std::string* text);

}  // namespace pintle::converter

#endif  // PINTLE_CONVERTER_IMPORT_PICKLE_TEXT_H_
