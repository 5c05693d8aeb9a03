// SPDX-License-Identifier: Apache-2.0
#include "converter/file/quantize.h"

#include <Eigen/Core>
#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <optional>

#include "converter/file/int4_rows.h"
#include "converter/io/error.h"
#include "converter/io/progress.h"
#include "schema/tensor_layout.h"

namespace pintle::converter {
namespace {

using format::kGroupCols;
using format::kPanelRows;
using format::round_up;

constexpr float kLargestInt4 = 8 * 65504.0f;  // -8 times the largest half

// A number's place inside the panels of a matrix of `cols` columns, in elements (s4: in bytes).
size_t float_index(size_t row, size_t col, size_t cols) {
  return (row / kPanelRows * cols + col) * kPanelRows + row % kPanelRows;
}
size_t s8_index(size_t row, size_t col, size_t cols4) {
  return row / kPanelRows * kPanelRows * cols4 + col / 4 * 4 * kPanelRows + row % kPanelRows * 4 +
         col % 4;
}
size_t s4_index(size_t row, size_t col, size_t cols32) {
  return row / kPanelRows * kPanelRows * cols32 / 2 + col / 8 * 4 * kPanelRows +
         row % kPanelRows * 4 + col % 4;
}

// The value of the largest magnitude, with its sign.
float largest_magnitude(const float* values, size_t count) {
  float largest = 0;
  for (size_t i = 0; i < count; ++i) {
    if (std::fabs(values[i]) > std::fabs(largest)) largest = values[i];
  }
  return largest;
}

class ErrorMeter {
 public:
  void add(float exact, float stored) {
    const double difference = static_cast<double>(exact) - stored;
    error_ += difference * difference;
    norm_ += static_cast<double>(exact) * exact;
  }
  float relative() const {
    return norm_ > 0 ? static_cast<float>(std::sqrt(error_ / norm_)) : 0.0f;
  }

 private:
  double error_ = 0, norm_ = 0;
};

void store_f32(PackedTensor* tensor, size_t index, float value) {
  std::memcpy(tensor->data.data() + index * sizeof(value), &value, sizeof(value));
}

void store_f16(PackedTensor* tensor, size_t index, float value, ErrorMeter* meter) {
  const Eigen::half half(value);
  const float stored = static_cast<float>(half);
  if (std::isinf(stored)) {
    throw Error("tensor " + tensor->name + ": the value " + std::to_string(value) +
                " is beyond the range of f16; use --precision f32 or int8");
  }
  std::memcpy(tensor->data.data() + index * sizeof(half), &half, sizeof(half));
  meter->add(value, stored);
}

void pack_int8(const Matrix& matrix, PackedTensor* tensor, ErrorMeter* meter) {
  const bool panels = tensor->layout == fb::Layout_Panels;
  const size_t rows = matrix.rows, cols = matrix.cols, cols4 = panels ? round_up(cols, 4) : cols;
  const size_t stored_rows = panels ? round_up(rows, kPanelRows) : rows;
  tensor->data.assign(stored_rows * cols4, 0);
  tensor->scales.assign(stored_rows * sizeof(float), 0);
  std::vector<int8_t> q(cols);
  for (size_t r = 0; r < rows; ++r) {
    const float* values = matrix.row(r);
    const float scale = quantize_row_int8(values, cols, q.data());
    std::memcpy(tensor->scales.data() + r * sizeof(scale), &scale, sizeof(scale));
    for (size_t c = 0; c < cols; ++c) {
      tensor->data[panels ? s8_index(r, c, cols4) : r * cols + c] = static_cast<uint8_t>(q[c]);
      meter->add(values[c], static_cast<float>(q[c]) * scale);
    }
  }
}

// A matrix's int4 codes and scales, row after row, before they are laid out in panels.
struct Int4Codes {
  std::vector<int8_t> codes;        // [rows][groups * 32]
  std::vector<Eigen::half> scales;  // [rows][groups]
};

Int4Codes quantize_int4(const Matrix& matrix, const Eigen::MatrixXd* moments,
                        const ParallelFor& parallel_for) {
  const size_t rows = matrix.rows, cols = matrix.cols;
  const size_t groups = round_up(cols, kGroupCols) / kGroupCols;
  Int4Codes result{std::vector<int8_t>(rows * groups * kGroupCols, 0),
                   std::vector<Eigen::half>(rows * groups, Eigen::half(0))};
  std::optional<Int4RowQuantizer> calibrated;
  if (moments != nullptr) calibrated.emplace(*moments);
  const auto quantize_row = [&](size_t row) {
    const float* values = matrix.row(row);
    int8_t* q = result.codes.data() + row * groups * kGroupCols;
    Eigen::half* scales = result.scales.data() + row * groups;
    if (calibrated) {
      calibrated->quantize(values, q, scales);
      return;
    }
    for (size_t g = 0; g < groups; ++g) {
      const size_t first = g * kGroupCols;
      scales[g] =
          quantize_group_int4(values + first, std::min(kGroupCols, cols - first), q + first);
    }
  };
  constexpr size_t kRowsAtOnce = 256;
  Progress progress("quantizing", "rows", rows);
  parallel_for(round_up(rows, kRowsAtOnce) / kRowsAtOnce, [&](size_t part) {
    const size_t first = part * kRowsAtOnce, last = std::min(rows, first + kRowsAtOnce);
    for (size_t row = first; row < last; ++row) quantize_row(row);
    progress.advance(last - first);
  });
  return result;
}

void pack_int4(const Matrix& matrix, const Eigen::MatrixXd* moments,
               const ParallelFor& parallel_for, PackedTensor* tensor, ErrorMeter* meter) {
  const size_t rows = matrix.rows, cols = matrix.cols, cols32 = round_up(cols, kGroupCols);
  const size_t stored_rows = round_up(rows, kPanelRows), groups = cols32 / kGroupCols;
  for (size_t i = 0; i < matrix.values.size(); ++i) {
    if (std::fabs(matrix.values[i]) > kLargestInt4) {
      throw Error("tensor " + tensor->name + ": row " + std::to_string(i / cols) +
                  " holds values above 524032, beyond the scales of int4; use --precision int8");
    }
  }
  const Int4Codes quantized = quantize_int4(matrix, moments, parallel_for);
  tensor->data.assign(stored_rows * cols32 / 2, 0x88);  // both nibbles zero
  tensor->scales.assign(stored_rows * groups * sizeof(Eigen::half), 0);
  for (size_t r = 0; r < rows; ++r) {
    for (size_t g = 0; g < groups; ++g) {
      std::memcpy(tensor->scales.data() + float_index(r, g, groups) * sizeof(Eigen::half),
                  &quantized.scales[r * groups + g], sizeof(Eigen::half));
    }
    for (size_t c = 0; c < cols; ++c) {
      const int code = quantized.codes[r * cols32 + c];
      uint8_t* byte = &tensor->data[s4_index(r, c, cols32)];
      *byte = static_cast<uint8_t>(c % 8 < 4 ? (*byte & 0xF0) | (code + 8)
                                             : (*byte & 0x0F) | (code + 8) << 4);
      meter->add(matrix.row(r)[c],
                 static_cast<float>(code) *
                     static_cast<float>(quantized.scales[r * groups + c / kGroupCols]));
    }
  }
}

PackedTensor describe(const std::string& name, const Matrix& matrix, fb::DType dtype,
                      fb::Layout layout) {
  constexpr int64_t kMax = std::numeric_limits<uint32_t>::max();
  if (matrix.rows < 1 || matrix.cols < 1 || matrix.rows > kMax || matrix.cols > kMax ||
      matrix.values.size() / static_cast<size_t>(matrix.rows) != static_cast<size_t>(matrix.cols) ||
      matrix.values.size() % static_cast<size_t>(matrix.rows) != 0) {
    throw Error("tensor " + name + ": the shape " + std::to_string(matrix.rows) + " x " +
                std::to_string(matrix.cols) + " cannot be stored");
  }
  for (float value : matrix.values) {
    if (!std::isfinite(value)) {
      throw Error("tensor " + name + " holds NaN or infinity: the checkpoint is damaged or the " +
                  "training diverged");
    }
  }
  PackedTensor tensor;
  tensor.name = name;
  tensor.rows = static_cast<uint32_t>(matrix.rows);
  tensor.cols = static_cast<uint32_t>(matrix.cols);
  tensor.dtype = dtype;
  tensor.layout = layout;
  return tensor;
}

// Rounds values / scale into [low, high]; returns the squared error.
double round_values(const float* values, size_t count, float scale, int low, int high, int8_t* q) {
  constexpr float kRounding = 12582912.0f;  // 1.5 * 2^23: adding it rounds to nearest even
  const float inverse = 1.0f / scale;
  double error = 0;
  for (size_t i = 0; i < count; ++i) {
    const float bounded =
        std::min(std::max(values[i] * inverse, static_cast<float>(low)), static_cast<float>(high));
    const float code = (bounded + kRounding) - kRounding;
    q[i] = static_cast<int8_t>(code);
    const double difference = static_cast<double>(values[i]) - code * scale;
    error += difference * difference;
  }
  return error;
}

// The scale that suits these codes best: the minimum of |values - scale q|^2.
float refit_scale(const float* values, size_t count, const int8_t* q) {
  double product = 0, norm = 0;
  for (size_t i = 0; i < count; ++i) {
    product += static_cast<double>(values[i]) * q[i];
    norm += static_cast<double>(q[i]) * q[i];
  }
  return norm > 0 ? static_cast<float>(product / norm) : 0.0f;
}

bool usable(float scale) { return std::isnormal(scale) && std::isfinite(1.0f / scale); }

}  // namespace

fb::DType parse_precision(const std::string& name) {
  for (fb::DType dtype : fb::EnumValuesDType()) {
    if (name == precision_name(dtype)) return dtype;
  }
  throw Error("unknown precision \"" + name + "\"; there are f32, f16, int8 and int4");
}

const char* precision_name(fb::DType dtype) {
  switch (dtype) {
    case fb::DType_F32:
      return "f32";
    case fb::DType_F16:
      return "f16";
    case fb::DType_I8:
      return "int8";
    case fb::DType_I4:
      return "int4";
  }
  return "unknown";
}

void one_by_one(size_t count, const std::function<void(size_t i)>& task) {
  for (size_t i = 0; i < count; ++i) task(i);
}

float quantize_row_int8(const float* values, size_t count, int8_t* q) {
  // Clipping up to 8 % of the largest value: below that the clipped error always grows faster than
  // the rounding error shrinks.
  constexpr int kCandidates = 17;
  constexpr float kStep = 0.005f;
  const float largest = std::fabs(largest_magnitude(values, count));
  std::vector<int8_t> trial(count);
  std::fill(q, q + count, int8_t{0});
  float best_scale = 0;
  double best_error = std::numeric_limits<double>::infinity();
  for (int i = 0; i < kCandidates; ++i) {
    const float scale = largest * (1.0f - kStep * static_cast<float>(i)) / 127.0f;
    if (!usable(scale)) continue;
    const double error = round_values(values, count, scale, -127, 127, trial.data());
    if (error < best_error) {
      best_error = error;
      best_scale = scale;
      std::copy(trial.begin(), trial.end(), q);
    }
  }
  return best_scale;
}

Eigen::half quantize_group_int4(const float* values, size_t count, int8_t* q) {
  // What the largest value is divided by: 6 leaves the outer codes unused, 9.5 clips by a fifth.
  constexpr int kCandidates = 29;
  constexpr float kFirst = 6.0f, kStep = 0.125f;
  const float largest = largest_magnitude(values, count);
  int8_t trial[kGroupCols];
  std::fill(q, q + count, int8_t{0});
  Eigen::half best_scale(0);
  double best_error = 0;
  for (size_t i = 0; i < count; ++i) best_error += static_cast<double>(values[i]) * values[i];
  const auto consider = [&](float wanted) {
    const Eigen::half half(wanted);
    const float scale = static_cast<float>(half);
    if (!usable(scale)) return false;
    const double error = round_values(values, count, scale, -8, 7, trial);
    if (error < best_error) {
      best_error = error;
      best_scale = half;
      std::copy(trial, trial + count, q);
    }
    return true;
  };
  for (int i = 0; i < 2 * kCandidates; ++i) {
    const float divisor = kFirst + kStep * static_cast<float>(i / 2);
    if (!consider(largest / (i % 2 == 0 ? divisor : -divisor))) continue;
    consider(refit_scale(values, count, trial));
  }
  return best_scale;
}

PackedTensor pack_panels(const std::string& name, const Matrix& matrix, fb::DType dtype,
                         const Eigen::MatrixXd* moments, const ParallelFor& parallel_for) {
  PackedTensor tensor = describe(name, matrix, dtype, fb::Layout_Panels);
  const size_t rows = matrix.rows, cols = matrix.cols;
  const size_t elements = round_up(rows, kPanelRows) * cols;
  ErrorMeter meter;
  switch (dtype) {
    case fb::DType_F32:
    case fb::DType_F16:
      tensor.data.assign(elements * (dtype == fb::DType_F32 ? 4 : 2), 0);
      for (size_t r = 0; r < rows; ++r) {
        for (size_t c = 0; c < cols; ++c) {
          const size_t index = float_index(r, c, cols);
          if (dtype == fb::DType_F32) {
            store_f32(&tensor, index, matrix.row(r)[c]);
          } else {
            store_f16(&tensor, index, matrix.row(r)[c], &meter);
          }
        }
      }
      break;
    case fb::DType_I8:
      pack_int8(matrix, &tensor, &meter);
      break;
    case fb::DType_I4:
      pack_int4(matrix, moments, parallel_for, &tensor, &meter);
      break;
  }
  tensor.relative_error = meter.relative();
  return tensor;
}

PackedTensor pack_vector(const std::string& name, const std::vector<float>& values) {
  return pack_panels(name, {static_cast<int64_t>(values.size()), 1, values}, fb::DType_F32);
}

PackedTensor pack_rows(const std::string& name, const Matrix& matrix, fb::DType dtype) {
  PackedTensor tensor = describe(name, matrix, dtype, fb::Layout_Rows);
  ErrorMeter meter;
  if (dtype == fb::DType_I8) {
    pack_int8(matrix, &tensor, &meter);
    tensor.relative_error = meter.relative();
    return tensor;
  }
  tensor.data.assign(matrix.values.size() * (dtype == fb::DType_F32 ? 4 : 2), 0);
  for (size_t i = 0; i < matrix.values.size(); ++i) {
    if (dtype == fb::DType_F32) {
      store_f32(&tensor, i, matrix.values[i]);
    } else {
      store_f16(&tensor, i, matrix.values[i], &meter);
    }
  }
  tensor.relative_error = meter.relative();
  return tensor;
}

}  // namespace pintle::converter
