// SPDX-License-Identifier: Apache-2.0
#include "runtime/lists/relaxation.h"

#include <string.h>

namespace pintle::internal {
namespace {

constexpr uint32_t kMaxMoves = 32;
// A fifteenth missed costs four times the largest sum of worth (1e14 tolerances): it has weight 1024.
constexpr double kPenalty = 4e14 / 1024;

}  // namespace

Relaxation::Relaxation(const ListTerms& terms, const EntrySet& set, int64_t misses,
                       SwapBuffers* buffers)
    : terms_(terms), set_(set), buffers_(buffers) {
  const ListProblem& problem = *terms.problem;
  changes_.find(terms, set);
  // Worth of a miss; 0 where the set's ranges miss less than what the lists may.
  const double penalty = set.range_misses() >= misses ? kPenalty * terms.tolerance : 0;
  for (uint32_t g = 0; g < problem.group_count; ++g) {
    const int32_t step = (terms.whole_groups >> g & 1) != 0 ? kWhole : 1;
    const GroupChanges::Change& more = changes_.changes[g][kWhole + step];
    const GroupChanges::Change& less = changes_.changes[g][kWhole - step];
    lowest_[g] = (more.reward - penalty * static_cast<double>(more.misses)) / step;
    highest_[g] = (penalty * static_cast<double>(less.misses) - less.reward) / step;
    const double middle = (more.reward - less.reward) / (2 * step);
    prices_[g] = fmin(fmax(middle, lowest_[g]), highest_[g]);
  }
}

Swap Relaxation::best_swap(const EntrySet& set) {
  const SwapMoves moves = find_moves(terms_, set, Moves::kOfKinds, buffers_);
  double* enterer_weights = buffers_->enterer_weights.front(moves.enterer_count);
  double* leaver_weights = buffers_->leaver_weights.front(moves.leaver_count);
  for (uint32_t e = 0; e < moves.enterer_count; ++e) {
    enterer_weights[e] = weight(terms_.candidate(moves.enterers[e]));
  }
  for (uint32_t l = 0; l < moves.leaver_count; ++l) {
    leaver_weights[l] = weight(terms_.candidate(set.entries()[moves.leavers[l]]));
  }
  Swap best = {0, 0, 0, 0, -INFINITY};
  for (uint32_t e = 0; e < moves.enterer_count; ++e) {
    const double probability = terms_.candidate(moves.enterers[e]).probability;
    for (uint32_t l = 0; l < moves.leaver_count; ++l) {
      const double worth = set.swap_dcg(moves.leavers[l], probability, moves.positions[e]) +
                           enterer_weights[e] - leaver_weights[l];
      if (worth > best.worth) {
        best = {moves.leavers[l], moves.enterers[e], moves.positions[e], 0, worth};
      }
    }
  }
  return best;
}

// Towards where the swap gains nothing, as far as the prices' limits let it; false: no price moved.
bool Relaxation::move_prices(const Swap& against) {
  const Candidate& in = terms_.candidate(against.enterer);
  const Candidate& out = terms_.candidate(set_.entries()[against.leaver]);
  double rest = against.worth;
  bool is_moved = false;
  for (uint32_t round = 0; round < 2; ++round) {
    double squares = 0;
    for (uint32_t g = 0; g < terms_.problem->group_count; ++g) {
      const double change = in.levels[g] - out.levels[g];
      if (change > 0 ? prices_[g] > lowest_[g] : change < 0 && prices_[g] < highest_[g]) {
        squares += change * change;
      }
    }
    if (squares == 0) break;
    const double step = rest / squares;
    for (uint32_t g = 0; g < terms_.problem->group_count; ++g) {
      const double change = in.levels[g] - out.levels[g], before = prices_[g];
      if (change == 0) continue;
      prices_[g] = fmin(fmax(before - step * change, lowest_[g]), highest_[g]);
      rest -= (before - prices_[g]) * change;
      if (prices_[g] != before) is_moved = true;
    }
    if (rest <= 0) break;
  }
  return is_moved;
}

bool Relaxation::prove() {
  double nearest = INFINITY, kept[kMaxGroups];
  memcpy(kept, prices_, sizeof(kept));
  for (uint32_t move = 0; move < kMaxMoves; ++move) {
    const Swap against = best_swap(set_);
    if (against.worth <= terms_.tolerance) return true;
    if (against.worth < nearest) {
      nearest = against.worth;
      memcpy(kept, prices_, sizeof(kept));
    }
    if (!move_prices(against)) break;
  }
  memcpy(prices_, kept, sizeof(kept));
  return false;
}

double Relaxation::widen(EntrySet* relaxed) {
  relaxed->assign(set_.entries());
  double more = 0;
  for (;;) {
    const Swap swap = best_swap(*relaxed);
    if (swap.worth <= terms_.tolerance) return more;
    more += swap.worth;
    relaxed->swap(swap.leaver, swap.enterer, swap.position);
  }
}

void Relaxation::find_losses(const EntrySet& relaxed, double* losses) {
  const ListProblem& problem = *terms_.problem;
  const SwapMoves moves = find_moves(terms_, relaxed, Moves::kOfKinds, buffers_);
  uint32_t rank = 0;
  for (uint32_t c = 0; c < problem.candidate_count; ++c) {
    losses[c] = 0;
    if (relaxed.place(c) == kPinned) continue;
    double least = INFINITY;
    const double own = weight(terms_.candidate(c));
    if (relaxed.place(c) == kInside) {
      for (uint32_t e = 0; e < moves.enterer_count; ++e) {
        const Candidate& in = terms_.candidate(moves.enterers[e]);
        least = fmin(least,
                     own - weight(in) - relaxed.swap_dcg(rank, in.probability, moves.positions[e]));
      }
      ++rank;
    } else {
      const double probability = terms_.candidate(c).probability;
      for (uint32_t l = 0; l < moves.leaver_count; ++l) {
        const Candidate& out = terms_.candidate(relaxed.entries()[moves.leavers[l]]);
        least =
            fmin(least, weight(out) - own - relaxed.swap_dcg(moves.leavers[l], probability, rank));
      }
    }
    losses[c] = fmax(least, 0);
  }
}

}  // namespace pintle::internal
