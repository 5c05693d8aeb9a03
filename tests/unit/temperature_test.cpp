// SPDX-License-Identifier: Apache-2.0
#include "converter/features/temperature.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <numeric>
#include <vector>

#include "support/default_model.h"

namespace pintle::converter {
namespace {

TEST_CASE("probabilities are over the trained items") {
  const auto values = softmax({1, 3, 100, 2}, {true, true, false, true}, 2);
  const double sum = std::exp(0.5) + std::exp(1.5) + std::exp(1.0);
  CHECK(values[0] == doctest::Approx(std::exp(0.5) / sum));
  CHECK(values[1] == doctest::Approx(std::exp(1.5) / sum));
  CHECK(values[2] == 0);
}

TEST_CASE("the temperature is the likeliest, and the last entry's worth is of the median user") {
  const test::DefaultModel files;
  const Histories users = files.users(150);
  const float fitted = fit_temperature(files.model, users);
  const std::vector<bool> trained = trained_items(files.model);
  std::vector<uint32_t> all(trained.size());
  std::iota(all.begin(), all.end(), 0u);
  Session session = new_session(files.model);
  std::vector<double> worths;
  double loss[3] = {0, 0, 0};
  const double near[3] = {static_cast<double>(fitted) / 1.2, static_cast<double>(fitted),
                          static_cast<double>(fitted) * 1.2};
  for (const auto& items : users.items) {
    if (items.size() < 2) continue;
    REQUIRE(session.reset());
    REQUIRE(session.append(items.data(), items.size() - 1));
    const auto scores = require(session.score(all), "scores");
    for (int i = 0; i < 3; ++i)
      loss[i] -= std::log(softmax(scores, trained, near[i])[items.back()]);
    const auto list = require(session.recommend(10), "list");
    worths.push_back(softmax(scores, trained, near[1])[list[9].item] / std::log2(11));
  }
  REQUIRE(loss[1] > 0);
  CHECK(loss[1] < loss[0]);
  CHECK(loss[1] < loss[2]);
  std::sort(worths.begin(), worths.end());
  const size_t half = worths.size() / 2;
  const double worth = static_cast<double>(worth_of_last_entry(files.model, users, fitted));
  CHECK(worth >= worths[half - 1] * (1 - 1e-5));
  CHECK(worth <= worths[half] * (1 + 1e-5));
}

TEST_CASE("people who come back to what they had tell no temperature") {
  const test::DefaultModel files;
  Histories users = files.users(20);
  for (auto& items : users.items) items.push_back(items.front());
  CHECK(fit_temperature(files.model, users) == 1);
}

}  // namespace
}  // namespace pintle::converter
