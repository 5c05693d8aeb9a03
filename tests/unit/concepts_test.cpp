// SPDX-License-Identifier: Apache-2.0
//
// Items of features, names that are tested, and which features are concepts: on the default model's items
// and people, with activations whose meaning is known.
#include "converter/features/concepts.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <set>
#include <string>

#include "converter/features/evidence.h"
#include "converter/features/feature_names.h"
#include "converter/features/label.h"
#include "support/default_model.h"

namespace pintle::converter {
namespace {

// What each planted feature is on for.
enum Planted : size_t { kGenre, kEarly, kNothing, kOtherPeople, kOff, kPlanted };

struct PlantedFeatures {
  PlantedFeatures() : index(index_attributes(files.model, 10)) {
    // The commonest attribute and another one.
    for (size_t a = 0; a < index.attributes.size(); ++a) {
      if (index.item_count[a] > index.item_count[genre]) genre = a;
    }
    other = genre == 0 ? 1 : 0;
    const Histories all = map_histories(files.model, files.interactions);
    learning_people = take_part(all, 0, 2);
    testing_people = take_part(all, 1, 2);
    learning = activations(learning_people, genre);
    testing = activations(testing_people, other);
  }

  bool has(uint32_t item, size_t attribute) const {
    const auto& own = index.of_item[item];
    return std::find(own.begin(), own.end(), attribute) != own.end();
  }

  FeatureActivations activations(const Histories& people, size_t of_people) const {
    FeatureActivations made;
    made.fired.resize(kPlanted);
    uint32_t noise = 1;
    for (uint32_t user = 0; user < people.items.size(); ++user) {
      for (uint32_t event = 0; event < people.items[user].size(); ++event) {
        const uint32_t item = people.items[user][event];
        const uint32_t position = static_cast<uint32_t>(made.positions());
        made.item.push_back(item);
        made.user.push_back(user);
        made.event.push_back(event);
        noise = noise * 1664525u + 1013904223u;
        const float value = 1 + static_cast<float>(noise >> 24) / 1024;
        if (has(item, genre)) made.fired[kGenre].push_back({position, value});
        if (event < 4) made.fired[kEarly].push_back({position, value});
        if ((noise >> 16) % 7 == 0) made.fired[kNothing].push_back({position, value});
        if (has(item, of_people)) made.fired[kOtherPeople].push_back({position, value});
      }
    }
    return made;
  }

  std::string name_of(size_t attribute) const {
    return require(files.model.attribute(index.attributes[attribute]), "attribute").name;
  }

  test::DefaultModel files;
  AttributeIndex index;
  size_t genre = 0, other = 0;
  Histories learning_people, testing_people;
  FeatureActivations learning, testing;
};

TEST_CASE("levels are 1 for items at which a feature is on, 0 for the others") {
  const PlantedFeatures planted;
  const ItemLevels levels(planted.files.model, planted.learning);
  const FeatureLevels genre = levels.of(kGenre);
  CHECK(genre.separation > 0.9);
  for (const uint32_t item : genre.members()) CHECK(planted.has(item, planted.genre));
  // Of the items that occur, so that there is something to tell.
  std::set<uint32_t> members;
  for (const uint32_t item : genre.members()) members.insert(item);
  size_t missing = 0;
  for (const uint32_t item : planted.learning.item) {
    missing += planted.has(item, planted.genre) && members.count(item) == 0 ? 1 : 0;
  }
  CHECK(50 * missing < planted.learning.positions());
  for (const auto& [item, level] : genre.items) {
    CHECK(level > 0);
    CHECK(level <= 1);
  }
  CHECK(levels.of(kOff).items.empty());
  const ItemLevels tested(planted.files.model, planted.testing);
  CHECK(levels.agreement(kGenre, tested) > 0.95);
  CHECK(levels.agreement(kOtherPeople, tested) < 0.5);
  CHECK(levels.agreement(kOff, tested) == 0);
}

TEST_CASE("an item that never occurred belongs where its vector lies") {
  PlantedFeatures planted;
  // One member is taken out of the log, wherever it was.
  const ItemLevels whole(planted.files.model, planted.learning);
  std::vector<std::pair<uint32_t, uint32_t>> by_count;  // of members, the commonest first
  for (const uint32_t item : whole.of(kGenre).members()) {
    by_count.emplace_back(whole.positions()[item], item);
  }
  std::sort(by_count.rbegin(), by_count.rend());
  double hidden = 0, anyone = 0;
  for (size_t i = 0; i < 20; ++i) {
    const uint32_t item = by_count[i].second;
    FeatureActivations less = planted.learning;
    for (auto& fired : less.fired) {
      fired.erase(std::remove_if(fired.begin(), fired.end(),
                                 [&](const Firing& f) { return less.item[f.position] == item; }),
                  fired.end());
    }
    for (uint32_t& other : less.item) {
      if (other == item) other = by_count[i == 0 ? 1 : 0].second;
    }
    for (const auto& [member, level] : ItemLevels(planted.files.model, less).of(kGenre).items) {
      if (member == item) hidden += static_cast<double>(level) / 20;
    }
  }
  for (const auto& [item, level] : whole.of(kGenre).items) anyone += static_cast<double>(level);
  anyone /= static_cast<double>(planted.files.model.info().item_count);
  CHECK(hidden > anyone);
}

TEST_CASE("names are claims that hold for those that did not choose them") {
  const PlantedFeatures planted;
  const ItemLevels levels(planted.files.model, planted.learning);
  const NameLevels bars;
  const FeatureNamer namer(planted.files.model,
                           item_properties(planted.files.model, planted.learning_people, 6),
                           planted.learning, planted.testing, bars);
  const TestedName genre = namer.name(kGenre, levels.of(kGenre));
  CHECK(genre.text == planted.name_of(planted.genre));
  CHECK(genre.holds);
  CHECK(genre.items.precision > 0.95);
  CHECK(genre.items.recall > 0.8);
  CHECK(genre.histories.precision > 0.95);
  CHECK(genre.histories.recall > 0.95);

  const TestedName early = namer.name(kEarly, levels.of(kEarly));
  CHECK(early.text == "events 1 to 4");
  CHECK(early.holds);
  CHECK(early.histories.precision == 1);
  CHECK(early.histories.recall == 1);
  CHECK(early.items.precision == 0);  // it is no item's

  const TestedName nothing = namer.name(kNothing, levels.of(kNothing));
  CAPTURE(nothing.text);
  CHECK_FALSE(nothing.holds);
  CHECK(namer.name(kOff, levels.of(kOff)).text.empty());

  NameLevels strict;
  strict.min_recall = 1.1;
  const FeatureNamer refusing(planted.files.model,
                              item_properties(planted.files.model, planted.learning_people, 6),
                              planted.learning, planted.testing, strict);
  CHECK_FALSE(refusing.name(kGenre, levels.of(kGenre)).holds);
}

TEST_CASE("a name that says what most items are anyway says nothing") {
  NameTest test;
  test.precision = 0.75;
  test.recall = 0.9;
  test.share = 0.7;
  CHECK_FALSE(test.passes(NameLevels()));
  test.share = 0.5;
  CHECK(test.passes(NameLevels()));
  test.precision = 0.49;
  test.share = 0.1;
  CHECK_FALSE(test.passes(NameLevels()));
}

TEST_CASE("concepts are features that hold up, each once") {
  const PlantedFeatures planted;
  const ItemLevels levels(planted.files.model, planted.learning),
      tested(planted.files.model, planted.testing);
  ConceptOptions options;
  options.min_lift = 0.5;  // the default model's people mix genres
  const auto judge = [&](size_t feature, double stability) {
    return judge_concept(levels, tested, feature, levels.of(feature), stability, planted.testing,
                         levels.trained_items(), options);
  };
  std::vector<ConceptCandidate> candidates;
  candidates.push_back(judge(kGenre, 0.9));
  candidates.push_back(judge(kGenre, -1));   // the same items once more
  candidates.push_back(judge(kGenre, 0.5));  // unstable
  candidates.push_back(judge(kOtherPeople, 0.9));
  candidates.push_back(judge(kOff, 0.9));
  CHECK(candidates[0].refusal == "");
  CHECK(candidates[0].measures.coverage > 0);
  CHECK(candidates[2].refusal.find("stability 0.50, below 0.70") != std::string::npos);
  CHECK(candidates[3].refusal.find("agreement") != std::string::npos);
  CHECK(candidates[4].refusal.find("too few items: 0") != std::string::npos);
  options.min_lift = 50;
  CHECK(judge(kGenre, 0.9).refusal.find("do not follow each other") != std::string::npos);

  const std::vector<std::string> labels(5, "Drama"), items(5, "like A; B");
  const std::vector<FoundConcept> found =
      choose_concepts(planted.files.model, labels, items, options, &candidates);
  REQUIRE(found.size() == 1);
  CHECK(found[0].content.group == "concept");
  CHECK(found[0].content.name == "like Drama");
  CHECK(candidates[1].refusal.find("the same items as \"like Drama\", feature 0") == 0);
  size_t members = 0;
  for (const auto& [id, fifteenths] : found[0].content.items) members += fifteenths >= 8 ? 1 : 0;
  CHECK(members == found[0].measures.members);
}

TEST_CASE("an item keeps the eight memberships that tell most") {
  const PlantedFeatures planted;
  std::vector<ConceptCandidate> candidates(10);
  std::vector<std::string> labels, items(10);
  for (size_t c = 0; c < candidates.size(); ++c) {
    labels.push_back("c" + std::to_string(c));
    // Item 0 is in all, by less and less; each has items of its own.
    candidates[c].levels.items = {{0, 1.0f - 0.05f * static_cast<float>(c)}};
    for (uint32_t own = 0; own < 3; ++own) {
      candidates[c].levels.items.emplace_back(1 + 3 * static_cast<uint32_t>(c) + own, 1.0f);
    }
    candidates[c].measures.coverage = 0.5;
    candidates[c].measures.lift = 3 - 0.1 * static_cast<double>(c);
  }
  const auto found =
      choose_concepts(planted.files.model, labels, items, ConceptOptions(), &candidates);
  REQUIRE(found.size() == 10);
  const std::string id = item_id(planted.files.model, 0);
  for (size_t c = 0; c < found.size(); ++c) {
    CHECK(found[c].feature == c);
    const bool has_it = std::any_of(found[c].content.items.begin(), found[c].content.items.end(),
                                    [&](const auto& item) { return item.first == id; });
    CHECK(has_it == (c < kMostConceptsOfItem));
  }
  CHECK(found[1].content.items[0].second == 14);  // .95 of 15, to the nearest
}

}  // namespace
}  // namespace pintle::converter
