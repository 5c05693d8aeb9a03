// SPDX-License-Identifier: Apache-2.0
#include "converter/simulation/simulate.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <functional>
#include <memory>
#include <optional>
#include <utility>

#include "converter/io/error.h"
#include "converter/io/progress.h"
#include "converter/simulation/learners.h"

namespace pintle::converter {
namespace {

using MakeLearner = std::function<std::unique_ptr<Learner>()>;
using Checkpoints = std::vector<std::vector<double>>;  // [checkpoint][person]

// Lists that somebody looks through at most, until they have said enough.
constexpr int kMostLists = 60;
// People a persona who choose constants, at most.
constexpr size_t kMostTuning = 150;
// Of random feedback the most that a baseline's constants may cost, the bar of the profile itself.
constexpr double kMostRandomLoss = 0.01;

double ndcg_of(const std::vector<uint32_t>& list, const std::vector<uint32_t>& targets) {
  double dcg = 0, ideal = 0;
  for (size_t r = 0; r < list.size(); ++r) {
    const double discount = 1 / std::log2(static_cast<double>(r) + 2);
    if (r < targets.size()) ideal += discount;
    if (std::find(targets.begin(), targets.end(), list[r]) != targets.end()) dcg += discount;
  }
  return ideal > 0 ? dcg / ideal : 0;
}

// One person with one learner: their NDCG at each checkpoint. Somebody who runs out of things to say stays as they are.
std::vector<double> follow(const ItemFacts& facts, Persona persona, const Person& person,
                           const ReactionOptions& options, Learner* learner) {
  Reactions reactions(facts, persona, person, options);
  std::vector<double> ndcg;
  std::vector<uint32_t> shown, said;
  size_t events = 0;
  const auto measure = [&] {
    while (ndcg.size() < kCheckpointCount && kCheckpoints[ndcg.size()] <= events) {
      ndcg.push_back(ndcg_of(learner->peek(said), person.targets));
    }
  };
  learner->begin(person.history);
  measure();
  for (int list = 0; list < kMostLists && ndcg.size() < kCheckpointCount; ++list) {
    if (reactions.is_over()) break;
    const std::vector<uint32_t> items = learner->show(shown);
    shown.insert(shown.end(), items.begin(), items.end());
    for (const pintle_feedback& feedback : reactions.react(items)) {
      if (ndcg.size() == kCheckpointCount) break;
      learner->learn(feedback);
      if (feedback.kind < PINTLE_FEEDBACK_MORE_OF) said.push_back(feedback.target);
      ++events;
      measure();
    }
  }
  ndcg.resize(kCheckpointCount, ndcg_of(learner->peek(said), person.targets));
  return ndcg;
}

class Simulator {
 public:
  Simulator(const Model& model, const Histories& histories, const SimulationOptions& options,
            ThreadPool* pool)
      : model_(model), histories_(histories), options_(options), pool_(*pool), facts_(model) {}

  Simulation run() {
    simulation_.users = histories_.items.size();
    for (const Persona persona : kPersonas) gather(persona);
    choose_baselines();
    for (const auto& [persona, people] : reported_) report(persona, people);
    return std::move(simulation_);
  }

 private:
  // Some choose constants, the others are what is reported.
  void gather(Persona persona) {
    PersonOptions options = options_.persons;
    const size_t tuning = std::min(options.most, kMostTuning);
    options.most += tuning;
    try {
      const std::vector<Person> all = make_persons(model_, facts_, histories_, persona, options);
      for (size_t i = 0; i < all.size(); ++i) {
        const bool tunes = i % 2 == 1 && i / 2 < tuning;
        (tunes ? tuning_ : reported_)[persona].push_back(all[i]);
      }
      simulation_.persons[persona] = reported_[persona].size();
    } catch (const Error& error) {
      simulation_.notes.push_back(error.what());
    }
  }

  Checkpoints follow_all(Persona persona, const std::vector<Person>& people, bool states,
                         const MakeLearner& make) {
    Checkpoints ndcg(kCheckpointCount, std::vector<double>(people.size()));
    std::vector<std::unique_ptr<Learner>> learners(static_cast<size_t>(pool_.size()));
    const ReactionOptions reactions = {options_.flips, states};
    pool_.for_each(people.size(), [&](size_t i, int worker) {
      std::unique_ptr<Learner>& learner = learners[static_cast<size_t>(worker)];
      if (learner == nullptr) learner = make();
      const std::vector<double> one = follow(facts_, persona, people[i], reactions, learner.get());
      for (size_t c = 0; c < kCheckpointCount; ++c) ndcg[c][i] = one[c];
    });
    return ndcg;
  }

  struct Setting {
    std::string name;
    OffsetRule rule;
  };
  struct Baseline {
    std::string name;
    OffsetRule rule;
    bool states;  // for people whose first word names the attribute
  };
  // What the setting gains after five and twenty, relative to what there was, over people who avoid and who want; and
  // the most that it loses with random feedback.
  std::pair<double, double> judge(const Setting& setting, bool states) {
    double gain = 0, loss = 0;
    for (const auto& [persona, people] : tuning_) {
      if (persona == Persona::kChanged) continue;
      const Checkpoints ndcg = follow_all(persona, people, states, [&] {
        return offset_learner(model_, facts_, false, setting.rule);
      });
      const double before = mean_of(ndcg[0]);
      if (!(before > 0)) continue;
      for (const size_t c : {size_t{3}, size_t{5}}) {
        const double change = mean_of(ndcg[c]) / before - 1;
        if (persona == Persona::kRandom) {
          loss = std::max(loss, -change);
        } else {
          gain += change;
        }
      }
    }
    return {gain, loss};
  }
  void choose(const std::string& kind, const std::vector<Setting>& settings, bool states) {
    std::optional<std::pair<double, Setting>> careful, bold;
    for (const Setting& setting : settings) {
      const auto [gain, loss] = judge(setting, states);
      if (!bold || gain > bold->first) bold = {gain, setting};
      if (loss <= kMostRandomLoss && (!careful || gain > careful->first)) careful = {gain, setting};
    }
    if (careful) baselines_.push_back({kind, careful->second.rule, states});
    if (!careful || careful->second.name != bold->second.name) {
      baselines_.push_back({kind + ", bold", bold->second.rule, states});
    }
    simulation_.notes.push_back(
        kind + ": " +
        (careful ? careful->second.name + ", the best that costs people with random feedback at "
                                          "most 1 %"
                 : std::string("none costs people with random feedback at most 1 %")) +
        "; bold: " + bold->second.name);
  }
  void choose_baselines() {
    std::vector<Setting> attributes, items;
    char text[60];
    for (const double gain : {0.1, 0.3, 1.0, 2.0, 4.0}) {
      for (const double prior : {1.0, 5.0}) {
        std::snprintf(text, sizeof(text), "gain %g, prior %g", gain, prior);
        attributes.push_back({text, reweight_attributes(gain, prior)});
      }
    }
    for (const double gain : {0.25, 0.5, 1.0, 2.0}) {
      std::snprintf(text, sizeof(text), "gain %g", gain);
      items.push_back({text, bias_items(gain)});
    }
    choose("re-weighted attributes", attributes, false);
    choose("re-weighted attributes, stated first", attributes, true);
    choose("item bias", items, false);
  }

  void report(Persona persona, const std::vector<Person>& people) {
    const bool can_state = persona == Persona::kAvoids || persona == Persona::kWants;
    Progress progress(persona_name(persona), "methods", 6 + 2 * baselines_.size());
    const auto add = [&](const std::string& method, bool has_profile, Checkpoints ndcg) {
      simulation_.trials.push_back({persona, method, has_profile, std::move(ndcg)});
      progress.advance();
    };
    const auto run = [&](const std::string& method, bool appends, bool has_profile,
                         bool states = false) {
      add(method, has_profile, follow_all(persona, people, states, [&] {
            return session_learner(model_, appends, has_profile);
          }));
    };
    run("plain", false, false);
    for (const Baseline& baseline : baselines_) {
      if (baseline.states && !can_state) continue;
      for (const bool appends : {false, true}) {
        add(appends ? "appended likes, " + baseline.name : baseline.name, false,
            follow_all(persona, people, baseline.states, [&, appends] {
              return offset_learner(model_, facts_, appends, baseline.rule);
            }));
      }
    }
    run("appended likes", true, false);
    run("profile", false, true);
    run("appended likes, profile", true, true);
    if (!can_state) return;
    run("profile, stated first", false, true, true);
    run("appended likes, profile, stated first", true, true, true);
  }

  const Model& model_;
  const Histories& histories_;
  const SimulationOptions& options_;
  ThreadPool& pool_;
  const ItemFacts facts_;
  std::map<Persona, std::vector<Person>> tuning_, reported_;
  std::vector<Baseline> baselines_;
  Simulation simulation_;
};

double share_of(const MethodTrial& trial, const std::vector<size_t>& people) {
  double before = 0, five = 0, twenty = 0;
  for (const size_t person : people) {
    before += trial.ndcg[0][person];
    five += trial.ndcg[kFive][person];
    twenty += trial.ndcg[kTwenty][person];
  }
  return twenty > before ? (five - before) / (twenty - before) : 0;
}

}  // namespace

double MethodTrial::share_after_five() const {
  std::vector<size_t> all(ndcg[0].size());
  for (size_t i = 0; i < all.size(); ++i) all[i] = i;
  return share_of(*this, all);
}
Interval MethodTrial::share_interval() const {
  return bootstrap(ndcg[0].size(),
                   [&](const std::vector<size_t>& drawn) { return share_of(*this, drawn); });
}

std::vector<std::pair<const MethodTrial*, const MethodTrial*>> Simulation::pairs_against_profile()
    const {
  std::vector<std::pair<const MethodTrial*, const MethodTrial*>> pairs;
  for (const MethodTrial& with : trials) {
    for (const MethodTrial& without : trials) {
      if (with.persona != without.persona || !with.has_profile || without.has_profile) continue;
      pairs.emplace_back(&with, &without);
    }
  }
  return pairs;
}

Simulation simulate(const Model& model, const Histories& histories,
                    const SimulationOptions& options, ThreadPool* pool) {
  return Simulator(model, histories, options, pool).run();
}

}  // namespace pintle::converter
