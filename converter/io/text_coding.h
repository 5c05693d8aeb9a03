// SPDX-License-Identifier: Apache-2.0
//
// From a file's bytes to UTF-8: gzip and UTF-16 are read, other containers named.
#ifndef PINTLE_CONVERTER_IO_TEXT_CODING_H_
#define PINTLE_CONVERTER_IO_TEXT_CODING_H_

#include <string>

namespace pintle::converter {

struct DecodedText {
  std::string text;    // without a byte order mark; not checked to be UTF-8
  std::string coding;  // "gzip", "UTF-16", "gzip, UTF-16", or empty: plain
};

// `bytes` is the whole file at `path`. Throws Error for containers that hold tables in another form
// (Parquet, Excel, pickles, archives, ...) and says how to convert them, and for gzip that is
// damaged or grows beyond all measure.
DecodedText decode_text(const std::string& path, std::string bytes);

// What makes a CSV file of `path`, in Python; `reader`: "read_parquet", "read_json", ...
std::string pandas_advice(const std::string& path, const std::string& reader);

}  // namespace pintle::converter

#endif  // PINTLE_CONVERTER_IO_TEXT_CODING_H_
