// SPDX-License-Identifier: Apache-2.0
#include "runtime/session/scan_buffers.h"

#include "runtime/session/seen_items.h"

namespace pintle::internal {

void ScanBuffers::lay_out(const Model& model, Arena* arena) {
  marked = arena->buffer<uint64_t>(SeenItems::word_count(model.item_count));
  scores = arena->buffer<float>(kScanPanels * kPanelRows);
  if (model.item_count < PINTLE_PARALLEL_ITEMS) return;
  task_scores = arena->buffer<float>(PINTLE_PARALLEL_TASKS * kScanPanels * kPanelRows);
  task_entries = arena->buffer<pintle_recommendation>(PINTLE_PARALLEL_TASKS * PINTLE_PARALLEL_K);
}

void ExactScratch::lay_out(const Model& model, Arena* arena) {
  if (!model.exact.present()) return;
  const uint64_t width = model.exact.width, cols = format::round_up(width, kGroupCols);
  y = arena->buffer<float>(width);
  coarse_operand = arena->buffer<int16_t>(kGroupCols);
  fine_operand = arena->buffer<int16_t>(cols);
  panel = arena->buffer<uint8_t>(cols / 2 * kPanelRows);
  scales = arena->buffer<uint16_t>(cols / kGroupCols * kPanelRows);
  lower = arena->buffer<pintle_recommendation>(kExactK);
  items = arena->buffer<uint32_t>(kExactPending);
  upper = arena->buffer<float>(kExactPending);
}

}  // namespace pintle::internal
