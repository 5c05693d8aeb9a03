// SPDX-License-Identifier: Apache-2.0
#include "runtime/calls/entry_reasons.h"

#include "runtime/choice/gains.h"
#include "runtime/scan/partition_sum.h"

namespace pintle::internal {

ListReasons::ListReasons(Session* session, const ListPlan& plan, const WishedList& list)
    : session_(session),
      plan_(plan),
      list_(list),
      problem_(list.posed.problem),
      items_(session->list.items.front(list.posed.problem.candidate_count)) {}

uint32_t ListReasons::plain_rank(uint32_t rank) const {
  for (uint32_t r = 0; r < list_.length(); ++r) {
    if (problem_.plain[r] == list_.entries[rank]) return r + 1;
  }
  return PINTLE_NO_RANK;
}

double ListReasons::own_probability(uint32_t candidate) const {
  return static_cast<double>(
      probability_of(item_of(candidate).own_score, session_->model->temperature, list_.scan.log_z));
}

double ListReasons::own_dcg(const uint32_t* entries) const {
  double sum = 0;
  for (uint32_t r = 0; r < list_.length(); ++r) {
    sum += own_probability(entries[r]) * problem_.discounts[r];
  }
  return sum;
}

double ListReasons::tilted_dcg(const uint32_t* entries) const {
  double sum = 0;
  for (uint32_t r = 0; r < list_.length(); ++r) {
    const ScoredItem& item = item_of(entries[r]);
    sum += static_cast<double>(probability_of(item.own_score + list_.tilt.of(item.item),
                                              session_->model->temperature, list_.scan.log_z)) *
           problem_.discounts[r];
  }
  return sum;
}

// Whether an entry of the list without wishes would not be there but for the profile.
bool ListReasons::is_by_profile(uint32_t item) const {
  if (!list_.tilt.is_active()) return false;
  const pintle_recommendation* own = session_->list.own.front(list_.length());
  for (uint32_t r = 0; r < list_.length(); ++r) {
    if (own[r].item == item) return false;
  }
  return true;
}

void ListReasons::add(EntryReasons* out, uint32_t source, double value) const {
  if (value == 0) return;
  out->gain += value;
  for (uint32_t i = 0; i < out->count; ++i) {
    if (out->reasons[i].source != source) continue;
    out->reasons[i].value += static_cast<float>(value);
    return;
  }
  out->reasons[out->count++] = {source, static_cast<float>(value)};
}

void ListReasons::add_items(EntryReasons* out, uint32_t candidate, double sign) const {
  for (uint32_t i = 0; i < plan_.item_count; ++i) {
    if (plan_.items[i].item != item_of(candidate).item) continue;
    add(out, plan_.items[i].source, sign * static_cast<double>(plan_.items[i].reward));
  }
}

void ListReasons::explain(uint32_t rank, EntryReasons* out) {
  *out = {};
  const uint32_t entry = list_.entries[rank];
  if (plain_rank(rank) != PINTLE_NO_RANK) {
    if (is_by_profile(item_of(entry).item)) out->cause = PINTLE_CAUSE_PROFILE;
    return;
  }
  const EntryGain gain = gain_of(problem_, list_.entries, rank, session_->list.choose.front(1));
  if (gain.replaced == kNoCandidate) return;
  out->replaced = item_of(gain.replaced).item;
  // What is not the network's is the profile's, and what is not theirs exploration's.
  double tilted = gain.worth.expected_dcg, own = tilted;
  if (plan_.exploration > 0) own = tilted = tilted_dcg(list_.entries) - tilted_dcg(gain.other);
  if (list_.tilt.is_active()) own = own_dcg(list_.entries) - own_dcg(gain.other);
  add(out, PINTLE_SOURCE_SCORE, own);
  if (list_.tilt.is_active()) add(out, PINTLE_SOURCE_PROFILE, tilted - own);
  add(out, plan_.exploration_source, gain.worth.expected_dcg - tilted);
  for (uint32_t g = 0; g < plan_.group_count; ++g) {
    add(out, plan_.groups[g].source, gain.worth.groups[g]);
  }
  add_items(out, entry, 1);
  add_items(out, gain.replaced, -1);
  add(out, plan_.diversity_source, gain.worth.diversity);
  find_cause(gain.broken_rules, out);
}

void ListReasons::find_cause(uint32_t broken_rules, EntryReasons* out) const {
  for (uint32_t i = 0; i < plan_.rule_count; ++i) {
    if ((broken_rules >> i & 1) == 0) continue;
    if (out->cause != PINTLE_CAUSE_RULE) out->source = PINTLE_SOURCE_RULES + i;
    out->cause = PINTLE_CAUSE_RULE;
    out->reasons[out->count++] = {PINTLE_SOURCE_RULES + i, 0};
  }
  if (out->cause == PINTLE_CAUSE_RULE) return;
  out->cause = PINTLE_CAUSE_WISH;
  float most = 0;
  for (uint32_t i = 0; i < out->count; ++i) {
    const pintle_reason& reason = out->reasons[i];
    if (reason.source == PINTLE_SOURCE_SCORE || !(reason.value > most)) continue;
    most = reason.value;
    out->source = reason.source;
  }
}

}  // namespace pintle::internal
