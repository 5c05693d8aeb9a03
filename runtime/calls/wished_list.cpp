// SPDX-License-Identifier: Apache-2.0
#include "runtime/calls/wished_list.h"

#include "runtime/choice/mix_step.h"
#include "runtime/lists/classes.h"
#include "runtime/lists/diverse.h"
#include "runtime/lists/rule_range.h"
#include "runtime/network/transformer.h"
#include "runtime/scan/scoring.h"

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

}  // namespace

Status begin_list(Session* session, const pintle_request& request, ListCall* call) {
  const Model& model = *session->model;
  PINTLE_TRY(check_history(*session));
  PINTLE_TRY(Steering::check(model, request.steering, session->fault()));
  PINTLE_TRY(check_items(*session, "allow", request.allow, request.allow_count));
  PINTLE_TRY(check_items(*session, "deny", request.deny, request.deny_count));
  const Steering edits(model, request.steering);
  PINTLE_TRY(make_plan(*session, edits, request.wishes, request.k, &call->plan));
  call->is_steered = !edits.leaves_states();
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
  const Eligibility eligibility(session, request);
  // The few candidates that are enough where rules can be kept, and all that could be needed where not.
  for (const bool is_thorough : {false, true}) {
    scan_for_list(session, call.hidden, call.is_steered, eligibility, call.plan,
                  static_cast<uint32_t>(request.k), is_thorough, &list->scan);
    pose_list(session, call.hidden, eligibility, call.plan, list->scan, &list->posed);
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
