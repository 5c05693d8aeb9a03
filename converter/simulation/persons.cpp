// SPDX-License-Identifier: Apache-2.0
#include "converter/simulation/persons.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <optional>
#include <string>
#include <unordered_set>

#include "converter/io/error.h"
#include "converter/run/runtime_model.h"
#include "converter/sae_training/random.h"

namespace pintle::converter {
namespace {

using Items = std::vector<uint32_t>;

// Events that are held back of those who avoid.
constexpr size_t kHeldBack = 20;
// Entries of the plain list, of ten, that make an attribute common there.
constexpr size_t kCommon = 3;
// kWants: their own share of the attribute at most; likers of it, each with so many events, who are asked; items.
constexpr double kRare = 0.08;
constexpr size_t kLikers = 100, kLikerEvents = 10, kWanted = 30;
// kChanged: events that are taken, and those behind them that are the targets.
constexpr size_t kTaken = 20, kChangedTargets = 20;
constexpr size_t kRandomTargets = 5;

class Maker {
 public:
  Maker(const Model& model, const ItemFacts& facts, const Histories& histories,
        const PersonOptions& options)
      : model_(model),
        facts_(facts),
        histories_(histories),
        options_(options),
        random_(options.seed),
        session_(new_session(model)) {}

  std::vector<Person> make(Persona persona) {
    std::vector<size_t> users(histories_.items.size());
    std::iota(users.begin(), users.end(), size_t{0});
    if (persona == Persona::kChanged) {
      users = most_changed();
    }
    shuffle(&users, &random_);
    if (persona == Persona::kWants) find_likers();
    std::vector<Person> persons;
    for (const size_t user : users) {
      if (persons.size() == options_.most) break;
      std::optional<Person> person = make(persona, user);
      if (!person) continue;
      person->seed = options_.seed * 1000003 + user;
      persons.push_back(std::move(*person));
    }
    if (persons.empty()) {
      throw Error(std::string("nobody in the interactions can be a person who ") +
                  persona_name(persona) + ": that needs attributes of " +
                  std::to_string(options_.least_items) + " items and histories of " +
                  std::to_string(options_.least_events) + " events");
    }
    return persons;
  }

 private:
  std::optional<Person> make(Persona persona, size_t user) {
    const Items& all = histories_.items[user];
    switch (persona) {
      case Persona::kAvoids:
        return all.size() < options_.least_events ? std::nullopt : avoids(all);
      case Persona::kWants:
        return all.size() < options_.least_events ? std::nullopt : wants(user);
      case Persona::kChanged:
        return changed(all);
      default:
        if (all.size() < options_.least_events / 2) return std::nullopt;
        return Person{0,
                      Items(all.begin(), all.end() - kRandomTargets),
                      {},
                      {},
                      Items(all.end() - kRandomTargets, all.end())};
    }
  }

  bool is_large(uint32_t attribute) const { return facts_.size(attribute) >= options_.least_items; }

  std::optional<Person> avoids(const Items& all) {
    Person person;
    person.history.assign(all.begin(), all.end() - kHeldBack);
    require(session_.reset(), "session");
    require(session_.append(person.history), "append");
    std::vector<uint32_t> common;
    const auto list = require(session_.recommend(10), "recommend");
    for (uint32_t attribute = 0; attribute < facts_.attribute_count(); ++attribute) {
      if (!is_large(attribute)) continue;
      const auto count = std::count_if(list.begin(), list.end(), [&](const auto& entry) {
        return facts_.has(entry.item, attribute);
      });
      if (count >= static_cast<std::ptrdiff_t>(kCommon)) common.push_back(attribute);
    }
    if (common.empty()) return std::nullopt;
    person.attribute = common[random_.below(common.size())];
    Items later(all.end() - kHeldBack, all.end());
    shuffle(&later, &random_);
    person.liked.assign(later.begin(), later.begin() + kHeldBack / 2);
    for (size_t i = kHeldBack / 2; i < later.size(); ++i) {
      if (!facts_.has(later[i], person.attribute)) person.targets.push_back(later[i]);
    }
    if (person.targets.empty()) return std::nullopt;
    return person;
  }

  // Everybody's state, and how often they took each attribute.
  void find_likers() {
    for (const Items& all : histories_.items) {
      std::vector<size_t>& counts = counts_.emplace_back(facts_.attribute_count());
      for (const uint32_t item : all) {
        for (const ItemFacts::Membership& own : facts_.of(item)) {
          if (own.level >= 0.5) ++counts[own.attribute];
        }
      }
      std::vector<float>& state = states_.emplace_back();
      if (all.empty()) continue;
      require(session_.reset(), "session");
      require(session_.append(all), "append");
      state = require(session_.state("last"), "state");
      double squares = 0;
      for (const float value : state)
        squares += static_cast<double>(value) * static_cast<double>(value);
      for (float& value : state) value /= static_cast<float>(std::sqrt(squares));
    }
  }
  double likeness(size_t a, size_t b) const {
    return std::inner_product(states_[a].begin(), states_[a].end(), states_[b].begin(), 0.0);
  }

  std::optional<Person> wants(size_t user) {
    const Items& all = histories_.items[user];
    std::vector<uint32_t> rare;
    for (uint32_t attribute = 0; attribute < facts_.attribute_count(); ++attribute) {
      const double share =
          static_cast<double>(counts_[user][attribute]) / static_cast<double>(all.size());
      const double usual =
          static_cast<double>(facts_.size(attribute)) / static_cast<double>(facts_.item_count());
      if (is_large(attribute) && share < std::min(kRare, usual / 2)) rare.push_back(attribute);
    }
    if (rare.empty()) return std::nullopt;
    Person person;
    person.history = all;
    person.attribute = rare[random_.below(rare.size())];
    std::vector<std::pair<double, size_t>> likers;
    for (size_t other = 0; other < histories_.items.size(); ++other) {
      if (other == user || counts_[other][person.attribute] < kLikerEvents) continue;
      likers.emplace_back(-likeness(user, other), other);
    }
    const size_t asked = std::min(kLikers, likers.size());
    std::partial_sort(likers.begin(), likers.begin() + static_cast<std::ptrdiff_t>(asked),
                      likers.end());
    const std::unordered_set<uint32_t> seen(all.begin(), all.end());
    std::vector<double> weights(facts_.item_count());
    size_t choices = 0;
    for (size_t i = 0; i < asked; ++i) {
      for (const uint32_t item : histories_.items[likers[i].second]) {
        if (!facts_.has(item, person.attribute) || seen.count(item) != 0) continue;
        choices += weights[item] == 0 ? 1 : 0;
        ++weights[item];
      }
    }
    if (choices < kWanted) return std::nullopt;
    const Items wanted = draw(&weights, kWanted);
    person.liked.assign(wanted.begin(), wanted.begin() + kWanted / 2);
    person.targets.assign(wanted.begin() + kWanted / 2, wanted.end());
    return person;
  }
  // `count` different items, each in proportion to its weight.
  Items draw(std::vector<double>* weights, size_t count) {
    Items drawn;
    while (drawn.size() < count) {
      double place = random_.uniform() * std::accumulate(weights->begin(), weights->end(), 0.0);
      uint32_t item = 0;
      while (item + 1 < weights->size() && (place -= (*weights)[item]) > 0) ++item;
      if ((*weights)[item] == 0) continue;  // by rounding, at the end
      (*weights)[item] = 0;
      drawn.push_back(item);
    }
    return drawn;
  }

  std::vector<double> shares(Items::const_iterator begin, Items::const_iterator end) const {
    std::vector<double> shares(facts_.attribute_count(), 0.5);
    double sum = 0.5 * static_cast<double>(shares.size());
    for (; begin != end; ++begin) {
      for (const ItemFacts::Membership& own : facts_.of(*begin)) {
        shares[own.attribute] += own.level;
        sum += own.level;
      }
    }
    for (double& share : shares) share /= sum;
    return shares;
  }
  // The half of the people whose attributes changed most (Kullback-Leibler) from their first half to what came next.
  std::vector<size_t> most_changed() const {
    std::vector<std::pair<double, size_t>> changes;
    for (size_t user = 0; user < histories_.items.size(); ++user) {
      const Items& all = histories_.items[user];
      const size_t half = all.size() / 2;
      if (half < kTaken + kChangedTargets + 10) continue;
      const auto middle = all.begin() + static_cast<std::ptrdiff_t>(half);
      const auto before = shares(all.begin(), middle), after = shares(middle, middle + kTaken + 10);
      double divergence = 0;
      for (size_t i = 0; i < before.size(); ++i)
        divergence += after[i] * std::log(after[i] / before[i]);
      changes.emplace_back(-divergence, user);
    }
    std::sort(changes.begin(), changes.end());
    std::vector<size_t> users;
    for (size_t i = 0; i < changes.size() / 2; ++i) users.push_back(changes[i].second);
    return users;
  }
  std::optional<Person> changed(const Items& all) const {
    const auto middle = all.begin() + static_cast<std::ptrdiff_t>(all.size() / 2);
    Person person;
    person.history.assign(all.begin(), middle);
    person.taken.assign(middle, middle + kTaken);
    person.targets.assign(middle + kTaken + 10, middle + kTaken + 10 + kChangedTargets);
    return person;
  }

  const Model& model_;
  const ItemFacts& facts_;
  const Histories& histories_;
  const PersonOptions& options_;
  Random random_;
  Session session_;
  std::vector<std::vector<size_t>> counts_;
  std::vector<std::vector<float>> states_;
};

}  // namespace

const char* persona_name(Persona persona) {
  switch (persona) {
    case Persona::kAvoids:
      return "avoids";
    case Persona::kWants:
      return "wants";
    case Persona::kChanged:
      return "changed";
    default:
      return "random";
  }
}

std::vector<Person> make_persons(const Model& model, const ItemFacts& facts,
                                 const Histories& histories, Persona persona,
                                 const PersonOptions& options) {
  return Maker(model, facts, histories, options).make(persona);
}

}  // namespace pintle::converter
