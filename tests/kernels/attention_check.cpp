// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <cstdio>
#include <cstring>

#include "check.h"

namespace pintle::check {
namespace {

constexpr float kUntouched = 123456.0f;

struct Shape {
  size_t count, head_dim, stride;
  float first_weight;
};

// softmax in double; `error` is what the rounding of the dot products may do to a score.
std::vector<double> exact_weights(const Shape& shape, const Buffer<float>& query,
                                  const Buffer<float>& keys, float scale, double* error) {
  std::vector<double> scores(shape.count);
  const size_t first = shape.first_weight == 0 ? 1 : 0;
  double largest = -INFINITY, total = 0;
  *error = 0;
  for (size_t t = first; t < shape.count; ++t) {
    double dot = 0, sum = 0;
    for (size_t d = 0; d < shape.head_dim; ++d) {
      const double product = static_cast<double>(query[d]) * keys[t * shape.stride + d];
      dot += product;
      sum += std::fabs(product);
    }
    scores[t] = scale * dot;
    largest = std::fmax(largest, scores[t]);
    // The matvec_f32 bound, and one more rounding for the scale.
    *error = std::fmax(*error, scale * 0x1p-23 * static_cast<double>(shape.head_dim + 1) * sum);
  }
  std::vector<double> weights(shape.count);
  for (size_t t = first; t < shape.count; ++t) {
    weights[t] = std::exp(scores[t] - largest) * (t == 0 ? shape.first_weight : 1);
    total += weights[t];
  }
  for (double& weight : weights) weight /= total;
  return weights;
}

void check_case(Context& context, const Shape& shape, Fill fill, double extreme) {
  const size_t length = (shape.count - 1) * shape.stride + shape.head_dim;
  const Place place = shape.count % 2 != 0 ? Place::kAtGuard : Place::kMisaligned;
  Buffer<float> query(shape.head_dim, place), keys(length, place), values(length, place);
  Buffer<float> weights(shape.count, place), out(shape.head_dim, place);
  fill_floats(context.random, fill, {-extreme, extreme, 1}, query);
  fill_floats(context.random, fill, {-extreme, extreme, 1}, keys);
  fill_floats(context.random, fill, {-1e15, 1e15, 1}, values);
  query.make_read_only();
  keys.make_read_only();
  values.make_read_only();
  const float scale = 1 / std::sqrt(static_cast<float>(shape.head_dim));
  context.kernels.attention_f32(query.data(), keys.data(), values.data(), shape.stride, shape.count,
                                shape.head_dim, scale, shape.first_weight, weights.data(),
                                out.data());
  double score_error;
  const std::vector<double> exact = exact_weights(shape, query, keys, scale, &score_error);
  // Every score off by at most score_error: each weight is off by at most this factor.
  const double relative = std::expm1(2 * score_error);
  const double weight_error = 2e-6 + relative;
  // A vector's exp may stop at its smallest normal result instead of becoming zero.
  const double underflow = 1.3e-38 * std::fmax(1, shape.first_weight);
  for (size_t t = 0; t < shape.count; ++t) {
    context.expect(std::fabs(weights[t] - exact[t]) <= weight_error * exact[t] + underflow,
                   "count %zu dim %zu first %g %s: weights[%zu] is %g, not %g", shape.count,
                   shape.head_dim, shape.first_weight, fill_name(fill), t, weights[t], exact[t]);
  }
  double largest = 0;
  for (size_t t = 0; t < shape.count; ++t) {
    for (size_t d = 0; d < shape.head_dim; ++d) {
      largest = std::fmax(largest, std::fabs(values[t * shape.stride + d]));
    }
  }
  for (size_t d = 0; d < shape.head_dim; ++d) {
    double sum = 0;
    for (size_t t = 0; t < shape.count; ++t) sum += exact[t] * values[t * shape.stride + d];
    context.expect(std::fabs(out[d] - sum) <= weight_error * largest,
                   "count %zu dim %zu first %g %s: out[%zu] is %g, not %g", shape.count,
                   shape.head_dim, shape.first_weight, fill_name(fill), d, out[d], sum);
  }
  context.expect(weights.are_canaries_intact() && out.are_canaries_intact(),
                 "count %zu dim %zu: wrote outside the outputs", shape.count, shape.head_dim);
}

struct BlockShape {
  size_t queries, count, step, head_dim;
  float first_weight;
};

void check_block(Context& context, const BlockShape& block, Fill fill, double extreme) {
  const size_t queries = block.queries, head_dim = block.head_dim;
  const size_t stride = head_dim * (block.count % 3 + 1) + block.count % 2;
  const size_t query_stride = head_dim + queries % 3, out_stride = head_dim + queries % 2;
  const size_t length = (block.count - 1) * stride + head_dim;
  const Place place = block.count % 2 != 0 ? Place::kAtGuard : Place::kMisaligned;
  Buffer<float> query((queries - 1) * query_stride + head_dim, place), keys(length, place);
  Buffer<float> values(length, place), out((queries - 1) * out_stride + head_dim, place);
  Buffer<float> scratch((round_up(head_dim, 16) + block.count) * 16, Place::kAligned);
  fill_floats(context.random, fill, {-extreme, extreme, 1}, query);
  fill_floats(context.random, fill, {-extreme, extreme, 1}, keys);
  fill_floats(context.random, fill, {-1e15, 1e15, 1}, values);
  for (size_t i = 0; i < out.size(); ++i) out[i] = kUntouched;
  query.make_read_only();
  keys.make_read_only();
  values.make_read_only();
  const float scale = 1 / std::sqrt(static_cast<float>(head_dim));
  const auto attend = [&](size_t first, size_t end, float* result) {
    context.kernels.attention_block_f32(
        query.data() + first * query_stride, query_stride, end - first, keys.data(), values.data(),
        stride, block.count - (queries - end) * block.step, block.step, head_dim, scale,
        block.first_weight, scratch.data(), result, out_stride);
  };
  attend(0, queries, out.data());
  Buffer<float> alone((queries - 1) * out_stride + head_dim);
  for (size_t i = 0; i < queries; ++i) {
    const Shape shape = {block.count - (queries - 1 - i) * block.step, head_dim, stride,
                         block.first_weight};
    Buffer<float> one(head_dim);
    for (size_t d = 0; d < head_dim; ++d) one[d] = query[i * query_stride + d];
    double score_error;
    const std::vector<double> exact = exact_weights(shape, one, keys, scale, &score_error);
    const double weight_error = 2e-6 + std::expm1(2 * score_error);
    std::vector<double> sums(head_dim, 0);
    double largest = 0;
    for (size_t t = 0; t < shape.count; ++t) {
      for (size_t d = 0; d < head_dim; ++d) {
        sums[d] += exact[t] * values[t * stride + d];
        largest = std::fmax(largest, std::fabs(values[t * stride + d]));
      }
    }
    for (size_t d = 0; d < head_dim; ++d) {
      const float value = out[i * out_stride + d];
      context.expect(std::fabs(value - sums[d]) <= weight_error * largest,
                     "%zu queries, count %zu step %zu dim %zu first %g %s: out[%zu][%zu] is %g, "
                     "not %g",
                     queries, block.count, block.step, head_dim, block.first_weight,
                     fill_name(fill), i, d, value, sums[d]);
    }
    for (size_t d = head_dim; d < out_stride && i * out_stride + d < out.size(); ++d) {
      context.expect(out[i * out_stride + d] == kUntouched, "%zu queries: wrote between rows",
                     queries);
    }
    attend(i, i + 1, alone.data());
    context.expect(
        std::memcmp(alone.data(), out.data() + i * out_stride, head_dim * sizeof(float)) == 0,
        "%zu queries, count %zu step %zu dim %zu: query %zu alone gives other bits", queries,
        block.count, block.step, head_dim, i);
  }
  context.expect(out.are_canaries_intact() && scratch.are_canaries_intact(),
                 "%zu queries, count %zu dim %zu: wrote outside the outputs", queries, block.count,
                 head_dim);
}

}  // namespace

void check_attention_f32(Context& context) {
  for (const size_t count : {1, 2, 3, 4, 5, 7, 8, 9, 15, 17, 31, 33, 64, 100, 200, 300}) {
    for (const size_t head_dim : {1, 3, 8, 16, 25, 32, 50, 64, 100}) {
      for (const float first_weight : {0.0f, 1.0f, 137.0f}) {
        if (count == 1 && first_weight == 0) continue;
        const Shape shape = {count, head_dim, head_dim * (count % 3 + 1) + count % 2, first_weight};
        for (const Fill fill : kFills) {
          check_case(context, shape, fill, 3);
          if (count < 20) check_case(context, shape, fill, 20);
        }
      }
    }
  }
  for (const size_t count : {size_t{64}, size_t{200}}) {
    for (const size_t head_dim : {size_t{25}, size_t{32}, size_t{64}}) {
      Buffer<float> query(head_dim, Place::kAligned), keys(count * 128), values(count * 128);
      Buffer<float> weights(count, Place::kAligned), out(head_dim, Place::kAligned);
      fill_floats(context.random, Fill::kRealistic, {-9, 9, 1}, query);
      fill_floats(context.random, Fill::kRealistic, {-9, 9, 1}, keys);
      fill_floats(context.random, Fill::kRealistic, {-9, 9, 1}, values);
      char label[64];
      std::snprintf(label, sizeof label, "%zu keys of %zu", count, head_dim);
      context.bench(label, 4.0 * static_cast<double>(count * head_dim), [&] {
        context.kernels.attention_f32(query.data(), keys.data(), values.data(), 128, count,
                                      head_dim, 0.2f, 1, weights.data(), out.data());
      });
    }
  }
}

void check_attention_block_f32(Context& context) {
  for (const size_t queries : {1, 2, 3, 5, 6, 7, 8, 11, 15, 16}) {
    for (const size_t extra : {0, 1, 2, 7, 16, 33, 190}) {
      for (const size_t head_dim : {1, 3, 8, 16, 25, 32, 50, 64, 100}) {
        if (extra > 40 && head_dim != 25 && head_dim != 64) continue;
        for (const float first_weight : {0.0f, 1.0f, 137.0f}) {
          // The first query sees 1 + extra keys.
          if (extra == 0 && first_weight == 0) continue;
          for (const size_t step : {size_t{0}, size_t{1}}) {
            const size_t count = 1 + extra + (queries - 1) * step;
            const BlockShape shape = {queries, count, step, head_dim, first_weight};
            const Fill fill = kFills[(queries + extra + head_dim) % 6];
            check_block(context, shape, Fill::kRealistic, 3);
            check_block(context, shape, fill, extra < 20 ? 20 : 3);
          }
        }
      }
    }
  }
  for (const size_t count : {size_t{64}, size_t{200}}) {
    for (const size_t head_dim : {size_t{25}, size_t{32}, size_t{64}}) {
      Buffer<float> queries(16 * 64), keys(count * 128), values(count * 128);
      Buffer<float> scratch((64 + count) * 16, Place::kAligned), out(16 * 64);
      fill_floats(context.random, Fill::kRealistic, {-9, 9, 1}, queries);
      fill_floats(context.random, Fill::kRealistic, {-9, 9, 1}, keys);
      fill_floats(context.random, Fill::kRealistic, {-9, 9, 1}, values);
      char label[64];
      std::snprintf(label, sizeof label, "16 queries, %zu keys of %zu", count, head_dim);
      context.bench(label, 64.0 * static_cast<double>(count * head_dim), [&] {
        context.kernels.attention_block_f32(queries.data(), 64, 16, keys.data(), values.data(), 128,
                                            count, 0, head_dim, 0.2f, 1, scratch.data(), out.data(),
                                            64);
      });
    }
  }
}

}  // namespace pintle::check
