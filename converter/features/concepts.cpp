// SPDX-License-Identifier: Apache-2.0
#include "converter/features/concepts.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <numeric>
#include <set>

#include "converter/run/list_tally.h"
#include "converter/run/runtime_model.h"

namespace pintle::converter {
namespace {

std::string compared(const char* what, double value, const char* than, double bound) {
  char text[120];
  std::snprintf(text, sizeof(text), "%s %.2f, %s %.2f", what, value, than, bound);
  return text;
}

// Coverage, lift and its error; neighbours: two events of one person, one after the other.
void measure_neighbours(const FeatureActivations& testing, const std::vector<bool>& members,
                        ConceptMeasures* measures) {
  double pairs = 0, first = 0, second = 0, both = 0;
  for (size_t p = 1; p < testing.positions(); ++p) {
    if (testing.user[p] != testing.user[p - 1]) continue;
    const bool before = members[testing.item[p - 1]], now = members[testing.item[p]];
    ++pairs;
    first += before ? 1 : 0;
    second += now ? 1 : 0;
    both += before && now ? 1 : 0;
  }
  if (pairs > 0) measures->coverage = second / pairs;
  if (first == 0 || second == 0) return;
  measures->lift = both * pairs / (first * second);
  // Of a count, relative to it.
  measures->lift_error = measures->lift / std::sqrt(std::max(both, 1.0));
}

double alikeness(const FeatureLevels& a, const FeatureLevels& b) {
  double smaller = 0, larger = 0;
  auto i = a.items.begin(), j = b.items.begin();
  while (i != a.items.end() || j != b.items.end()) {
    const bool only_i = j == b.items.end() || (i != a.items.end() && i->first < j->first);
    const bool only_j = i == a.items.end() || (j != b.items.end() && j->first < i->first);
    if (only_i) {
      larger += static_cast<double>((i++)->second);
    } else if (only_j) {
      larger += static_cast<double>((j++)->second);
    } else {
      smaller += static_cast<double>(std::min(i->second, j->second));
      larger += static_cast<double>(std::max((i++)->second, (j++)->second));
    }
  }
  return larger > 0 ? smaller / larger : 1;
}

std::string concept_name(const std::string& label) {
  return label.rfind("like ", 0) == 0 ? label : "like " + label;
}

// Of every item the levels that tell most of what comes next, level times log lift: memberships of the
// concepts. By level alone, broad groups would crowd out those that few items belong to.
void fill_items(const Model& model, const std::vector<const FeatureLevels*>& levels,
                std::vector<FoundConcept>* found) {
  std::vector<std::vector<std::pair<float, size_t>>> of_item(model.info().item_count);
  for (size_t c = 0; c < levels.size(); ++c) {
    for (const auto& [item, level] : levels[c]->items) of_item[item].emplace_back(level, c);
  }
  for (uint32_t i = 0; i < of_item.size(); ++i) {
    auto& memberships = of_item[i];
    const auto worth = [&](const std::pair<float, size_t>& membership) {
      const double lift = (*found)[membership.second].measures.lift;
      return static_cast<double>(membership.first) * std::log(lift);
    };
    std::stable_sort(memberships.begin(), memberships.end(),
                     [&](const auto& a, const auto& b) { return worth(a) > worth(b); });
    memberships.resize(std::min(memberships.size(), kMostConceptsOfItem));
    for (const auto& [level, c] : memberships) {
      const auto fifteenths = static_cast<uint8_t>(std::lround(level * float{kWholeLevel}));
      if (fifteenths == 0) continue;
      (*found)[c].content.items.emplace_back(item_id(model, i), fifteenths);
    }
  }
}

}  // namespace

double ConceptMeasures::rank() const { return lift > 0 ? coverage * std::log(lift) : 0; }

ConceptCandidate judge_concept(const ItemLevels& learned, const ItemLevels& tested, size_t feature,
                               FeatureLevels levels, double stability,
                               const FeatureActivations& testing, size_t trained_items,
                               const ConceptOptions& options) {
  ConceptCandidate candidate;
  ConceptMeasures& m = candidate.measures;
  const std::vector<uint32_t> items = levels.members();
  std::vector<bool> members(learned.positions().size(), false);
  for (const uint32_t item : items) members[item] = true;
  m.members = items.size();
  m.separation = levels.separation;
  m.stability = stability;
  m.agreement = learned.agreement(feature, tested);
  measure_neighbours(testing, members, &m);
  const double least_lift = m.lift - 2 * m.lift_error;
  if (m.members < options.min_members) {
    candidate.refusal = "too few items: " + std::to_string(m.members) + ", fewer than " +
                        std::to_string(options.min_members);
  } else if (static_cast<double>(m.members) >
             options.most_share * static_cast<double>(trained_items)) {
    candidate.refusal =
        "too many items: " + std::to_string(m.members) + " of " + std::to_string(trained_items);
  } else if (m.separation < options.min_separation) {
    candidate.refusal =
        compared("items not in or out: separation", m.separation, "below", options.min_separation);
  } else if (m.agreement < options.min_agreement) {
    candidate.refusal = compared("other people give it other items: agreement", m.agreement,
                                 "below", options.min_agreement);
  } else if (m.stability >= 0 && m.stability < options.min_stability) {
    candidate.refusal = compared("another training finds another feature: stability", m.stability,
                                 "below", options.min_stability);
  } else if (least_lift < options.min_lift) {
    candidate.refusal =
        compared("its items do not follow each other: lift less two standard errors", least_lift,
                 "below", options.min_lift);
  } else {
    candidate.levels = std::move(levels);
  }
  return candidate;
}

std::vector<FoundConcept> choose_concepts(const Model& model,
                                          const std::vector<std::string>& labels,
                                          const std::vector<std::string>& items,
                                          const ConceptOptions& options,
                                          std::vector<ConceptCandidate>* candidates) {
  std::vector<size_t> order(candidates->size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) {
    return (*candidates)[a].measures.rank() > (*candidates)[b].measures.rank();
  });
  std::vector<FoundConcept> found;
  std::vector<const FeatureLevels*> levels;
  std::set<std::string> names;
  for (const size_t f : order) {
    ConceptCandidate& candidate = (*candidates)[f];
    if (!candidate.refusal.empty()) continue;
    for (size_t i = 0; i < found.size() && candidate.refusal.empty(); ++i) {
      if (alikeness(candidate.levels, *levels[i]) < options.most_alike) continue;
      candidate.refusal = "the same items as \"" + found[i].content.name + "\", feature " +
                          std::to_string(found[i].feature);
    }
    if (candidate.refusal.empty() && found.size() == options.most) {
      candidate.refusal =
          "behind the best " + std::to_string(options.most) + " by coverage and lift";
    }
    if (!candidate.refusal.empty()) {
      candidate.levels = {};
      continue;
    }
    FoundConcept one{f, {kFoundGroup, concept_name(labels[f]), {}}, candidate.measures};
    // The same claim may hold for two: told apart by items, and in the last resort by number.
    if (names.count(one.content.name) != 0 && !items[f].empty()) {
      one.content.name += ", " + items[f];
    }
    if (names.count(one.content.name) != 0) {
      one.content.name += " (feature " + std::to_string(f) + ")";
    }
    names.insert(one.content.name);
    found.push_back(std::move(one));
    levels.push_back(&candidate.levels);
  }
  fill_items(model, levels, &found);
  return found;
}

}  // namespace pintle::converter
