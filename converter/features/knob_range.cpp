// SPDX-License-Identifier: Apache-2.0
#include "converter/features/knob_range.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <map>
#include <optional>

namespace pintle::converter {
namespace {

constexpr float kNotMet = std::numeric_limits<float>::quiet_NaN();

// Measures of one knob, by strength.
class KnobCurve {
 public:
  KnobCurve(const Model& model, uint32_t number, const Histories& users,
            const std::vector<float>& item_values, const MeasureLists& measure)
      : model_(model),
        number_(number),
        users_(users),
        item_values_(item_values),
        measure_(measure) {
    const pintle_knob_info info = *model.knob(number);
    if (info.has_attribute != 0) attribute_ = info.attribute;
    is_wish_alone_ = info.has_attribute != 0 && info.feature_count == 0;
  }

  void measure(const std::vector<float>& strengths) {
    std::vector<ListVariant> variants;
    std::vector<float> wanted;
    for (const float strength : strengths) {
      if (measures_.count(strength) != 0) continue;
      ListVariant variant{{}, 0, {}, attribute_};
      if (strength != 0) variant.edits = {turn(number_, strength)};
      if (strength < 0) variant.who = who_can_lose();
      variants.push_back(variant);
      wanted.push_back(strength);
    }
    if (wanted.empty()) return;
    std::vector<ListMeasure> measures = measure_(model_, users_, variants, item_values_);
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
  // Nobody's list changes by a wish against what it has nothing of: it is the unsteered one. Features may
  // change any list. REQUIRES: 0 was measured.
  std::vector<Gets> who_can_lose() const {
    if (!is_wish_alone_) return {};
    std::vector<Gets> who(users_.items.size(), Gets::kNothing);
    const std::vector<uint8_t>& plain = at(0).users.level;
    size_t next = 0;
    for (size_t u = 0; u < who.size(); ++u) {
      if (is_measured(users_.items[u])) {
        who[u] = plain[next++] == 0 ? Gets::kPlainList : Gets::kList;
      }
    }
    return who;
  }

  const Model& model_;
  const uint32_t number_;
  const Histories& users_;
  const std::vector<float>& item_values_;
  const MeasureLists& measure_;
  std::optional<uint32_t> attribute_;
  bool is_wish_alone_ = false;
  std::map<float, ListMeasure> measures_;
};

struct RangeEnd {
  float distance, by_loss, by_items;  // the nearer of the two, and both; from 0, NaN: not met
};

// One direction of a knob, measured from 0 on until the end is found.
class RangeSide {
 public:
  RangeSide(const KnobCurve& curve, const RewardSteps& steps, bool has_attribute, int sign)
      : has_attribute_(has_attribute),
        sign_(sign),
        most_(has_attribute ? static_cast<int>(steps.rewards.size()) : kMostSteps),
        last_aim_(curve.aim(0)) {
    end_ = {static_cast<float>(most_), kNotMet, kNotMet};
    if (has_attribute && steps.has_run_out) end_.by_items = end_.distance;
  }

  // The strengths to measure next: 0.5, 1 and 2, then one more each time; none if the end is known.
  std::vector<float> next() const {
    std::vector<float> strengths;
    if (is_done_) return strengths;
    const bool is_first = distances_.size() == 1;
    const int from = is_first ? 1 : static_cast<int>(distances_.back()) + 1;
    if (is_first && most_ > 0) strengths.push_back(static_cast<float>(sign_) * 0.5f);
    for (int step = from; step <= std::min(is_first ? 2 : from, most_); ++step) {
      strengths.push_back(static_cast<float>(sign_ * step));
    }
    return strengths;
  }

  // What next() asked for, which the curve has now.
  void read(const KnobCurve& curve, const std::vector<float>& strengths) {
    for (const float strength : strengths) {
      const double aim = curve.aim(strength);
      if (!has_attribute_ && !(sign_ * (aim - last_aim_) > 0)) {
        end_.by_items = static_cast<float>(distances_.back());
        is_done_ = true;
        break;
      }
      last_aim_ = aim;
      distances_.push_back(static_cast<double>(std::abs(strength)));
      losses_.push_back(curve.loss(strength));
    }
    end_.by_loss = distance_of_loss(distances_, losses_);
    // Where an attribute runs out is known before; where features do, lists tell.
    if (strengths.empty() || (has_attribute_ && !std::isnan(end_.by_loss))) is_done_ = true;
  }

  RangeEnd end() const {
    RangeEnd end = end_;
    for (const float limit : {end.by_loss, end.by_items}) {
      if (limit < end.distance) end.distance = limit;  // false for NaN
    }
    return end;
  }

 private:
  const bool has_attribute_;
  const int sign_, most_;
  bool is_done_ = false;
  double last_aim_;
  std::vector<double> distances_{0}, losses_{0};
  RangeEnd end_;
};

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
               const RewardSteps& down, const std::vector<float>& item_values,
               const MeasureLists& measure, Knob* knob) {
  const bool has_attribute = !knob->attribute_name.empty() || !knob->attribute_group.empty();
  KnobCurve curve(model, number, users, item_values, measure);
  curve.measure({0});
  if (!(curve.at(0).ndcg > 0)) return false;
  RangeSide upwards(curve, up, has_attribute, 1), downwards(curve, down, has_attribute, -1);
  std::vector<float> strengths{0};
  for (;;) {
    const std::vector<float> above = upwards.next(), below = downwards.next();
    if (above.empty() && below.empty()) break;
    std::vector<float> both = above;
    both.insert(both.end(), below.begin(), below.end());
    curve.measure(both);
    strengths.insert(strengths.end(), both.begin(), both.end());
    upwards.read(curve, above);
    downwards.read(curve, below);
  }
  const RangeEnd high = upwards.end(), low = downwards.end();
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
