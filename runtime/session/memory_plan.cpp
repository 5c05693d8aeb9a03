// SPDX-License-Identifier: Apache-2.0
#include "runtime/session/memory_plan.h"

namespace pintle::internal {

SessionBuffers plan_session(const Model& model, Arena* arena) {
  const uint64_t dim = model.dim, ffn = model.ffn_dim, positions = model.position_count();
  const uint64_t rows = kBlockRows < positions ? kBlockRows : positions;
  const uint64_t widest = 2 * dim > ffn ? 2 * dim : ffn;
  const uint64_t bitmap_words = round_up(model.item_count, 64) / 64;
  SessionBuffers buffers = {};
  buffers.window_items = arena->take<uint32_t>(model.window);
  buffers.seen = arena->take<uint64_t>(bitmap_words);
  buffers.marked = arena->take<uint64_t>(bitmap_words);
  buffers.states = arena->take<float>((1 + positions) * dim);
  buffers.key_value = arena->take<float>(model.layer_count * (1 + positions) * 2 * dim);
  buffers.newest = arena->take<float>(dim);
  buffers.hidden = arena->take<float>(dim);
  buffers.normed = arena->take<float>(rows * dim);
  buffers.query = arena->take<float>(rows * dim);
  buffers.attended = arena->take<float>(rows * dim);
  buffers.projected = arena->take<float>(rows * dim);
  buffers.ffn = arena->take<float>(rows * ffn);
  buffers.attention = arena->take<float>(16 * (round_up(dim, 16) + 1 + positions));
  buffers.operand = arena->take<int16_t>(operand_capacity(static_cast<size_t>(widest)));
  buffers.wide = arena->take<float>(round_up(widest, kPanelRows));
  buffers.tile = arena->take<float>(kPanelRows * (dim > ffn ? dim : ffn));
  buffers.scores = arena->take<float>(kScanPanels * kPanelRows);
  if (model.item_count >= PINTLE_PARALLEL_ITEMS) {
    buffers.task_scores = arena->take<float>(PINTLE_PARALLEL_TASKS * kScanPanels * kPanelRows);
    buffers.task_entries =
        arena->take<pintle_recommendation>(PINTLE_PARALLEL_TASKS * PINTLE_PARALLEL_K);
  }
  if (model.exact.present()) {
    const uint64_t width = model.exact.width, cols = round_up(width, kGroupCols);
    buffers.exact_y = arena->take<float>(width);
    buffers.exact_operand = arena->take<int16_t>(kGroupCols + cols);
    buffers.exact_panel = arena->take<uint8_t>(cols / 2 * kPanelRows);
    buffers.exact_scales = arena->take<uint16_t>(cols / kGroupCols * kPanelRows);
    buffers.exact_lower = arena->take<pintle_recommendation>(kExactK);
    buffers.exact_items = arena->take<uint32_t>(kExactPending);
    buffers.exact_upper = arena->take<float>(kExactPending);
  }
  buffers.taps = arena->take<float>(model.layer_count * kTaps * dim);
  buffers.saved_key_value = arena->take<float>(model.layer_count * 2 * dim);
  buffers.steered = arena->take<float>(dim);
  buffers.log_partitions = arena->take<float>(model.knob_count);
  if (model.sae_count > 0) {
    const uint64_t features = model.max_feature_count;
    buffers.features = arena->take<float>(round_up(features, kPanelRows));
    buffers.edited_features = arena->take<float>(features);
    buffers.feature_order = arena->take<uint32_t>(features);
    buffers.feature_marks = arena->take<uint64_t>(round_up(features, 64) / 64);
    buffers.decoder_row = arena->take<float>(dim);
  }
  return buffers;
}

}  // namespace pintle::internal
