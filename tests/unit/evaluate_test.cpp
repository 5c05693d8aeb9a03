// SPDX-License-Identifier: Apache-2.0
#include "converter/run/evaluate.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "converter/file/writer.h"
#include "converter/io/error.h"
#include "converter/io/output_file.h"
#include "converter/run/runtime_model.h"
#include "random_network.h"
#include "support/scratch_dir.h"

namespace pintle::converter {
namespace {

// A random network over items 1 ... 37; those in `untrained` are in the catalogue only.
class TrainedModel {
 public:
  explicit TrainedModel(const std::set<int64_t>& untrained = {}) {
    Network network = random_network();
    ItemTable items;
    Interactions trained;
    for (int64_t id = 1; id <= 37; ++id) {
      items.items.push_back({id, std::to_string(id), "", {}});
      if (untrained.count(id) == 0) trained.item_names.push_back(std::to_string(id));
    }
    CatalogueReport report;
    const Catalogue catalogue = build_catalogue(&items, &trained, &network, &report);
    OutputFile file(folder_.path("m.pintle"));
    file.write(serialize_model(network, pack_network(network, fb::DType_F32), catalogue, {}));
    file.commit();
    model_ = open_model(folder_.path("m.pintle"));
  }
  const Model& get() const { return model_; }

 private:
  test::ScratchDir folder_;
  Model model_;
};

Interactions interactions_of(const std::vector<std::vector<int>>& histories) {
  Interactions interactions;
  std::vector<int> names;
  for (size_t u = 0; u < histories.size(); ++u) {
    interactions.users.push_back("u" + std::to_string(u));
    interactions.items.emplace_back();
    for (int id : histories[u]) {
      auto found = std::find(names.begin(), names.end(), id);
      if (found == names.end()) {
        names.push_back(id);
        interactions.item_names.push_back(std::to_string(id));
        found = names.end() - 1;
      }
      interactions.items[u].push_back(static_cast<size_t>(found - names.begin()));
      ++interactions.event_count;
    }
  }
  return interactions;
}

std::vector<std::vector<int>> random_histories(size_t count) {
  std::mt19937 random(5);
  std::vector<std::vector<int>> histories;
  for (size_t u = 0; u < count; ++u) {
    std::vector<int> ids(37);
    for (int i = 0; i < 37; ++i) ids[static_cast<size_t>(i)] = i + 1;
    std::shuffle(ids.begin(), ids.end(), random);
    ids.resize(2 + random() % 12);
    histories.push_back(ids);
  }
  return histories;
}

// The definition, on the scores of all items: a rank is the number of eligible items that score
// more.
Evaluation by_definition(const Model& model, const std::vector<std::vector<int>>& histories,
                         const EvaluationOptions& options = {}) {
  Evaluation result;
  std::vector<uint32_t> all(37);
  for (uint32_t i = 0; i < 37; ++i) all[i] = i;
  std::set<uint32_t> covered;
  for (const std::vector<int>& ids : histories) {
    const uint32_t target = static_cast<uint32_t>(ids.back() - 1);
    std::vector<uint32_t> history;
    for (size_t t = 0; t + 1 < ids.size(); ++t) {
      history.push_back(static_cast<uint32_t>(ids[t] - 1));
    }
    Session session = new_session(model);
    REQUIRE(session.set_window_policy(options.window_policy));
    // One at a time, with a list after each, as on the device.
    for (const uint32_t item : history) {
      REQUIRE(session.append(item));
      REQUIRE(session.score({item}));
    }
    const std::vector<float> scores = require(session.score(all), "scores");
    std::vector<uint32_t> order;
    for (uint32_t item : all) {
      const bool seen = !options.includes_seen &&
                        std::find(history.begin(), history.end(), item) != history.end();
      if (!seen && require(model.item(item), "item", item).is_trained) order.push_back(item);
    }
    std::stable_sort(order.begin(), order.end(),
                     [&](uint32_t a, uint32_t b) { return scores[a] > scores[b]; });
    order.resize(std::min<size_t>(order.size(), options.k));
    covered.insert(order.begin(), order.end());
    const auto found = std::find(order.begin(), order.end(), target);
    ++result.users;
    if (found == order.end()) continue;
    const double rank = static_cast<double>(found - order.begin());
    result.hit_rate += 1;
    result.ndcg += 1 / std::log2(rank + 2);
    result.mrr += 1 / (rank + 1);
  }
  const double users = static_cast<double>(result.users);
  result.hit_rate /= users;
  result.ndcg /= users;
  result.mrr /= users;
  size_t trained = 0;
  for (uint32_t item : all) trained += require(model.item(item), "item", item).is_trained ? 1 : 0;
  result.coverage = static_cast<double>(covered.size()) / static_cast<double>(trained);
  return result;
}

Evaluation evaluate(const TrainedModel& model, const Interactions& interactions,
                    const EvaluationOptions& options = {}, int threads = 2) {
  ThreadPool pool(threads);
  return evaluate_leave_one_out(model.get(), interactions, options, &pool);
}

void check_equal(const Evaluation& a, const Evaluation& b) {
  CHECK(a.users == b.users);
  CHECK(a.hit_rate == doctest::Approx(b.hit_rate).epsilon(1e-12));
  CHECK(a.ndcg == doctest::Approx(b.ndcg).epsilon(1e-12));
  CHECK(a.mrr == doctest::Approx(b.mrr).epsilon(1e-12));
  CHECK(a.coverage == doctest::Approx(b.coverage).epsilon(1e-12));
}

TEST_CASE("the metrics are their definitions, untrained items left out") {
  const std::vector<std::vector<int>> histories = random_histories(60);
  for (const std::set<int64_t>& untrained : {std::set<int64_t>{}, {3, 4, 5, 20, 37}}) {
    const TrainedModel model(untrained);
    const Evaluation evaluation = evaluate(model, interactions_of(histories));
    CHECK(evaluation.hit_rate > 0.1);
    CHECK(evaluation.hit_rate < 0.9);
    check_equal(evaluation, by_definition(model.get(), histories));
  }
}

TEST_CASE("under the hop policy the lists are those of events appended one by one") {
  const TrainedModel model;
  const std::vector<std::vector<int>> histories = random_histories(60);
  EvaluationOptions options;
  options.window_policy = PINTLE_WINDOW_HOP;
  const Evaluation hop = evaluate(model, interactions_of(histories), options);
  check_equal(hop, by_definition(model.get(), histories, options));
  const Evaluation exact = evaluate(model, interactions_of(histories));
  CHECK(hop.ndcg != exact.ndcg);
}

TEST_CASE("the number of threads changes nothing, not a bit") {
  const TrainedModel model;
  const Interactions interactions = interactions_of(random_histories(50));
  const Evaluation one = evaluate(model, interactions, {}, 1);
  for (int threads : {2, 3, 100}) {
    const Evaluation many = evaluate(model, interactions, {}, threads);
    CHECK(many.ndcg == one.ndcg);
    CHECK(many.mrr == one.mrr);
    CHECK(many.coverage == one.coverage);
  }
}

TEST_CASE("only the first users, when asked") {
  const TrainedModel model;
  std::vector<std::vector<int>> histories = random_histories(30);
  EvaluationOptions options;
  options.max_users = 7;
  const Evaluation evaluation = evaluate(model, interactions_of(histories), options);
  histories.resize(7);
  check_equal(evaluation, by_definition(model.get(), histories));
}

TEST_CASE("short, unknown and repeated events are counted as stated") {
  const TrainedModel model;
  const Evaluation evaluation =
      evaluate(model, interactions_of({{5},              // too short: skipped
                                       {1, 2, 99},       // the held-out item is unknown: a miss
                                       {99, 98, 7},      // nothing is left of the history: a miss
                                       {4, 9, 4},        // repeated: excluded as seen, a miss
                                       {11, 99, 12}}));  // one event left out
  CHECK(evaluation.users == 4);
  CHECK(evaluation.skipped_users == 1);
  CHECK(evaluation.unknown_targets == 1);
  CHECK(evaluation.repeated_targets == 1);
  CHECK(evaluation.unknown_events == 3);
  const Evaluation last = evaluate(model, interactions_of({{11, 12}}));
  CHECK(evaluation.ndcg == doctest::Approx(last.ndcg / 4).epsilon(1e-12));
}

TEST_CASE("lists of another length, beyond the catalogue too, name the metrics") {
  const TrainedModel model;
  const std::vector<std::vector<int>> histories = random_histories(60);
  for (const uint32_t k : {1u, 3u, 20u, 500u}) {
    CAPTURE(k);
    EvaluationOptions options;
    options.k = k;
    const Evaluation evaluation = evaluate(model, interactions_of(histories), options);
    check_equal(evaluation, by_definition(model.get(), histories, options));
    CHECK(evaluation_metrics(evaluation)[1].first == "ndcg@" + std::to_string(k));
  }
}

TEST_CASE("where items are consumed again, those of the history stay eligible") {
  const TrainedModel model;
  std::vector<std::vector<int>> histories = random_histories(60);
  for (std::vector<int>& history : histories) {
    if (history.size() % 2 == 0) history.back() = history.front();
  }
  EvaluationOptions options;
  options.includes_seen = true;
  const Evaluation again = evaluate(model, interactions_of(histories), options);
  check_equal(again, by_definition(model.get(), histories, options));
  const Evaluation excluded = evaluate(model, interactions_of(histories));
  CHECK(again.repeated_targets == excluded.repeated_targets);
  CHECK(again.repeated_targets > 10);
  CHECK(again.hit_rate > excluded.hit_rate);
}

TEST_CASE("nothing to hold out is an error") {
  const TrainedModel model;
  CHECK_THROWS_WITH_AS(evaluate(model, interactions_of({{5}, {6}})),
                       doctest::Contains("two events"), Error);
}

TEST_CASE("held-out items that all are unknown or seen are an error, not a quality of zero") {
  const TrainedModel model;
  CHECK_THROWS_WITH_AS(evaluate(model, interactions_of({{5, 99}, {6, 98}})),
                       doctest::Contains("of 2 users' 2 are unknown"), Error);
  CHECK_THROWS_WITH_AS(evaluate(model, interactions_of({{5, 5}})),
                       doctest::Contains("no held-out item could be ranked"), Error);
}

}  // namespace
}  // namespace pintle::converter
