// SPDX-License-Identifier: Apache-2.0
#include "runtime/scan/tilted_scan.h"

#include <math.h>

#include "runtime/scan/eligibility.h"
#include "runtime/scan/panel_scorer.h"
#include "runtime/scan/topk.h"

namespace pintle::internal {
namespace {

class TiltedScan {
 public:
  TiltedScan(Session* session, const float* hidden, const pintle_request& request,
             const Audience& audience)
      : model_(*session->model),
        panels_(model_.scored_items.panel_count()),
        room_(panels_ < kListScores / kPanelRows ? panels_ : kListScores / kPanelRows),
        eligibility_(session, request, audience),
        scorer_(session, hidden, session->list.scores.part(0, room_ * kPanelRows)),
        tilted_(session->scan.scores.part(0, PanelScorer::kScores)) {}

  // tilt: null for none. No item below the floor can be in the list; -INFINITY: it is not known which.
  void scan(const Tilt* tilt, float floor, TopK* best) {
    floor_ = nextafterf(floor, -INFINITY);
    for (size_t first = 0; first < panels_; first += room_) {
      const size_t left = panels_ - first, count = left < room_ ? left : room_;
      float* scores = scores_of(first, count);
      // The first chunks are small, so that the threshold of the others is close to the last one.
      for (size_t done = 0, chunk = 1; done < count; done += chunk, chunk *= 2) {
        if (chunk > kScanPanels) chunk = kScanPanels;
        if (chunk > count - done) chunk = count - done;
        offer(tilt, first + done, chunk, scores + done * kPanelRows, best);
      }
    }
  }
  // The network's score of an item of the list.
  bool keeps_scores() const { return room_ == panels_; }
  float score(uint32_t item) {
    if (keeps_scores()) return scores_of(0, panels_)[item];
    return scorer_.score(item / kPanelRows, 1)[item % kPanelRows];
  }

 private:
  float* scores_of(size_t first, size_t count) {
    if (kept_ == nullptr || !keeps_scores()) kept_ = scorer_.score(first, count);
    return kept_;
  }
  void offer(const Tilt* tilt, size_t first, size_t count, float* scores, TopK* best) {
    uint16_t masks[kScanPanels];
    const float* bias = nullptr;
    if (tilt != nullptr) {
      bias = scores;
      scores = tilted_.front(count * kPanelRows);
      tilt->of_panels(first, count, scores);
    }
    const float full = best->threshold();
    const float threshold = floor_ > -INFINITY && !(full > floor_) ? floor_ : full;
    model_.kernels.above_f32(scores, bias, count, threshold, masks);
    for (size_t p = 0; p < count; ++p) {
      if (masks[p] == 0) continue;
      uint32_t mask = masks[p] & eligibility_.of_panel(first + p);
      for (; mask != 0; mask &= mask - 1) {
        const uint32_t row = static_cast<uint32_t>(__builtin_ctz(mask));
        const float score = scores[p * kPanelRows + row];
        const uint32_t item = static_cast<uint32_t>((first + p) * kPanelRows) + row;
        if (best->may_enter(score)) best->offer(item, score);
      }
    }
  }

  const Model& model_;
  const size_t panels_, room_;  // panels whose scores are there at once
  Eligibility eligibility_;
  PanelScorer scorer_;
  Span<float> tilted_;
  float* kept_ = nullptr;
  float floor_ = -INFINITY;
};

// So much have at least as many items as the list has with the tilt.
float floor_of(const pintle_recommendation* list, size_t count, const Tilt& tilt) {
  float floor = INFINITY;
  for (size_t i = 0; i < count; ++i) {
    const float tilted = list[i].score + tilt.of(list[i].item);
    if (isnan(tilted)) return -INFINITY;
    if (tilted < floor) floor = tilted;
  }
  return floor;
}

}  // namespace

size_t tilted_top(Session* session, const float* hidden, const pintle_request& request,
                  const Audience& audience, TrustRegion* trust, pintle_recommendation* out) {
  TiltedScan scan(session, hidden, request, audience);
  pintle_recommendation* own_entries = session->list.own.front(PINTLE_LIST_K);
  TopK own(own_entries, request.k < PINTLE_LIST_K ? request.k : PINTLE_LIST_K);
  scan.scan(nullptr, -INFINITY, &own);
  const size_t own_count = own.finish();
  size_t count = 0;
  do {
    const Tilt& tilt = trust->tilt();
    float floor = -INFINITY;
    if (own_count == request.k) floor = floor_of(own_entries, own_count, tilt);
    // The list of the last try, with a larger tilt.
    if (count == request.k) floor = fmaxf(floor, floor_of(out, count, tilt));
    TopK best(out, request.k);
    scan.scan(tilt.is_active() ? &tilt : nullptr, floor, &best);
    count = best.finish();
    for (size_t i = 0; i < count; ++i) out[i].score = scan.score(out[i].item);
  } while (!trust->holds(own_entries, out, count));
  return count;
}

}  // namespace pintle::internal
