// SPDX-License-Identifier: Apache-2.0
#include "runtime/model/tensor.h"

#include <doctest/doctest.h>

#include <cmath>
#include <vector>

#include "runtime/kernels/dispatch.h"
#include "schema/half.h"
#include "support/tiny_models.h"
#include "unit/random_network.h"

namespace pintle::test {
using namespace pintle::internal;  // what this tests is not public
using format::half_to_float;
using format::tensor_data_bytes;
using format::tensor_scale_bytes;
namespace {

TensorView view_of(const converter::PackedTensor& packed, const AlignedBytes& data,
                   const AlignedBytes& scales) {
  TensorView view;
  view.data = data.data();
  view.scales = scales.data();
  view.rows = packed.rows;
  view.cols = packed.cols;
  view.dtype = packed.dtype;
  view.layout = packed.layout;
  return view;
}

TEST_CASE("sizes are those that the writer packs, in every type and layout") {
  for (const uint32_t rows : {1u, 15u, 16u, 17u, 100u}) {
    for (const uint32_t cols : {1u, 3u, 4u, 31u, 32u, 33u, 64u, 100u}) {
      const converter::Matrix matrix = converter::RandomNumbers(rows).matrix(rows, cols);
      for (const fb::DType dtype : fb::EnumValuesDType()) {
        const auto check = [&](const converter::PackedTensor& packed) {
          CHECK(tensor_data_bytes(dtype, packed.layout, rows, cols).equals(packed.data.size()));
          CHECK(tensor_scale_bytes(dtype, packed.layout, rows, cols).equals(packed.scales.size()));
        };
        check(converter::pack_panels("m", matrix, dtype));
        if (dtype != fb::DType_I4) check(converter::pack_rows("m", matrix, dtype));
      }
    }
  }
}

TEST_CASE("sizes that overflow are never equal to one") {
  for (const fb::DType dtype : fb::EnumValuesDType()) {
    const format::CheckedSize size =
        tensor_data_bytes(dtype, fb::Layout_Panels, UINT32_MAX, UINT32_MAX) *
        format::CheckedSize(1u << 31);
    CHECK(size.overflowed());
    CHECK_FALSE(size.equals(size.value()));
  }
  CHECK((format::CheckedSize(UINT64_MAX) + format::CheckedSize(1)).overflowed());
  CHECK_FALSE((format::CheckedSize(UINT64_MAX) + format::CheckedSize(0)).overflowed());
  CHECK(((format::CheckedSize(UINT64_MAX) + format::CheckedSize(1)) * format::CheckedSize(0))
            .overflowed());
}

TEST_CASE("halves of every bit pattern become the float of the same value") {
  for (uint32_t bits = 0; bits < 0x10000; ++bits) {
    const int exponent = static_cast<int>(bits >> 10 & 31), fraction = bits & 1023;
    const double sign = (bits & 0x8000) != 0 ? -1 : 1;
    const float found = half_to_float(static_cast<uint16_t>(bits));
    if (exponent == 31) {
      CHECK((fraction == 0 ? std::isinf(found) : std::isnan(found)));
    } else {
      const double value =
          exponent == 0 ? std::ldexp(fraction, -24) : std::ldexp(1024 + fraction, exponent - 25);
      CHECK(found == static_cast<float>(sign * value));
    }
    CHECK(std::signbit(found) == (sign < 0));
  }
}

TEST_CASE("products equal the rows' own dot products, whole or panel by panel, on every ISA") {
  for (const std::string& isa : isas_under_test()) {
    KernelTable kernels;
    const char* name;
    REQUIRE(make_kernel_table(isa.c_str(), &kernels, &name));
    for (const int64_t cols : {1, 12, 33, 64, 100}) {
      const int64_t rows = 37;
      converter::RandomNumbers random(static_cast<uint32_t>(cols));
      const converter::Matrix matrix = random.matrix(rows, cols);
      const std::vector<float> x = random.vector(cols, 1);
      for (const fb::DType dtype : fb::EnumValuesDType()) {
        CAPTURE(isa);
        CAPTURE(cols);
        CAPTURE(std::string(fb::EnumNameDType(dtype)));
        const converter::PackedTensor packed = converter::pack_panels("m", matrix, dtype);
        const AlignedBytes data(packed.data), scales(packed.scales);
        const TensorView view = view_of(packed, data, scales);
        std::vector<int16_t> storage(operand_capacity(static_cast<size_t>(cols)), 99);
        const Operand operand = make_operand(kernels, view, x.data(), storage.data());
        std::vector<float> whole(48), panel(16), row(static_cast<size_t>(cols));
        multiply_panels(kernels, view, 0, 3, operand, whole.data());
        for (uint32_t p = 0; p < 3; ++p) {
          multiply_panels(kernels, view, p, 1, operand, panel.data());
          for (uint32_t r = 0; r < 16; ++r) CHECK(panel[r] == whole[16 * p + r]);
        }
        for (uint32_t r = 0; r < rows; ++r) {
          gather_row(view, r, row.data());
          double expected = 0, magnitude = 0;
          for (size_t c = 0; c < row.size(); ++c) {
            expected += double{row[c]} * x[c];
            magnitude += std::fabs(double{row[c]} * x[c]);
          }
          CHECK(std::fabs(whole[r] - expected) <= 1e-3 * magnitude + 1e-6);
        }
        for (size_t r = rows; r < 48; ++r) CHECK(whole[r] == 0);  // the panels' padding
      }
    }
  }
}

}  // namespace
}  // namespace pintle::test
