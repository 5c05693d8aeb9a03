// SPDX-License-Identifier: Apache-2.0
#include "converter/simulation/cold_start.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <memory>
#include <numeric>
#include <utility>

#include "converter/features/bootstrap.h"
#include "converter/io/error.h"
#include "converter/run/runtime_model.h"
#include "converter/simulation/item_facts.h"

namespace pintle::converter {
namespace {

using Items = std::vector<uint32_t>;

constexpr size_t kListLength = 10, kMostKnown = kKnownEvents[kKnownCount - 1];
constexpr size_t kAskedAttributes = 3, kAskedItems = 5;
// What is tried: weights of the log of popularity, and nats of the odds of the attributes asked for.
constexpr double kWeights[] = {0, 0.05, 0.1, 0.2, 0.3, 0.5, 0.75, 1};
constexpr double kTilts[] = {0.25, 0.5, 1, 1.5, 2, 3, 4, 6};

struct Newcomer {
  Items earlier;  // what they had before the device knew them
  Items known;    // [kMostKnown] after it, oldest first
  uint32_t next;
  Items attributes;  // they name these when asked, and these items
  Items items;
};

// Lists of one thread.
class Lister {
 public:
  Lister(const Model& model, const ItemFacts& facts, const std::vector<float>& prior)
      : facts_(facts), prior_(prior), session_(new_session(model)) {
    all_.resize(facts.item_count());
    std::iota(all_.begin(), all_.end(), 0u);
  }

  // Whether the next item is among the ten best by these scores.
  double hits(const Newcomer& person, const std::vector<double>& scores) const {
    std::vector<bool> is_out(all_.size());
    for (const Items* had : {&person.earlier, &person.known}) {
      for (const uint32_t item : *had) is_out[item] = true;
    }
    if (!facts_.is_trained(person.next)) return 0;
    size_t above = 0;
    for (const uint32_t item : all_) {
      if (is_out[item] || !facts_.is_trained(item) || item == person.next) continue;
      above += scores[item] > scores[person.next] ||
               (scores[item] == scores[person.next] && item < person.next);
    }
    return above < kListLength ? 1 : 0;
  }
  std::vector<double> prior_scores() const { return {prior_.begin(), prior_.end()}; }
  // The network's, after the newest `known` events.
  std::vector<double> network_scores(const Newcomer& person, size_t known) {
    start(person, {}, known);
    const std::vector<float> scores = require(session_.score(all_), "score");
    return {scores.begin(), scores.end()};
  }
  // By the runtime, with what was asked: items as the oldest events, attributes as feedback.
  double hits_asked(const Newcomer& person, size_t known, const Items& items,
                    const Items& attributes) {
    start(person, items, known);
    for (const uint32_t attribute : attributes) {
      require(session_.give({PINTLE_FEEDBACK_PREFERS, attribute, 1, 0, PINTLE_NO_DATE, 0}),
              "feedback");
    }
    Request request(kListLength);
    request.deny = person.earlier;
    request.deny.insert(request.deny.end(), person.known.begin(), person.known.end());
    for (const auto& entry : require(session_.recommend(request), "recommend")) {
      if (entry.item == person.next) return 1;
    }
    return 0;
  }
  // How many of the attributes asked for each item has.
  std::vector<double> matches(const Newcomer& person) const {
    std::vector<double> sums(all_.size());
    for (const uint32_t item : all_) {
      for (const uint32_t attribute : person.attributes) {
        sums[item] += facts_.membership(item, attribute);
      }
    }
    return sums;
  }

 private:
  void start(const Newcomer& person, const Items& first, size_t known) {
    require(session_.reset(), "session");
    require(session_.reset_profile(), "profile");
    Items events = first;
    events.insert(events.end(), person.known.end() - static_cast<std::ptrdiff_t>(known),
                  person.known.end());
    require(session_.append(events), "append");
  }

  const ItemFacts& facts_;
  const std::vector<float>& prior_;
  Session session_;
  Items all_;
};

class Measurement {
 public:
  Measurement(const Model& model, const Histories& histories, const ColdStartOptions& options,
              ThreadPool* pool)
      : model_(model), options_(options), pool_(*pool), facts_(model) {
    prior_ = prior_of(model, facts_.item_count());
    for (const Items& events : histories.items) {
      if (events.size() < kMostKnown + kAskedItems + 1) continue;
      (reported_.size() > tuning_.size() ? tuning_ : reported_).push_back(newcomer(events));
    }
    if (tuning_.empty()) {
      throw Error("two people with " + std::to_string(kMostKnown + kAskedItems + 1) +
                  " events or more are needed");
    }
    lister_.resize(static_cast<size_t>(pool_.size()));
  }

  ColdStart run() {
    ColdStart result;
    result.people = reported_.size();
    result.prior_weights = choose_weights();
    result.tilt = choose_tilt();
    const auto add = [&](const char* name, const Use& use) {
      result.methods.push_back({name, follow(reported_, use)});
    };
    add("popularity", [](Lister* lister, const Newcomer& person, size_t) {
      return lister->hits(person, lister->prior_scores());
    });
    add("plain", [this](Lister* lister, const Newcomer& person, size_t place) {
      return by_both(lister, person, place, 0);
    });
    add("plain, popularity weighed in", [&](Lister* lister, const Newcomer& person, size_t place) {
      return by_both(lister, person, place, result.prior_weights[place]);
    });
    if (has_attributes()) {
      add("popularity, three attributes weighed in",
          [&](Lister* lister, const Newcomer& person, size_t) {
            return by_popularity(lister, person, result.tilt);
          });
      add("profile, three attributes", [](Lister* lister, const Newcomer& person, size_t place) {
        return lister->hits_asked(person, kKnownEvents[place], {}, person.attributes);
      });
    }
    add("five items appended", [](Lister* lister, const Newcomer& person, size_t place) {
      return lister->hits_asked(person, kKnownEvents[place], person.items, {});
    });
    return result;
  }

 private:
  // Whether the list, at a place of kKnownEvents, has the person's next item.
  using Use = std::function<double(Lister*, const Newcomer&, size_t place)>;

  // A list of everything before any event has the scores by popularity; -inf: never listed so.
  static std::vector<float> prior_of(const Model& model, size_t item_count) {
    Session session = new_session(model);
    const auto list = session.recommend(Request(item_count));
    if (list.failure().status() == PINTLE_ERR_EMPTY_HISTORY) {
      throw Error(
          "a list without events needs items' popularity, which this model has not: convert it "
          "with --interactions");
    }
    require(list.failure(), "recommend");
    std::vector<float> scores(item_count, -std::numeric_limits<float>::infinity());
    for (const pintle_recommendation& entry : *list) scores[entry.item] = entry.score;
    return scores;
  }

  bool has_attributes() const {
    return std::any_of(reported_.begin(), reported_.end(),
                       [](const Newcomer& person) { return !person.attributes.empty(); });
  }

  Newcomer newcomer(const Items& events) const {
    Newcomer person;
    const auto first_known = events.end() - static_cast<std::ptrdiff_t>(kMostKnown + 1);
    person.earlier.assign(events.begin(), first_known);
    person.known.assign(first_known, events.end() - 1);
    person.next = events.back();
    person.items = person.earlier;
    const size_t named = std::min(kAskedItems, person.items.size());
    std::stable_sort(person.items.begin(), person.items.end(),
                     [&](uint32_t a, uint32_t b) { return prior_[a] > prior_[b]; });
    person.items.resize(named);
    person.attributes = favourites(person.earlier);
    return person;
  }
  // The attributes that the person had most above their share of the catalogue, by what each adds to the
  // Kullback-Leibler divergence between the two.
  Items favourites(const Items& had) const {
    std::vector<double> levels(facts_.attribute_count());
    for (const uint32_t item : had) {
      for (const ItemFacts::Membership& own : facts_.of(item)) levels[own.attribute] += own.level;
    }
    std::vector<std::pair<double, uint32_t>> order;
    for (uint32_t attribute = 0; attribute < levels.size(); ++attribute) {
      if (facts_.size(attribute) < options_.least_items) continue;
      const double share = levels[attribute] / static_cast<double>(had.size());
      const double usual =
          static_cast<double>(facts_.size(attribute)) / static_cast<double>(facts_.item_count());
      if (share > usual) order.emplace_back(-share * std::log(share / usual), attribute);
    }
    std::sort(order.begin(), order.end());
    Items named;
    for (size_t i = 0; i < order.size() && i < kAskedAttributes; ++i) {
      named.push_back(order[i].second);
    }
    return named;
  }

  std::vector<std::vector<double>> follow(const std::vector<Newcomer>& people, const Use& use) {
    std::vector<std::vector<double>> hits(kKnownCount, std::vector<double>(people.size()));
    pool_.for_each(people.size(), [&](size_t i, int worker) {
      std::unique_ptr<Lister>& lister = lister_[static_cast<size_t>(worker)];
      if (lister == nullptr) lister = std::make_unique<Lister>(model_, facts_, prior_);
      for (size_t k = 0; k < kKnownCount; ++k) {
        hits[k][i] = use(lister.get(), people[i], k);
      }
    });
    return hits;
  }

  static double by_both(Lister* lister, const Newcomer& person, size_t place, double weight) {
    if (kKnownEvents[place] == 0) return lister->hits(person, lister->prior_scores());
    std::vector<double> scores = lister->network_scores(person, kKnownEvents[place]);
    const std::vector<double> prior = lister->prior_scores();
    for (size_t i = 0; weight > 0 && i < scores.size(); ++i) scores[i] += weight * prior[i];
    return lister->hits(person, scores);
  }
  double by_popularity(Lister* lister, const Newcomer& person, double tilt) const {
    std::vector<double> scores = lister->prior_scores();
    const std::vector<double> matches = lister->matches(person);
    for (size_t i = 0; i < scores.size(); ++i) scores[i] += temperature() * tilt * matches[i];
    return lister->hits(person, scores);
  }
  double temperature() const { return model_.info().temperature; }

  std::vector<double> choose_weights() {
    std::vector<double> best(kKnownCount, -1), chosen(kKnownCount);
    for (const double weight : kWeights) {
      const auto hits = follow(tuning_, [&](Lister* lister, const Newcomer& person, size_t place) {
        return by_both(lister, person, place, weight);
      });
      for (size_t k = 0; k < kKnownCount; ++k) {
        if (mean_of(hits[k]) <= best[k]) continue;
        best[k] = mean_of(hits[k]);
        chosen[k] = kKnownEvents[k] == 0 ? 1 : weight;
      }
    }
    return chosen;
  }
  double choose_tilt() {
    double best = -1, chosen = 0;
    for (const double tilt : kTilts) {
      const auto hits = follow(tuning_, [&](Lister* lister, const Newcomer& person, size_t place) {
        return place > 0 ? 0 : by_popularity(lister, person, tilt);
      });
      if (mean_of(hits[0]) <= best) continue;
      best = mean_of(hits[0]);
      chosen = tilt;
    }
    return chosen;
  }

  const Model& model_;
  const ColdStartOptions& options_;
  ThreadPool& pool_;
  const ItemFacts facts_;
  std::vector<float> prior_;  // scores by popularity
  std::vector<Newcomer> tuning_, reported_;
  std::vector<std::unique_ptr<Lister>> lister_;
};

}  // namespace

ColdStart measure_cold_start(const Model& model, const Histories& histories,
                             const ColdStartOptions& options, ThreadPool* pool) {
  return Measurement(model, histories, options, pool).run();
}

}  // namespace pintle::converter
