// SPDX-License-Identifier: Apache-2.0
#include "scoring.h"

#include "knob_scores.h"
#include "panel_scorer.h"
#include "topk.h"

namespace pintle {
namespace {

// Scores of items one by one, knobs included. One costs its panel; neighbours in a sorted list
// share it.
class ItemScorer {
 public:
  ItemScorer(const Session& session, const float* hidden, const Steering& steering)
      : session_(session), steering_(steering), scorer_(session, hidden) {}

  float score(uint32_t item) {
    const size_t panel = item / kPanelRows;
    if (scores_ == nullptr || panel != panel_) {
      scores_ = scorer_.score(panel, 1);
      add_knob_scores(session_, steering_, static_cast<uint32_t>(panel * kPanelRows), kPanelRows,
                      scores_);
      panel_ = panel;
    }
    return scores_[item % kPanelRows];
  }

 private:
  const Session& session_;
  const Steering& steering_;
  PanelScorer scorer_;
  float* scores_ = nullptr;
  size_t panel_ = 0;
};

Status check_items(const Model& model, const uint32_t* items, size_t count) {
  for (size_t i = 0; i < count; ++i) {
    if (items[i] >= model.item_count) return PINTLE_ERR_UNKNOWN_ITEM;
  }
  return PINTLE_OK;
}

// The bitmap of items out of play for one call: touched only where a list names an item.
class Marks {
 public:
  explicit Marks(const Session& session) : words_(session.buffers.marked) {}
  bool get(uint32_t item) const { return (words_[item / 64] >> (item % 64)) & 1; }
  void set(uint32_t item) { words_[item / 64] |= uint64_t{1} << (item % 64); }
  void set(const uint32_t* items, size_t count) {
    for (size_t i = 0; i < count; ++i) set(items[i]);
  }
  void clear(const uint32_t* items, size_t count) {
    for (size_t i = 0; i < count; ++i) words_[items[i] / 64] &= ~(uint64_t{1} << (items[i] % 64));
  }

 private:
  uint64_t* words_;
};

}  // namespace

Status top_items(const Session& session, const float* hidden, const Steering& steering,
                 const pintle_request& request, pintle_recommendation* out, uint32_t* count) {
  const Model& model = *session.model;
  PINTLE_TRY(check_items(model, request.allow, request.allow_count));
  PINTLE_TRY(check_items(model, request.deny, request.deny_count));
  const bool include_seen = (request.flags & PINTLE_INCLUDE_SEEN) != 0;
  TopK best(out, request.k);
  Marks marks(session);
  marks.set(request.deny, request.deny_count);
  const auto is_eligible = [&](uint32_t item) {
    return !marks.get(item) && (include_seen || !session.is_seen(item)) &&
           model.catalogue.is_trained(item);
  };

  if (request.allow != nullptr) {
    ItemScorer scorer(session, hidden, steering);
    for (size_t i = 0; i < request.allow_count; ++i) {
      const uint32_t item = request.allow[i];
      if (is_eligible(item)) best.offer(item, scorer.score(item));
      marks.set(item);  // a second mention is no second entry
    }
    marks.clear(request.allow, request.allow_count);
  } else {
    PanelScorer(session, hidden).scan([&](uint32_t first, uint32_t items, float* scores) {
      add_knob_scores(session, steering, first, items, scores);
      for (uint32_t i = 0; i < items; ++i) {
        if (best.may_enter(scores[i]) && is_eligible(first + i)) best.offer(first + i, scores[i]);
      }
    });
  }
  marks.clear(request.deny, request.deny_count);

  *count = best.finish();
  for (uint32_t i = 0; i < *count; ++i) {
    model.catalogue.get_id(out[i].item, &out[i].id, &out[i].id_text);
  }
  return PINTLE_OK;
}

Status score_items(const Session& session, const float* hidden, const uint32_t* items, size_t count,
                   float* scores) {
  PINTLE_TRY(check_items(*session.model, items, count));
  const Steering unsteered(*session.model, nullptr);
  ItemScorer scorer(session, hidden, unsteered);
  for (size_t i = 0; i < count; ++i) scores[i] = scorer.score(items[i]);
  return PINTLE_OK;
}

}  // namespace pintle
