// SPDX-License-Identifier: Apache-2.0
#include "runtime/profile/explain_profile.h"

#include <math.h>
#include <stdio.h>

#include "runtime/profile/group_posterior.h"
#include "runtime/profile/learn.h"
#include "runtime/profile/offsets.h"
#include "runtime/support/strongest.h"

namespace pintle::internal {
namespace {

Status check_now(const Session& session, int64_t now) {
  if (is_time(now)) return PINTLE_OK;
  return session.fault()(PINTLE_ERR_INVALID_ARGUMENT, "%lld seconds is no time",
                         static_cast<long long>(now));
}

// Whether a feedback is about the attribute.
bool is_about(const Model& model, const pintle_feedback& feedback, uint32_t attribute) {
  if (names_attribute(feedback.kind)) return feedback.target == attribute;
  const uint32_t* attributes = nullptr;
  size_t count = 0;
  if (model.catalogue.get_attributes(feedback.target, &attributes, &count) != PINTLE_OK) {
    return false;
  }
  for (size_t i = 0; i < count; ++i) {
    if (attributes[i] == attribute) return true;
  }
  return false;
}

// The part's feedback, by a look at all that there is.
void count_feedback(const Session& session, pintle_profile_part* out) {
  const ProfileState& profile = session.profile;
  pintle_profile_part& part = *out;
  for (uint32_t i = 0; i < profile.log.count(); ++i) {
    const pintle_feedback& feedback = profile.log.at(i);
    const double response = response_of(feedback.kind);
    if (response == 0 || !is_about(*session.model, feedback, part.attribute)) continue;
    ++(response > 0 ? part.count_for : part.count_against);
    if (feedback.time > part.newest) part.newest = feedback.time;
  }
}

// Of the `count` attributes (null: the first of all) those that the profile weighs, strongest first; of equal ones the
// lower first, not the one that feedback touched first.
void list_parts(const Session& session, const uint32_t* attributes, size_t count,
                pintle_profile_part* out, size_t capacity, size_t* found) {
  size_t kept = 0;
  *found = 0;
  for (size_t i = 0; i < count; ++i) {
    const uint32_t attribute = attributes == nullptr ? static_cast<uint32_t>(i) : attributes[i];
    const float weight = *session.profile.weights.at(attribute, 1);
    if (weight == 0) continue;
    ++*found;
    const pintle_profile_part part = {attribute, weight * session.profile.options.strength, 0, 0,
                                      PINTLE_NO_DATE};
    insert_by_magnitude(part, capacity, out, &kept);
  }
  for (size_t i = 0; i < kept; ++i) count_feedback(session, &out[i]);
}

// "once", "twice", "on three occasions".
void write_times(uint32_t count, char* text, size_t capacity) {
  static const char* const kWords[] = {"three", "four",  "five", "six",
                                       "seven", "eight", "nine", "ten"};
  if (count <= 2) {
    snprintf(text, capacity, "%s", count == 1 ? "once" : "twice");
  } else if (count <= 10) {
    snprintf(text, capacity, "on %s occasions", kWords[count - 3]);
  } else {
    snprintf(text, capacity, "on %u occasions", count);
  }
}

}  // namespace

Status explain_profile(Session* session, int64_t now, pintle_profile_part* out, size_t capacity,
                       size_t* count) {
  PINTLE_TRY(check_now(*session, now));
  learn_profile(session, session_now(*session, now));
  list_parts(*session, nullptr, session->model->catalogue.attribute_count, out, capacity, count);
  return PINTLE_OK;
}

Status explain_profile_of(Session* session, uint32_t item, int64_t now, pintle_profile_part* out,
                          size_t capacity, size_t* count, float* offset) {
  PINTLE_TRY(check_now(*session, now));
  if (item >= session->model->item_count) {
    return session->fault()(PINTLE_ERR_UNKNOWN_ITEM, "item %u, of a catalogue of %u", item,
                            session->model->item_count);
  }
  learn_profile(session, session_now(*session, now));
  const Catalogue& catalogue = session->model->catalogue;
  const uint32_t* attributes = nullptr;
  size_t attribute_count = 0;
  if (catalogue.get_attributes(item, &attributes, &attribute_count) != PINTLE_OK) {
    attribute_count = 0;
  }
  list_parts(*session, attributes, attribute_count, out, capacity, count);
  find_offsets(session);
  *offset = session->profile.options.strength * *session->profile.offsets.at(item, 1);
  return PINTLE_OK;
}

Status describe_part(const Session& session, const pintle_profile_part& part, char* text,
                     size_t capacity, size_t* length) {
  const Catalogue& catalogue = session.model->catalogue;
  if (part.attribute >= catalogue.attribute_count) {
    return session.fault()(PINTLE_ERR_UNKNOWN_NAME, "attribute %u, of a model with %u",
                           part.attribute, catalogue.attribute_count);
  }
  const char* name = catalogue.attributes->Get(part.attribute)->name()->c_str();
  const bool is_more = part.weight >= 0;
  const uint32_t with = is_more ? part.count_for : part.count_against;
  const uint32_t against = is_more ? part.count_against : part.count_for;
  char times[40] = "", others[64] = "";
  if (with > 0) write_times(with, times, sizeof(times));
  if (against > 0) {
    char other_times[40];
    write_times(against, other_times, sizeof(other_times));
    snprintf(others, sizeof(others), ", and for the other way %s", other_times);
  }
  const int bytes = snprintf(text, capacity, "%s %s: you asked %s%s", is_more ? "More" : "Less",
                             name, times, others);
  if (length != nullptr) *length = static_cast<size_t>(bytes);
  if (static_cast<size_t>(bytes) < capacity) return PINTLE_OK;
  if (capacity > 0) text[0] = '\0';
  return session.fault()(PINTLE_ERR_BUFFER_TOO_SMALL, "the sentence has %d bytes and a NUL", bytes);
}

}  // namespace pintle::internal
