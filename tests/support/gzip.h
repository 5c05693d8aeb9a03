// SPDX-License-Identifier: Apache-2.0
#ifndef PINTLE_TESTS_SUPPORT_GZIP_H_
#define PINTLE_TESTS_SUPPORT_GZIP_H_

#include <doctest/doctest.h>
#include <zlib.h>

#include <string>

namespace pintle::test {

inline std::string gzip(const std::string& text) {
  std::string bytes(compressBound(text.size()) + 64, '\0');
  z_stream stream = {};
  REQUIRE(deflateInit2(&stream, 9, Z_DEFLATED, 31, 8, Z_DEFAULT_STRATEGY) == Z_OK);
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(&bytes[0]);
  stream.avail_out = static_cast<uInt>(bytes.size());
  REQUIRE(deflate(&stream, Z_FINISH) == Z_STREAM_END);
  bytes.resize(stream.total_out);
  deflateEnd(&stream);
  return bytes;
}

}  // namespace pintle::test

#endif  // PINTLE_TESTS_SUPPORT_GZIP_H_
