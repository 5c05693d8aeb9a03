// SPDX-License-Identifier: Apache-2.0
//
// Simulated people: who they are, what they say, and that the figures do not depend on how they are computed.
#include "converter/simulation/simulate.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <set>
#include <string>
#include <vector>

#include "converter/io/error.h"
#include "converter/simulation/learners.h"
#include "support/contains.h"
#include "support/default_model.h"

namespace pintle::converter {
namespace {

struct Setting {
  test::DefaultModel files;
  Model model = open_model(files.path, PINTLE_OPEN_PROFILE);
  Histories histories = files.users(400);
  ItemFacts facts{model};
  PersonOptions options;

  Setting() {
    options.most = 40;
    options.least_events = 35;
    options.least_items = 40;
  }
  std::vector<Person> persons(Persona persona) const {
    return make_persons(model, facts, histories, persona, options);
  }
};

TEST_CASE("people are the same for a seed, and their targets are of their taste") {
  const Setting setting;
  for (const Persona persona : {Persona::kAvoids, Persona::kWants}) {
    const std::vector<Person> people = setting.persons(persona), again = setting.persons(persona);
    REQUIRE(people.size() > 10);
    for (size_t i = 0; i < people.size(); ++i) {
      CHECK(people[i].targets == again[i].targets);
      CHECK(people[i].seed == again[i].seed);
      const std::set<uint32_t> known(people[i].liked.begin(), people[i].liked.end());
      for (const uint32_t target : people[i].targets) {
        CHECK(setting.facts.has(target, people[i].attribute) == (persona == Persona::kWants));
        CHECK(known.count(target) == 0);
      }
    }
  }
}

TEST_CASE("what people say is of what they mean, but for the flips, and of no target") {
  Setting setting;
  setting.options.most = 80;
  for (const double flips : {0.0, 0.5}) {
    size_t meant = 0, said = 0;
    for (const Person& person : setting.persons(Persona::kAvoids)) {
      Reactions reactions(setting.facts, Persona::kAvoids, person, {flips, false});
      std::vector<uint32_t> all;
      for (uint32_t item = 0; item < setting.facts.item_count(); ++item) all.push_back(item);
      for (const pintle_feedback& feedback : reactions.react(all)) {
        CHECK(std::count(person.targets.begin(), person.targets.end(), feedback.target) == 0);
        const bool is_taste = setting.facts.has(feedback.target, person.attribute);
        meant += is_taste == (side_of(feedback.kind) < 0) ? 1 : 0;
        ++said;
      }
    }
    REQUIRE(said > 500);
    CHECK(static_cast<double>(meant) / static_cast<double>(said) ==
          doctest::Approx(1 - flips).epsilon(0.1));
  }
}

TEST_CASE("a rule of offsets is what it says") {
  const Setting setting;
  uint32_t item = 0;
  while (setting.facts.of(item).empty()) ++item;
  const uint32_t attribute = setting.facts.of(item)[0].attribute;
  const std::vector<pintle_feedback> like = {{PINTLE_FEEDBACK_LIKE, item, 1, 0, PINTLE_NO_DATE, 0}};
  const std::vector<double> offsets = reweight_attributes(2, 3)(setting.facts, like);
  double expected = 0;
  for (const ItemFacts::Membership& own : setting.facts.of(item)) {
    expected += own.level * 2 * own.level / (own.level + 3);
  }
  CHECK(offsets[item] == doctest::Approx(expected));
  CHECK(bias_items(2)(setting.facts, like)[item] == doctest::Approx(2));
  const std::vector<pintle_feedback> less = {
      {PINTLE_FEEDBACK_LESS_OF, attribute, 1, 0, PINTLE_NO_DATE, 0}};
  expected = -2 * setting.facts.membership(item, attribute) * kStated / (kStated + 3);
  CHECK(reweight_attributes(2, 3)(setting.facts, less)[item] == doctest::Approx(expected));
}

TEST_CASE("a simulation is the same on any number of threads, and statements move lists") {
  const Setting setting;
  SimulationOptions options;
  options.persons = setting.options;
  options.persons.most = 15;
  ThreadPool one(1), two(2);
  const Simulation simulation = simulate(setting.model, setting.histories, options, &one);
  const Simulation again = simulate(setting.model, setting.histories, options, &two);
  REQUIRE(simulation.trials.size() == again.trials.size());
  for (size_t i = 0; i < simulation.trials.size(); ++i) {
    CHECK(simulation.trials[i].method == again.trials[i].method);
    CHECK(simulation.trials[i].ndcg == again.trials[i].ndcg);
  }
  // Nobody has a history of a hundred events here: that is said, not left out in silence.
  CHECK(simulation.persons.count(Persona::kChanged) == 0);
  CHECK(std::any_of(simulation.notes.begin(), simulation.notes.end(),
                    [](const std::string& note) { return test::contains(note, "changed"); }));
  const auto ndcg = [&](const std::string& method, size_t checkpoint) {
    for (const MethodTrial& trial : simulation.trials) {
      if (trial.persona != Persona::kWants || trial.method != method) continue;
      return mean_of(trial.ndcg[checkpoint]);
    }
    FAIL("no such trial");
    return 0.0;
  };
  CHECK(ndcg("profile, stated first", 0) == ndcg("plain", 0));
  CHECK(ndcg("profile, stated first", 1) > ndcg("plain", 1));
  size_t pairs = 0;
  for (const auto& [with, without] : simulation.pairs_against_profile()) {
    CHECK(with->persona == without->persona);
    CHECK(test::contains(with->method, "profile"));
    CHECK_FALSE(test::contains(without->method, "profile"));
    ++pairs;
  }
  CHECK(pairs > simulation.trials.size());
}

}  // namespace
}  // namespace pintle::converter
