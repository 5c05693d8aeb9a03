// SPDX-License-Identifier: Apache-2.0
#ifndef PINTLE_RUNTIME_SCAN_PANEL_SCORER_H_
#define PINTLE_RUNTIME_SCAN_PANEL_SCORER_H_

#include "runtime/session/session.h"

namespace pintle::internal {

// The network's scores of whole panels of the item table, for one hidden state.
class PanelScorer {
 public:
  // Uses the session's scan.scores, and its product.operand: no other product until it is done.
  PanelScorer(Session* session, const float* hidden)
      : model_(*session->model),
        scores_(session->scan.scores.part(0, kScores)),
        operand_(make_operand(
            model_.kernels, model_.scored_items, hidden,
            session->product.operand.front(operand_capacity(model_.scored_items.cols)))) {}
  // With room of the caller's for the scores of as many panels as it asks for at once.
  PanelScorer(Session* session, const float* hidden, Span<float> scores)
      : PanelScorer(session, hidden) {
    scores_ = scores;
  }
  // For another thread: the same hidden state, and room of its own for kScores.
  PanelScorer(const PanelScorer& other, Span<float> scores)
      : model_(other.model_), scores_(scores), operand_(other.operand_) {}

  static constexpr size_t kScores = kScanPanels * kPanelRows;

  // Products of the items from first_panel * 16 on, panel_count <= kScanPanels; valid, and the
  // caller's to change, until the next call. Without the items' bias.
  float* products(size_t first_panel, size_t panel_count) {
    float* scores = scores_.front(panel_count * kPanelRows);
    multiply_panels(model_.kernels, model_.scored_items, first_panel, panel_count, operand_,
                    scores);
    return scores;
  }
  // The same with the bias: scores.
  float* score(size_t first_panel, size_t panel_count) {
    float* scores = products(first_panel, panel_count);
    for (size_t p = 0; model_.item_bias != nullptr && p < panel_count; ++p) {
      const float* bias = model_.bias_of(first_panel + p);
      for (size_t i = 0; i < kPanelRows; ++i) scores[p * kPanelRows + i] += bias[i];
    }
    return scores;
  }
  // Scans up to panel_count panels until `hits` is full; returns how many. REQUIRES: a quantized
  // table, panels of one part of it.
  size_t scan(size_t first_panel, size_t panel_count, float threshold, ScanHits* hits) const {
    return scan_panels(model_.kernels, model_.scored_items, first_panel, panel_count, operand_,
                       model_.bias_of(first_panel), threshold, hits);
  }

 private:
  const Model& model_;
  Span<float> scores_;
  Operand operand_;
};

}  // namespace pintle::internal

#endif  // PINTLE_RUNTIME_SCAN_PANEL_SCORER_H_
