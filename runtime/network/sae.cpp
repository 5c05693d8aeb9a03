// SPDX-License-Identifier: Apache-2.0
#include "runtime/network/sae.h"

#include <math.h>

namespace pintle::internal {
namespace {

// From the pre-activation to the activation, for the kinds where one feature decides for itself.
float activate(const SaeView& sae, uint32_t feature, float pre) {
  switch (sae.activation) {
    case fb::SaeActivation_JumpRelu:
      return pre > sae.threshold[feature] && pre > 0 ? pre : 0.0f;
    default:
      return pre > 0 ? pre : 0.0f;
  }
}

// Of k groups, each has a feature that reaches the least of the groups' maxima: at least k do.
float reached_by_k(uint32_t count, uint32_t k, const float* features) {
  const uint32_t size = count / k;
  const auto larger = [](float a, float b) { return a > b ? a : b; };
  float least = INFINITY;
  for (uint32_t group = 0; group < k; ++group, features += size) {
    // Four maxima: one would wait for itself at every feature.
    float largest[4] = {-INFINITY, -INFINITY, -INFINITY, -INFINITY};
    uint32_t i = 0;
    for (; i + 4 <= size; i += 4) {
      for (uint32_t lane = 0; lane < 4; ++lane) {
        largest[lane] = larger(features[i + lane], largest[lane]);
      }
    }
    for (; i < size; ++i) largest[0] = larger(features[i], largest[0]);
    const float of_group = larger(larger(largest[0], largest[1]), larger(largest[2], largest[3]));
    least = of_group < least ? of_group : least;
  }
  return least;
}

// order = the indices of the features above `threshold` >= 0; the others become 0. Returns how many.
uint32_t find_above(const KernelTable& kernels, uint32_t count, float threshold, uint32_t* order,
                    float* features) {
  constexpr uint32_t kRows = kPanelRows, kPanels = 64;
  uint16_t masks[kPanels];
  uint32_t found = 0;
  for (uint32_t first = 0; first < count; first += kPanels * kRows) {
    const uint32_t left = (count - first + kRows - 1) / kRows;
    const uint32_t panels = left < kPanels ? left : kPanels;
    kernels.above_f32(features + first, nullptr, panels, threshold, masks);
    for (uint32_t p = 0; p < panels; ++p) {
      const uint32_t row = first + p * kRows;
      for (uint32_t mask = masks[p]; mask != 0; mask &= mask - 1) {
        const uint32_t i = row + static_cast<uint32_t>(__builtin_ctz(mask));
        // Neither what fills the last panel nor NaN.
        if (i < count && features[i] > threshold) order[found++] = i;
      }
    }
  }
  for (uint32_t i = 0; i < count; ++i) features[i] = features[i] > threshold ? features[i] : 0.0f;
  return found;
}

// TopK's activation: keeps the k largest of `features` (of equal ones the lower index), sets the
// others and the negative ones to 0. `order`: room for `count` indices; the first k become a heap, the
// worst of those kept on top.
void zero_all_but_top_k(const KernelTable& kernels, uint32_t count, uint32_t k, uint32_t* order,
                        float* features) {
  const float below = nextafterf(reached_by_k(count, k, features), -INFINITY);
  const uint32_t candidates = find_above(kernels, count, below > 0 ? below : 0.0f, order, features);
  if (candidates <= k) return;

  const auto is_worse = [&](uint32_t a, uint32_t b) {
    return features[a] < features[b] || (features[a] == features[b] && a > b);
  };
  const auto sift_down = [&](uint32_t hole, uint32_t entry) {
    for (;;) {
      uint32_t child = 2 * hole + 1;
      if (child >= k) break;
      if (child + 1 < k && is_worse(order[child + 1], order[child])) ++child;
      if (!is_worse(order[child], entry)) break;
      order[hole] = order[child];
      hole = child;
    }
    order[hole] = entry;
  };
  for (uint32_t i = k / 2; i-- > 0;) sift_down(i, order[i]);
  for (uint32_t i = k; i < candidates; ++i) {
    const uint32_t entry = order[i];
    if (is_worse(order[0], entry)) {
      features[order[0]] = 0;
      sift_down(0, entry);
    } else {
      features[entry] = 0;
    }
  }
}

}  // namespace

void sae_encode(const KernelTable& kernels, const SaeView& sae, const float* state,
                ProductScratch* product, SaeScratch* scratch, Span<float> features) {
  const TensorView& weight = sae.encoder.weight;
  const size_t panels = weight.panel_count();
  const Operand x =
      make_operand(kernels, weight, state, product->operand.front(operand_capacity(weight.cols)));
  float* values = features.front(panels * kPanelRows);
  multiply_panels(kernels, weight, 0, panels, x, values);
  for (uint32_t i = 0; i < sae.feature_count; ++i) values[i] += sae.encoder.bias[i];
  if (sae.activation == fb::SaeActivation_TopK) {
    zero_all_but_top_k(kernels, sae.feature_count, sae.k, scratch->order.front(sae.feature_count),
                       values);
  } else {
    for (uint32_t i = 0; i < sae.feature_count; ++i) values[i] = activate(sae, i, values[i]);
  }
}

void sae_encode_rows(const KernelTable& kernels, const SaeView& sae, const uint32_t* rows,
                     size_t count, const float* state, ProductScratch* product,
                     Span<float> features) {
  const TensorView& weight = sae.encoder.weight;
  const Operand x =
      make_operand(kernels, weight, state, product->operand.front(operand_capacity(weight.cols)));
  float* values = features.front(sae.feature_count);
  for (size_t i = 0; i < count; ++i) {
    float panel[kPanelRows];
    multiply_panels(kernels, weight, rows[i] / kPanelRows, 1, x, panel);
    values[rows[i]] =
        activate(sae, rows[i], panel[rows[i] % kPanelRows] + sae.encoder.bias[rows[i]]);
  }
}

void sae_add_row(const KernelTable& kernels, const SaeView& sae, uint32_t feature, float factor,
                 SaeScratch* scratch, Span<float> state) {
  const size_t dim = sae.decoder.cols;
  float* row = scratch->decoder_row.front(dim);
  gather_row(sae.decoder, feature, row);
  kernels.axpy_f32(factor, row, dim, state.front(dim));
}

}  // namespace pintle::internal
