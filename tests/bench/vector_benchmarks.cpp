// SPDX-License-Identifier: Apache-2.0
//
// What a block does beside its products: attention, norms, activations, and the small loops over scores.
// Operations are counted for products alone: how many an exp or a root takes is a matter of taste, so
// those kernels are held against their bytes, which none of them can reach.
#include <cmath>
#include <cstring>
#include <string>
#include <vector>

#include "bench/suite.h"

namespace pintle::bench {
namespace {

constexpr size_t kDim = 64, kHeadDim = 32;
constexpr size_t kStride = 2 * kDim;   // keys and values side by side, as a session caches them
constexpr size_t kQueries = 16;        // of a block
constexpr float kScale = 0.17677669f;  // 1 / sqrt(kHeadDim)

std::string numbered(const char* name, size_t count) {
  return std::string(name) + " " + std::to_string(count);
}

// Keys and values of one head: 2 * kHeadDim floats of every row.
Demand cache_of(size_t keys) { return touches(keys * 2 * kHeadDim * sizeof(float)); }
// A product with the key and one with the value for each pair of query and key.
Demand attention_flops(double pairs) { return multiplies(pairs * 4 * kHeadDim); }

void add_attention(Suite* suite, size_t keys) {
  const double count = static_cast<double>(keys);
  suite->add(numbered("attention_f32", keys) + " keys", {cache_of(keys), attention_flops(count)},
             [=]() -> Call {
               const float* cache = suite->floats((keys + 1) * kStride);
               const float* query = cache + keys * kStride;
               return [=, weights = std::vector<float>(keys),
                       out = std::vector<float>(kHeadDim)]() mutable {
                 suite->kernels.attention_f32(query, cache, cache + kDim, kStride, keys, kHeadDim,
                                              kScale, 1, weights.data(), out.data());
                 benchmark::ClobberMemory();
               };
             });
  // Causal: the last query sees all keys, the first one 15 fewer.
  const double pairs = kQueries * count - kQueries * (kQueries - 1) / 2;
  const size_t scratch = kQueries * (kHeadDim + keys);
  suite->add(numbered("attention_block_f32", keys) + " keys",
             {cache_of(keys), attention_flops(pairs)}, [=]() -> Call {
               const float* cache = suite->floats((keys + kQueries) * kStride);
               const float* queries = cache + keys * kStride;
               auto pages = std::make_shared<Pages>(scratch * sizeof(float));
               return [=, out = std::vector<float>(kQueries * kDim)]() mutable {
                 suite->kernels.attention_block_f32(
                     queries, kStride, kQueries, cache, cache + kDim, kStride, keys, 1, kHeadDim,
                     kScale, 1, reinterpret_cast<float*>(pages->data()), out.data(), kDim);
                 benchmark::ClobberMemory();
               };
             });
}

// In place, on values that are the same for every call: results would drift to 0, and copying them back
// costs as much as a read. Activations take the same time for every normal value.
void add_activation(Suite* suite, const char* name, void (*kernel)(float*, size_t), size_t count) {
  suite->add(numbered(name, count), {touches(count * 2 * sizeof(float))}, [=]() -> Call {
    const float* from = suite->floats(count);
    return [=, x = std::vector<float>(count)]() mutable {
      std::memcpy(x.data(), from, count * sizeof(float));
      kernel(x.data(), count);
      benchmark::ClobberMemory();
    };
  });
}

void add_norm(Suite* suite, size_t count) {
  suite->add(numbered("layer_norm_f32", count), {touches(count * 4 * sizeof(float))},
             [=]() -> Call {
               const float* x = suite->floats(3 * count);
               return [=, y = std::vector<float>(count)]() mutable {
                 suite->kernels.layer_norm_f32(x, x + count, x + 2 * count, 1e-5f, count, y.data());
                 benchmark::ClobberMemory();
               };
             });
}

void add_sums(Suite* suite, size_t count) {
  const double flops = 2.0 * static_cast<double>(count);
  suite->add(numbered("dot_f32", count), {touches(count * 2 * sizeof(float)), multiplies(flops)},
             [=]() -> Call {
               const float* x = suite->floats(2 * count);
               return
                   [=] { benchmark::DoNotOptimize(suite->kernels.dot_f32(x, x + count, count)); };
             });
  suite->add(numbered("axpy_f32", count), {touches(count * 3 * sizeof(float)), multiplies(flops)},
             [=]() -> Call {
               const float* x = suite->floats(count);
               // A tiny factor: y stays finite however often it is called.
               return [=, y = std::vector<float>(count, 1)]() mutable {
                 suite->kernels.axpy_f32(1e-9f, x, count, y.data());
                 benchmark::ClobberMemory();
               };
             });
}

void add_quantize(Suite* suite, size_t count) {
  suite->add(numbered("quantize_s16", count), {touches(count * (sizeof(float) + sizeof(int16_t)))},
             [=]() -> Call {
               const float* x = suite->floats(count);
               return [=, q = std::vector<int16_t>(count)]() mutable {
                 benchmark::DoNotOptimize(
                     suite->kernels.quantize_s16(x, count, activation_limit(count), q.data()));
                 benchmark::ClobberMemory();
               };
             });
}

void add_scores(Suite* suite, size_t count) {
  const size_t panels = (count + kPanelRows - 1) / kPanelRows;
  suite->add(numbered("exp_sum_f32", count), {touches(count * sizeof(float))}, [=]() -> Call {
    const float* x = suite->floats(count);
    return [=, largest = 0.0f]() mutable {
      benchmark::DoNotOptimize(suite->kernels.exp_sum_f32(x, count, 1, &largest));
    };
  });
  suite->add(numbered("above_f32", count),
             {touches(panels * (kPanelRows * sizeof(float) + sizeof(uint16_t)))}, [=]() -> Call {
               const float* x = suite->floats(panels * kPanelRows);
               std::vector<float> scores(x, x + panels * kPanelRows);
               return [=, masks = std::vector<uint16_t>(panels)]() mutable {
                 suite->kernels.above_f32(scores.data(), nullptr, panels, 0.99f, masks.data());
                 benchmark::ClobberMemory();
               };
             });
}

}  // namespace

void add_vector_benchmarks(Suite* suite) {
  for (const size_t keys : {50, 128, 200}) add_attention(suite, keys);
  for (const size_t count : {64, 128, 256}) add_norm(suite, count);
  for (const size_t count : {256, 512}) {  // a feed-forward layer of dimension 64 or 128
    add_activation(suite, "relu_f32", suite->kernels.relu_f32, count);
    add_activation(suite, "gelu_erf_f32", suite->kernels.gelu_erf_f32, count);
    add_activation(suite, "gelu_tanh_f32", suite->kernels.gelu_tanh_f32, count);
    add_activation(suite, "silu_f32", suite->kernels.silu_f32, count);
  }
  for (const size_t count : {64, 256}) {
    add_sums(suite, count);
    add_quantize(suite, count);
  }
  // What a scan without a fused kernel compares at once, and the scores of a whole catalogue.
  for (const size_t count : {1024, 3416}) add_scores(suite, count);
}

}  // namespace pintle::bench
