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
#include "converter/io/thread_pool.h"
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

uint16_t bits_of(Eigen::half half) { return Eigen::numext::bit_cast<uint16_t>(half); }
Eigen::half half_of(uint16_t bits) { return Eigen::numext::bit_cast<Eigen::half>(bits); }

// What a file may hold: the converter's halves are the runtime's, on every build machine.
TEST_CASE("every half is a float and back, bit for bit") {
  for (uint32_t i = 0; i < 0x10000; ++i) {
    const uint16_t bits = static_cast<uint16_t>(i);
    const float value = static_cast<float>(half_of(bits));
    const float theirs = half_to_float(bits);
    CAPTURE(i);
    if (std::isnan(theirs)) {
      REQUIRE(std::isnan(value));
      REQUIRE(std::signbit(value) == std::signbit(theirs));
      REQUIRE((bits_of(Eigen::half(value)) & 0x7C00) == 0x7C00);
      REQUIRE((bits_of(Eigen::half(value)) & 0x03FF) != 0);
    } else {
      REQUIRE(std::memcmp(&value, &theirs, sizeof(value)) == 0);
      REQUIRE(bits_of(Eigen::half(value)) == bits);
    }
  }
}

TEST_CASE("floats between two halves become the nearer one, in the middle the even one") {
  for (uint32_t i = 0; i < 0x7C00; ++i) {  // up to the middle of the largest and infinity
    const uint16_t low = static_cast<uint16_t>(i), high = static_cast<uint16_t>(i + 1);
    const float from = half_to_float(low), to = i == 0x7BFF ? 65536.0f : half_to_float(high);
    const float middle = (from + to) / 2;  // exact
    const float infinity = std::numeric_limits<float>::infinity();
    CAPTURE(i);
    for (const float sign : {1.0f, -1.0f}) {
      const uint16_t sign_bit = sign < 0 ? 0x8000 : 0;
      const auto rounded = [&](float value) { return bits_of(Eigen::half(sign * value)); };
      REQUIRE(rounded(std::nextafter(from, infinity)) == (sign_bit | low));
      REQUIRE(rounded(std::nextafter(middle, 0.0f)) == (sign_bit | low));
      REQUIRE(rounded(middle) == (sign_bit | (i % 2 == 0 ? low : high)));
      REQUIRE(rounded(std::nextafter(middle, infinity)) == (sign_bit | high));
      REQUIRE(rounded(std::nextafter(to, 0.0f)) == (sign_bit | high));
    }
  }
  CHECK(bits_of(Eigen::half(1e30f)) == 0x7C00);
  CHECK(bits_of(Eigen::half(-std::numeric_limits<float>::infinity())) == 0xFC00);
  CHECK(bits_of(Eigen::half(1e-42f)) == 0x0000);
  CHECK(bits_of(Eigen::half(-1e-42f)) == 0x8000);
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
    const float scale =
        static_cast<float>(quantize_group_int4(values.data(), values.size(), q.data()));
    const double error = squared_error(values, q, scale);
    float largest = 0;
    for (float value : values) {
      if (std::fabs(value) > std::fabs(largest)) largest = value;
    }
    double best_plain = std::numeric_limits<double>::infinity();
    for (float divisor : {7.0f, -7.0f, 8.0f, -8.0f}) {
      const float candidate = static_cast<float>(Eigen::half(largest / divisor));
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
  const float scale = static_cast<float>(quantize_group_int4(values.data(), 32, q.data()));
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
    CHECK(bits_of(quantize_group_int4(values.data(), 32, q.data())) == 0);
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

TEST_CASE("any number of threads gives the same bytes") {
  const Matrix matrix = normal_matrix(1000, 40, 12);
  const Eigen::MatrixXd wide = Eigen::MatrixXd::Random(40, 40);
  const Eigen::MatrixXd moments = wide * wide.transpose() + Eigen::MatrixXd::Identity(40, 40);
  for (const Eigen::MatrixXd* calibrated :
       {static_cast<const Eigen::MatrixXd*>(nullptr), &moments}) {
    const PackedTensor plain = pack_panels("w", matrix, fb::DType_I4, calibrated);
    for (const int threads : {1, 3}) {
      ThreadPool pool(threads);
      const auto parallel_for = [&](size_t count, const std::function<void(size_t)>& task) {
        pool.for_each(count, [&](size_t i, int) { task(i); });
      };
      const PackedTensor tensor = pack_panels("w", matrix, fb::DType_I4, calibrated, parallel_for);
      CHECK(tensor.data == plain.data);
      CHECK(tensor.scales == plain.scales);
      CHECK(tensor.relative_error == plain.relative_error);
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
  CHECK(last == bits_of(Eigen::half(matrix.values[14])));
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
