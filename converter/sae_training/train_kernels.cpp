// SPDX-License-Identifier: Apache-2.0
//
// Compiled twice on x86: as it is, and by train_kernels_avx2.cpp.
#ifndef PINTLE_TRAIN_ISA
#define PINTLE_TRAIN_ISA baseline
#endif
#include "converter/sae_training/train_kernels.h"

#include <math.h>
#include <string.h>

#include <Eigen/Core>

#define PINTLE_TRAIN_JOIN2(a, b) a##b
#define PINTLE_TRAIN_JOIN(a, b) PINTLE_TRAIN_JOIN2(a, b)
#define PINTLE_TRAIN_TEXT2(a) #a
#define PINTLE_TRAIN_TEXT(a) PINTLE_TRAIN_TEXT2(a)

namespace pintle::converter {
namespace {

using RowMatrix = Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

void encode_chunk(const TrainStep& step, const TrainTensors& weights, const float* x, int64_t rows,
                  float* pre) {
  const Eigen::Map<const RowMatrix> encoder(weights.encoder, step.dict, step.dim);
  const Eigen::Map<const RowMatrix> in(x, rows, step.dim);
  Eigen::Map<RowMatrix> out(pre, rows, step.dict);
  out.noalias() = in * encoder.transpose();
  out.rowwise() += Eigen::Map<const Eigen::RowVectorXf>(weights.encoder_bias, step.dict);
}

// Maps a float to an integer of the same order.
inline int32_t ordered(float v) {
  int32_t bits;
  memcpy(&bits, &v, sizeof bits);
  return bits ^ ((bits >> 31) & 0x7fffffff);
}

inline float from_ordered(int32_t o) {
  const int32_t bits = o ^ ((o >> 31) & 0x7fffffff);
  float v;
  memcpy(&v, &bits, sizeof v);
  return v;
}

// The k-th largest of n values, 1 <= k <= n: bisection over the bit patterns, each pass a count.
float kth_largest(const float* v, int64_t n, int64_t k) {
  int64_t low = INT32_MIN, high = INT32_MAX;  // at least k values are >= low
  while (low < high) {
    const int64_t middle = low + (high - low + 1) / 2;
    const int32_t bound = static_cast<int32_t>(middle);
    int32_t count = 0;
    for (int64_t i = 0; i < n; ++i) count += ordered(v[i]) >= bound ? 1 : 0;
    if (count >= k) {
      low = middle;
    } else {
      high = middle - 1;
    }
  }
  return from_ordered(static_cast<int32_t>(low));
}

// Appends the entries of `row` above `floor`; returns their number.
int64_t collect(const float* row, int64_t dict, float floor, uint32_t* index, float* value) {
  int64_t n = 0;
  for (int64_t j = 0; j < dict; ++j) {
    index[n] = static_cast<uint32_t>(j);
    value[n] = row[j];
    n += row[j] > floor ? 1 : 0;
  }
  return n;
}

// Keeps the k largest of n entries, in place and in order; of equal ones the first.
int64_t keep_largest(uint32_t* index, float* value, int64_t n, int64_t k, float bound) {
  int64_t above = 0;
  for (int64_t i = 0; i < n; ++i) above += value[i] > bound ? 1 : 0;
  int64_t kept = 0, equal_left = k - above;
  for (int64_t i = 0; i < n; ++i) {
    bool keep = value[i] > bound;
    if (!keep && value[i] == bound && equal_left > 0) {
      keep = true;
      --equal_left;
    }
    index[kept] = index[i];
    value[kept] = value[i];
    kept += keep ? 1 : 0;
  }
  return kept;
}

void select_top_k(const TrainStep& step, int64_t rows, TrainScratch* scratch) {
  const int64_t k = static_cast<int64_t>(step.k);
  int64_t end = 0;
  for (int64_t r = 0; r < rows; ++r) {
    scratch->row_start[r] = end;
    const float* row = scratch->pre + r * step.dict;
    uint32_t* index = scratch->index + end;
    float* value = scratch->value + end;
    int64_t n = collect(row, step.dict, scratch->guess, index, value);
    if (n < k) n = collect(row, step.dict, 0, index, value);
    if (n > k) {
      const float bound = kth_largest(value, n, k);
      n = keep_largest(index, value, n, k, bound);
      scratch->guess = 0.7f * bound;
    }
    end += n;
  }
  scratch->row_start[rows] = end;
}

int64_t collect_chunk(const TrainStep& step, int64_t rows, float floor, TrainScratch* scratch) {
  int64_t end = 0;
  for (int64_t r = 0; r < rows; ++r) {
    scratch->row_start[r] = end;
    end += collect(scratch->pre + r * step.dict, step.dict, floor, scratch->index + end,
                   scratch->value + end);
  }
  scratch->row_start[rows] = end;
  return end;
}

void select_batch_top_k(const TrainStep& step, int64_t rows, TrainScratch* scratch,
                        TrainCounts* counts) {
  const int64_t budget = static_cast<int64_t>(step.k * static_cast<double>(rows) + 0.5);
  int64_t n = collect_chunk(step, rows, scratch->guess, scratch);
  if (n < budget) n = collect_chunk(step, rows, 0, scratch);
  float bound = 0;
  if (n > budget) {
    bound = kth_largest(scratch->value, n, budget);
    int64_t end = 0, begin = 0;
    for (int64_t r = 0; r < rows; ++r) {  // ties at the bound all stay: they share the threshold
      const int64_t stop = scratch->row_start[r + 1];
      scratch->row_start[r] = end;
      for (int64_t i = begin; i < stop; ++i) {
        scratch->index[end] = scratch->index[i];
        scratch->value[end] = scratch->value[i];
        end += scratch->value[i] >= bound ? 1 : 0;
      }
      begin = stop;
    }
    scratch->row_start[rows] = end;
    scratch->guess = 0.8f * bound;
  }
  counts->threshold_sum += static_cast<double>(bound);
  ++counts->chunks;
}

inline float dot(const float* a, const float* b, int64_t n) {
  return Eigen::Map<const Eigen::VectorXf>(a, n).dot(Eigen::Map<const Eigen::VectorXf>(b, n));
}

inline void add_scaled(float scale, const float* from, float* to, int64_t n) {
  for (int64_t i = 0; i < n; ++i) to[i] += scale * from[i];
}

// Gradients of one feature that is on: df is the loss's derivative by its value.
inline void add_feature_gradient(int64_t dim, int64_t j, float value, float df, const float* x,
                                 const float* error, float error_scale, const TrainTensors& g) {
  add_scaled(value * error_scale, error, g.decoder + j * dim, dim);
  add_scaled(df, x, g.encoder + j * dim, dim);
  g.encoder_bias[j] += df;
}

// The dead features try to explain what the living ones left (aux-k of arXiv:2406.04093), so that
// they get a gradient at all. Their pre-activations take part without a ReLU: one that is negative
// everywhere could not come back otherwise.
void accumulate_aux(const TrainStep& step, const TrainTensors& weights, const float* x,
                    const float* pre, const float* residual, TrainScratch* scratch,
                    const TrainTensors& g) {
  const int64_t dim = step.dim;
  uint32_t* index = scratch->aux_index;
  float* value = scratch->aux_value;
  for (int64_t i = 0; i < step.dead_count; ++i) {
    index[i] = step.dead[i];
    value[i] = pre[step.dead[i]];
  }
  int64_t n = step.dead_count;
  if (n > step.aux_k)
    n = keep_largest(index, value, n, step.aux_k, kth_largest(value, n, step.aux_k));
  float* error = scratch->aux_error;  // decoded dead features - (x - x_hat)
  memcpy(error, residual, static_cast<size_t>(dim) * sizeof(float));
  for (int64_t i = 0; i < n; ++i) {
    add_scaled(value[i], weights.decoder + static_cast<int64_t>(index[i]) * dim, error, dim);
  }
  const float scale = 2 * step.aux_scale;
  for (int64_t i = 0; i < n; ++i) {
    const int64_t j = index[i];
    const float df = scale * dot(error, weights.decoder + j * dim, dim);
    add_feature_gradient(dim, j, value[i], df, x, error, scale, g);
  }
}

// scratch->residual[g] = what the features of nested dictionary g get wrong (x_hat - x), plus the
// same of all larger ones: the error whose square's gradient the features that are new in g follow.
// Entries [begin, end) of the lists belong to the row; their indices ascend.
void reconstruct(const TrainStep& step, const TrainTensors& weights, const float* x, int64_t begin,
                 int64_t end, TrainScratch* scratch) {
  const int64_t dim = step.dim;
  int64_t i = begin;
  for (int64_t group = 0; group < step.nested_count; ++group) {
    float* residual = scratch->residual + group * dim;
    if (group == 0) {
      for (int64_t d = 0; d < dim; ++d) residual[d] = weights.decoder_bias[d] - x[d];
    } else {
      memcpy(residual, residual - dim, static_cast<size_t>(dim) * sizeof(float));
    }
    for (; i < end && scratch->index[i] < step.nested_end[group]; ++i) {
      add_scaled(scratch->value[i], weights.decoder + scratch->index[i] * dim, residual, dim);
    }
  }
  for (int64_t group = step.nested_count - 2; group >= 0; --group) {
    add_scaled(1, scratch->residual + (group + 1) * dim, scratch->residual + group * dim, dim);
  }
}

// scratch->item_error = item_decoder^T f + item_bias - target, of the row with entries [begin, end).
void item_error(const TrainStep& step, const TrainTensors& weights, const float* target,
                int64_t begin, int64_t end, TrainScratch* scratch) {
  float* error = scratch->item_error;
  for (int64_t d = 0; d < step.dim; ++d) error[d] = weights.item_bias[d] - target[d];
  for (int64_t i = begin; i < end; ++i) {
    const float* row = weights.item_decoder + scratch->index[i] * step.dim;
    add_scaled(scratch->value[i], row, error, step.dim);
  }
}

void accumulate_chunk(const TrainStep& step, const TrainTensors& weights, const float* x,
                      const float* targets, int64_t rows, TrainScratch* scratch,
                      const TrainTensors& g, TrainCounts* counts) {
  const int64_t dim = step.dim;
  encode_chunk(step, weights, x, rows, scratch->pre);
  switch (step.selection) {
    case TrainSelection::kPositive:
      collect_chunk(step, rows, 0, scratch);
      break;
    case TrainSelection::kTopK:
      select_top_k(step, rows, scratch);
      break;
    case TrainSelection::kBatchTopK:
      select_batch_top_k(step, rows, scratch, counts);
      break;
  }
  for (int64_t r = 0; r < rows; ++r, x += dim) {
    const int64_t begin = scratch->row_start[r], end = scratch->row_start[r + 1];
    reconstruct(step, weights, x, begin, end, scratch);
    const float* residual = scratch->residual + (step.nested_count - 1) * dim;
    counts->squared_error += static_cast<double>(dot(residual, residual, dim));
    counts->active += static_cast<double>(end - begin);
    const bool tells_item = step.item_scale > 0;
    const float item_step = 2 * step.item_scale;
    if (tells_item) {
      item_error(step, weights, targets + r * dim, begin, end, scratch);
      add_scaled(item_step, scratch->item_error, g.item_bias, dim);
    }
    int64_t group = 0;
    for (int64_t i = begin; i < end; ++i) {
      const int64_t j = scratch->index[i];
      counts->fired[j] = 1;
      while (j >= step.nested_end[group]) ++group;
      const float* error = scratch->residual + group * dim;
      float df = 2 * dot(error, weights.decoder + j * dim, dim) + step.l1;
      if (tells_item) {
        df += item_step * dot(scratch->item_error, weights.item_decoder + j * dim, dim);
        add_scaled(item_step * scratch->value[i], scratch->item_error, g.item_decoder + j * dim,
                   dim);
      }
      add_feature_gradient(dim, j, scratch->value[i], df, x, error, 2, g);
    }
    add_scaled(2, scratch->residual, g.decoder_bias, dim);
    if (step.dead_count > 0) {
      accumulate_aux(step, weights, x, scratch->pre + r * step.dict, residual, scratch, g);
    }
  }
}

void accumulate(const TrainStep& step, const TrainTensors& weights, const float* x,
                const float* targets, int64_t rows, TrainScratch* scratch,
                const TrainTensors& gradients, TrainCounts* counts) {
  for (int64_t done = 0; done < rows; done += kTrainChunk) {
    const int64_t n = rows - done < kTrainChunk ? rows - done : kTrainChunk;
    accumulate_chunk(step, weights, x + done * step.dim, targets + done * step.dim, n, scratch,
                     gradients, counts);
  }
}

void adam_span(const AdamStep& step, float* w, const float* g, float* m, float* v, int64_t n) {
  const float rest1 = 1 - step.beta1, rest2 = 1 - step.beta2;
  for (int64_t i = 0; i < n; ++i) {
    m[i] = step.beta1 * m[i] + rest1 * g[i];
    v[i] = step.beta2 * v[i] + rest2 * g[i] * g[i];
    w[i] -= step.learning_rate * (m[i] * step.correction1) /
            (sqrtf(v[i] * step.correction2) + step.epsilon);
  }
}

void adam(const AdamStep& step, float* w, float* g, float* m, float* v, int64_t n,
          int64_t unit_row) {
  for (int64_t i = 0; i < n; ++i) g[i] *= step.gradient_scale;
  if (unit_row == 0) {
    adam_span(step, w, g, m, v, n);
    return;
  }
  for (int64_t i = 0; i < n; i += unit_row) {
    add_scaled(-dot(g + i, w + i, unit_row), w + i, g + i, unit_row);
    adam_span(step, w + i, g + i, m + i, v + i, unit_row);
    const float scale = 1 / sqrtf(dot(w + i, w + i, unit_row) + 1e-30f);
    for (int64_t d = 0; d < unit_row; ++d) w[i + d] *= scale;
  }
}

constexpr TrainKernels kKernels = {PINTLE_TRAIN_TEXT(PINTLE_TRAIN_ISA), accumulate, adam};

}  // namespace

const TrainKernels* PINTLE_TRAIN_JOIN(train_kernels_, PINTLE_TRAIN_ISA)() { return &kKernels; }

}  // namespace pintle::converter
