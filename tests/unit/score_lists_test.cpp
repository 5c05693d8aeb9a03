// SPDX-License-Identifier: Apache-2.0
//
// The baselines, against lists written down from all scores.
#include "converter/features/score_lists.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <set>
#include <vector>

#include "converter/features/temperature.h"
#include "steerable_model.h"

namespace pintle::converter {
namespace {

constexpr uint32_t kSpace = 1;

struct Scored {
  std::vector<float> scores;
  std::vector<double> probabilities;
  std::vector<uint32_t> eligible;  // by score
};

Scored score_all(const Model& model, const std::vector<uint32_t>& events) {
  Session session = new_session(model);
  REQUIRE(session.append(events.data(), events.size() - 1));
  std::vector<uint32_t> items(37);
  std::iota(items.begin(), items.end(), 0u);
  Scored scored;
  scored.scores = require(session.score(items), "scores");
  scored.probabilities = softmax(scored.scores, std::vector<bool>(37, true), 1);
  for (uint32_t i = 0; i < 37; ++i) {
    if (std::count(events.begin(), events.end() - 1, i) == 0) scored.eligible.push_back(i);
  }
  std::stable_sort(scored.eligible.begin(), scored.eligible.end(),
                   [&](uint32_t a, uint32_t b) { return scored.scores[a] > scored.scores[b]; });
  return scored;
}

double membership(const Model& model, uint32_t item) {
  return membership_of(require(model.item(item), "item"), kSpace) / 15.0;
}

std::vector<uint32_t> by_hand(const Model& model, const Scored& scored, ScoreMethod method,
                              double strength) {
  std::vector<uint32_t> list = scored.eligible;
  if (method == ScoreMethod::kQuota) {
    list.resize(10);
    for (int swap = 0; swap < std::abs(static_cast<int>(strength)); ++swap) {
      const bool to_members = strength > 0;
      const auto leaves = [&](uint32_t i) { return (membership(model, i) > 0) != to_members; };
      const auto enters = [&](uint32_t i) {
        return !leaves(i) && std::count(list.begin(), list.end(), i) == 0;
      };
      const auto out = std::find_if(list.rbegin(), list.rend(), leaves);
      const auto in = std::find_if(scored.eligible.begin(), scored.eligible.end(), enters);
      if (out == list.rend() || in == scored.eligible.end()) break;
      *out = *in;
    }
  } else {
    const auto key = [&](uint32_t i) {
      const double own = method == ScoreMethod::kBonus ? scored.probabilities[i]
                                                       : static_cast<double>(scored.scores[i]);
      return own + strength * membership(model, i);
    };
    std::stable_sort(list.begin(), list.end(),
                     [&](uint32_t a, uint32_t b) { return key(a) > key(b); });
    list.resize(10);
  }
  if (method == ScoreMethod::kReweightOrdered || method == ScoreMethod::kQuota) {
    std::sort(list.begin(), list.end(),
              [&](uint32_t a, uint32_t b) { return scored.scores[a] > scored.scores[b]; });
  }
  return list;
}

// Whole, or every other member by 2, 4, 6, ... fifteenths.
Model steerable(bool is_soft) {
  SteerableModel source;
  Catalogue& catalogue = source.parts.catalogue;
  if (is_soft) {
    for (size_t i = 0; i < catalogue.item_attributes.size(); ++i) {
      std::vector<uint8_t>& levels = catalogue.item_memberships.emplace_back();
      for (const uint32_t attribute : catalogue.item_attributes[i]) {
        const uint8_t part = static_cast<uint8_t>(2 + 2 * (i % 7));
        levels.push_back(attribute == kSpace && i % 2 == 0 ? part : uint8_t{15});
      }
    }
  }
  return source.open();
}

TEST_CASE("lists by scores hold what their formulas say") {
  const Histories histories = random_histories(40);
  for (const bool is_soft : {false, true}) {
    CAPTURE(is_soft);
    const Model model = steerable(is_soft);
    ThreadPool pool(2);
    const ScoreLists lists(model, histories, {0, kSpace}, &pool);
    for (const ScoreMethod method : {ScoreMethod::kReweight, ScoreMethod::kReweightOrdered,
                                     ScoreMethod::kBonus, ScoreMethod::kQuota}) {
      CAPTURE(static_cast<int>(method));
      const std::vector<float> strengths = method == ScoreMethod::kQuota
                                               ? std::vector<float>{-9, -1, 0, 1, 3, 10}
                                               : std::vector<float>{-9, -0.04f, 0, 0.02f, 0.7f, 9};
      const auto measures = lists.measure(method, kSpace, strengths, &pool);
      for (size_t s = 0; s < strengths.size(); ++s) {
        CAPTURE(strengths[s]);
        double ndcg = 0, share = 0;
        size_t same = 0;
        for (size_t u = 0; u < 40; ++u) {
          const Scored scored = score_all(model, histories.items[u]);
          const auto list = by_hand(model, scored, method, static_cast<double>(strengths[s]));
          const std::vector<uint32_t> plain(scored.eligible.begin(), scored.eligible.begin() + 10);
          same += list == plain ? 1 : 0;
          double level = 0;
          for (size_t rank = 0; rank < 10; ++rank) {
            level += membership(model, list[rank]);
            if (list[rank] == histories.items[u].back()) {
              ndcg += 1 / std::log2(static_cast<double>(rank) + 2);
            }
          }
          share += level / 10;
          CHECK(measures[s].users.level[u] == doctest::Approx(15 * level));
          CHECK(measures[s].users.is_same[u] == (list == plain ? 1 : 0));
        }
        CHECK(measures[s].ndcg == doctest::Approx(ndcg / 40));
        CHECK(measures[s].shares[kSpace] == doctest::Approx(share / 40));
        CHECK((same == 40) == (strengths[s] == 0));
      }
    }
  }
}

}  // namespace
}  // namespace pintle::converter
