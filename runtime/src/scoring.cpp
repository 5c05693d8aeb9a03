// SPDX-License-Identifier: Apache-2.0
#include "scoring.h"

#include "topk.h"

namespace pintle {
namespace {

// Adds each knob's attribute bias to the scores of the items [first, first + count).
void add_attribute_biases(const Model& model, const Steering& steering, uint32_t first,
                          uint32_t count, float* scores) {
  steering.for_each_knob([&](const KnobView& knob, float strength) {
    const float bias = strength * knob.table->attribute_bias();
    if (bias == 0 || knob.table->attribute() < 0) return;
    const uint32_t* items;
    uint32_t item_count;
    if (model.catalogue.get_items(static_cast<uint32_t>(knob.table->attribute()), &items,
                                  &item_count) != PINTLE_OK) {
      return;
    }
    uint32_t low = 0, high = item_count;  // the first of them at or after `first`
    while (low < high) {
      const uint32_t middle = low + (high - low) / 2;
      if (items[middle] < first) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    for (; low < item_count && items[low] - first < count; ++low) {
      if (items[low] >= first) scores[items[low] - first] += bias;
    }
  });
}

// Scores of whole panels of the item table for one hidden state.
class PanelScorer {
 public:
  PanelScorer(const Session& session, const float* hidden, const Steering& steering)
      : model_(*session.model),
        steering_(steering),
        scores_(session.buffers.scores),
        operand_(
            make_operand(model_.kernels, model_.scored_items, hidden, session.buffers.operand)) {}

  // Scores of the items from first_panel * 16 on; valid until the next call.
  const float* score(size_t first_panel, size_t panel_count) {
    multiply_panels(model_.kernels, model_.scored_items, first_panel, panel_count, operand_,
                    scores_);
    if (model_.item_bias != nullptr) {  // padded to 16, like the table
      const float* bias = model_.item_bias + first_panel * kPanelRows;
      for (size_t i = 0; i < panel_count * kPanelRows; ++i) scores_[i] += bias[i];
    }
    const uint32_t first = static_cast<uint32_t>(first_panel * kPanelRows);
    add_attribute_biases(model_, steering_, first, static_cast<uint32_t>(panel_count * kPanelRows),
                         scores_);
    return scores_;
  }

  // One item at a time costs its panel; neighbours in a sorted list share it.
  float score_item(uint32_t item) {
    const size_t panel = item / kPanelRows;
    if (!has_panel_ || panel != panel_) {
      score(panel, 1);
      panel_ = panel;
      has_panel_ = true;
    }
    return scores_[item % kPanelRows];
  }

 private:
  const Model& model_;
  const Steering& steering_;
  float* scores_;
  Operand operand_;
  size_t panel_ = 0;
  bool has_panel_ = false;
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
  PanelScorer scorer(session, hidden, steering);
  TopK best(out, request.k);
  Marks marks(session);
  marks.set(request.deny, request.deny_count);
  const auto is_eligible = [&](uint32_t item) {
    return !marks.get(item) && (include_seen || !session.is_seen(item)) &&
           model.catalogue.is_trained(item);
  };

  if (request.allow != nullptr) {
    for (size_t i = 0; i < request.allow_count; ++i) {
      const uint32_t item = request.allow[i];
      if (is_eligible(item)) best.offer(item, scorer.score_item(item));
      marks.set(item);  // a second mention is no second entry
    }
    marks.clear(request.allow, request.allow_count);
  } else {
    const size_t panels = model.scored_items.panel_count();
    for (size_t panel = 0; panel < panels; panel += kScanPanels) {
      const size_t chunk = panels - panel < kScanPanels ? panels - panel : kScanPanels;
      const float* scores = scorer.score(panel, chunk);
      const uint32_t first = static_cast<uint32_t>(panel * kPanelRows);
      const uint32_t left = model.item_count - first;
      const uint32_t items =
          chunk * kPanelRows < left ? static_cast<uint32_t>(chunk * kPanelRows) : left;
      for (uint32_t i = 0; i < items; ++i) {
        if (best.may_enter(scores[i]) && is_eligible(first + i)) best.offer(first + i, scores[i]);
      }
    }
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
  PanelScorer scorer(session, hidden, unsteered);
  for (size_t i = 0; i < count; ++i) scores[i] = scorer.score_item(items[i]);
  return PINTLE_OK;
}

}  // namespace pintle
