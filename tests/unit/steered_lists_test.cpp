// SPDX-License-Identifier: Apache-2.0
//
// What measure_lists adds up, against lists asked for one by one.
#include "converter/run/steered_lists.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "support/default_model.h"

namespace pintle::converter {
namespace {

// The default model with an SAE in it.
struct SteerableModel {
  test::DefaultModel files;
  Model model;

  SteerableModel() {
    files.train("sae");
    ConvertOptions options = test::default_model_options(files.dir.path("steerable.pintle"));
    options.sae.saes = {files.dir.path("sae")};
    ThreadPool pool(1);
    convert(options, &pool);
    model = open_model(options.out_path);
  }
};

ListMeasure by_hand(const Model& model, const Histories& histories, const ListVariant& variant,
                    const std::vector<float>& values) {
  ListMeasure sum;
  sum.shares.assign(model.info().attribute_count, 0);
  std::set<uint32_t> recommended;
  double users = 0, items = 0, kept = 0;
  for (const auto& history : histories.items) {
    if (history.size() < 2) continue;
    ++users;
    Session session = new_session(model);
    REQUIRE(session.append(history.data(), history.size() - 1));
    Request request;
    const auto base = require(session.recommend(request), "unsteered");
    request.edits = variant.edits;
    request.steering_flags = variant.flags;
    const auto list = require(session.recommend(request), "steered");
    for (size_t rank = 0; rank < list.size(); ++rank) {
      ++items;
      recommended.insert(list[rank].item);
      sum.mean_value += static_cast<double>(values[list[rank].item]);
      if (list[rank].item == history.back()) {
        sum.hit_rate += 1;
        sum.ndcg += std::log(2.0) / std::log(static_cast<double>(rank) + 2);
      }
      const pintle_item_info info = require(model.item(list[rank].item), "item", list[rank].item);
      for (uint32_t a = 0; a < info.attribute_count; ++a) sum.shares[info.attributes[a]] += 1;
      kept += std::any_of(base.begin(), base.end(),
                          [&](const auto& entry) { return entry.item == list[rank].item; });
    }
  }
  sum.ndcg /= users;
  sum.hit_rate /= users;
  sum.overlap = kept / items;
  sum.mean_value /= items;
  for (double& share : sum.shares) share /= items;
  sum.coverage =
      static_cast<double>(recommended.size()) / static_cast<double>(model.info().item_count);
  return sum;
}

TEST_CASE("measures are those of the lists, for every variant and number of threads") {
  const SteerableModel steerable;
  const Model& model = steerable.model;
  Histories histories = steerable.files.users(40);
  histories.items[3].resize(1);  // too short to hold anything out
  histories.items[5].clear();
  std::vector<float> values;
  for (uint32_t i = 0; i < model.info().item_count; ++i) {
    values.push_back(static_cast<float>(i % 17));
  }
  const std::vector<ListVariant> variants = {
      {{}, 0},
      {{{PINTLE_EDIT_ADD, 3, 0, 0, 4.0f}}, 0},
      {{{PINTLE_EDIT_SET, 9, 0, 0, 6.0f}}, PINTLE_STEER_REPLACE},
      {{{PINTLE_EDIT_ADD, 20, 0, 0, 3.0f}}, PINTLE_STEER_ALL_POSITIONS}};
  ThreadPool one(1), two(2);
  const std::vector<ListMeasure> measures = measure_lists(model, histories, variants, &two, values);
  const std::vector<ListMeasure> single = measure_lists(model, histories, variants, &one, values);
  REQUIRE(measures.size() == 4);
  for (size_t v = 0; v < 4; ++v) {
    CAPTURE(v);
    const ListMeasure expected = by_hand(model, histories, variants[v], values);
    CHECK(measures[v].ndcg == doctest::Approx(expected.ndcg).epsilon(1e-9));
    CHECK(measures[v].hit_rate == doctest::Approx(expected.hit_rate));
    CHECK(measures[v].overlap == doctest::Approx(expected.overlap));
    CHECK(measures[v].coverage == doctest::Approx(expected.coverage));
    CHECK(measures[v].mean_value == doctest::Approx(expected.mean_value));
    for (size_t a = 0; a < expected.shares.size(); ++a) {
      CHECK(measures[v].shares[a] == doctest::Approx(expected.shares[a]));
    }
    CHECK(measures[v].ndcg == single[v].ndcg);
    CHECK(measures[v].shares == single[v].shares);
    CHECK(measures[v].mean_value == doctest::Approx(single[v].mean_value));
  }
  CHECK(measures[0].overlap == 1);
  CHECK(measures[1].overlap < 1);
}

TEST_CASE("nobody to measure") {
  const SteerableModel steerable;
  Histories histories = steerable.files.users(2);
  histories.items = {{}, {1}};
  ThreadPool pool(2);
  const auto measures = measure_lists(steerable.model, histories, {{{}, 0}}, &pool);
  REQUIRE(measures.size() == 1);
  CHECK(measures[0].ndcg == 0);
  CHECK(measures[0].overlap == 0);
}

}  // namespace
}  // namespace pintle::converter
