// SPDX-License-Identifier: Apache-2.0
//
// Attention of one query, and of sixteen side by side.
#ifndef PINTLE_KERNELS_FLOAT_ATTENTION_H_
#define PINTLE_KERNELS_FLOAT_ATTENTION_H_

#include "float_products.h"

namespace pintle::internal {
namespace {

// Calls function(width, d, left) for pieces of a row of `size` numbers, as wide as the Widths allow in
// their order: from number d on, where `left` are.
template <typename... Each, typename Function>
void each_piece(Widths<Each...>, size_t size, const Function& function) {
  size_t d = 0;
  const auto take = [&](auto width) {
    constexpr size_t kMost = width.vectors * kLanes;
    constexpr size_t kLeast = width.is_ragged ? kMost - kLanes + 1 : kMost;
    for (; d + kLeast <= size; d += kMost) function(width, d, size - d);
  };
  (take(Each()), ...);
}

// A piece's last vector.
template <typename Width>
auto last_lanes(size_t left) {
  if constexpr (Width::is_ragged) {
    constexpr size_t kBefore = (Width::vectors - 1) * kLanes;
    return part(left < kBefore + kLanes ? left - kBefore : kLanes);
  } else {
    return Whole();
  }
}

template <typename Width, typename Last>
PINTLE_INLINE Vector load_piece(const float* p, int u, Last last) {
  return u + 1 < Width::vectors ? load(p + u * kLanes) : load(p + u * kLanes, last);
}

template <typename Width, typename Last>
PINTLE_INLINE void store_piece(float* p, int u, Vector v, Last last) {
  if (u + 1 < Width::vectors) {
    store(p + u * kLanes, v);
  } else {
    store(p + u * kLanes, v, last);
  }
}

// ---- One query ------------------------------------------------------------------------------------

// weights[t] = scale * query . key t
void score_keys(const float* query, const float* keys, size_t stride, size_t count, size_t head_dim,
                float scale, float* weights) {
  const size_t last = count - 1;
  for (size_t t = 0; t < count; t += 4) {
    const float* const rows[4] = {keys + t * stride, keys + (t + 1 < last ? t + 1 : last) * stride,
                                  keys + (t + 2 < last ? t + 2 : last) * stride,
                                  keys + (t + 3 < last ? t + 3 : last) * stride};
    Vector sums[4];
    PINTLE_UNROLL
    for (int u = 0; u < 4; ++u) sums[u] = zero();
    each_vector(head_dim, [&](size_t d, auto lanes) {
      const Vector q = load(query + d, lanes);
      PINTLE_UNROLL
      for (int u = 0; u < 4; ++u) sums[u] = multiply_add(sums[u], q, load(rows[u] + d, lanes));
    });
    store_sums(weights + t, sums, scale, count - t < 4 ? count - t : 4);
  }
}

// weights become e^(weight - largest) over their sum, the first one counted first_weight times.
void softmax(float* weights, size_t count, float first_weight) {
  Vector largest = broadcast(weights[0]);
  each_vector(count, [&](size_t t, auto lanes) {
    largest = max(largest, select(lanes, load(weights + t, lanes), largest));
  });
  largest = broadcast(reduce_max(largest));
  Vector factor = select(part(1), broadcast(first_weight), broadcast(1));
  Vector total = zero();
  each_vector(count, [&](size_t t, auto lanes) {
    const Vector e = exp(sub(load(weights + t, lanes), largest));
    const Vector w = keep(lanes, mul(e, factor));
    factor = broadcast(1);
    total = add(total, w);
    store(weights + t, w, lanes);
  });
  const Vector inverse = broadcast(1 / reduce_sum(total));
  each_vector(count, [&](size_t t, auto lanes) {
    store(weights + t, mul(load(weights + t, lanes), inverse), lanes);
  });
}

// out[d] (+)= sum_t weights[t] values[t][d], kValueKeys keys at a time, each with its own sums.
template <typename Width>
void add_values(const float* weights, const float* values, size_t stride, size_t count,
                bool is_first, float* out, size_t left) {
  const auto last = last_lanes<Width>(left);
  Vector sums[Width::vectors][kValueKeys];
  PINTLE_UNROLL
  for (int u = 0; u < Width::vectors; ++u) {
    PINTLE_UNROLL
    for (int j = 0; j < kValueKeys; ++j) sums[u][j] = zero();
  }
  size_t t = 0;
  for (; t + kValueKeys <= count; t += kValueKeys) {
    PINTLE_UNROLL
    for (int j = 0; j < kValueKeys; ++j, values += stride) {
      const Vector w = broadcast(weights[t + static_cast<size_t>(j)]);
      PINTLE_UNROLL
      for (int u = 0; u < Width::vectors; ++u) {
        sums[u][j] = multiply_add(sums[u][j], w, load_piece<Width>(values, u, last));
      }
    }
  }
  for (; t < count; ++t, values += stride) {
    const Vector w = broadcast(weights[t]);
    PINTLE_UNROLL
    for (int u = 0; u < Width::vectors; ++u) {
      sums[u][0] = multiply_add(sums[u][0], w, load_piece<Width>(values, u, last));
    }
  }
  PINTLE_UNROLL
  for (int u = 0; u < Width::vectors; ++u) {
    const Vector before = is_first ? zero() : load_piece<Width>(out, u, last);
    store_piece<Width>(out, u, add(before, sum_of(sums[u])), last);
  }
}

void attention_f32(const float* query, const float* keys, const float* values, size_t stride,
                   size_t count, size_t head_dim, float scale, float first_weight, float* weights,
                   float* out) {
  if (first_weight == 0) {
    weights[0] = 0;
    ++weights, --count, keys += stride, values += stride;
    first_weight = 1;
  }
  score_keys(query, keys, stride, count, head_dim, scale, weights);
  softmax(weights, count, first_weight);
  for (size_t t = 0; t < count; t += kBlockKeys) {
    const size_t block = count - t < kBlockKeys ? count - t : kBlockKeys;
    each_piece(ValueWidths(), head_dim, [&](auto width, size_t d, size_t left) {
      add_values<decltype(width)>(weights + t, values + t * stride + d, stride, block, t == 0,
                                  out + d, left);
    });
  }
}

// ---- Sixteen queries ------------------------------------------------------------------------------
//
// Side by side in one vector or several: their products with the keys are a matrix product, their
// softmaxes need no sums across lanes.

constexpr size_t kQueries = 16;

// tile[d][i] = scale * query i's number d, zero for the queries from query_count on.
void pack_queries(const float* queries, size_t query_stride, size_t query_count, size_t head_dim,
                  float scale, float* tile) {
  const Vector scales = broadcast(scale);
  for (size_t first = 0; first < kQueries; first += kLanes) {
    for (size_t d = 0; d < head_dim; d += kLanes) {
      Vector rows[kLanes];
      PINTLE_UNROLL
      for (size_t i = 0; i < kLanes; ++i) {
        rows[i] = first + i < query_count
                      ? load(queries + (first + i) * query_stride + d, head_dim - d)
                      : zero();
      }
      transpose(rows);
      PINTLE_UNROLL
      for (size_t i = 0; i < kLanes; ++i) {
        store(tile + (d + i) * kQueries + first, mul(rows[i], scales));
      }
    }
  }
}

// Of the queries from `first` on, those that see key t: all before `common`, then one fewer a key.
inline Mask visible_lanes(size_t t, size_t common, size_t first) {
  const size_t hidden = t + 1 - common;
  const size_t before = hidden > first ? hidden - first : 0;
  return lanes_from(before < kLanes ? before : kLanes);
}

// scores [count][16] become e^(score - largest), key 0's times first_weight, hidden ones 0;
// inverse[i] = 1 / their sum over the keys.
void exponentials(float* scores, size_t count, size_t common, float first_weight, float* inverse) {
  for (size_t first = 0; first < kQueries; first += kLanes) {
    float* column = scores + first;
    Vector largest = load(column), second = largest;
    size_t t = 1;
    for (; t + 2 <= common; t += 2) {
      largest = max(largest, load(column + t * kQueries));
      second = max(second, load(column + (t + 1) * kQueries));
    }
    if (t < common) largest = max(largest, load(column + t++ * kQueries));
    for (; t < count; ++t) {
      const Vector score = load(column + t * kQueries);
      largest = max(largest, select(visible_lanes(t, common, first), score, largest));
    }
    largest = max(largest, second);
    Vector total = zero();
    for (size_t block = 0; block < count; block += kBlockKeys) {
      const size_t end = count - block < kBlockKeys ? count : block + kBlockKeys;
      const size_t plain_end = end < common ? end : common;
      Vector sum = zero();
      t = block;
      if (t == 0) {  // every query sees it
        sum = mul(exp(sub(load(column), largest)), broadcast(first_weight));
        store(column, sum);
        t = 1;
      }
      for (; t < plain_end; ++t) {
        const Vector e = exp(sub(load(column + t * kQueries), largest));
        store(column + t * kQueries, e);
        sum = add(sum, e);
      }
      for (; t < end; ++t) {
        const Vector e =
            keep(visible_lanes(t, common, first), exp(sub(load(column + t * kQueries), largest)));
        store(column + t * kQueries, e);
        sum = add(sum, e);
      }
      total = add(total, sum);
    }
    store(inverse + first, div(broadcast(1), total));
  }
}

template <int kRow, int kRows, int kVectors, typename Factors>
PINTLE_INLINE void add_row(Factors factors, const Vector (&values)[kVectors],
                           Vector (&sums)[kRows][kVectors]) {
  PINTLE_UNROLL
  for (int u = 0; u < kVectors; ++u) {
    sums[kRow][u] = multiply_add_lane<kRow>(sums[kRow][u], values[u], factors);
  }
  if constexpr (kRow + 1 < kRows) add_row<kRow + 1>(factors, values, sums);
}

// out[i][d] (+)= sum_t weights[t][i] values[t][d] for kRows queries, of which `rows` are written; at the
// end times inverse[i], if not null. Not inlined: of all its copies in one function GCC would spill some.
template <int kRows, typename Width>
__attribute__((noinline)) void add_weighted(const float* weights, const float* values,
                                            size_t stride, size_t count, bool is_first,
                                            const float* inverse, float* out, size_t out_stride,
                                            size_t rows, size_t left) {
  const auto last = last_lanes<Width>(left);
  Vector sums[kRows][Width::vectors];
  PINTLE_UNROLL
  for (int i = 0; i < kRows; ++i) {
    PINTLE_UNROLL
    for (int u = 0; u < Width::vectors; ++u) sums[i][u] = zero();
  }
  for (size_t t = 0; t < count; ++t, weights += kQueries, values += stride) {
    Vector v[Width::vectors];
    PINTLE_UNROLL
    for (int u = 0; u < Width::vectors; ++u) v[u] = load_piece<Width>(values, u, last);
    add_row<0>(load_factors<kRows>(weights), v, sums);
  }
  PINTLE_UNROLL
  for (int i = 0; i < kRows; ++i, out += out_stride) {
    if (static_cast<size_t>(i) >= rows) return;
    PINTLE_UNROLL
    for (int u = 0; u < Width::vectors; ++u) {
      Vector sum = sums[i][u];
      if (!is_first) sum = add(sum, load_piece<Width>(out, u, last));
      if (inverse != nullptr) sum = mul(sum, broadcast(inverse[i]));
      store_piece<Width>(out, u, sum, last);
    }
  }
}

// weights [count][16] and inverse: from the first of these queries on.
template <int kRows, int... kFewer>
void add_weighted_rows(Counts<kRows, kFewer...>, const float* weights, const float* values,
                       size_t stride, size_t count, bool is_first, const float* inverse, float* out,
                       size_t out_stride, size_t query_count, size_t head_dim) {
  constexpr size_t kLeast = sizeof...(kFewer) == 0 ? 1 : kRows;
  size_t i = 0;
  for (; i + kLeast <= query_count; i += kRows) {
    each_piece(BlockWidths(), head_dim, [&](auto width, size_t d, size_t left) {
      add_weighted<kRows, decltype(width)>(weights + i, values + d, stride, count, is_first,
                                           inverse == nullptr ? nullptr : inverse + i,
                                           out + i * out_stride + d, out_stride,
                                           kLeast == kRows ? kRows : query_count - i, left);
    });
  }
  if constexpr (sizeof...(kFewer) > 0) {
    add_weighted_rows(Counts<kFewer...>(), weights + i, values, stride, count, is_first,
                      inverse == nullptr ? nullptr : inverse + i, out + i * out_stride, out_stride,
                      query_count - i, head_dim);
  }
}

void attention_block_f32(const float* queries, size_t query_stride, size_t query_count,
                         const float* keys, const float* values, size_t stride, size_t count,
                         size_t step, size_t head_dim, float scale, float first_weight,
                         float* scratch, float* out, size_t out_stride) {
  if (first_weight == 0) {
    --count, keys += stride, values += stride;
    first_weight = 1;
  }
  float* scores = scratch + (head_dim + 15) / 16 * 16 * kQueries;
  pack_queries(queries, query_stride, query_count, head_dim, scale, scratch);
  gemm_tile_f32(keys, stride, count, head_dim, scratch, nullptr, scores, kQueries, kQueries);
  float inverse[kQueries];
  const size_t common = step == 0 ? count : count - query_count + 1;
  exponentials(scores, count, common, first_weight, inverse);
  for (size_t t = 0; t < count; t += kBlockKeys) {
    const size_t block = count - t < kBlockKeys ? count - t : kBlockKeys;
    add_weighted_rows(QueryRows(), scores + t * kQueries, values + t * stride, stride, block,
                      t == 0, t + block == count ? inverse : nullptr, out, out_stride, query_count,
                      head_dim);
  }
}

}  // namespace
}  // namespace pintle::internal

#endif  // PINTLE_KERNELS_FLOAT_ATTENTION_H_
