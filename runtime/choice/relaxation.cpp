// SPDX-License-Identifier: Apache-2.0
#include "runtime/choice/relaxation.h"

#include <string.h>

namespace pintle::internal {
namespace {

constexpr uint32_t kMaxMoves = 32;
// Swaps that all moves together may look at.
constexpr uint32_t kMaxMeasured = 4096;
// A fifteenth missed, which has weight 1024, costs four times the largest sum of worth.
constexpr double kPenalty = 4.0 / 1024;

}  // namespace

Relaxation::Relaxation(const ListTerms& terms, const EntrySet& set, int64_t misses,
                       RelaxationBuffers* buffers, SwapBuffers* swap_buffers)
    : terms_(terms), set_(set), swap_buffers_(swap_buffers), masks_(buffers->full_values) {
  changes_.find(terms, set);
  find_full_values();
  find_kinds(buffers);
  find_limits(misses);
}

void Relaxation::find_full_values() {
  full_count_ = set_.full_count() < kMaxFull ? set_.full_count() : kMaxFull;
  for (uint32_t i = 0; i < full_count_; ++i) {
    const EntrySet::FullValue& full = set_.full_values()[i];
    const EachRule& rule = terms_.eaches[full.each];
    full_[i] = {rule.family, full.value, kWhole * misses_of_fifteenth(rule.rule),
                full.count - rule.count};
  }
}

void Relaxation::find_kinds(RelaxationBuffers* buffers) {
  kinds_ = terms_.kinds;
  if (full_count_ == 0) return;
  const ListProblem& problem = *terms_.problem;
  kinds_ = buffers->kinds.start();
  for (uint32_t c = 0; c < problem.candidate_count; ++c) {
    masks_[c] = 0;
    for (uint32_t i = 0; i < full_count_; ++i) {
      if (has_value(problem, c, full_[i].family, full_[i].value)) masks_[c] |= 1u << i;
    }
    kinds_.add(c, kinds_.find([this, c](uint32_t other) {
      return masks_[other] == masks_[c] && terms_.kinds.of[other] == terms_.kinds.of[c];
    }));
  }
}

void Relaxation::find_limits(int64_t misses) {
  const uint32_t groups = terms_.problem->group_count;
  int64_t counted = set_.range_misses();
  for (uint32_t i = 0; i < full_count_; ++i) counted += full_[i].excess * full_[i].misses;
  // Worth of a miss; 0 where what has a price misses less in the set than lists may.
  const double penalty = counted >= misses ? kPenalty * terms_.largest : 0;
  for (uint32_t g = 0; g < groups; ++g) {
    const int32_t step = (terms_.whole_groups >> g & 1) != 0 ? kWhole : 1;
    const GroupChanges::Change& more = changes_.changes[g][kWhole + step];
    const GroupChanges::Change& less = changes_.changes[g][kWhole - step];
    lowest_[g] = (more.reward - penalty * static_cast<double>(more.misses)) / step;
    highest_[g] = (penalty * static_cast<double>(less.misses) - less.reward) / step;
    const double middle = (more.reward - less.reward) / (2 * step);
    prices_[g] = fmin(fmax(middle, lowest_[g]), highest_[g]);
  }
  for (uint32_t i = 0; i < full_count_; ++i) {
    lowest_[groups + i] = -penalty * static_cast<double>(full_[i].misses);
    highest_[groups + i] = full_[i].excess == 0 ? 0 : lowest_[groups + i];
    prices_[groups + i] = highest_[groups + i];
  }
}

Swap Relaxation::best_swap(const EntrySet& set) {
  const SwapMoves moves = moves_of(set);
  double* leaver_weights = swap_buffers_->leaver_worths;
  for (uint32_t l = 0; l < moves.leaver_count; ++l) {
    leaver_weights[l] = weight(set.entries()[moves.leavers[l]]);
  }
  Swap best = {0, 0, 0, 0, -INFINITY};
  measured_ += moves.enterer_count * moves.leaver_count;
  for (uint32_t e = 0; e < moves.enterer_count; ++e) {
    const double probability = terms_.candidate(moves.enterers[e]).probability;
    const double own = weight(moves.enterers[e]);
    for (uint32_t l = 0; l < moves.leaver_count; ++l) {
      const double worth =
          set.swap_dcg(moves.leavers[l], probability, moves.positions[e]) + own - leaver_weights[l];
      if (worth > best.worth) {
        best = {moves.leavers[l], moves.enterers[e], moves.positions[e], 0, worth};
      }
    }
  }
  return best;
}

// Towards where the swap gains nothing, as far as the prices' limits let it; false: no price moved.
bool Relaxation::move_prices(const Swap& against) {
  const uint32_t in = against.enterer, out = set_.entries()[against.leaver];
  double rest = against.worth;
  bool is_moved = false;
  for (uint32_t round = 0; round < 2 && rest > 0; ++round) {
    // A value's part counts as much as a whole membership.
    const auto change_of = [this, in, out](uint32_t price) {
      return level(in, price) - level(out, price);
    };
    const auto scale_of = [this](uint32_t price) {
      return price < terms_.problem->group_count ? 1.0 : double{kWhole} * kWhole;
    };
    double squares = 0;
    for (uint32_t p = 0; p < price_count(); ++p) {
      const double change = change_of(p);
      if (change > 0 ? prices_[p] > lowest_[p] : change < 0 && prices_[p] < highest_[p]) {
        squares += change * change * scale_of(p);
      }
    }
    if (squares == 0) break;
    const double step = rest / squares;
    for (uint32_t p = 0; p < price_count(); ++p) {
      const double change = change_of(p), before = prices_[p];
      if (change == 0) continue;
      prices_[p] = fmin(fmax(before - step * change * scale_of(p), lowest_[p]), highest_[p]);
      rest -= (before - prices_[p]) * change;
      if (prices_[p] != before) is_moved = true;
    }
  }
  return is_moved;
}

bool Relaxation::prove() {
  double nearest = INFINITY, kept[kMaxPrices];
  const size_t size = price_count() * sizeof(double);
  memcpy(kept, prices_, size);
  for (uint32_t move = 0; move < kMaxMoves && measured_ < kMaxMeasured; ++move) {
    const Swap against = best_swap(set_);
    if (against.worth <= terms_.tolerance) return true;
    if (against.worth < nearest) {
      nearest = against.worth;
      memcpy(kept, prices_, size);
    }
    if (!move_prices(against)) break;
  }
  memcpy(prices_, kept, size);
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
  const SwapMoves moves = moves_of(relaxed);
  uint32_t rank = 0;
  for (uint32_t c = 0; c < problem.candidate_count; ++c) {
    losses[c] = 0;
    if (relaxed.place(c) == kPinned) continue;
    double least = INFINITY;
    const double own = weight(c);
    if (relaxed.place(c) == kInside) {
      for (uint32_t e = 0; e < moves.enterer_count; ++e) {
        const Candidate& in = terms_.candidate(moves.enterers[e]);
        least = fmin(least, own - weight(moves.enterers[e]) -
                                relaxed.swap_dcg(rank, in.probability, moves.positions[e]));
      }
      ++rank;
    } else {
      const double probability = terms_.candidate(c).probability;
      for (uint32_t l = 0; l < moves.leaver_count; ++l) {
        const uint32_t out = relaxed.entries()[moves.leavers[l]];
        least =
            fmin(least, weight(out) - own - relaxed.swap_dcg(moves.leavers[l], probability, rank));
      }
    }
    losses[c] = fmax(least, 0);
  }
}

}  // namespace pintle::internal
