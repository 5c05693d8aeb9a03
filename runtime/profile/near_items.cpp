// SPDX-License-Identifier: Apache-2.0
#include "runtime/profile/near_items.h"

#include <math.h>
#include <string.h>

#include "runtime/profile/group_posterior.h"
#include "runtime/profile/learn.h"
#include "runtime/scan/panel_scorer.h"
#include "runtime/scan/topk.h"
#include "runtime/support/strongest.h"

namespace pintle::internal {
namespace {

// Nats that a MORE_LIKE gives an item whose vector has the direction of its own.
constexpr double kNearWeight = 0.25;

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
  near->weight = 0;
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

// In fixed point: what comes and goes leaves no trace.
void add_term(ProfileState* profile, uint32_t item, int64_t weight) {
  ItemTerm* terms = profile->terms.front(kMaxItemTerms);
  uint32_t place = 0, end = profile->term_count;
  while (place < end) {
    const uint32_t middle = (place + end) / 2;
    if (terms[middle].item < item) {
      place = middle + 1;
    } else {
      end = middle;
    }
  }
  const size_t behind = profile->term_count - place;
  if (behind == 0 || terms[place].item != item) {
    if (weight == 0) return;
    memmove(terms + place + 1, terms + place, behind * sizeof(ItemTerm));
    terms[place] = {item, weight};
    ++profile->term_count;
  } else if ((terms[place].weight += weight) == 0) {
    memmove(terms + place, terms + place + 1, (behind - 1) * sizeof(ItemTerm));
    --profile->term_count;
  }
}

// Makes the items' weight in the terms that one.
void set_weight(ProfileState* profile, double weight, NearItems* near) {
  if (near->weight == weight) return;
  for (uint32_t n = 0; n < near->count; ++n) {
    const double cosine = static_cast<double>(near->items[n].cosine);
    const int64_t before = llrint(near->weight * cosine * kFixedOne);
    add_term(profile, near->items[n].item, llrint(weight * cosine * kFixedOne) - before);
  }
  near->weight = weight;
  profile->has_offsets = false;
}

}  // namespace

void forget_near_weights(Session* session) {
  ProfileState& profile = session->profile;
  profile.term_count = 0;
  for (uint32_t slot = 0; slot < kNearFeedback; ++slot) profile.near.at(slot, 1)->weight = 0;
  profile.has_offsets = false;
}

void update_near_items(Session* session) {
  ProfileState& profile = session->profile;
  const FeedbackLog& log = profile.log;
  NearItems* near = session->profile.near.front(kNearFeedback);
  const pintle_feedback* wanted_by[kNearFeedback] = {};
  const pintle_feedback* missing[kNearFeedback];
  uint32_t wanted = 0, missing_count = 0;
  for (uint32_t i = log.count(); i > 0 && wanted < kNearFeedback; --i) {
    if (!wants_near(log.at(i - 1))) continue;
    ++wanted;
    uint32_t slot = 0;
    while (slot < kNearFeedback && near[slot].number != log.at(i - 1).number) ++slot;
    if (slot < kNearFeedback) {
      wanted_by[slot] = &log.at(i - 1);
    } else {
      missing[missing_count++] = &log.at(i - 1);
    }
  }
  for (uint32_t slot = 0; slot < kNearFeedback; ++slot) {
    if (wanted_by[slot] != nullptr) continue;
    set_weight(&profile, 0, &near[slot]);
    near[slot].number = 0;
    if (missing_count == 0) continue;
    wanted_by[slot] = missing[--missing_count];
    find_near(session, *wanted_by[slot], &near[slot]);
  }
  for (uint32_t slot = 0; slot < kNearFeedback; ++slot) {
    if (wanted_by[slot] == nullptr) continue;
    const double response = response_of(wanted_by[slot]->kind);
    set_weight(&profile, kNearWeight * response * faded_weight(profile, *wanted_by[slot]),
               &near[slot]);
  }
}

}  // namespace pintle::internal
