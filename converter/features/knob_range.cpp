// SPDX-License-Identifier: Apache-2.0
#include "converter/features/knob_range.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <map>
#include <optional>

#include "converter/run/steered_lists.h"

namespace pintle::converter {
namespace {

constexpr float kNotMet = std::numeric_limits<float>::quiet_NaN();

// Measures of one knob, by strength.
class KnobCurve {
 public:
  KnobCurve(const Model& model, uint32_t number, const Histories& users,
            const std::vector<float>& item_values, ThreadPool* pool)
      : model_(model), number_(number), users_(users), item_values_(item_values), pool_(pool) {
    const pintle_knob_info info = *model.knob(number);
    if (info.has_attribute != 0) attribute_ = info.attribute;
  }

  void measure(const std::vector<float>& strengths) {
    std::vector<ListVariant> variants;
    std::vector<float> wanted;
    for (const float strength : strengths) {
      if (measures_.count(strength) != 0) continue;
      ListVariant variant{{}, 0, {}, attribute_};
      if (strength != 0) variant.edits = {turn(number_, strength)};
      variants.push_back(variant);
      wanted.push_back(strength);
    }
    if (wanted.empty()) return;
    std::vector<ListMeasure> measures =
        measure_lists(model_, users_, variants, pool_, item_values_);
    for (size_t i = 0; i < wanted.size(); ++i) {
      measures_.emplace(wanted[i], std::move(measures[i]));
    }
  }

  // REQUIRES of all: those strengths were measured.
  const ListMeasure& at(float strength) const { return measures_.at(strength); }
  double aim(float strength) const {
    return attribute_ ? at(strength).shares[*attribute_] : at(strength).mean_value;
  }
  double loss(float strength) const { return 1 - at(strength).ndcg / at(0).ndcg; }

  KnobCurvePoint point(float strength) const {
    KnobCurvePoint result;
    result.strength = strength;
    result.share = static_cast<float>(aim(strength));
    result.ndcg = static_cast<float>(at(strength).ndcg);
    if (!attribute_) return result;
    // Gains, or below 0 losses, in items. Whoever has not so many to lose does not count below 0.
    const std::vector<uint8_t>&now = at(strength).users.level, &plain = at(0).users.level;
    const uint32_t needed = kWholeLevel * static_cast<uint32_t>(std::max(1.0f, -strength));
    std::vector<double> gains;
    for (size_t u = 0; u < now.size(); ++u) {
      if (strength < 0 && plain[u] < needed) continue;
      gains.push_back((strength < 0 ? -1 : 1) * (now[u] - plain[u]) /
                      static_cast<double>(kWholeLevel));
    }
    if (gains.empty()) return result;
    std::sort(gains.begin(), gains.end());
    const auto none = std::upper_bound(gains.begin(), gains.end(), 0.0) - gains.begin();
    result.median_gain = static_cast<float>(gains[gains.size() / 2]);
    result.no_gain = static_cast<float>(none) / static_cast<float>(gains.size());
    return result;
  }

 private:
  const Model& model_;
  const uint32_t number_;
  const Histories& users_;
  const std::vector<float>& item_values_;
  ThreadPool* const pool_;
  std::optional<uint32_t> attribute_;
  std::map<float, ListMeasure> measures_;
};

// 0, a half, and whole numbers to `most`.
std::vector<float> distances_to(int most) {
  std::vector<float> distances{0};
  if (most > 0) distances.push_back(0.5f);
  for (int step = 1; step <= most; ++step) distances.push_back(static_cast<float>(step));
  return distances;
}

struct RangeEnd {
  float distance, by_loss, by_items;  // the nearer of the two, and both; from 0, NaN: not met
};

RangeEnd range_end(const KnobCurve& curve, const RewardSteps& steps, bool has_attribute, int sign) {
  const int most = has_attribute ? static_cast<int>(steps.rewards.size()) : kMostSteps;
  std::vector<double> distances, losses;
  RangeEnd end{static_cast<float>(most), kNotMet, kNotMet};
  if (has_attribute && steps.has_run_out) end.by_items = end.distance;
  double last = curve.aim(0);
  for (const float distance : distances_to(most)) {
    const float strength = static_cast<float>(sign) * distance;
    const double aim = curve.aim(strength);
    if (!has_attribute && distance > 0 && !(sign * (aim - last) > 0)) {
      end.by_items = static_cast<float>(distances.back());
      break;
    }
    last = aim;
    distances.push_back(static_cast<double>(distance));
    losses.push_back(curve.loss(strength));
  }
  end.by_loss = distance_of_loss(distances, losses);
  for (const float limit : {end.by_loss, end.by_items}) {
    if (limit < end.distance) end.distance = limit;  // false for NaN
  }
  return end;
}

}  // namespace

float distance_of_loss(const std::vector<double>& distances, const std::vector<double>& losses) {
  double last = 0;
  for (size_t i = 1; i < losses.size(); ++i) {
    const double loss = std::max(last, losses[i]);
    if (loss >= kRangeLoss) {
      const double part = (kRangeLoss - last) / (loss - last);
      const double distance = distances[i - 1] + part * (distances[i] - distances[i - 1]);
      return static_cast<float>(std::floor(10 * distance) / 10);
    }
    last = loss;
  }
  return kNotMet;
}

bool set_range(const Model& model, uint32_t number, const Histories& users, const RewardSteps& up,
               const RewardSteps& down, const std::vector<float>& item_values, ThreadPool* pool,
               Knob* knob) {
  const bool has_attribute = !knob->attribute_name.empty() || !knob->attribute_group.empty();
  KnobCurve curve(model, number, users, item_values, pool);
  std::vector<float> strengths;
  for (const int sign : {1, -1}) {
    const RewardSteps& steps = sign > 0 ? up : down;
    const int most = has_attribute ? static_cast<int>(steps.rewards.size()) : kMostSteps;
    for (const float distance : distances_to(most)) {
      strengths.push_back(sign > 0 || distance == 0 ? distance : -distance);
    }
  }
  curve.measure(strengths);
  if (!(curve.at(0).ndcg > 0)) return false;
  const RangeEnd high = range_end(curve, up, has_attribute, 1);
  const RangeEnd low = range_end(curve, down, has_attribute, -1);
  knob->max_strength = high.distance;
  knob->max_by_loss = high.by_loss;
  knob->max_by_items = high.by_items;
  knob->min_strength = low.distance == 0 ? 0 : -low.distance;
  knob->min_by_loss = -low.by_loss;
  knob->min_by_items = -low.by_items;
  if (knob->min_strength == knob->max_strength) return false;

  curve.measure({knob->min_strength, knob->max_strength});
  strengths.push_back(knob->min_strength);
  strengths.push_back(knob->max_strength);
  std::sort(strengths.begin(), strengths.end());
  strengths.erase(std::unique(strengths.begin(), strengths.end()), strengths.end());
  knob->curve.clear();
  for (const float strength : strengths) {
    if (strength < knob->min_strength || strength > knob->max_strength) continue;
    knob->curve.push_back(curve.point(strength));
  }
  return true;
}

std::string range_end_reason(float end, float by_loss, float by_items) {
  if (end == by_loss) return "5 % of NDCG@10";
  if (end == by_items) return "nothing left to move";
  return "measured no farther";
}

}  // namespace pintle::converter
