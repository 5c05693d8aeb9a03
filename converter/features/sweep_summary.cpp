// SPDX-License-Identifier: Apache-2.0
#include "converter/features/sweep_summary.h"

#include <algorithm>
#include <cmath>
#include <cstddef>

namespace pintle::converter {
namespace {

// A share so close to the aim is at it: a twentieth of a percentage point.
constexpr double kNearShare = 0.0005;

// Two neighbours on the way from the unsteered lists to the aim, which the second is the first to
// reach; part: how far from the first to the second the aim is.
struct Bracket {
  const ListMeasure *first, *second;
  double from, to, part;
  double between(double a, double b) const { return a + part * (b - a); }
};

std::optional<Bracket> bracket(const Sweep& sweep, uint32_t attribute, SweepAim aim) {
  const double side = aim == SweepAim::kHalved ? -1 : 1;
  const double target = aimed_share(aim, sweep.base.shares[attribute]);
  const auto share = [&](const ListMeasure& measure) { return measure.shares[attribute]; };
  if (side * (target - share(sweep.base)) <= 0) return std::nullopt;
  std::vector<const SweepPoint*> points;
  for (const std::vector<SweepPoint>* list : {&sweep.points, &sweep.near}) {
    for (const SweepPoint& point : *list) {
      if (side * static_cast<double>(point.strength) > 0) points.push_back(&point);
    }
  }
  std::stable_sort(points.begin(), points.end(), [](const SweepPoint* a, const SweepPoint* b) {
    return std::abs(a->strength) < std::abs(b->strength);
  });
  Bracket result{&sweep.base, nullptr, 0, 0, 0};
  for (const SweepPoint* point : points) {
    result.second = &point->measure;
    result.to = static_cast<double>(point->strength);
    const double step = share(*result.second) - share(*result.first);
    if (side * (share(*result.second) - target) >= 0) {
      // The first has not reached it, so that the step is not 0.
      result.part = (target - share(*result.first)) / step;
      return result;
    }
    result.first = result.second;
    result.from = result.to;
  }
  return std::nullopt;
}

std::vector<double> ndcg_between(const Bracket& at) {
  std::vector<double> values;
  for (size_t u = 0; u < at.first->users.rank.size(); ++u) {
    values.push_back(
        at.between(ndcg_of(at.first->users.rank[u]), ndcg_of(at.second->users.rank[u])));
  }
  return values;
}

double part_of(size_t some, size_t all) {
  return all == 0 ? 0 : static_cast<double>(some) / static_cast<double>(all);
}

double unchanged(const ListMeasure& measure) {
  const std::vector<uint8_t>& same = measure.users.is_same;
  return part_of(static_cast<size_t>(std::count(same.begin(), same.end(), uint8_t{1})),
                 same.size());
}

double unmoved(const ListMeasure& measure, const ListMeasure& base, bool is_down) {
  const std::vector<uint8_t>&now = measure.users.level, &before = base.users.level;
  size_t stayed = 0, counted = 0;
  for (size_t u = 0; u < now.size(); ++u) {
    if (is_down && before[u] == 0) continue;
    ++counted;
    stayed += (is_down ? now[u] >= before[u] : now[u] <= before[u]) ? 1 : 0;
  }
  return part_of(stayed, counted);
}

}  // namespace

double aimed_share(SweepAim aim, double start_share) {
  if (aim == SweepAim::kToHalf) return 0.5;
  if (aim == SweepAim::kHalved) return start_share / 2;
  return start_share < 0.25 ? 2 * start_share : start_share + 0.15;
}

std::optional<SweepSummary> summarize_sweep(const Sweep& sweep, uint32_t attribute, SweepAim aim) {
  const std::optional<Bracket> at = bracket(sweep, attribute, aim);
  if (!at) return std::nullopt;
  const bool is_down = aim == SweepAim::kHalved;
  SweepSummary summary;
  summary.start_share = sweep.base.shares[attribute];
  summary.target_share = aimed_share(aim, summary.start_share);
  summary.strength = at->between(at->from, at->to);
  const double ndcg = at->between(at->first->ndcg, at->second->ndcg);
  summary.ndcg_loss = sweep.base.ndcg > 0 ? 1 - ndcg / sweep.base.ndcg : 0;
  std::vector<double> base;
  for (const uint8_t rank : sweep.base.users.rank) base.push_back(ndcg_of(rank));
  summary.loss = loss_interval(base, ndcg_between(*at));
  summary.unchanged = at->between(unchanged(*at->first), unchanged(*at->second));
  summary.unmoved = at->between(unmoved(*at->first, sweep.base, is_down),
                                unmoved(*at->second, sweep.base, is_down));
  for (size_t a = 0; a < sweep.base.shares.size(); ++a) {
    summary.change.push_back(at->between(at->first->shares[a], at->second->shares[a]) -
                             sweep.base.shares[a]);
  }
  return summary;
}

std::optional<float> strength_near(const Sweep& sweep, uint32_t attribute, SweepAim aim) {
  const std::optional<Bracket> at = bracket(sweep, attribute, aim);
  if (!at) return std::nullopt;
  const double target = aimed_share(aim, sweep.base.shares[attribute]);
  for (const ListMeasure* end : {at->first, at->second}) {
    if (std::abs(end->shares[attribute] - target) <= kNearShare) return std::nullopt;
  }
  // Not close to either end, lest one of them stays where it is for long.
  const double part = std::clamp(at->part, 0.1, 0.9);
  const float strength = static_cast<float>(at->from + part * (at->to - at->from));
  if (strength == static_cast<float>(at->from) || strength == static_cast<float>(at->to)) {
    return std::nullopt;
  }
  return strength;
}

}  // namespace pintle::converter
