// SPDX-License-Identifier: Apache-2.0
#include "converter/file/quantize.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <random>
#include <string>
#include <vector>

#include "converter/io/error.h"
#include "runtime/model/tensor.h"
#include "schema/half.h"
#include "schema/tensor_layout.h"

namespace pintle::converter {
using namespace pintle::internal;  // what this tests is not public
using format::half_to_float;
using format::tensor_data_bytes;
using format::tensor_scale_bytes;
namespace {

std::vector<float> normal_values(size_t count, uint32_t seed, float deviation = 1) {
  std::mt19937 random(seed);
  std::normal_distribution<float> distribution(0, deviation);
  std::vector<float> values(count);
  for (float& value : values) value = distribution(random);
  return values;
}

Matrix normal_matrix(int64_t rows, int64_t cols, uint32_t seed) {
  return {rows, cols, normal_values(static_cast<size_t>(rows * cols), seed)};
}

double squared_error(const std::vector<float>& values, const std::vector<int8_t>& q, float scale) {
  double error = 0;
  for (size_t i = 0; i < values.size(); ++i) {
    error += std::pow(static_cast<double>(values[i]) - static_cast<double>(q[i]) * scale, 2);
  }
  return error;
}

// The runtime's own view of a packed tensor.
TensorView view_of(const PackedTensor& tensor) {
  TensorView view;
  view.data = tensor.data.data();
  view.scales = tensor.scales.data();
  view.rows = tensor.rows;
  view.cols = tensor.cols;
  view.dtype = tensor.dtype;
  view.layout = tensor.layout;
  return view;
}

double relative_error(const Matrix& matrix, const PackedTensor& tensor) {
  std::vector<float> row(tensor.cols);
  double error = 0, norm = 0;
  for (uint32_t r = 0; r < tensor.rows; ++r) {
    gather_row(view_of(tensor), r, row.data());
    for (uint32_t c = 0; c < tensor.cols; ++c) {
      error += std::pow(static_cast<double>(matrix.row(r)[c]) - row[c], 2);
      norm += std::pow(static_cast<double>(matrix.row(r)[c]), 2);
    }
  }
  return std::sqrt(error / norm);
}

TEST_CASE("precisions have names") {
  for (const char* name : {"f32", "f16", "int8", "int4"}) {
    CHECK(std::string(precision_name(parse_precision(name))) == name);
  }
  CHECK_THROWS_AS(parse_precision("int2"), Error);
}

TEST_CASE("halves round to nearest even") {
  CHECK(float_to_half(1.0f) == 0x3C00);
  CHECK(float_to_half(-2.0f) == 0xC000);
  CHECK(float_to_half(65504.0f) == 0x7BFF);
  CHECK(float_to_half(65520.0f) == 0x7C00);             // infinity
  CHECK(float_to_half(1.0f + 0x1p-11f) == 0x3C00);      // a tie, to even
  CHECK(float_to_half(1.0f + 3 * 0x1p-11f) == 0x3C02);  // a tie, to even
  CHECK(float_to_half(1.0f + 0x1p-11f + 0x1p-20f) == 0x3C01);
  CHECK(float_to_half(0x1p-24f) == 0x0001);  // the smallest subnormal
  CHECK(float_to_half(0x1p-25f) == 0x0000);
  for (uint32_t half = 0; half < 0x7C00; ++half) {
    const float value = half_to_float(static_cast<uint16_t>(half));
    REQUIRE(float_to_half(value) == half);
  }
}

TEST_CASE("int8 rows: the scale is at least as good as max / 127, and codes stay in range") {
  for (uint32_t seed = 0; seed < 50; ++seed) {
    const std::vector<float> values = normal_values(64, seed, 0.3f);
    std::vector<int8_t> q(values.size()), direct(values.size());
    const float scale = quantize_row_int8(values.data(), values.size(), q.data());
    float largest = 0;
    for (float value : values) largest = std::max(largest, std::fabs(value));
    const float plain = largest / 127;
    for (size_t i = 0; i < values.size(); ++i) {
      direct[i] = static_cast<int8_t>(std::lrint(static_cast<double>(values[i]) / plain));
      REQUIRE(q[i] >= -127);
      // Values that are not clipped lie within half a step of their code.
      if (std::fabs(values[i]) <= 127 * scale) {
        REQUIRE(std::fabs(values[i] - static_cast<float>(q[i]) * scale) <= scale * 0.50001f);
      }
    }
    CHECK(squared_error(values, q, scale) <= squared_error(values, direct, plain) * 1.000001);
  }
}

TEST_CASE("int4 groups: at least as good as max / 7 and max / 8, and codes stay in range") {
  double chosen = 0, plain = 0;
  for (uint32_t seed = 0; seed < 200; ++seed) {
    const std::vector<float> values = normal_values(32, seed, 0.3f);
    std::vector<int8_t> q(values.size()), direct(values.size());
    const float scale = half_to_float(quantize_group_int4(values.data(), values.size(), q.data()));
    const double error = squared_error(values, q, scale);
    float largest = 0;
    for (float value : values) {
      if (std::fabs(value) > std::fabs(largest)) largest = value;
    }
    double best_plain = std::numeric_limits<double>::infinity();
    for (float divisor : {7.0f, -7.0f, 8.0f, -8.0f}) {
      const float candidate = half_to_float(float_to_half(largest / divisor));
      for (size_t i = 0; i < values.size(); ++i) {
        direct[i] = static_cast<int8_t>(
            std::clamp<long>(std::lrint(static_cast<double>(values[i]) / candidate), -8, 7));
      }
      best_plain = std::min(best_plain, squared_error(values, direct, candidate));
    }
    REQUIRE(error <= best_plain * 1.000001);
    for (int8_t code : q) REQUIRE((code >= -8 && code <= 7));
    chosen += error;
    plain += best_plain;
  }
  CHECK(chosen < 0.95 * plain);  // the search is worth its time
}

TEST_CASE("int4 uses the code -8 with a negative scale") {
  std::vector<float> values(32, 0.0f);
  values[3] = 8.0f;
  values[4] = -7.0f;
  std::vector<int8_t> q(32);
  const float scale = half_to_float(quantize_group_int4(values.data(), 32, q.data()));
  CHECK(scale == -1.0f);
  CHECK(q[3] == -8);
  CHECK(q[4] == 7);
}

TEST_CASE("zeros and the tiniest values quantize to zeros") {
  for (float value : {0.0f, -0.0f, 1e-42f, -1e-42f}) {
    const std::vector<float> values(32, value);
    std::vector<int8_t> q(32, 5);
    CHECK(quantize_row_int8(values.data(), 32, q.data()) == 0.0f);
    CHECK(std::all_of(q.begin(), q.end(), [](int8_t code) { return code == 0; }));
    std::fill(q.begin(), q.end(), int8_t{5});
    CHECK(quantize_group_int4(values.data(), 32, q.data()) == 0);
    CHECK(std::all_of(q.begin(), q.end(), [](int8_t code) { return code == 0; }));
  }
}

TEST_CASE("packed panels read back through the runtime, with the error that they state") {
  // Rows and columns that fill panels and groups, and ones that do not.
  const int64_t shapes[][2] = {{16, 32}, {1, 1}, {17, 33}, {50, 50}, {31, 64}, {48, 7}};
  for (const auto& shape : shapes) {
    const Matrix matrix = normal_matrix(shape[0], shape[1], 7);
    for (fb::DType dtype : fb::EnumValuesDType()) {
      CAPTURE(shape[0]);
      CAPTURE(shape[1]);
      CAPTURE(precision_name(dtype));
      const PackedTensor tensor = pack_panels("w", matrix, dtype);
      const uint32_t rows = tensor.rows, cols = tensor.cols;
      CHECK(tensor.data.size() == tensor_data_bytes(dtype, fb::Layout_Panels, rows, cols).value());
      CHECK(tensor.scales.size() ==
            tensor_scale_bytes(dtype, fb::Layout_Panels, rows, cols).value());
      const double error = relative_error(matrix, tensor);
      CHECK(tensor.relative_error == doctest::Approx(error).epsilon(1e-4));
      // Uniform rounding noise: a step / sqrt(12) over the deviation, with room for small samples.
      const double bound = dtype == fb::DType_F32   ? 0
                           : dtype == fb::DType_F16 ? 0x1p-11
                           : dtype == fb::DType_I8  ? 0.012
                                                    : 0.15;
      CHECK(error <= bound);
    }
  }
}

TEST_CASE("the layouts are those of kernels.h, padding zero") {
  Matrix matrix{18, 34, {}};
  // -7, 0 or 7 times the row's own factor: every precision holds these exactly.
  for (int r = 0; r < 18; ++r) {
    for (int c = 0; c < 34; ++c) {
      matrix.values.push_back(static_cast<float>(7 * (r + 1) * ((r + c * c + c / 5) % 3 - 1)));
    }
  }
  const auto value = [&](size_t r, size_t c) {
    return r < 18 && c < 34 ? matrix.row(static_cast<int64_t>(r))[c] : 0.0f;
  };
  const PackedTensor f32 = pack_panels("w", matrix, fb::DType_F32);
  const PackedTensor f16 = pack_panels("w", matrix, fb::DType_F16);
  const PackedTensor s8 = pack_panels("w", matrix, fb::DType_I8);
  const PackedTensor s4 = pack_panels("w", matrix, fb::DType_I4);
  const auto* floats = reinterpret_cast<const float*>(f32.data.data());
  const auto* halves = reinterpret_cast<const uint16_t*>(f16.data.data());
  const auto* s8_scales = reinterpret_cast<const float*>(s8.scales.data());
  const auto* s4_scales = reinterpret_cast<const uint16_t*>(s4.scales.data());
  const size_t cols4 = 36, cols32 = 64;
  for (size_t r = 0; r < 32; ++r) {
    const size_t panel = r / 16, lane = r % 16;
    for (size_t c = 0; c < 34; ++c) {
      REQUIRE(floats[panel * 34 * 16 + c * 16 + lane] == value(r, c));
      REQUIRE(half_to_float(halves[panel * 34 * 16 + c * 16 + lane]) == value(r, c));
    }
    REQUIRE((s8_scales[panel * 16 + lane] == 0) == (r >= 18));
    for (size_t c = 0; c < cols4; ++c) {
      const int code =
          static_cast<int8_t>(s8.data[panel * 16 * cols4 + c / 4 * 64 + lane * 4 + c % 4]);
      REQUIRE(static_cast<float>(code) * s8_scales[panel * 16 + lane] ==
              doctest::Approx(value(r, c)).epsilon(0.01));
      if (r >= 18 || c >= 34) REQUIRE(code == 0);
    }
    for (size_t c = 0; c < cols32; ++c) {
      const uint8_t byte = s4.data[panel * 16 * cols32 / 2 + c / 8 * 64 + lane * 4 + c % 4];
      const int code = (c % 8 < 4 ? byte & 15 : byte >> 4) - 8;
      const float scale = half_to_float(s4_scales[(panel * 2 + c / 32) * 16 + lane]);
      REQUIRE(static_cast<float>(code) * scale == value(r, c));
      if (r >= 18 || c >= 34) REQUIRE(code == 0);
      if (r >= 18) REQUIRE(scale == 0);
    }
  }
}

TEST_CASE("rows are plain row-major, without padding") {
  const Matrix matrix = normal_matrix(3, 5, 11);
  const PackedTensor f32 = pack_rows("positions", matrix, fb::DType_F32);
  CHECK(f32.layout == fb::Layout_Rows);
  CHECK(f32.data.size() == 60);
  CHECK(std::memcmp(f32.data.data(), matrix.values.data(), 60) == 0);
  const PackedTensor f16 = pack_rows("positions", matrix, fb::DType_F16);
  CHECK(f16.data.size() == 30);
  uint16_t last;
  std::memcpy(&last, f16.data.data() + 28, 2);
  CHECK(last == float_to_half(matrix.values[14]));
  CHECK(relative_error(matrix, f16) == doctest::Approx(f16.relative_error).epsilon(1e-4));
}

TEST_CASE("a vector is panels of one column") {
  const PackedTensor bias = pack_vector("bias", {1, 2, 3});
  CHECK(bias.rows == 3);
  CHECK(bias.cols == 1);
  CHECK(bias.dtype == fb::DType_F32);
  CHECK(bias.data.size() == 64);
  float third;
  std::memcpy(&third, bias.data.data() + 8, 4);
  CHECK(third == 3.0f);
}

TEST_CASE("values that cannot be stored are refused by the tensor's name") {
  const auto message = [](float value, fb::DType dtype) {
    Matrix matrix = normal_matrix(4, 40, 1);
    matrix.values[77] = value;
    try {
      pack_panels("blocks.0.query.weight", matrix, dtype);
    } catch (const Error& error) {
      return std::string(error.what());
    }
    return std::string();
  };
  for (fb::DType dtype : fb::EnumValuesDType()) {
    CAPTURE(precision_name(dtype));
    for (float value :
         {std::numeric_limits<float>::quiet_NaN(), -std::numeric_limits<float>::infinity()}) {
      CHECK(message(value, dtype).find("blocks.0.query.weight holds NaN or infinity") !=
            std::string::npos);
    }
  }
  CHECK(message(70000, fb::DType_F16).find("f16") != std::string::npos);
  CHECK(message(70000, fb::DType_I8).empty());
  CHECK(message(500000, fb::DType_I4).empty());
  CHECK(message(600000, fb::DType_I4).find("int4") != std::string::npos);
  CHECK_THROWS_AS(pack_panels("w", Matrix{2, 3, {1, 2, 3}}, fb::DType_F32), Error);
  CHECK_THROWS_AS(pack_panels("w", Matrix{0, 3, {}}, fb::DType_F32), Error);
}

}  // namespace
}  // namespace pintle::converter
