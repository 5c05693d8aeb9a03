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
    if (model_.item_bias != nullptr) {  // padded to 16, like the table
      const float* bias = model_.item_bias + first_panel * kPanelRows;
      for (size_t i = 0; i < panel_count * kPanelRows; ++i) scores[i] += bias[i];
    }
    return scores;
  }
  // Scans up to panel_count panels until `hits` is full; returns how many. REQUIRES: a quantized
  // table.
  size_t scan(size_t first_panel, size_t panel_count, float threshold, ScanHits* hits) const {
    const float* bias =
        model_.item_bias == nullptr ? nullptr : model_.item_bias + first_panel * kPanelRows;
    return scan_panels(model_.kernels, model_.scored_items, first_panel, panel_count, operand_,
                       bias, threshold, hits);
  }

  // Calls visit(first_item, item_count, scores) for the whole catalogue, some panels at a time.
  template <typename Visit>
  void visit_all(const Visit& visit) {
    const size_t panels = model_.scored_items.panel_count();
    for (size_t panel = 0; panel < panels; panel += kScanPanels) {
      const size_t chunk = panels - panel < kScanPanels ? panels - panel : kScanPanels;
      const uint32_t first = static_cast<uint32_t>(panel * kPanelRows);
      const uint32_t left = model_.item_count - first;
      const uint32_t stored = static_cast<uint32_t>(chunk * kPanelRows);
      visit(first, stored < left ? stored : left, score(panel, chunk));
    }
  }

 private:
  const Model& model_;
  Span<float> scores_;
  Operand operand_;
};

}  // namespace pintle::internal

#endif  // PINTLE_RUNTIME_SCAN_PANEL_SCORER_H_
