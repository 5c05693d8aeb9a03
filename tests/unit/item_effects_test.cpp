// SPDX-License-Identifier: Apache-2.0
#include "converter/features/item_effects.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <string>

#include "converter/features/feature_effects.h"
#include "converter/run/runtime_model.h"
#include "support/scratch_dir.h"
#include "support/tiny_models.h"

namespace pintle::converter {
namespace {

// A steerable tiny model in a file, and a report of its features as far as effects on items need it:
// every feature but the last was active.
struct Measured {
  explicit Measured(uint32_t seed)
      : tiny(test::steerable_model(test::any_model(seed).network)), open(tiny.file()) {
    const std::vector<uint8_t> bytes = tiny.file();
    path = dir.write("tiny.pintle", std::string(bytes.begin(), bytes.end()));
    report.features.resize(21);
    for (size_t f = 0; f < 20; ++f) {
      report.features[f].fired = 1;
      report.features[f].statistics.p95 = 0.5f + 0.1f * static_cast<float>(f);
    }
    for (uint32_t user = 0; user < 7; ++user) {
      report.histories.users.push_back(std::to_string(user));
      // One has no event that the model knows.
      report.histories.items.push_back(
          user == 3 ? std::vector<uint32_t>{}
                    : test::random_history(2 + user, tiny.network.items.rows, seed + user));
    }
  }

  const SaeWeights& sae(uint32_t number) const { return tiny.interpretation.saes[number].weights; }

  LabelReport measure(uint32_t number, size_t listed, int threads = 1) const {
    LabelReport measured = report;
    ThreadPool pool(threads);
    measure_item_effects(open_model(path), read_model_parts(path), sae(number), listed, &pool,
                         &measured);
    return measured;
  }

  // By item: the mean change of its score per unit of the feature, every score asked for.
  std::vector<double> steered(uint32_t number, uint32_t feature) const {
    const float dose = kDoseOfP95 * report.features[feature].statistics.p95;
    const std::vector<pintle_edit> edits = {{PINTLE_EDIT_ADD, feature, number, 0, dose}};
    const pintle_steering steering = test::steering_of(edits);
    const uint32_t items = static_cast<uint32_t>(tiny.network.items.rows);
    std::vector<double> effects(items);
    for (const std::vector<uint32_t>& history : report.histories.items) {
      if (history.empty()) continue;
      test::OpenSession session(open, history);
      const std::vector<float> plain = session.all_scores(),
                               turned = test::steered_scores(&session, items, &steering);
      for (uint32_t i = 0; i < items; ++i) {
        effects[i] += double{turned[i] - plain[i]} / double{dose} / 6;
      }
    }
    return effects;
  }

  // By item: its vector . the decoder's row.
  std::vector<double> direct(uint32_t number, uint32_t feature) const {
    const Model model = open_model(path);
    std::vector<double> effects;
    for (uint32_t i = 0; i < model.info().item_count; ++i) {
      const std::vector<float> row = require(model.item_vector(i), "item", i);
      effects.push_back(0);
      for (size_t d = 0; d < row.size(); ++d) {
        effects[i] += double{row[d]} * double{sae(number).decoder.row(feature)[d]};
      }
    }
    return effects;
  }

  test::ScratchDir dir;
  std::string path;
  test::TinyModel tiny;
  test::OpenModel open;
  LabelReport report;
};

double largest(const std::vector<double>& effects) {
  double most = 0;
  for (const double effect : effects) most = std::max(most, std::fabs(effect));
  return most;
}

// The list has the largest of `effects`, in order, each with its own.
void check_list(const std::vector<ItemEffect>& list, std::vector<double> effects, double sign) {
  const double bound = 1e-3 * largest(effects);
  for (const ItemEffect& entry : list) {
    CHECK(std::fabs(entry.effect - effects[entry.item]) < bound);
  }
  std::sort(effects.begin(), effects.end(),
            [&](double a, double b) { return sign * a > sign * b; });
  for (size_t i = 0; i < list.size(); ++i) {
    CHECK(std::fabs(list[i].effect - effects[i]) < bound);
    if (i > 0) CHECK(sign * list[i].effect <= sign * list[i - 1].effect);
  }
}

TEST_CASE("items that a feature raises at a block hook are those that steering it raises") {
  size_t lists = 0, as_direct = 0;
  for (uint32_t seed = 0; seed < test::kArchitectureCount; seed += 9) {
    const Measured measured(seed);
    CAPTURE(test::describe(measured.tiny.network));
    for (const uint32_t sae : {0u, 1u}) {
      CAPTURE(sae);
      const LabelReport report = measured.measure(sae, 3);
      for (uint32_t f = 0; f < 20; f += 3) {
        CAPTURE(f);
        const std::vector<double> steered = measured.steered(sae, f);
        REQUIRE(report.features[f].promoted.size() == 3);
        check_list(report.features[f].promoted, steered, 1);
        check_list(report.features[f].demoted, steered, -1);
        const std::vector<double> direct = measured.direct(sae, f);
        ++lists;
        as_direct += report.features[f].promoted[0].item ==
                             std::max_element(direct.begin(), direct.end()) - direct.begin()
                         ? 1
                         : 0;
      }
      // Never active: nothing is known of it.
      CHECK(report.features[20].promoted.empty());
      CHECK(report.features[20].demoted.empty());
    }
  }
  // What lies behind the hook matters: the decoder's row alone names another item more often than not.
  CHECK(as_direct < lists / 2);
}

TEST_CASE("items that a feature raises at last are those of the largest dot products") {
  const Measured measured(4);
  const LabelReport report = measured.measure(2, 1000);
  for (uint32_t f = 0; f < 20; ++f) {
    const std::vector<double> direct = measured.direct(2, f);
    CHECK(report.features[f].promoted.size() == direct.size());
    for (const ItemEffect& entry : report.features[f].promoted) {
      CHECK(entry.effect == direct[entry.item]);
    }
    check_list(report.features[f].promoted, direct, 1);
    check_list(report.features[f].demoted, direct, -1);
  }
  CHECK(report.features[20].promoted.empty());
}

TEST_CASE("effects on items are the same by any number of threads") {
  const Measured measured(13);
  const LabelReport one = measured.measure(0, 5), four = measured.measure(0, 5, 4);
  for (size_t f = 0; f < 20; ++f) {
    for (size_t i = 0; i < one.features[f].promoted.size(); ++i) {
      CHECK(one.features[f].promoted[i].item == four.features[f].promoted[i].item);
      CHECK(one.features[f].promoted[i].effect == four.features[f].promoted[i].effect);
    }
  }
}

}  // namespace
}  // namespace pintle::converter
