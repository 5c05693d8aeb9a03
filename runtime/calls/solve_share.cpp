// SPDX-License-Identifier: Apache-2.0
//
// Solving for a share: the knob's strength at which the list holds as much of its attribute as
// asked.
#include <math.h>
#include <string.h>

#include "runtime/calls/recommend.h"

namespace pintle::internal {
namespace {

// Halvings of the knob's range: a millionth of it is finer than any list reacts to.
constexpr int kSteps = 20;

// The lists at one knob's strengths, beside the list without it.
class ShareProbe {
 public:
  ShareProbe(Session* session, const pintle_request& request, uint32_t knob,
             pintle_recommendation* base, pintle_recommendation* out)
      : session_(session), request_(request), knob_(knob), base_(base), out_(out) {}

  Status start(pintle_share_solution* found) {
    PINTLE_TRY(recommend(session_, request_, nullptr, base_, &base_count_));
    *found = solution_of(0, share(base_, base_count_), 1);
    return PINTLE_OK;
  }
  Status at(float strength, pintle_share_solution* found, size_t* count) {
    const pintle_edit edit = {PINTLE_EDIT_KNOB, knob_, 0, 0, strength};
    PINTLE_TRY(recommend(session_, request_, &edit, out_, count));
    uint32_t kept = 0;
    for (size_t i = 0; i < base_count_; ++i) {
      for (size_t j = 0; j < *count; ++j) kept += base_[i].item == out_[j].item ? 1 : 0;
    }
    const float overlap =
        base_count_ == 0 ? 1.0f : static_cast<float>(kept) / static_cast<float>(base_count_);
    *found = solution_of(strength, share(out_, *count), overlap);
    return PINTLE_OK;
  }

 private:
  static pintle_share_solution solution_of(float strength, float share, float overlap) {
    pintle_share_solution solution = PINTLE_SHARE_SOLUTION_INIT;
    solution.strength = strength;
    solution.share = share;
    solution.overlap = overlap;
    return solution;
  }
  float share(const pintle_recommendation* list, size_t count) const {
    const uint32_t attribute =
        static_cast<uint32_t>(session_->model->knobs[knob_].table->attribute());
    uint32_t having = 0;
    for (size_t i = 0; i < count; ++i) {
      having += session_->model->catalogue.has_attribute(list[i].item, attribute) ? 1 : 0;
    }
    return count == 0 ? 0.0f : static_cast<float>(having) / static_cast<float>(count);
  }

  Session* session_;
  const pintle_request& request_;
  uint32_t knob_;
  pintle_recommendation* base_;
  pintle_recommendation* out_;
  size_t base_count_ = 0;
};

}  // namespace

Status solve_share(Session* session, const pintle_request& request, uint32_t knob,
                   float target_share, float min_overlap, pintle_recommendation* scratch,
                   pintle_recommendation* out, size_t* count, pintle_share_solution* solution) {
  const Model& model = *session->model;
  if (knob >= model.knob_count || model.knobs[knob].table->attribute() < 0) {
    return session->fault()(PINTLE_ERR_UNKNOWN_NAME,
                            "knob %u, of a model with %u: it does not exist or has no attribute",
                            knob, model.knob_count);
  }
  ShareProbe probe(session, request, knob, scratch, out);
  pintle_share_solution best;
  PINTLE_TRY(probe.start(&best));
  const bool upward = target_share > best.share;
  const auto reaches = [&](const pintle_share_solution& s) {
    return upward ? s.share >= target_share : s.share <= target_share;
  };
  const fb::Knob& table = *model.knobs[knob].table;
  const float limit = upward ? table.max_strength() : table.min_strength();
  float strength = 0;
  int32_t stop = PINTLE_SHARE_REACHED;
  if (best.share != target_share && limit == 0) stop = PINTLE_SHARE_AT_RANGE;
  if (best.share != target_share && limit != 0) {
    // Share and overlap move one way with the strength, but for single swaps: bisect for the first
    // strength that reaches the share or breaks the overlap, and stay on its near side if it broke.
    pintle_share_solution found;
    PINTLE_TRY(probe.at(limit, &found, count));
    float near = 0, far = limit;
    if (!reaches(found) && found.overlap >= min_overlap) {
      strength = limit;
      stop = PINTLE_SHARE_AT_RANGE;
    } else {
      pintle_share_solution at_far = found;
      for (int step = 0; step < kSteps; ++step) {
        const float middle = near + (far - near) / 2;
        PINTLE_TRY(probe.at(middle, &found, count));
        if (reaches(found) || found.overlap < min_overlap) {
          far = middle;
          at_far = found;
        } else {
          near = middle;
        }
      }
      const bool kept = at_far.overlap >= min_overlap;
      strength = kept ? far : near;
      stop = kept ? PINTLE_SHARE_REACHED : PINTLE_SHARE_AT_OVERLAP;
    }
  }
  PINTLE_TRY(probe.at(strength, solution, count));
  solution->stop = stop;
  return PINTLE_OK;
}

}  // namespace pintle::internal
