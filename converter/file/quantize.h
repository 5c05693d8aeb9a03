// SPDX-License-Identifier: Apache-2.0
//
// Numbers as a file holds them: rounding, scales and the panel layouts of schema/README.md.
#ifndef PINTLE_CONVERTER_FILE_QUANTIZE_H_
#define PINTLE_CONVERTER_FILE_QUANTIZE_H_

#include <Eigen/Core>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "converter/network/network.h"
#include "pintle_generated.h"

namespace pintle::converter {

// "f32", "f16", "int8", "int4"; throws Error for other names.
fb::DType parse_precision(const std::string& name);
const char* precision_name(fb::DType dtype);

// Calls task(i) once for every i below count, in any order, on any threads. The builds of the tests
// that have no threads compile this file, too.
using ParallelFor = std::function<void(size_t count, const std::function<void(size_t i)>& task)>;
void one_by_one(size_t count, const std::function<void(size_t i)>& task);

// A tensor's bytes, ready to be written.
struct PackedTensor {
  std::string name;  // for people: "blocks.0.query.weight"
  uint32_t rows = 0, cols = 0;
  fb::DType dtype = fb::DType_F32;
  fb::Layout layout = fb::Layout_Panels;
  std::vector<uint8_t> data, scales;
  float relative_error = 0;  // ||W - dequantized(W)|| / ||W||
};

// Each throws Error, naming the tensor, for NaN, infinities, sizes above 32 bits, and values that
// IEEE half cannot hold.
// moments: with I4, what a rounding error costs (see calibrate.h); null: the sum of its squares.
// parallel_for: over its rows; the result does not depend on it.
PackedTensor pack_panels(const std::string& name, const Matrix& matrix, fb::DType dtype,
                         const Eigen::MatrixXd* moments = nullptr,
                         const ParallelFor& parallel_for = one_by_one);
// n numbers as Panels of n rows and 1 column, f32.
PackedTensor pack_vector(const std::string& name, const std::vector<float>& values);
// Row-major; F32, F16, or I8 with a scale a row.
PackedTensor pack_rows(const std::string& name, const Matrix& matrix, fb::DType dtype);

// Chooses the scale with the least squared error over clipping candidates; q in [-127, 127], value
// = q * scale. Returns 0, and q = 0, for a row of zeros.
float quantize_row_int8(const float* values, size_t count, int8_t* q);
// The same for a group of at most 32: q in [-8, 7], the scale a half. The scale may be negative:
// the largest value then takes the one code, -8, that has no positive twin.
Eigen::half quantize_group_int4(const float* values, size_t count, int8_t* q);

}  // namespace pintle::converter

#endif  // PINTLE_CONVERTER_FILE_QUANTIZE_H_
