// SPDX-License-Identifier: Apache-2.0
#ifndef PINTLE_RUNTIME_SCAN_PANEL_SCORER_H_
#define PINTLE_RUNTIME_SCAN_PANEL_SCORER_H_

#include "runtime/session/session.h"

namespace pintle::internal {

// The network's scores of whole panels of the item table, for one hidden state; without one (null) those of
// the popularity prior.
class PanelScorer {
 public:
  // Uses the session's scan.scores, and its product.operand: no other product until it is done.
  PanelScorer(Session* session, const float* hidden)
      : model_(*session->model),
        has_state_(hidden != nullptr),
        scores_(session->scan.scores.part(0, kScores)) {
    if (!has_state_) return;
    operand_ =
        make_operand(model_.kernels, model_.scored_items, hidden,
                     session->product.operand.front(operand_capacity(model_.scored_items.cols)));
  }
  // With room of the caller's for the scores of as many panels as it asks for at once.
  PanelScorer(Session* session, const float* hidden, Span<float> scores)
      : PanelScorer(session, hidden) {
    scores_ = scores;
  }
  // For another thread: the same hidden state, and room of its own for kScores.
  PanelScorer(const PanelScorer& other, Span<float> scores)
      : model_(other.model_),
        has_state_(other.has_state_),
        scores_(scores),
        operand_(other.operand_) {}

  // Whether scan() may be called.
  bool can_fuse() const { return has_state_ && model_.scored_items.is_quantized(); }
  static constexpr size_t kScores = kScanPanels * kPanelRows;

  // Products of the items from first_panel * 16 on, panel_count <= kScanPanels; valid, and the
  // caller's to change, until the next call. Without the items' bias.
  float* products(size_t first_panel, size_t panel_count) {
    float* scores = scores_.front(panel_count * kPanelRows);
    if (!has_state_) {
      for (size_t i = 0; i < panel_count * kPanelRows; ++i) {
        const size_t item = first_panel * kPanelRows + i;
        scores[i] = model_.temperature * model_.catalogue.prior_of(static_cast<uint32_t>(item));
      }
      return scores;
    }
    multiply_panels(model_.kernels, model_.scored_items, first_panel, panel_count, operand_,
                    scores);
    return scores;
  }
  // The same with the bias: scores.
  float* score(size_t first_panel, size_t panel_count) {
    float* scores = products(first_panel, panel_count);
    for (size_t p = 0; bias(first_panel) != nullptr && p < panel_count; ++p) {
      const float* of_panel = bias(first_panel + p);
      for (size_t i = 0; i < kPanelRows; ++i) scores[p * kPanelRows + i] += of_panel[i];
    }
    return scores;
  }
  // The items' bias from that panel on, as far as its part of the table goes, padded to 16 like it; null: there
  // is none to be added.
  const float* bias(size_t first_panel) const {
    return has_state_ ? model_.bias_of(first_panel) : nullptr;
  }
  // Scans up to panel_count panels until `hits` is full; returns how many. REQUIRES: can_fuse(), panels of one
  // part of the table.
  size_t scan(size_t first_panel, size_t panel_count, float threshold, ScanHits* hits) const {
    return scan_panels(model_.kernels, model_.scored_items, first_panel, panel_count, operand_,
                       bias(first_panel), threshold, hits);
  }

 private:
  const Model& model_;
  const bool has_state_;
  Span<float> scores_;
  Operand operand_ = {};
};

// Calls use(item, product) for every trained item, in ascending order: product is its row's with `direction` [dim].
// Uses what a PanelScorer does.
template <typename Use>
void for_each_product(Session* session, const float* direction, const Use& use) {
  const Model& model = *session->model;
  PanelScorer scorer(session, direction);
  const float* products = nullptr;
  for (uint32_t item = 0; item < model.item_count; ++item) {
    constexpr uint32_t kChunk = PanelScorer::kScores;
    if (item % kChunk == 0) {
      const size_t panel = item / kPanelRows, left = model.scored_items.panel_count() - panel;
      products = scorer.products(panel, left < kScanPanels ? left : kScanPanels);
    }
    if (model.catalogue.is_trained(item)) use(item, products[item % kChunk]);
  }
}

}  // namespace pintle::internal

#endif  // PINTLE_RUNTIME_SCAN_PANEL_SCORER_H_
