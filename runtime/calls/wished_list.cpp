// SPDX-License-Identifier: Apache-2.0
#include "runtime/calls/wished_list.h"

#include "runtime/choice/mix_step.h"
#include "runtime/lists/classes.h"
#include "runtime/lists/diverse.h"
#include "runtime/lists/rule_range.h"
#include "runtime/network/transformer.h"
#include "runtime/profile/learn.h"
#include "runtime/profile/offsets.h"
#include "runtime/scan/scoring.h"
#include "runtime/scan/trust.h"

namespace pintle::internal {

namespace {

void choose(Session* session, WishedList* list) {
  ListChoice choice = {list->entries, false, 0};
  choose_list(list->posed.problem, session->list.choose.front(1), &choice);
  list->is_proven = choice.is_proven;
  list->violation = choice.violation;
}

// A mix that is met may be off where that makes the list worth most: a rule gives way by one entry, and the
// list is chosen anew.
void relax_mix(Session* session, WishedList* list) {
  ListProblem& problem = list->posed.problem;
  for (uint32_t left = mix_tolerance(problem.length); left > 0 && list->violation == 0; --left) {
    const MixStep step =
        find_mix_step(problem, list->entries, list->posed.mix, session->list.choose.front(1));
    if (step.change == 0) return;
    problem.ranges[step.range].lowest += step.change;
    problem.ranges[step.range].highest += step.change;
    choose(session, list);
    list->is_proven = false;  // of the other rules of the mix it is not known what they would give
  }
}

// Whether the plain list is in the region, its scores being made the network's again.
bool holds(Session* session, const ListCall& call, const WishedList& list, TrustRegion* trust) {
  if (!trust->tilt().is_active()) return true;
  pintle_recommendation* plain = session->list.plain.front(list.scan.plain_count);
  for (uint32_t r = 0; r < list.scan.plain_count; ++r) {
    (void)score_items(session, call.hidden, &plain[r].item, 1, &plain[r].score);  // it exists
  }
  return trust->holds(session->list.own.front(list.scan.plain_count), plain, list.scan.plain_count);
}

// What of the session has a part in the list, and when.
Status find_audience(const Session& session, const pintle_request& request, bool has_profile,
                     Audience* audience) {
  const Model& model = *session.model;
  const bool is_personal = (request.flags & PINTLE_NOT_PERSONAL) == 0;
  audience->has_history = is_personal;
  audience->has_profile = is_personal && has_profile && session.profile.present();
  audience->now = session_now(session, request.now);
  if (request.repeat_after_seconds > 0) {
    if (!model.has_profiles) {
      return session.fault()(
          PINTLE_ERR_INVALID_ARGUMENT,
          "repeat_after_seconds, of a model that was not opened with PINTLE_OPEN_PROFILE");
    }
    const int64_t now = audience->now == PINTLE_NO_DATE ? -PINTLE_LATEST : audience->now;
    const double before = static_cast<double>(now) - request.repeat_after_seconds;
    const double earliest = -static_cast<double>(PINTLE_LATEST);
    audience->may_repeat = true;
    audience->repeats_before =
        SeenItems::minutes_of(static_cast<int64_t>(before > earliest ? before : earliest));
  }
  if (model.catalogue.popularity != nullptr) return PINTLE_OK;
  if (!is_personal) {
    return session.fault()(PINTLE_ERR_EMPTY_HISTORY,
                           "PINTLE_NOT_PERSONAL, of a model without a popularity prior (pintle "
                           "convert --interactions)");
  }
  return check_history(session);
}

}  // namespace

Status begin_list(Session* session, const pintle_request& request, bool has_profile,
                  ListCall* call) {
  const Model& model = *session->model;
  PINTLE_TRY(find_audience(*session, request, has_profile, &call->audience));
  PINTLE_TRY(Steering::check(model, request.steering, session->fault()));
  PINTLE_TRY(check_items(*session, "allow", request.allow, request.allow_count));
  PINTLE_TRY(check_items(*session, "deny", request.deny, request.deny_count));
  const Steering edits(model, request.steering);
  PINTLE_TRY(
      make_plan(*session, edits, request.wishes, call->audience.now, request.k, &call->plan));
  if (call->audience.has_profile) {
    learn_profile(session, call->audience.now);
    find_offsets(session);
  }
  const bool has_state = call->audience.has_history && session_event_count(*session) > 0;
  call->is_steered = !has_state || !edits.leaves_states();
  if (!has_state) {
    if (edits.leaves_states()) return PINTLE_OK;
    return session->fault()(PINTLE_ERR_EMPTY_HISTORY,
                            "edits of features need a history: a list without one has no state");
  }
  if (call->is_steered) {
    const Span<float> steered = session->call.steered.part(0, model.dim);
    steered_hidden(session, edits, steered);
    call->hidden = steered.front(model.dim);
  } else {
    update_hidden(session);
    call->hidden = session->hidden();
  }
  return PINTLE_OK;
}

void make_wished_list(Session* session, const pintle_request& request, const ListCall& call,
                      WishedList* list) {
  update_classes(session, call.plan);
  session->exact_counts = {};
  const Eligibility eligibility(session, request, call.audience);
  TrustRegion trust(session, call.audience);
  // The few candidates that are enough where rules can be kept, and all that could be needed where not.
  for (const bool is_thorough : {false, true}) {
    do {
      scan_for_list(session, call.hidden, call.is_steered, eligibility, trust.tilt(), call.plan,
                    static_cast<uint32_t>(request.k), is_thorough, &list->scan);
    } while (!holds(session, call, *list, &trust));
    list->tilt = trust.tilt();
    pose_list(session, call.hidden, eligibility, list->tilt, call.plan, list->scan, &list->posed);
    // Rules come first: where there are more candidates than can be compared with each other, the list without
    // diversity says which are needed for them.
    const bool is_diverse = call.plan.diversity > 0;
    if (is_diverse && list->posed.problem.candidate_count > kMaxDiverse) {
      choose(session, list);
      narrow_candidates(session, &list->posed, list->entries);
    }
    if (is_diverse) add_diversity(session, call.plan, &list->posed);
    choose(session, list);
    if (list->violation == 0 || list->scan.is_everything) break;
  }
  if (list->posed.mix != 0) relax_mix(session, list);
}

}  // namespace pintle::internal
