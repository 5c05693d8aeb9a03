// SPDX-License-Identifier: Apache-2.0
#include "runtime/session/list_buffers.h"

#include <math.h>
#include <string.h>

namespace pintle::internal {

void ListBuffers::lay_out(const Model& model, Arena* arena) {
  classes = arena->buffer<uint8_t>(model.item_count);
  touched = arena->buffer<uint64_t>(format::round_up(model.item_count, 64) / 64);
  small = arena->buffer<uint32_t>(kMaxSmall);
  discounts = arena->buffer<double>(PINTLE_LIST_K);
  if (model.likeness.metric != nullptr) {
    example_levels = arena->buffer<uint16_t>(model.item_count);
  }
}

void ListBuffers::lay_out_scratch(const Model& model, Arena* arena) {
  const uint64_t padded = format::round_up(model.item_count, kPanelRows);
  scores = arena->buffer<float>(padded < kListScores ? padded : kListScores);
  kept = arena->buffer<ScoredItem>(kMaxKept);
  items = arena->buffer<ScoredItem>(kListCandidates);
  candidates = arena->buffer<Candidate>(kListCandidates);
  plain = arena->buffer<pintle_recommendation>(PINTLE_LIST_K);
  own = arena->buffer<pintle_recommendation>(PINTLE_LIST_K);
  vectors = arena->buffer<float>(uint64_t{kMaxDiverse} * model.dim);
  inverse_norms = arena->buffer<float>(kMaxDiverse);
  vector_sum = arena->buffer<float>(model.dim);
  choose = arena->buffer<ChooseScratch>(1);
}

void ListBuffers::start(const Model& model) {
  double* values = discounts.front(PINTLE_LIST_K);
  for (uint32_t r = 0; r < PINTLE_LIST_K; ++r) values[r] = 1 / log2(r + 2.0);
  if (model.likeness.metric == nullptr) return;
  memset(example_levels.front(model.item_count), 0, model.item_count * sizeof(uint16_t));
}

}  // namespace pintle::internal
