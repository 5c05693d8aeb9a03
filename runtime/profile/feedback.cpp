// SPDX-License-Identifier: Apache-2.0
#include "runtime/profile/feedback.h"

#include <math.h>

#include "runtime/profile/learn.h"

namespace pintle::internal {
namespace {

// What a snapshot says exactly.
float in_millionths(float value) {
  const double whole = floor(static_cast<double>(value) * 1e6 + 0.5);
  return static_cast<float>((whole > 1 || !(value > 0) ? whole : 1) / 1e6);
}

}  // namespace

Status check_feedback(const Model& model, const pintle_feedback& feedback, const Fault& fault) {
  if (feedback.kind > PINTLE_FEEDBACK_PREFERS || !(feedback.weight > 0 && feedback.weight <= 1) ||
      feedback.reserved != 0 || !is_time(feedback.time)) {
    return fault(
        PINTLE_ERR_INVALID_ARGUMENT,
        "feedback of kind %u: there is none, or its weight %g is not in (0, 1], or its time "
        "none",
        feedback.kind, static_cast<double>(feedback.weight));
  }
  if (names_attribute(feedback.kind)) {
    if (feedback.target < model.catalogue.attribute_count) return PINTLE_OK;
    return fault(PINTLE_ERR_UNKNOWN_NAME, "feedback on attribute %u, of a model with %u",
                 feedback.target, model.catalogue.attribute_count);
  }
  if (model.catalogue.has(feedback.target)) return PINTLE_OK;
  return fault(PINTLE_ERR_UNKNOWN_ITEM, "feedback on item %u, of a catalogue of %u",
               feedback.target, model.item_count);
}

Status give_feedback(Session* session, const pintle_feedback& feedback, uint64_t* number) {
  PINTLE_TRY(check_feedback(*session->model, feedback, session->fault()));
  ProfileState& profile = session->profile;
  if (profile.log.is_full()) unlearn(session, profile.log.drop_oldest());
  FeedbackEntry entry = {feedback, profile.last_list};
  entry.feedback.weight = in_millionths(feedback.weight);
  profile.log.add(entry);
  learn(session, entry);
  if (number != nullptr) *number = profile.log.last_number();
  return PINTLE_OK;
}

Status undo_feedback(Session* session, uint64_t number) {
  FeedbackEntry removed;
  if (!session->profile.log.remove(number, &removed)) {
    return session->fault()(PINTLE_ERR_UNKNOWN_NAME, "the profile has no feedback of number %llu",
                            static_cast<unsigned long long>(number));
  }
  unlearn(session, removed);
  return PINTLE_OK;
}

bool are_profile_options(const pintle_profile_options& options) {
  constexpr float kMostStrength = 4;
  const double half_life = options.half_life_seconds;
  return half_life >= 0 && half_life <= static_cast<double>(PINTLE_LATEST) &&
         options.strength >= 0 && options.strength <= kMostStrength && options.trust >= 0 &&
         options.trust <= 1;
}

Status set_profile_options(Session* session, const pintle_profile_options& options) {
  const double half_life = options.half_life_seconds;
  if (!are_profile_options(options)) {
    return session->fault()(PINTLE_ERR_INVALID_ARGUMENT,
                            "profile options: half_life_seconds %g is below 0, strength %g not in "
                            "[0, 4] or trust %g not in [0, 1]",
                            half_life, static_cast<double>(options.strength),
                            static_cast<double>(options.trust));
  }
  session->profile.options = options;
  session->profile.options.strength = in_millionths(options.strength);
  session->profile.options.trust = in_millionths(options.trust);
  session->profile.options.half_life_seconds = floor(half_life);
  session->profile.is_summed = false;
  return PINTLE_OK;
}

}  // namespace pintle::internal
