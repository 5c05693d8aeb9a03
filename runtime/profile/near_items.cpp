// SPDX-License-Identifier: Apache-2.0
#include "runtime/profile/near_items.h"

#include <math.h>

#include "runtime/scan/panel_scorer.h"
#include "runtime/scan/topk.h"
#include "runtime/support/strongest.h"

namespace pintle::internal {
namespace {

bool wants_near(const pintle_feedback& feedback) {
  return feedback.kind == PINTLE_FEEDBACK_MORE_LIKE || feedback.kind == PINTLE_FEEDBACK_LESS_LIKE;
}

// By products with the item's row, of which the largest are put in the order of cosines: long rows, which have large
// products with everything, are few.
void find_near(Session* session, const pintle_feedback& feedback, NearItems* near) {
  constexpr size_t kCandidates = 8 * kNearItems;
  const Model& model = *session->model;
  const size_t dim = model.dim;
  float* row = session->call.steered.front(dim);
  scored_row(model, feedback.target, row);
  const float length = sqrtf(model.kernels.dot_f32(row, row, dim));
  pintle_recommendation* candidates = session->list.plain.front(PINTLE_LIST_K);
  static_assert(kCandidates <= PINTLE_LIST_K);
  TopK best(candidates, kCandidates);
  for_each_product(session, row, [&](uint32_t item, float product) {
    if (item != feedback.target && best.may_enter(product)) best.offer(item, product);
  });
  const size_t count = best.finish();
  near->number = feedback.number;
  size_t kept = 0;
  float* other = session->list.vector_sum.front(dim);
  for (size_t i = 0; i < count; ++i) {
    scored_row(model, candidates[i].item, other);
    const float other_length = sqrtf(model.kernels.dot_f32(other, other, dim));
    const float cosine = model.kernels.dot_f32(row, other, dim) / (length * other_length);
    if (!(cosine > 0)) continue;  // nor where a row is zero
    insert_by_magnitude(NearItem{candidates[i].item, cosine}, kNearItems, near->items, &kept);
  }
  near->count = static_cast<uint32_t>(kept);
}

}  // namespace

void update_near_items(Session* session) {
  const FeedbackLog& log = session->profile.log;
  NearItems* near = session->profile.near.front(kNearFeedback);
  bool is_wanted[kNearFeedback] = {};
  const pintle_feedback* missing[kNearFeedback];
  uint32_t wanted = 0, missing_count = 0;
  for (uint32_t i = log.count(); i > 0 && wanted < kNearFeedback; --i) {
    if (!wants_near(log.at(i - 1))) continue;
    ++wanted;
    uint32_t slot = 0;
    while (slot < kNearFeedback && near[slot].number != log.at(i - 1).number) ++slot;
    if (slot < kNearFeedback) {
      is_wanted[slot] = true;
    } else {
      missing[missing_count++] = &log.at(i - 1);
    }
  }
  uint32_t slot = 0;
  for (uint32_t i = 0; i < missing_count; ++i) {
    while (is_wanted[slot]) ++slot;
    find_near(session, *missing[i], &near[slot]);
    is_wanted[slot] = true;
  }
  for (slot = 0; slot < kNearFeedback; ++slot) {
    if (!is_wanted[slot]) near[slot].number = 0;
  }
}

}  // namespace pintle::internal
