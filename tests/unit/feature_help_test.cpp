// SPDX-License-Identifier: Apache-2.0
#include "converter/features/feature_help.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <vector>

#include "converter/run/steered_lists.h"
#include "list_source.h"
#include "steerable_model.h"

namespace pintle::converter {
namespace {

constexpr uint32_t kSpace = 1, kSecond = 1;  // the SAE at "last"
constexpr double kDose = 3;

// Of the second SAE, signed: the one that raises the share of Space most.
WeightedFeatures best_feature(const Model& model, const Histories& users, ThreadPool* pool) {
  std::vector<ListVariant> variants;
  std::vector<WeightedFeatures> features;
  for (uint32_t feature = 0; feature < 24; ++feature) {
    for (const float sign : {1.0f, -1.0f}) {
      features.push_back({kSecond, {{feature, sign}}});
      variants.push_back({edits_of(features.back(), kDose)});
    }
  }
  const auto measures = measure_lists(model, users, variants, pool);
  const auto best = std::max_element(measures.begin(), measures.end(),
                                     [](const ListMeasure& a, const ListMeasure& b) {
                                       return a.shares[kSpace] < b.shares[kSpace];
                                     });
  return features[static_cast<size_t>(best - measures.begin())];
}

// The next item of everybody is the first of the list under the edits.
void choose_next(const Model& model, const std::vector<pintle_edit>& edits, Histories* users) {
  Session session = new_session(model);
  for (auto& items : users->items) {
    REQUIRE(session.reset());
    REQUIRE(session.append(items.data(), items.size() - 1));
    Request request(1);
    request.edits = edits;
    items.back() = require(session.recommend(request), "list")[0].item;
  }
}

TEST_CASE("features are taken where they help people who did not choose them, and only there") {
  const Model model = SteerableModel().open();
  ThreadPool pool(2);
  Histories users = random_histories(400);
  const WeightedFeatures features = best_feature(model, users, &pool);
  const auto points = reward_points(find_rewards(model, users, kSpace, 1, {}, lists_by(&pool)),
                                    find_rewards(model, users, kSpace, -1, {}, lists_by(&pool)));
  const auto help = [&] {
    return find_feature_help(model, {take_part(users, 0, 2), take_part(users, 1, 2)}, kSpace,
                             features, points, lists_by(&pool));
  };

  // People want what the feature promotes.
  choose_next(model, edits_of(features, kDose), &users);
  const auto found = help();
  REQUIRE(found.has_value());
  CHECK(found->dose > 0);
  CHECK(found->gain > kStandardErrors * found->standard_error);

  // People want what the network says: the feature harms more than a wish.
  choose_next(model, {}, &users);
  CHECK_FALSE(help().has_value());

  // It helps those who choose the dose, and not those who judge.
  Histories choosing = take_part(users, 0, 2);
  choose_next(model, edits_of(features, kDose), &choosing);
  CHECK_FALSE(find_feature_help(model, {choosing, take_part(users, 1, 2)}, kSpace, features, points,
                                lists_by(&pool))
                  .has_value());
}

}  // namespace
}  // namespace pintle::converter
