// SPDX-License-Identifier: Apache-2.0
#include "runtime/session/network_buffers.h"

#include <string.h>

namespace pintle::internal {

void NetworkCache::lay_out(const Model& model, Arena* arena) {
  const uint64_t dim = model.dim, layers = model.layer_count;
  const uint64_t rows = 1 + static_cast<uint64_t>(model.position_count());
  dim_ = model.dim;
  rows_ = static_cast<size_t>(rows);
  states_ = arena->buffer<float>(rows * dim);
  key_value_ = arena->buffer<float>(layers * rows * 2 * dim);
  saved_key_value_ = arena->buffer<float>(layers * 2 * dim);
  taps_ = arena->buffer<float>(layers * kTaps * dim);
  hidden_ = arena->buffer<float>(dim);
}

void ProductScratch::lay_out(const Model& model, Arena* arena) {
  // Inputs are [dim] or [ffn_dim]; the widest result is that of keys and values, or of the FFN.
  const uint64_t dim = model.dim, ffn = model.ffn_dim;
  const uint64_t longest = dim > ffn ? dim : ffn, widest = 2 * dim > ffn ? 2 * dim : ffn;
  operand = arena->buffer<int16_t>(operand_capacity(static_cast<size_t>(longest)));
  wide = arena->buffer<float>(format::round_up(widest, kPanelRows));
  tile = arena->buffer<float>(kPanelRows * longest);
}

void RowScratch::lay_out(const Model& model, uint64_t rows, Arena* arena) {
  normed = arena->buffer<float>(rows * model.dim);
  query = arena->buffer<float>(rows * model.dim);
  attended = arena->buffer<float>(rows * model.dim);
  addend = arena->buffer<float>(rows * model.dim);
  ffn = arena->buffer<float>(rows * model.ffn_dim);
}

void BlockScratch::lay_out(const Model& model, Arena* arena) {
  const uint64_t dim = model.dim, positions = model.position_count();
  const uint64_t start = arena->used_bytes();
  group.lay_out(model, kBlockRows < positions ? kBlockRows : positions, arena);
  const uint64_t end = arena->used_bytes();
  arena->rewind(start);
  newest.lay_out(model, 1, arena);
  if (can_be_keyless(model)) {
    head_queries = arena->buffer<float>(model.head_count * dim);
    head_sums = arena->buffer<float>(model.head_count * dim);
  }
  arena->skip_to(end);
  attention = arena->buffer<float>(16 * (format::round_up(dim, 16) + 1 + positions));
}

void SaeScratch::lay_out(const Model& model, Arena* arena) {
  if (model.sae_count == 0) return;
  const uint64_t count = model.max_feature_count;
  features = arena->buffer<float>(format::round_up(count, kPanelRows));
  edited = arena->buffer<float>(count);
  order = arena->buffer<uint32_t>(count);
  marks = arena->buffer<uint64_t>(format::round_up(count, 64) / 64);
  decoder_row = arena->buffer<float>(model.dim);
}

}  // namespace pintle::internal
