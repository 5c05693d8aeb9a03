// SPDX-License-Identifier: Apache-2.0
#include "runtime/calls/explain_list.h"

#include <math.h>

#include "runtime/calls/entry_reasons.h"
#include "runtime/calls/rule_results.h"

namespace pintle::internal {
namespace {

Status make_list(Session* session, const pintle_request& request, ListCall* call,
                 WishedList* list) {
  if (request.k > PINTLE_LIST_K) {
    return session->fault()(PINTLE_ERR_INVALID_ARGUMENT,
                            "a list of %zu entries to be explained; %u are the most", request.k,
                            PINTLE_LIST_K);
  }
  PINTLE_TRY(begin_list(session, request, true, call));
  make_wished_list(session, request, *call, list);
  return PINTLE_OK;
}

void fill_info(const WishedList& list, const ListReasons& reasons, pintle_list_info* info) {
  const ListProblem& problem = list.posed.problem;
  const ListWorth worth = worth_of(problem, list.entries), plain = worth_of(problem, problem.plain);
  info->is_proven = list.is_proven ? 1 : 0;
  info->expected_dcg = reasons.own_dcg(list.entries);
  info->plain_dcg = reasons.own_dcg(problem.plain);
  info->reward = (worth.sum(problem.group_count) - worth.expected_dcg) -
                 (plain.sum(problem.group_count) - plain.expected_dcg);
  if (problem.diversity > 0) {
    const double pairs = problem.length * (problem.length - 1.0) / 2;
    info->diversity = worth.diversity / problem.diversity / pairs;
    info->plain_diversity = plain.diversity / problem.diversity / pairs;
  }
  info->kept_count = 0;
  for (uint32_t r = 0; r < list.length(); ++r) {
    info->kept_count += reasons.plain_rank(r) == PINTLE_NO_RANK ? 0 : 1;
  }
}

}  // namespace

Status explain_list(Session* session, const pintle_request& request, pintle_list_entry* entries,
                    size_t* count, pintle_rule_result* results, pintle_list_info* info) {
  ListCall call;
  WishedList list;
  PINTLE_TRY(make_list(session, request, &call, &list));
  ListReasons reasons(session, call.plan, list);
  *count = list.length();
  for (uint32_t r = 0; r < list.length(); ++r) {
    EntryReasons why;
    reasons.explain(r, &why);
    const ScoredItem& item = *session->list.items.at(list.entries[r], 1);
    entries[r] = {item.item,
                  item.own_score,
                  static_cast<float>(reasons.own_probability(list.entries[r])),
                  reasons.plain_rank(r),
                  why.cause,
                  why.source,
                  why.replaced,
                  static_cast<float>(why.gain)};
  }
  if (results != nullptr) find_rule_results(call.plan, list, results);
  if (info != nullptr) fill_info(list, reasons, info);
  return PINTLE_OK;
}

Status explain_entry(Session* session, const pintle_request& request, size_t rank,
                     pintle_reason* reasons, size_t capacity, size_t* count) {
  ListCall call;
  WishedList list;
  PINTLE_TRY(make_list(session, request, &call, &list));
  if (rank == 0 || rank > list.length()) {
    return session->fault()(PINTLE_ERR_INVALID_ARGUMENT, "rank %zu of a list of %u entries", rank,
                            list.length());
  }
  EntryReasons why;
  ListReasons(session, call.plan, list).explain(static_cast<uint32_t>(rank - 1), &why);
  *count = why.count;
  // Largest magnitude first; of equal ones as they came.
  for (size_t i = 0; i < why.count; ++i) {
    size_t place = i < capacity ? i : capacity;
    while (place > 0 && fabsf(reasons[place - 1].value) < fabsf(why.reasons[i].value)) {
      if (place < capacity) reasons[place] = reasons[place - 1];
      --place;
    }
    if (place < capacity) reasons[place] = why.reasons[i];
  }
  return PINTLE_OK;
}

}  // namespace pintle::internal
