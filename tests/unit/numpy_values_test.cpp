// SPDX-License-Identifier: Apache-2.0
#include "converter/import/numpy_values.h"

#include <doctest/doctest.h>

#include "converter/import/torch_pickle.h"
#include "numpy_pickles.h"

namespace pintle::converter {
namespace {

using namespace pintle::test;
using Text = std::optional<std::string>;
using Texts = std::optional<std::vector<std::string>>;

Text text_of(const std::string& value) {
  const std::string bytes = whole_pickle(value);
  return plain_text(*read_pickle(bytes, "m.pt").root);
}

Texts texts_of(const std::string& value) {
  const std::string bytes = whole_pickle(value);
  return plain_texts(*read_pickle(bytes, "m.pt").root);
}

std::string integers(const std::vector<int64_t>& values) { return bytes_of<int64_t>(values); }

TEST_CASE("strings and whole numbers are plain, other values are not") {
  CHECK(text_of(pickle_string("B07")) == Text("B07"));
  CHECK(text_of(pickle_int(-12)) == Text("-12"));
  for (const std::string& value :
       {pickle_float(1.5), pickle_bool(true), std::string("N"), pickle_list({pickle_int(1)}),
        pickle_string("\xff\xfe"), pickle_class("numpy", "int64")}) {
    CHECK_FALSE(text_of(value).has_value());
  }
}

TEST_CASE("NumPy's scalars") {
  CHECK(text_of(numpy_scalar(numpy_dtype("i8"), pickle_latin1(integers({-300})))) == Text("-300"));
  CHECK(text_of(numpy_scalar(numpy_dtype("i2"), pickle_bytes("\xfe\xff"))) == Text("-2"));
  CHECK(text_of(numpy_scalar(numpy_dtype("u2"), pickle_bytes("\xfe\xff"))) == Text("65534"));
  CHECK(text_of(numpy_scalar(numpy_dtype("U7"), pickle_latin1(utf32({"item_id"}, 7)))) ==
        Text("item_id"));
  // NumPy 2 names the module anew.
  CHECK(text_of(pickle_call(pickle_class("numpy._core.multiarray", "scalar"),
                            {numpy_dtype("i8"), pickle_bytes(integers({5}))})) == Text("5"));
  CHECK_FALSE(text_of(numpy_scalar(numpy_dtype("f8"), pickle_bytes(integers({5})))).has_value());
}

TEST_CASE("lists and tuples of texts") {
  CHECK(texts_of(pickle_list({pickle_string("a"), pickle_int(7),
                              numpy_scalar(numpy_dtype("i8"), pickle_bytes(integers({9})))})) ==
        Texts({"a", "7", "9"}));
  CHECK(texts_of(pickle_ints({1, 2})) == Texts({"1", "2"}));
  CHECK(texts_of(pickle_list({})) == Texts(std::vector<std::string>()));
  CHECK_FALSE(texts_of(pickle_list({pickle_int(1), pickle_float(2)})).has_value());
  CHECK_FALSE(texts_of(pickle_string("abc")).has_value());
  CHECK_FALSE(texts_of(pickle_dict({{"a", pickle_int(1)}})).has_value());
}

TEST_CASE("arrays of objects") {
  const std::string objects = pickle_list({pickle_string("PAD"), pickle_int(11)});
  CHECK(texts_of(numpy_array({2}, numpy_dtype("O8", "|"), objects)) == Texts({"PAD", "11"}));
  CHECK_FALSE(texts_of(numpy_array({3}, numpy_dtype("O8", "|"), objects)).has_value());
  CHECK_FALSE(texts_of(numpy_array({2}, numpy_dtype("O8", "|"),
                                   pickle_list({pickle_string("a"), pickle_float(0.5)})))
                  .has_value());
}

TEST_CASE("arrays of text, of bytes and of integers") {
  const std::string texts = utf32({"[PAD]", "B000001", ""}, 7);
  for (const bool is_encoded : {false, true}) {
    CAPTURE(is_encoded);
    const auto data = [&](const std::string& bytes) {
      return is_encoded ? pickle_latin1(bytes) : pickle_bytes(bytes);
    };
    CHECK(texts_of(numpy_array({3}, numpy_dtype("U7"), data(texts))) ==
          Texts({"[PAD]", "B000001", ""}));
    CHECK(texts_of(numpy_array({2}, numpy_dtype("S3", "|"), data(std::string("ab\0xyz", 6)))) ==
          Texts({"ab", "xyz"}));
    CHECK(
        texts_of(numpy_array({3}, numpy_dtype("i8"), data(integers({0, -1, int64_t{1} << 40})))) ==
        Texts({"0", "-1", "1099511627776"}));
    CHECK(texts_of(numpy_array({2}, numpy_dtype("u1", "|"), data("\x07\xff"))) ==
          Texts({"7", "255"}));
  }
  // Beyond ASCII: one character of 32 bits.
  CHECK(texts_of(numpy_array({1}, numpy_dtype("U1"), pickle_bytes(little_endian(0xe9, 4)))) ==
        Texts({"\xc3\xa9"}));
  for (const uint64_t no_character : {0x110000, 0xd800}) {
    CHECK_FALSE(
        texts_of(numpy_array({1}, numpy_dtype("U1"), pickle_bytes(little_endian(no_character, 4))))
            .has_value());
  }
}

TEST_CASE("what NumPy could not have meant is not read") {
  const std::string data = pickle_bytes(integers({1, 2}));
  REQUIRE(texts_of(numpy_array({2}, numpy_dtype("i8"), data)).has_value());
  const struct {
    const char* what;
    std::string array;
  } cases[] = {
      {"big-endian", numpy_array({2}, numpy_dtype("i8", ">"), data)},
      {"too few bytes", numpy_array({3}, numpy_dtype("i8"), data)},
      {"too many bytes", numpy_array({1}, numpy_dtype("i8"), data)},
      {"a part of an element",
       numpy_array({2}, numpy_dtype("i8"), pickle_bytes(integers({1, 2}) + "x"))},
      {"two dimensions", numpy_array({2, 1}, numpy_dtype("i8"), data)},
      {"no dimension", numpy_array({}, numpy_dtype("i8"), data)},
      {"a negative extent", numpy_array({-2}, numpy_dtype("i8"), data)},
      {"floats", numpy_array({2}, numpy_dtype("f8"), data)},
      {"no integer's width", numpy_array({2}, numpy_dtype("i3"), pickle_bytes("abcdef"))},
      {"elements without width", numpy_array({2}, numpy_dtype("U0"), pickle_bytes(""))},
      {"a width that wraps", numpy_array({2}, numpy_dtype("S18446744073709551616"), data)},
      {"no type", numpy_array({2}, pickle_string("i8"), data)},
      {"data that is no bytes", numpy_array({2}, numpy_dtype("i8"), pickle_ints({1, 2}))},
  };
  for (const auto& test : cases) {
    CAPTURE(test.what);
    CHECK_FALSE(texts_of(test.array).has_value());
  }
}

}  // namespace
}  // namespace pintle::converter
