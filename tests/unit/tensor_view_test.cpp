// SPDX-License-Identifier: Apache-2.0
#include "converter/import/tensor_view.h"

#include <doctest/doctest.h>

#include <cmath>
#include <cstdint>
#include <limits>

#include "converter/import/checkpoint.h"
#include "converter/io/error.h"
#include "support/torch_files.h"

namespace pintle::converter {
namespace {

constexpr int64_t kMax = std::numeric_limits<int64_t>::max();
using Ints = std::vector<int64_t>;

template <typename T>
CheckpointTensor tensor_of(ScalarType type, const std::vector<T>& values) {
  CheckpointTensor tensor;
  tensor.type = type;
  tensor.shape = {static_cast<int64_t>(values.size())};
  tensor.strides = {1};
  const std::string text = pintle::test::bytes_of(values);
  auto bytes = std::make_shared<std::vector<std::byte>>();
  for (const char byte : text) bytes->push_back(static_cast<std::byte>(byte));
  tensor.storage = bytes;
  return tensor;
}

TEST_CASE("every half has its value") {
  std::vector<uint16_t> halves(65536);
  for (size_t i = 0; i < halves.size(); ++i) halves[i] = static_cast<uint16_t>(i);
  const std::vector<float> values = tensor_of(ScalarType::kF16, halves).to_f32();
  for (size_t i = 0; i < halves.size(); ++i) {
    const int exponent = static_cast<int>((i >> 10) & 31);
    const int mantissa = static_cast<int>(i & 1023);
    double expected =
        exponent == 0 ? std::ldexp(mantissa, -24) : std::ldexp(1024 + mantissa, exponent - 25);
    if (exponent == 31) expected = std::numeric_limits<double>::infinity();
    if ((i & 0x8000) != 0) expected = -expected;
    CAPTURE(i);
    if (exponent == 31 && mantissa != 0) {
      REQUIRE(std::isnan(values[i]));
    } else {
      REQUIRE(static_cast<double>(values[i]) == expected);
      REQUIRE(std::signbit(values[i]) == ((i & 0x8000) != 0));
    }
  }
}

TEST_CASE("bfloat16 is the upper half of a float") {
  const std::vector<float> values =
      tensor_of<uint16_t>(ScalarType::kBF16, {0x3f80, 0xc049, 0x7f80, 0x0001}).to_f32();
  CHECK(values[0] == 1.0f);
  CHECK(values[1] == -3.140625f);
  CHECK(std::isinf(values[2]));
  CHECK(values[3] == std::ldexp(1.0f, -133));
}

TEST_CASE("strided views read their own elements") {
  CheckpointTensor tensor =
      tensor_of<float>(ScalarType::kF32, {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11});
  tensor.shape = {3, 2};  // transposed, from element 1 on
  tensor.strides = {1, 4};
  tensor.offset = 1;
  CHECK(tensor.to_f32() == std::vector<float>{1, 5, 2, 6, 3, 7});
  tensor.shape = {2, 2, 2};
  tensor.strides = {6, 0, 2};
  tensor.offset = 0;
  CHECK(tensor.to_f32() == std::vector<float>{0, 2, 0, 2, 6, 8, 6, 8});
  tensor.shape = {};
  tensor.strides = {};
  tensor.offset = 11;
  CHECK(tensor.to_f32() == std::vector<float>{11});
  tensor.shape = {3, 0};
  tensor.strides = {1, 1};
  CHECK(tensor.to_f32().empty());
}

TEST_CASE("views inside their storage pass, others are named") {
  const auto check = [](const Ints& shape, const Ints& strides, int64_t offset, int64_t elements) {
    check_tensor_view("m.pt: tensor 'w'", shape, strides, offset, elements);
  };
  CHECK_NOTHROW(check({3, 4}, {4, 1}, 0, 12));
  CHECK_NOTHROW(check({4, 3}, {1, 4}, 0, 12));
  CHECK_NOTHROW(check({}, {}, 11, 12));
  CHECK_NOTHROW(check({0, 5}, {5, 1}, 12, 12));
  CHECK_NOTHROW(check({1, 5}, {kMax, 1}, 0, 5));  // torch leaves any stride on a dimension of 1
  CHECK_NOTHROW(check({1000, 2}, {0, 1}, 0, 2));
  const auto fault = [&](const Ints& shape, const Ints& strides, int64_t offset, int64_t elements) {
    try {
      check(shape, strides, offset, elements);
    } catch (const Error& error) {
      return std::string(error.what());
    }
    return std::string();
  };
  const auto contains = [](const std::string& text, const char* part) {
    return text.find("m.pt: tensor 'w'") == 0 && text.find(part) != std::string::npos;
  };
  CHECK(contains(fault({3, 4}, {4, 1}, 1, 12), "reaches outside"));
  CHECK(contains(fault({3, 4}, {5, 1}, 0, 12), "reaches outside"));
  CHECK(contains(fault({1}, {1}, 0, 0), "reaches outside"));
  CHECK(contains(fault({0}, {1}, 13, 12), "starts outside"));
  CHECK(contains(fault({2}, {-1}, 1, 12), "stride is negative"));
  CHECK(contains(fault({-2}, {1}, 0, 12), "dimension is negative"));
  CHECK(contains(fault({2}, {1}, -1, 12), "offset is negative"));
  CHECK(contains(fault({2}, {1, 1}, 0, 12), "differ in length"));
  CHECK(contains(fault(Ints(65, 1), Ints(65, 1), 0, 12), "64 dimensions"));
  CHECK(contains(fault({2, 2}, {kMax, kMax}, 0, 12), "overflows"));
  CHECK(contains(fault({3}, {kMax / 2 + 1}, 0, 12), "overflows"));
  CHECK(contains(fault({2}, {1}, kMax, 12), "overflows"));
  CHECK(contains(fault({int64_t{1} << 32, int64_t{1} << 32}, {0, 0}, 0, 1), "overflows"));
  CHECK(contains(fault({int64_t{1} << 40}, {0}, 0, 1), "repeats its storage"));
}

}  // namespace
}  // namespace pintle::converter
