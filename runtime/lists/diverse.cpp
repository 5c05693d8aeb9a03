// SPDX-License-Identifier: Apache-2.0
#include "runtime/lists/diverse.h"

#include <assert.h>
#include <math.h>

namespace pintle::internal {

void add_diversity(Session* session, const ListPlan& plan, PosedList* posed) {
  const Model& model = *session->model;
  ListBuffers& list = session->list;
  ListProblem& problem = posed->problem;
  const uint32_t count = problem.candidate_count;
  assert(count <= kMaxDiverse);
  float* vectors = list.vectors.front(static_cast<size_t>(count) * model.dim);
  float* inverse_norms = list.inverse_norms.front(count);
  for (uint32_t i = 0; i < count; ++i) {
    float* row = vectors + static_cast<size_t>(i) * model.dim;
    scored_row(model, problem.candidates[i].item, row);
    const float square = model.kernels.dot_f32(row, row, model.dim);
    // A row of zeros is like no other.
    inverse_norms[i] = square > 0 && isfinite(square) ? 1 / sqrtf(square) : 0.0f;
  }
  problem.vectors = vectors;
  problem.inverse_norms = inverse_norms;
  problem.vector_sum = list.vector_sum.front(model.dim);
  problem.dim = model.dim;
  problem.kernels = &model.kernels;
  problem.diversity = 1;
  const ListWorth plain = worth_of(problem, posed->plain);
  // value * DCG of the list without wishes * diversity / its diversity. Where its items are one and the
  // same but for rounding there is no measure.
  constexpr double kRounding = 1e-5;
  const double all_pairs = problem.length * (problem.length - 1.0) / 2;
  problem.diversity = plain.diversity > kRounding * all_pairs
                          ? plan.diversity * plain.expected_dcg / plain.diversity
                          : 0;
}

void narrow_candidates(Session* session, PosedList* posed, uint32_t* entries) {
  ListBuffers& list = session->list;
  ListProblem& problem = posed->problem;
  const uint32_t count = problem.candidate_count;
  uint8_t is_kept[kListCandidates] = {};
  uint32_t room = kMaxDiverse;
  const auto keep = [&is_kept, &room](uint32_t c) {
    if (is_kept[c] == 0) --room;
    is_kept[c] = 1;
  };
  static_assert(2 * PINTLE_DIVERSE_K + PINTLE_LIST_WISHES + PINTLE_LIST_RULES <= kMaxDiverse, "");
  for (uint32_t r = 0; r < problem.length; ++r) {
    keep(entries[r]);
    keep(posed->plain[r]);
  }
  for (uint32_t i = 0; i < problem.pin_count; ++i) keep(problem.pins[i].candidate);
  for (uint32_t c = 0; c < count; ++c) {
    if (problem.candidates[c].value != 0) keep(c);
  }
  const uint8_t* class_of = list.classes.front(session->model->item_count);
  uint32_t of_class[kListClasses] = {};
  const uint32_t share = room / list.class_count + 1;
  for (uint32_t c = 0; c < count && room > 0; ++c) {
    if (is_kept[c] == 0 && ++of_class[class_of[problem.candidates[c].item]] <= share) keep(c);
  }

  ScoredItem* items = list.items.front(count);
  Candidate* candidates = list.candidates.front(count);
  uint32_t numbers[kListCandidates];
  uint32_t kept = 0;
  for (uint32_t c = 0; c < count; ++c) {
    if (is_kept[c] == 0) continue;
    items[kept] = items[c];
    candidates[kept] = candidates[c];
    numbers[c] = kept++;
  }
  problem.candidate_count = kept;
  for (uint32_t r = 0; r < problem.length; ++r) {
    entries[r] = numbers[entries[r]];
    posed->plain[r] = numbers[posed->plain[r]];
  }
  for (uint32_t i = 0; i < problem.pin_count; ++i) {
    problem.pins[i].candidate = numbers[problem.pins[i].candidate];
  }
  problem.start = entries;
  problem.has_all_candidates = false;
}

}  // namespace pintle::internal
