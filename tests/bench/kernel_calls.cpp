// SPDX-License-Identifier: Apache-2.0
#include "kernel_calls.h"

namespace pintle::bench {
namespace {

constexpr size_t kMostWeights = 3424 * 64, kMostRows = 3424;
constexpr size_t kDim = 64, kHeadDim = 32;  // of a block
constexpr size_t kStride = 2 * kDim;  // keys and values side by side, as a session caches them
constexpr size_t kMostKeys = 200, kQueries = 16;
constexpr size_t kGemmRows = 200;  // a whole history
constexpr size_t kMostCols = 256;

alignas(64) float weights[kMostWeights], scales[kMostRows];
alignas(64) uint16_t halves[kMostWeights];
alignas(64) uint8_t bytes[kMostWeights];
alignas(64) float rows[kGemmRows * kMostCols];
alignas(64) float cache[(kMostKeys + kQueries) * kStride];
alignas(64) float x[kMostRows], tile[kMostCols * kPanelRows], out[kMostRows];
alignas(64) float scratch[kQueries * (kHeadDim + kMostKeys)];
alignas(64) int16_t quantized[kMostRows], requantized[kMostCols];
uint16_t masks[kMostRows / kPanelRows];
float results[2];

constexpr size_t panels(size_t row_count) { return (row_count + kPanelRows - 1) / kPanelRows; }
const int8_t* signed_bytes() { return reinterpret_cast<const int8_t*>(bytes); }

template <size_t kRows, size_t kCols>
struct Products {
  static void f32(const KernelTable& kernels) {
    kernels.matvec_f32(weights, panels(kRows), kCols, x, out);
  }
  static void f16(const KernelTable& kernels) {
    kernels.matvec_f16(halves, panels(kRows), kCols, x, out);
  }
  static void s8(const KernelTable& kernels) {
    kernels.matvec_s8(signed_bytes(), scales, panels(kRows), kCols, quantized, 1e-3f, out);
  }
  static void s4(const KernelTable& kernels) {
    kernels.matvec_s4(bytes, halves, panels(kRows), kCols, quantized, 1e-3f, out);
  }
  static void scan_s8(const KernelTable& kernels) {
    ScanHits hits;  // no score is above: one call passes over all panels
    kernels.scan_s8(signed_bytes(), scales, nullptr, panels(kRows), kCols, quantized, 1e-3f,
                    __builtin_inff(), &hits);
  }
  static void scan_s4(const KernelTable& kernels) {
    ScanHits hits;
    kernels.scan_s4(bytes, halves, nullptr, panels(kRows), kCols, quantized, 1e-3f,
                    __builtin_inff(), &hits);
  }
};

template <size_t kCols>
struct Panels {
  static void f16(const KernelTable& kernels) { kernels.unpack_panel_f16(halves, kCols, tile); }
  static void s8(const KernelTable& kernels) {
    kernels.unpack_panel_s8(signed_bytes(), scales, kCols, tile);
  }
  static void s4(const KernelTable& kernels) {
    kernels.unpack_panel_s4(bytes, halves, kCols, tile);
  }
};

template <size_t kRows, size_t kCols, size_t kOutputs>
void gemm(const KernelTable& kernels) {
  kernels.gemm_tile_f32(rows, kCols, kRows, kCols, weights, scales, out, kPanelRows, kOutputs);
}

template <size_t kKeys, size_t kSize>
void attention(const KernelTable& kernels) {
  kernels.attention_f32(x, cache, cache + kDim, kStride, kKeys, kSize, 0.2f, 1, scratch, out);
}

template <size_t kKeys, size_t kSize, size_t kCount>
void attention_block(const KernelTable& kernels) {
  kernels.attention_block_f32(cache + kKeys * kStride, kStride, kCount, cache, cache + kDim,
                              kStride, kKeys, 1, kSize, 0.2f, 1, scratch, out, kDim);
}

template <size_t kCount>
struct Vectors {
  static void layer_norm(const KernelTable& kernels) {
    kernels.layer_norm_f32(x, rows, rows + kCount, 1e-5f, kCount, out);
  }
  // In place, on values that are the same for every call.
  template <void (*KernelTable::*kKernel)(float*, size_t)>
  static void activation(const KernelTable& kernels) {
    for (size_t i = 0; i < kCount; ++i) out[i] = x[i];
    (kernels.*kKernel)(out, kCount);
  }
  static void dot(const KernelTable& kernels) { results[0] = kernels.dot_f32(x, rows, kCount); }
  static void axpy(const KernelTable& kernels) { kernels.axpy_f32(1e-9f, x, kCount, out); }
  static void quantize(const KernelTable& kernels) {
    results[0] = kernels.quantize_s16(x, kCount, 8191, requantized);
  }
  static void exp_sum(const KernelTable& kernels) {
    results[0] = kernels.exp_sum_f32(x, kCount, 1, &results[1]);
  }
  static void above(const KernelTable& kernels) {
    kernels.above_f32(weights, scales, kCount / kPanelRows, 0.99f, masks);
  }
};

bool is_same(const char* a, const char* b) {
  for (; *a == *b; ++a, ++b) {
    if (*a == 0) return true;
  }
  return false;
}

}  // namespace

const KernelCall kKernelCalls[] = {
    {"matvec_f32", "64 x 64", Products<64, 64>::f32},
    {"matvec_f32", "256 x 64", Products<256, 64>::f32},
    {"matvec_f32", "64 x 256", Products<64, 256>::f32},
    {"matvec_f32", "64 x 50", Products<64, 50>::f32},
    {"matvec_f32", "3416 x 64", Products<3416, 64>::f32},
    {"matvec_f16", "64 x 64", Products<64, 64>::f16},
    {"matvec_f16", "256 x 64", Products<256, 64>::f16},
    {"matvec_f16", "64 x 256", Products<64, 256>::f16},
    {"matvec_f16", "3416 x 64", Products<3416, 64>::f16},
    {"matvec_s8", "64 x 64", Products<64, 64>::s8},
    {"matvec_s8", "256 x 64", Products<256, 64>::s8},
    {"matvec_s8", "64 x 256", Products<64, 256>::s8},
    {"matvec_s8", "3416 x 64", Products<3416, 64>::s8},
    {"matvec_s4", "64 x 64", Products<64, 64>::s4},
    {"matvec_s4", "256 x 64", Products<256, 64>::s4},
    {"matvec_s4", "64 x 256", Products<64, 256>::s4},
    {"matvec_s4", "3416 x 64", Products<3416, 64>::s4},
    {"scan_s8", "3416 x 64", Products<3416, 64>::scan_s8},
    {"scan_s4", "3416 x 64", Products<3416, 64>::scan_s4},
    {"above_f32", "1024", Vectors<1024>::above},
    {"above_f32", "3424", Vectors<3424>::above},
    {"exp_sum_f32", "1024", Vectors<1024>::exp_sum},
    {"exp_sum_f32", "3416", Vectors<3416>::exp_sum},
    {"quantize_s16", "64", Vectors<64>::quantize},
    {"quantize_s16", "256", Vectors<256>::quantize},
    {"unpack_panel_f16", "64", Panels<64>::f16},
    {"unpack_panel_f16", "256", Panels<256>::f16},
    {"unpack_panel_s8", "64", Panels<64>::s8},
    {"unpack_panel_s8", "256", Panels<256>::s8},
    {"unpack_panel_s4", "64", Panels<64>::s4},
    {"unpack_panel_s4", "256", Panels<256>::s4},
    {"gemm_tile_f32", "200 x 64", gemm<200, 64, 16>},
    {"gemm_tile_f32", "200 x 128", gemm<200, 128, 16>},
    {"gemm_tile_f32", "200 x 256", gemm<200, 256, 16>},
    {"gemm_tile_f32", "200 x 50 to 2", gemm<200, 50, 2>},
    {"gemm_tile_f32", "1 x 64", gemm<1, 64, 16>},
    {"gemm_tile_f32", "3 x 64", gemm<3, 64, 16>},
    {"layer_norm_f32", "50", Vectors<50>::layer_norm},
    {"layer_norm_f32", "64", Vectors<64>::layer_norm},
    {"layer_norm_f32", "128", Vectors<128>::layer_norm},
    {"layer_norm_f32", "256", Vectors<256>::layer_norm},
    {"relu_f32", "256", Vectors<256>::activation<&KernelTable::relu_f32>},
    {"relu_f32", "512", Vectors<512>::activation<&KernelTable::relu_f32>},
    {"gelu_erf_f32", "256", Vectors<256>::activation<&KernelTable::gelu_erf_f32>},
    {"gelu_erf_f32", "512", Vectors<512>::activation<&KernelTable::gelu_erf_f32>},
    {"gelu_tanh_f32", "256", Vectors<256>::activation<&KernelTable::gelu_tanh_f32>},
    {"gelu_tanh_f32", "512", Vectors<512>::activation<&KernelTable::gelu_tanh_f32>},
    {"silu_f32", "256", Vectors<256>::activation<&KernelTable::silu_f32>},
    {"silu_f32", "512", Vectors<512>::activation<&KernelTable::silu_f32>},
    {"attention_f32", "50 keys of 32", attention<50, 32>},
    {"attention_f32", "128 keys of 32", attention<128, 32>},
    {"attention_f32", "200 keys of 32", attention<200, 32>},
    {"attention_f32", "50 keys of 25", attention<50, 25>},
    {"attention_f32", "200 keys of 64", attention<200, 64>},
    {"attention_block_f32", "50 keys of 32", attention_block<50, 32, 16>},
    {"attention_block_f32", "128 keys of 32", attention_block<128, 32, 16>},
    {"attention_block_f32", "200 keys of 32", attention_block<200, 32, 16>},
    {"attention_block_f32", "50 keys of 25", attention_block<50, 25, 16>},
    {"attention_block_f32", "50 keys of 32, 3 queries", attention_block<50, 32, 3>},
    {"dot_f32", "50", Vectors<50>::dot},
    {"dot_f32", "64", Vectors<64>::dot},
    {"dot_f32", "256", Vectors<256>::dot},
    {"axpy_f32", "50", Vectors<50>::axpy},
    {"axpy_f32", "64", Vectors<64>::axpy},
    {"axpy_f32", "256", Vectors<256>::axpy},
};
const size_t kKernelCallCount = sizeof kKernelCalls / sizeof kKernelCalls[0];

void fill_inputs() {
  uint32_t state = 1;
  const auto next = [&state] { return (state = state * 1664525u + 1013904223u) >> 8; };
  const auto fill = [&](float* p, size_t count) {  // [-1, 1)
    for (size_t i = 0; i < count; ++i) p[i] = static_cast<float>(next()) * 0x1p-23f - 1;
  };
  fill(weights, kMostWeights);
  fill(scales, kMostRows);
  fill(rows, kGemmRows * kMostCols);
  fill(cache, (kMostKeys + kQueries) * kStride);
  fill(x, kMostRows);
  for (size_t i = 0; i < kMostWeights; ++i) {
    halves[i] = static_cast<uint16_t>(0x3000 + next() % 0x800);  // [1/8, 1/2)
    bytes[i] = static_cast<uint8_t>(next());
  }
  for (size_t i = 0; i < kMostRows; ++i) quantized[i] = static_cast<int16_t>(next() % 8192);
}

uint32_t bits_of(const KernelCall& call, const KernelTable& kernels) {
  uint32_t hash = 2166136261u;  // FNV-1a
  const auto each_output = [](const auto& function) {
    function(out), function(scratch), function(tile), function(requantized), function(masks);
    function(results);
  };
  each_output([](auto& output) { __builtin_memset(output, 0, sizeof output); });
  call.run(kernels);
  each_output([&hash](const auto& output) {
    const auto* data = reinterpret_cast<const unsigned char*>(output);
    for (size_t i = 0; i < sizeof output; ++i) hash = (hash ^ data[i]) * 16777619u;
  });
  return hash;
}

const char* kernel_without_call() {
  static const char* const kKernels[] = {
#define PINTLE_KERNEL(name, precision, result, parameters) #name,
#include "kernel_list.inc"
#undef PINTLE_KERNEL
  };
  for (const char* kernel : kKernels) {
    bool is_called = false;
    for (const KernelCall& call : kKernelCalls) {
      is_called = is_called || is_same(call.kernel, kernel);
    }
    if (!is_called) return kernel;
  }
  return nullptr;
}

KernelTable table_of(Lookup lookup, const char* isa) {
  KernelTable table;
#define PINTLE_KERNEL(name, precision, result, parameters) \
  table.name = reinterpret_cast<result(*) parameters>(lookup(isa, #name));
#include "kernel_list.inc"
#undef PINTLE_KERNEL
  return table;
}

}  // namespace pintle::bench
