// SPDX-License-Identifier: Apache-2.0
#include "runtime/choice/choose_scratch.h"

namespace pintle::internal {

void EntryBuffers::lay_out(bool counts_pairs, Arena* arena) {
  places = arena->buffer<uint8_t>(kMaxCandidates);
  entries = arena->buffer<uint32_t>(kMaxEntries);
  rises = arena->buffer<double>(kMaxEntries + 1);
  falls = arena->buffer<double>(kMaxEntries + 1);
  if (!counts_pairs) return;
  costs = arena->buffer<int64_t>(kMaxCandidates);
  distances = arena->buffer<double>(kMaxCandidates);
}

void SwapBuffers::lay_out(Arena* arena) {
  enterers = arena->buffer<uint32_t>(kMaxCandidates);
  positions = arena->buffer<uint32_t>(kMaxCandidates);
  leavers = arena->buffer<uint32_t>(kMaxEntries);
  kinds_seen = arena->buffer<int64_t>(kMaxCandidates);
  leaver_worths = arena->buffer<double>(kMaxEntries);
  leaver_misses = arena->buffer<int64_t>(kMaxEntries);
}

void RelaxationBuffers::lay_out(Arena* arena) {
  full_values = arena->buffer<uint32_t>(kMaxCandidates);
  kinds.lay_out(kMaxCandidates, arena);
}

void ExactBuffers::lay_out(Arena* arena) {
  order = arena->buffer<uint32_t>(kMaxCandidates);
  first = arena->buffer<uint32_t>(kMaxKinds + 1);
  taken = arena->buffer<uint32_t>(kMaxKinds);
  tried = arena->buffer<uint32_t>(kMaxKinds);
  target = arena->buffer<uint32_t>(kMaxKinds);
  loss_in = arena->buffer<double>(kMaxKinds + 1);
  loss_out = arena->buffer<double>(kMaxKinds + 1);
  reach = arena->buffer<GroupReach>((kMaxKinds + 1) * kMaxGroups);
  losses = arena->buffer<double>(kMaxCandidates);
  taken_entries = arena->buffer<uint32_t>(kMaxEntries);
  sorted = arena->buffer<uint32_t>(kMaxEntries);
  added = arena->buffer<int64_t>(kMaxEntries);
}

void ArrangeBuffers::lay_out(Arena* arena) {
  list = arena->buffer<uint32_t>(kMaxEntries);
  chosen = arena->buffer<uint32_t>(kMaxEntries);
  twins = arena->buffer<uint32_t>(kMaxEntries);
  is_placed = arena->buffer<uint8_t>(kMaxEntries);
  misses = arena->buffer<int64_t>(kMaxEntries + 1);
  dcg = arena->buffer<double>(kMaxEntries + 1);
  runs = arena->buffer<RunAhead>(kMaxRunsAhead);
}

void ChooseScratch::lay_out(Arena* arena) {
  kinds.lay_out(kMaxCandidates, arena);
  discounts = arena->buffer<double>(kMaxEntries);
  steps = arena->buffer<double>(kMaxEntries + 1);
  chosen.lay_out(true, arena);
  relaxed.lay_out(false, arena);
  swaps.lay_out(arena);
  relaxation.lay_out(arena);
  exact.lay_out(arena);
  arrange.lay_out(arena);
  offered = arena->buffer<uint32_t>(kMaxEntries);
  entries = arena->buffer<uint32_t>(kMaxEntries);
}

}  // namespace pintle::internal
