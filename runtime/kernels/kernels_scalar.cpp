// SPDX-License-Identifier: Apache-2.0
//
// The specification: plain loops that every other ISA is checked against, and the fallback.
#include <math.h>

#include "kernels.h"
#include "target.h"

PINTLE_BASELINE_BEGIN

namespace pintle {
namespace {

float half_to_float(uint16_t half) {
  const uint32_t sign = static_cast<uint32_t>(half >> 15) << 31;
  const uint32_t exponent = (half >> 10) & 31u;
  const uint32_t mantissa = half & 1023u;
  uint32_t bits;
  if (exponent == 31) {
    // As the hardware does, a signalling NaN becomes quiet.
    bits = sign | 0x7f800000u | (mantissa << 13) | (mantissa != 0 ? 0x400000u : 0);
  } else if (exponent != 0) {
    bits = sign | ((exponent + 112) << 23) | (mantissa << 13);
  } else {
    const float magnitude = static_cast<float>(mantissa) * 0x1p-24f;
    return sign != 0 ? -magnitude : magnitude;
  }
  float value;
  __builtin_memcpy(&value, &bits, sizeof value);
  return value;
}

// The stored nibble of row r and column k of an s4 panel, 0 ... 15.
int32_t nibble(const uint8_t* panel, size_t r, size_t k) {
  const uint8_t byte = panel[(k / 8 * kPanelRows + r) * 4 + k % 4];
  return k % 8 < 4 ? byte & 15 : byte >> 4;
}

void matvec_f32(const float* panels, size_t panel_count, size_t cols, const float* x, float* y) {
  for (size_t p = 0; p < panel_count; ++p, panels += cols * kPanelRows, y += kPanelRows) {
    for (size_t r = 0; r < kPanelRows; ++r) {
      float sum = 0;
      for (size_t k = 0; k < cols; ++k) sum += panels[k * kPanelRows + r] * x[k];
      y[r] = sum;
    }
  }
}

void matvec_f16(const uint16_t* panels, size_t panel_count, size_t cols, const float* x, float* y) {
  for (size_t p = 0; p < panel_count; ++p, panels += cols * kPanelRows, y += kPanelRows) {
    for (size_t r = 0; r < kPanelRows; ++r) {
      float sum = 0;
      for (size_t k = 0; k < cols; ++k) sum += half_to_float(panels[k * kPanelRows + r]) * x[k];
      y[r] = sum;
    }
  }
}

void matvec_s8(const int8_t* panels, const float* row_scales, size_t panel_count, size_t cols,
               const int16_t* x, float x_scale, float* y) {
  for (size_t p = 0; p < panel_count; ++p) {
    for (size_t r = 0; r < kPanelRows; ++r) {
      uint32_t sum = 0;  // unsigned: a file's -128 may make it wrap
      for (size_t k = 0; k < cols; ++k) {
        sum += static_cast<uint32_t>(panels[(k / 4 * kPanelRows + r) * 4 + k % 4] * x[k]);
      }
      const float scale = row_scales[r] * x_scale;
      y[r] = static_cast<float>(static_cast<int32_t>(sum)) * scale;
    }
    panels += cols * kPanelRows;
    row_scales += kPanelRows;
    y += kPanelRows;
  }
}

void matvec_s4(const uint8_t* panels, const uint16_t* group_scales, size_t panel_count, size_t cols,
               const int16_t* x, float x_scale, float* y) {
  for (size_t p = 0; p < panel_count; ++p) {
    for (size_t r = 0; r < kPanelRows; ++r) {
      float sum = 0;
      for (size_t g = 0; g < cols / kGroupCols; ++g) {
        int32_t dot = 0;
        for (size_t k = g * kGroupCols; k < (g + 1) * kGroupCols; ++k) {
          dot += (nibble(panels, r, k) - 8) * x[k];
        }
        const float term =
            static_cast<float>(dot) * half_to_float(group_scales[g * kPanelRows + r]);
        sum += term;
      }
      y[r] = x_scale * sum;
    }
    panels += cols / 2 * kPanelRows;
    group_scales += cols / kGroupCols * kPanelRows;
    y += kPanelRows;
  }
}

// Whether each of 16 scores is above the threshold, NaN on either side included.
uint16_t mask_above(const float* scores, float threshold) {
  uint32_t mask = 0;
  for (size_t r = 0; r < kPanelRows; ++r) {
    if (!(scores[r] <= threshold)) mask |= 1u << r;
  }
  return static_cast<uint16_t>(mask);
}

void above_f32(float* scores, const float* bias, size_t panel_count, float threshold,
               uint16_t* masks) {
  for (size_t p = 0; p < panel_count; ++p, scores += kPanelRows) {
    for (size_t r = 0; bias != nullptr && r < kPanelRows; ++r) {
      scores[r] += bias[p * kPanelRows + r];
    }
    masks[p] = mask_above(scores, threshold);
  }
}

// score(p, y) writes the products of panel p.
template <typename Score>
size_t scan(const float* bias, size_t panel_count, float threshold, ScanHits* hits,
            const Score& score) {
  hits->count = 0;
  size_t p = 0;
  for (; p < panel_count && hits->count < kScanHits; ++p) {
    const uint32_t hit = hits->count;
    score(p, hits->scores[hit]);
    above_f32(hits->scores[hit], bias == nullptr ? nullptr : bias + p * kPanelRows, 1, threshold,
              &hits->masks[hit]);
    hits->panels[hit] = static_cast<uint32_t>(p);
    if (hits->masks[hit] != 0) ++hits->count;
  }
  return p;
}

size_t scan_s8(const int8_t* panels, const float* row_scales, const float* bias, size_t panel_count,
               size_t cols, const int16_t* x, float x_scale, float threshold, ScanHits* hits) {
  return scan(bias, panel_count, threshold, hits, [&](size_t p, float* y) {
    matvec_s8(panels + p * cols * kPanelRows, row_scales + p * kPanelRows, 1, cols, x, x_scale, y);
  });
}

size_t scan_s4(const uint8_t* panels, const uint16_t* group_scales, const float* bias,
               size_t panel_count, size_t cols, const int16_t* x, float x_scale, float threshold,
               ScanHits* hits) {
  return scan(bias, panel_count, threshold, hits, [&](size_t p, float* y) {
    matvec_s4(panels + p * (cols / 2) * kPanelRows,
              group_scales + p * (cols / kGroupCols) * kPanelRows, 1, cols, x, x_scale, y);
  });
}

float exp_sum_f32(const float* x, size_t count, float factor, float* largest) {
  float max = -INFINITY;
  for (size_t i = 0; i < count; ++i) {
    const float exponent = factor * x[i];
    if (exponent > max) max = exponent;  // false for NaN
  }
  *largest = max;
  double sum = 0;
  for (size_t i = 0; i < count; ++i) {
    if (x[i] > -INFINITY) sum += static_cast<double>(expf(factor * x[i] - max));
  }
  return static_cast<float>(sum);
}

float quantize_s16(const float* x, size_t count, int32_t max_value, int16_t* q) {
  float largest = 0;
  for (size_t i = 0; i < count; ++i) {
    const float magnitude = fabsf(x[i]);
    if (magnitude > largest) largest = magnitude;  // false for NaN
  }
  const float limit = static_cast<float>(max_value);
  if (largest == 0 || largest > 0x1.fffffep127f) {
    for (size_t i = 0; i < count; ++i) q[i] = 0;
    return 0;
  }
  const float factor = limit / largest;  // infinite for the smallest `largest`: the clamp mends it
  for (size_t i = 0; i < count; ++i) {
    float value = x[i] * factor;
    if (value > limit) value = limit;
    if (value < -limit) value = -limit;
    if (value != value) value = 0;
    q[i] = static_cast<int16_t>(nearbyintf(value));
  }
  return largest / limit;
}

void unpack_panel_f16(const uint16_t* panel, size_t cols, float* tile) {
  for (size_t i = 0; i < cols * kPanelRows; ++i) tile[i] = half_to_float(panel[i]);
}

void unpack_panel_s8(const int8_t* panel, const float* row_scales, size_t cols, float* tile) {
  for (size_t k = 0; k < cols; ++k) {
    for (size_t r = 0; r < kPanelRows; ++r) {
      const float weight = panel[(k / 4 * kPanelRows + r) * 4 + k % 4];
      tile[k * kPanelRows + r] = weight * row_scales[r];
    }
  }
}

void unpack_panel_s4(const uint8_t* panel, const uint16_t* group_scales, size_t cols, float* tile) {
  for (size_t k = 0; k < cols; ++k) {
    for (size_t r = 0; r < kPanelRows; ++r) {
      const float weight = static_cast<float>(nibble(panel, r, k) - 8);
      tile[k * kPanelRows + r] =
          weight * half_to_float(group_scales[k / kGroupCols * kPanelRows + r]);
    }
  }
}

void gemm_tile_f32(const float* a, size_t a_stride, size_t m, size_t cols, const float* tile,
                   const float* bias, float* c, size_t c_stride, size_t n) {
  for (size_t i = 0; i < m; ++i) {
    for (size_t r = 0; r < n; ++r) {
      float sum = 0;
      for (size_t k = 0; k < cols; ++k) sum += a[i * a_stride + k] * tile[k * kPanelRows + r];
      c[i * c_stride + r] = bias != nullptr ? sum + bias[r] : sum;
    }
  }
}

// In double: in float, equal inputs of 1e6 would already have a mean that is off by more than
// sqrt(eps), and the normalised zeros would come out near one.
void layer_norm_f32(const float* x, const float* gain, const float* bias, float eps, size_t count,
                    float* y) {
  double sum = 0;
  for (size_t i = 0; i < count; ++i) sum += x[i];
  const double mean = sum / static_cast<double>(count);
  double squares = 0;
  for (size_t i = 0; i < count; ++i) squares += (x[i] - mean) * (x[i] - mean);
  const double factor = 1 / sqrt(squares / static_cast<double>(count) + eps);
  for (size_t i = 0; i < count; ++i) {
    y[i] = static_cast<float>((x[i] - mean) * factor * gain[i] + bias[i]);
  }
}

void relu_f32(float* x, size_t count) {
  // Not a choice between values: LLVM may take that for a maximum, which loses -0 and a NaN's sign (its
  // issue 93414; WebAssembly).
  for (size_t i = 0; i < count; ++i) {
    if (x[i] < 0) x[i] = 0;
  }
}

void gelu_erf_f32(float* x, size_t count) {
  for (size_t i = 0; i < count; ++i) x[i] = x[i] * (0.5f * (1 + erff(x[i] * 0.70710678f)));
}

void gelu_tanh_f32(float* x, size_t count) {
  for (size_t i = 0; i < count; ++i) {
    const float cubic = 0.044715f * x[i] * x[i] * x[i];
    x[i] = x[i] * (0.5f * (1 + tanhf(0.79788456f * (x[i] + cubic))));
  }
}

void silu_f32(float* x, size_t count) {
  for (size_t i = 0; i < count; ++i) x[i] = x[i] / (1 + expf(-x[i]));
}

float dot_f32(const float* a, const float* b, size_t count) {
  float sum = 0;
  for (size_t i = 0; i < count; ++i) sum += a[i] * b[i];
  return sum;
}

void attention_f32(const float* query, const float* keys, const float* values, size_t stride,
                   size_t count, size_t head_dim, float scale, float first_weight, float* weights,
                   float* out) {
  size_t first = 0;
  if (first_weight == 0) {
    weights[0] = 0;
    first = 1;
  }
  float largest = -INFINITY;
  for (size_t t = first; t < count; ++t) {
    weights[t] = scale * dot_f32(query, keys + t * stride, head_dim);
    largest = weights[t] > largest ? weights[t] : largest;
  }
  double total = 0;
  for (size_t t = first; t < count; ++t) {
    weights[t] = expf(weights[t] - largest);
    if (t == 0) weights[t] *= first_weight;
    total += weights[t];
  }
  const float inverse = static_cast<float>(1 / total);
  for (size_t t = first; t < count; ++t) weights[t] *= inverse;
  for (size_t d = 0; d < head_dim; ++d) {
    double sum = 0;
    for (size_t t = first; t < count; ++t) {
      sum += static_cast<double>(weights[t]) * values[t * stride + d];
    }
    out[d] = static_cast<float>(sum);
  }
}

void attention_block_f32(const float* queries, size_t query_stride, size_t query_count,
                         const float* keys, const float* values, size_t stride, size_t count,
                         size_t step, size_t head_dim, float scale, float first_weight,
                         float* scratch, float* out, size_t out_stride) {
  for (size_t i = 0; i < query_count; ++i) {
    attention_f32(queries + i * query_stride, keys, values, stride,
                  count - (query_count - 1 - i) * step, head_dim, scale, first_weight, scratch,
                  out + i * out_stride);
  }
}

void axpy_f32(float factor, const float* x, size_t count, float* y) {
  for (size_t i = 0; i < count; ++i) y[i] += factor * x[i];
}

}  // namespace

void init_scalar(KernelTable* table) {
#define PINTLE_KERNEL(name, precision, result, parameters) table->name = name;
#include "kernel_list.inc"
#undef PINTLE_KERNEL
}

}  // namespace pintle

PINTLE_BASELINE_END
