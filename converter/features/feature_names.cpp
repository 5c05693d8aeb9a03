// SPDX-License-Identifier: Apache-2.0
#include "converter/features/feature_names.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <optional>

#include "converter/features/evidence.h"
#include "converter/run/runtime_model.h"

namespace pintle::converter {
namespace {

// Claims that are made longer.
constexpr size_t kBeam = 8, kLongestClaim = 3;
// In the half that chooses, and in the half that tests.
constexpr size_t kFewestItems = 3;
// What is chosen must meet the levels by a little more, since it was chosen.
constexpr double kMargin = 1.05;
// Bounds of places in a history: events 1 to 4, 17 and on.
constexpr uint32_t kPlaces[] = {0, 1, 2, 4, 8, 12, 16, 24, 32, 48, 64, 96, 128, 192, 256, 512};
// Of a feature's activations where it is on: from where on it counts as on.
constexpr double kPlaceQuantiles[] = {0, 0.25, 0.5, 0.75, 0.9};

// FNV-1a of the id, so that the half does not depend on the order of the catalogue.
bool is_even(const std::string& id) {
  uint64_t hash = 14695981039346656037u;
  for (const char c : id) hash = (hash ^ static_cast<uint8_t>(c)) * 1099511628211u;
  return ((hash >> 32) & 1) == 0;
}

NameTest test_of(double both, double members, double having, double all) {
  NameTest test;
  test.precision = members > 0 ? both / members : 0;
  test.recall = having > 0 ? both / having : 0;
  test.share = all > 0 ? having / all : 0;
  return test;
}

// The correlation of two yes-or-no numbers, from counts.
double phi_of(double both, double members, double having, double all) {
  const double variances = members * (all - members) * having * (all - having);
  return variances > 0 ? (both * all - members * having) / std::sqrt(variances) : 0;
}

double score_of(const NameTest& test, double phi, const NameLevels& levels) {
  NameLevels stricter = levels;
  stricter.min_precision *= kMargin;
  stricter.min_recall *= kMargin;
  stricter.min_lift *= kMargin;
  return test.passes(stricter) ? 1 + phi : phi;  // phi is at most 1
}

std::vector<uint32_t> places_of(const FeatureActivations& activations) {
  std::vector<uint32_t> places;
  for (size_t p = 0; p < activations.positions(); ++p) {
    const bool follows = p > 0 && activations.user[p] == activations.user[p - 1];
    places.push_back(follows ? places.back() + 1 : 0);
  }
  return places;
}

std::vector<size_t> counts_of(const std::vector<uint32_t>& places) {
  std::vector<size_t> counts(places.empty() ? 1
                                            : *std::max_element(places.begin(), places.end()) + 1);
  for (const uint32_t place : places) ++counts[place];
  return counts;
}

}  // namespace

// Properties that all hold.
struct FeatureNamer::Claim {
  std::vector<uint32_t> properties;  // none: no claim
  std::vector<uint32_t> items;       // that it holds for, ascending
  double phi = 0, score = 0;         // what does not correlate at all is no claim
};

FeatureNamer::FeatureNamer(const Model& model, std::vector<ItemProperty> properties,
                           const FeatureActivations& learning, const FeatureActivations& testing,
                           const NameLevels& levels)
    : levels_(levels),
      properties_(std::move(properties)),
      of_item_(model.info().item_count),
      learns_(model.info().item_count),
      test_events_(model.info().item_count, 0),
      learning_(learning),
      testing_(testing),
      learning_place_(places_of(learning)),
      testing_place_(places_of(testing)),
      learning_count_(counts_of(learning_place_)),
      testing_count_(counts_of(testing_place_)) {
  for (uint32_t p = 0; p < properties_.size(); ++p) {
    for (const uint32_t item : properties_[p].items) of_item_[item].push_back(p);
  }
  for (uint32_t i = 0; i < learns_.size(); ++i) {
    learns_[i] = is_even(item_id(model, i));
    learning_items_ += learns_[i] ? 1 : 0;
  }
  for (const uint32_t item : testing.item) ++test_events_[item];
}

// The claim and one property more, the best kBeam. An empty one: single properties.
std::vector<FeatureNamer::Claim> FeatureNamer::extended(const Claim& claim,
                                                        const std::vector<bool>& members) const {
  std::vector<double> having(properties_.size(), 0), both(properties_.size(), 0);
  double member_count = 0;
  for (uint32_t i = 0; i < learns_.size(); ++i) {
    member_count += learns_[i] && members[i] ? 1 : 0;
  }
  const auto count = [&](uint32_t item) {
    if (!learns_[item]) return;
    for (const uint32_t p : of_item_[item]) {
      having[p] += 1;
      both[p] += members[item] ? 1 : 0;
    }
  };
  if (claim.properties.empty()) {
    for (uint32_t i = 0; i < learns_.size(); ++i) count(i);
  } else {
    std::for_each(claim.items.begin(), claim.items.end(), count);
  }
  const auto fits = [&](uint32_t p) {
    for (const uint32_t other : claim.properties) {
      if (p == other) return false;
      // Two attributes are said in one order only.
      if (properties_[p].kind != properties_[other].kind) continue;
      if (properties_[p].kind != PropertyKind::kAttribute || p < other) return false;
    }
    return true;
  };
  std::vector<Claim> claims;
  const double all = static_cast<double>(learning_items_);
  for (uint32_t p = 0; p < properties_.size(); ++p) {
    if (having[p] < static_cast<double>(kFewestItems) || !fits(p)) continue;
    Claim longer{claim.properties, {}};
    longer.properties.push_back(p);
    longer.phi = phi_of(both[p], member_count, having[p], all);
    longer.score = score_of(test_of(both[p], member_count, having[p], all), longer.phi, levels_);
    claims.push_back(std::move(longer));
  }
  std::stable_sort(claims.begin(), claims.end(),
                   [](const Claim& a, const Claim& b) { return a.score > b.score; });
  if (claims.size() > kBeam) claims.resize(kBeam);
  for (Claim& longer : claims) {
    const std::vector<uint32_t>& items = properties_[longer.properties.back()].items;
    if (claim.properties.empty()) {
      longer.items = items;
    } else {
      std::set_intersection(claim.items.begin(), claim.items.end(), items.begin(), items.end(),
                            std::back_inserter(longer.items));
    }
  }
  return claims;
}

FeatureNamer::Claim FeatureNamer::best_claim(const std::vector<bool>& members) const {
  Claim best;
  std::vector<Claim> beam{Claim()};
  for (size_t length = 1; length <= kLongestClaim && !beam.empty(); ++length) {
    std::vector<Claim> next;
    for (const Claim& claim : beam) {
      for (Claim& longer : extended(claim, members)) next.push_back(std::move(longer));
    }
    std::stable_sort(next.begin(), next.end(),
                     [](const Claim& a, const Claim& b) { return a.score > b.score; });
    if (next.size() > kBeam) next.resize(kBeam);
    if (!next.empty() && next[0].score > best.score + (length == 1 ? 0 : kLongerGain)) {
      best = next[0];
    }
    beam = std::move(next);
  }
  return best;
}

NameTest FeatureNamer::test_items(const std::vector<uint32_t>& having,
                                  const std::vector<bool>& members) const {
  double member_count = 0, both = 0, held = 0;
  for (size_t i = 0; i < learns_.size(); ++i) member_count += !learns_[i] && members[i] ? 1 : 0;
  for (const uint32_t item : having) {
    if (learns_[item]) continue;
    held += 1;
    both += members[item] ? 1 : 0;
  }
  // Too few to tell.
  const double fewest = static_cast<double>(kFewestItems);
  if (member_count < fewest || held < fewest) return {};
  return test_of(both, member_count, held, static_cast<double>(learns_.size() - learning_items_));
}

NameTest FeatureNamer::test_events(const std::vector<uint32_t>& having,
                                   const std::vector<bool>& members) const {
  double member_count = 0, both = 0, held = 0;
  for (size_t i = 0; i < members.size(); ++i) {
    member_count += members[i] ? static_cast<double>(test_events_[i]) : 0;
  }
  for (const uint32_t item : having) {
    const double events = static_cast<double>(test_events_[item]);
    held += events;
    both += members[item] ? events : 0;
  }
  return test_of(both, member_count, held, static_cast<double>(testing_.positions()));
}

TestedName FeatureNamer::name(size_t feature, const FeatureLevels& items) const {
  std::vector<bool> members(learns_.size(), false);
  for (const uint32_t item : items.members()) members[item] = true;
  double place_phi = 0;
  TestedName by_place = name_by_place(feature, &place_phi);
  const Claim claim = best_claim(members);
  if (claim.properties.empty() || claim.phi < place_phi) return by_place;
  TestedName name;
  std::vector<uint32_t> order = claim.properties;
  std::stable_sort(order.begin(), order.end(), [&](uint32_t a, uint32_t b) {
    return properties_[a].kind < properties_[b].kind;
  });
  for (const uint32_t p : order) name.text += (name.text.empty() ? "" : " ") + properties_[p].text;
  name.items = test_items(claim.items, members);
  name.histories = test_events(claim.items, members);
  name.holds = name.items.passes(levels_) && name.histories.passes(levels_);
  return name;
}

TestedName FeatureNamer::name_by_place(size_t feature, double* phi) const {
  const std::vector<Firing>& fired = learning_.fired[feature];
  if (fired.empty()) return {};
  std::vector<float> values;
  for (const Firing& firing : fired) values.push_back(firing.value);
  std::sort(values.begin(), values.end());
  // Of the positions at which the feature is at least `threshold`, how many are at each place.
  const auto on_counts = [&](const FeatureActivations& activations,
                             const std::vector<uint32_t>& place, size_t places, float threshold) {
    std::vector<size_t> counts(places, 0);
    for (const Firing& firing : activations.fired[feature]) {
      if (firing.value >= threshold) ++counts[place[firing.position]];
    }
    return counts;
  };
  const auto between = [](const std::vector<size_t>& counts, uint32_t from, uint32_t to) {
    const size_t end = std::min<size_t>(to, counts.size()), begin = std::min<size_t>(from, end);
    return static_cast<double>(std::accumulate(counts.begin() + static_cast<std::ptrdiff_t>(begin),
                                               counts.begin() + static_cast<std::ptrdiff_t>(end),
                                               size_t{0}));
  };
  constexpr uint32_t kEnd = 0xffffffffu;
  const double all = static_cast<double>(learning_.positions());
  uint32_t from = 0, to = kEnd;
  float threshold = 0;
  double best = -1;
  for (const double q : kPlaceQuantiles) {
    const float value = quantile(values, q);
    const std::vector<size_t> on =
        on_counts(learning_, learning_place_, learning_count_.size(), value);
    const double members = between(on, 0, kEnd);
    for (size_t a = 0; a < std::size(kPlaces); ++a) {
      for (size_t b = a + 1; b <= std::size(kPlaces); ++b) {
        const uint32_t end = b == std::size(kPlaces) ? kEnd : kPlaces[b];
        const double having = between(learning_count_, kPlaces[a], end);
        if (having == 0 || having == all) continue;
        const double both = between(on, kPlaces[a], end), here = phi_of(both, members, having, all);
        const double score = score_of(test_of(both, members, having, all), here, levels_);
        if (score <= best) continue;
        best = score;
        *phi = here;
        from = kPlaces[a];
        to = end;
        threshold = value;
      }
    }
  }
  TestedName name;
  if (best < 0) return name;
  const bool is_open = to >= learning_count_.size();
  name.text = is_open          ? "event " + std::to_string(from + 1) + " and later"
              : to == from + 1 ? "event " + std::to_string(from + 1)
                               : "events " + std::to_string(from + 1) + " to " + std::to_string(to);
  const std::vector<size_t> on =
      on_counts(testing_, testing_place_, testing_count_.size(), threshold);
  name.histories =
      test_of(between(on, from, to), between(on, 0, kEnd), between(testing_count_, from, to),
              static_cast<double>(testing_.positions()));
  name.holds = name.histories.passes(levels_);
  return name;
}

}  // namespace pintle::converter
