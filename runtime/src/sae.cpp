// SPDX-License-Identifier: Apache-2.0
#include "sae.h"

namespace pintle {
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

// Keeps the k largest of `features` (of equal ones the lower index), sets the others and the
// negative ones to 0. `heap`: room for k indices; its top is the worst of those kept.
void keep_largest(uint32_t count, uint32_t k, uint32_t* heap, float* features) {
  const auto is_worse = [&](uint32_t a, uint32_t b) {
    return features[a] < features[b] || (features[a] == features[b] && a > b);
  };
  const auto sift_down = [&](uint32_t hole, uint32_t entry) {
    for (;;) {
      uint32_t child = 2 * hole + 1;
      if (child >= k) break;
      if (child + 1 < k && is_worse(heap[child + 1], heap[child])) ++child;
      if (!is_worse(heap[child], entry)) break;
      heap[hole] = heap[child];
      hole = child;
    }
    heap[hole] = entry;
  };
  for (uint32_t i = 0; i < k; ++i) heap[i] = i;
  for (uint32_t i = k / 2; i-- > 0;) sift_down(i, heap[i]);
  for (uint32_t i = k; i < count; ++i) {
    if (is_worse(heap[0], i)) {
      features[heap[0]] = 0;
      sift_down(0, i);
    } else {
      features[i] = 0;
    }
  }
  for (uint32_t i = 0; i < k; ++i) {
    if (!(features[heap[i]] > 0)) features[heap[i]] = 0;
  }
}

}  // namespace

void sae_encode(const Session& session, const SaeView& sae, const float* state, float* features) {
  const KernelTable& kernels = session.model->kernels;
  const Operand x = make_operand(kernels, sae.encoder.weight, state, session.buffers.operand);
  multiply_panels(kernels, sae.encoder.weight, 0, sae.encoder.weight.panel_count(), x, features);
  for (uint32_t i = 0; i < sae.feature_count; ++i) features[i] += sae.encoder.bias[i];
  if (sae.activation == fb::SaeActivation_TopK) {
    keep_largest(sae.feature_count, sae.k, session.buffers.feature_order, features);
  } else {
    for (uint32_t i = 0; i < sae.feature_count; ++i) features[i] = activate(sae, i, features[i]);
  }
}

float sae_encode_one(const Session& session, const SaeView& sae, uint32_t feature,
                     const float* state) {
  const KernelTable& kernels = session.model->kernels;
  const Operand x = make_operand(kernels, sae.encoder.weight, state, session.buffers.operand);
  float panel[kPanelRows];
  multiply_panels(kernels, sae.encoder.weight, feature / kPanelRows, 1, x, panel);
  return activate(sae, feature, panel[feature % kPanelRows] + sae.encoder.bias[feature]);
}

void sae_add_row(const Session& session, const SaeView& sae, uint32_t feature, float factor,
                 float* state) {
  float* row = session.buffers.decoder_row;
  gather_row(sae.decoder, feature, row);
  session.model->kernels.axpy_f32(factor, row, session.model->dim, state);
}

}  // namespace pintle
