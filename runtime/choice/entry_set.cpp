// SPDX-License-Identifier: Apache-2.0
#include "runtime/choice/entry_set.h"

#include <string.h>

namespace pintle::internal {
bool EntrySet::do_share_values(uint32_t a, uint32_t b) const {
  const ListProblem& problem = *terms_.problem;
  for (uint32_t i = 0; i < terms_.each_count; ++i) {
    const uint32_t family = terms_.eaches[i].family;
    const FamilyValues& own = terms_.candidate(a).families[family];
    for (uint32_t v = 0; v < own.count; ++v) {
      if (has_value(problem, b, family, problem.values_of(own)[v])) return true;
    }
  }
  return false;
}

EntrySet::EntrySet(const ListTerms& terms, EntryBuffers* buffers, PairBuffers* pairs)
    : terms_(terms),
      places_(buffers->places),
      entries_(buffers->entries),
      rises_(buffers->rises),
      falls_(buffers->falls),
      costs_(pairs == nullptr ? nullptr : pairs->costs),
      distances_(pairs == nullptr ? nullptr : pairs->distances) {}

void EntrySet::assign(const uint32_t* entries) {
  const ListProblem& problem = *terms_.problem;
  memset(places_, kOutside, problem.candidate_count);
  memset(fifteenths_, 0, sizeof(fifteenths_));
  for (uint32_t i = 0; i < problem.pin_count; ++i) {
    const uint32_t pinned = problem.pins[i].candidate;
    places_[pinned] = kPinned;
    for (uint32_t g = 0; g < problem.group_count; ++g) {
      fifteenths_[g] += terms_.candidate(pinned).levels[g];
    }
  }
  for (uint32_t r = 0; r < terms_.free_count; ++r) {
    entries_[r] = entries[r];
    places_[entries[r]] = kInside;
    for (uint32_t g = 0; g < problem.group_count; ++g) {
      fifteenths_[g] += terms_.candidate(entries[r]).levels[g];
    }
  }
  find_sums();
  if (has_costs()) find_costs();
  if (has_distances_) count_distances();
}

void EntrySet::count_distances() {
  const ListProblem& problem = *terms_.problem;
  has_distances_ = true;
  memset(problem.vector_sum, 0, problem.dim * sizeof(float));
  for (uint32_t m = 0; m < problem.length; ++m) {
    const float scale = problem.inverse_norms[member(m)];
    if (scale == 0) continue;
    problem.kernels->axpy_f32(scale, problem.vector(member(m)), problem.dim, problem.vector_sum);
  }
  for (uint32_t c = 0; c < problem.candidate_count; ++c) {
    const float scale = problem.inverse_norms[c];
    const float product =
        scale == 0 ? 0
                   : problem.kernels->dot_f32(problem.vector(c), problem.vector_sum, problem.dim);
    // A member's own distance is 0 in any case.
    const double own = places_[c] != kOutside && scale == 0 ? 1 : 0;
    distances_[c] = problem.length - own - static_cast<double>(product * scale);
  }
}

void EntrySet::find_costs() {
  find_full();
  for (uint32_t c = 0; c < terms_.problem->candidate_count; ++c) costs_[c] = find_each_misses(c);
}

void EntrySet::find_sums() {
  rises_[0] = falls_[0] = 0;
  for (uint32_t r = 0; r < terms_.free_count; ++r) {
    const double probability = terms_.candidate(entries_[r]).probability;
    rises_[r + 1] = rises_[r] + probability * terms_.steps[r];
    falls_[r + 1] = falls_[r] + probability * terms_.steps[r + 1];
  }
}

void EntrySet::swap(uint32_t leaver, uint32_t enterer, uint32_t position) {
  const ListProblem& problem = *terms_.problem;
  const uint32_t left = entries_[leaver];
  if (position > leaver) {
    memmove(entries_ + leaver, entries_ + leaver + 1, (position - 1 - leaver) * sizeof(uint32_t));
    entries_[position - 1] = enterer;
  } else {
    memmove(entries_ + position + 1, entries_ + position, (leaver - position) * sizeof(uint32_t));
    entries_[position] = enterer;
  }
  places_[left] = kOutside;
  places_[enterer] = kInside;
  for (uint32_t g = 0; g < problem.group_count; ++g) {
    fifteenths_[g] += terms_.candidate(enterer).levels[g] - terms_.candidate(left).levels[g];
  }
  find_sums();
  if (has_costs()) {
    find_full();
    // Counts changed of the two's own values alone.
    for (uint32_t c = 0; c < problem.candidate_count; ++c) {
      const bool is_touched =
          c == left || c == enterer || do_share_values(c, left) || do_share_values(c, enterer);
      if (is_touched) costs_[c] = find_each_misses(c);
    }
  }
  if (has_distances_) count_distances();
}

void EntrySet::find_full() {
  const ListProblem& problem = *terms_.problem;
  full_count_ = 0;
  has_all_full_ = true;
  for (uint32_t i = 0; i < terms_.each_count; ++i) {
    const EachRule& rule = terms_.eaches[i];
    for (uint32_t m = 0; m < problem.length && rule.count != 0; ++m) {
      const FamilyValues& own = terms_.candidate(member(m)).families[rule.family];
      for (uint32_t v = 0; v < own.count; ++v) find_full(i, problem.values_of(own)[v], m);
    }
  }
}

// place: of a member that has the value; what follows is done for the first of these alone.
void EntrySet::find_full(uint32_t each, uint32_t value, uint32_t place) {
  const ListProblem& problem = *terms_.problem;
  const EachRule& rule = terms_.eaches[each];
  uint32_t count = 1;
  for (uint32_t m = 0; m < place; ++m) {
    if (has_value(problem, member(m), rule.family, value)) return;
  }
  for (uint32_t m = place + 1; m < problem.length; ++m) {
    if (has_value(problem, member(m), rule.family, value)) ++count;
  }
  if (count < rule.count) return;
  has_all_full_ = has_all_full_ && full_count_ < kMaxFull;
  if (has_all_full_) full_[full_count_++] = {each, value, count};
}

uint32_t EntrySet::count_if_full(uint32_t each, uint32_t value) const {
  if (has_all_full_) {
    for (uint32_t i = 0; i < full_count_; ++i) {
      if (full_[i].each == each && full_[i].value == value) return full_[i].count;
    }
    return 0;
  }
  const EachRule& rule = terms_.eaches[each];
  uint32_t count = 0;
  for (uint32_t m = 0; m < terms_.problem->length; ++m) {
    if (has_value(*terms_.problem, member(m), rule.family, value)) ++count;
  }
  return count >= rule.count ? count : 0;
}

int64_t EntrySet::find_each_misses(uint32_t candidate) const {
  const uint32_t self = places_[candidate] == kOutside ? 0 : 1;
  int64_t misses = 0;
  for (uint32_t i = 0; i < terms_.each_count; ++i) {
    const EachRule& rule = terms_.eaches[i];
    const FamilyValues& own = terms_.candidate(candidate).families[rule.family];
    for (uint32_t v = 0; v < own.count; ++v) {
      // Of a rule of 0 each entry is one too many.
      if (rule.count == 0 ||
          count_if_full(i, terms_.problem->values_of(own)[v]) >= rule.count + self) {
        misses += kWhole * misses_of_fifteenth(rule.rule);
      }
    }
  }
  return misses;
}

int64_t EntrySet::swap_costs(uint32_t leaver, uint32_t enterer) const {
  const ListProblem& problem = *terms_.problem;
  const uint32_t left = entries_[leaver];
  int64_t misses = costs_[enterer];
  for (uint32_t i = 0; i < terms_.each_count; ++i) {
    const EachRule& rule = terms_.eaches[i];
    const FamilyValues& own = terms_.candidate(enterer).families[rule.family];
    for (uint32_t v = 0; v < own.count && rule.count != 0; ++v) {
      const uint32_t value = problem.values_of(own)[v];
      // A shared value's count stays: it costs nothing to come and saves nothing to go.
      if (has_value(problem, left, rule.family, value) && count_if_full(i, value) == rule.count) {
        misses -= kWhole * misses_of_fifteenth(rule.rule);
      }
    }
  }
  return misses;
}

}  // namespace pintle::internal
