// SPDX-License-Identifier: Apache-2.0
//
// NumPy's arrays and scalars as it pickles them, byte by byte.
#ifndef PINTLE_TESTS_UNIT_NUMPY_PICKLES_H_
#define PINTLE_TESTS_UNIT_NUMPY_PICKLES_H_

#include <string>
#include <vector>

#include "support/torch_files.h"

namespace pintle::test {

inline std::string pickle_bytes(const std::string& bytes) {
  return "B" + little_endian(bytes.size(), 4) + bytes;
}

// As protocol 2 writes bytes: _codecs.encode(text, 'latin1').
inline std::string pickle_latin1(const std::string& bytes) {
  std::string utf8;
  for (const char c : bytes) {
    const auto byte = static_cast<uint8_t>(c);
    if (byte < 0x80) {
      utf8.push_back(c);
    } else {
      utf8.push_back(static_cast<char>(0xc0 | (byte >> 6)));
      utf8.push_back(static_cast<char>(0x80 | (byte & 0x3f)));
    }
  }
  return pickle_call(pickle_class("_codecs", "encode"),
                     {pickle_string(utf8), pickle_string("latin1")});
}

// numpy.dtype("U7"), of byte order "<", ">" or "|".
inline std::string numpy_dtype(const std::string& name, const std::string& order = "<") {
  const std::string state = pickle_tuple({pickle_int(3), pickle_string(order), "N", "N", "N",
                                          pickle_int(-1), pickle_int(-1), pickle_int(0)});
  return pickle_call(pickle_class("numpy", "dtype"),
                     {pickle_string(name), pickle_bool(false), pickle_bool(true)}) +
         state + "b";
}

inline std::string numpy_scalar(const std::string& dtype, const std::string& data) {
  return pickle_call(pickle_class("numpy.core.multiarray", "scalar"), {dtype, data});
}

inline std::string numpy_array(const std::vector<int64_t>& shape, const std::string& dtype,
                               const std::string& data) {
  const std::string made =
      pickle_call(pickle_class("numpy.core.multiarray", "_reconstruct"),
                  {pickle_class("numpy", "ndarray"), pickle_ints({0}), pickle_latin1("b")});
  return made + pickle_tuple({pickle_int(1), pickle_ints(shape), dtype, pickle_bool(false), data}) +
         "b";
}

// UTF-32, each text padded with zeros to `width` characters. ASCII only.
inline std::string utf32(const std::vector<std::string>& texts, size_t width) {
  std::string bytes;
  for (const std::string& text : texts) {
    for (size_t i = 0; i < width; ++i) {
      bytes += little_endian(i < text.size() ? static_cast<uint8_t>(text[i]) : 0, 4);
    }
  }
  return bytes;
}

}  // namespace pintle::test

#endif  // PINTLE_TESTS_UNIT_NUMPY_PICKLES_H_
