// SPDX-License-Identifier: Apache-2.0
//
// What newcomers get, beside popularity counted here.
#include "converter/simulation/cold_start.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "converter/features/bootstrap.h"
#include "converter/io/error.h"
#include "support/contains.h"
#include "support/default_model.h"

namespace pintle::converter {
namespace {

using Items = std::vector<uint32_t>;

struct Setting {
  test::DefaultModel files;
  Model model = open_model(files.path, PINTLE_OPEN_PROFILE);
  Histories histories = files.users(600);
};

const ColdStartMethod& method_of(const ColdStart& measured, const std::string& name) {
  for (const ColdStartMethod& method : measured.methods) {
    if (method.name == name) return method;
  }
  FAIL("no method ", name);
  return measured.methods[0];
}

// Of every second history that is long enough, whether its last item is among the ten most frequent of all the log that
// the person has not had; of items met equally often the lower goes first.
std::vector<double> hits_by_counts(const Histories& log, const Histories& people, size_t items) {
  std::vector<size_t> counts(items);
  for (const Items& events : log.items) {
    for (const uint32_t item : events) ++counts[item];
  }
  std::vector<double> hits;
  size_t eligible = 0;
  for (const Items& events : people.items) {
    if (events.size() < 16 || eligible++ % 2 == 1) continue;
    const auto had = events.end() - 1;
    size_t above = 0;
    for (uint32_t item = 0; item < items; ++item) {
      if (item == events.back() || std::find(events.begin(), had, item) != had) continue;
      above += counts[item] > counts[events.back()] ||
                       (counts[item] == counts[events.back()] && item < events.back())
                   ? 1
                   : 0;
    }
    hits.push_back(above < 10 ? 1 : 0);
  }
  return hits;
}

TEST_CASE("newcomers get what counting gives without events, and the network's lists with them") {
  const Setting setting;
  ThreadPool one(1), two(2);
  const ColdStart measured = measure_cold_start(setting.model, setting.histories, {40}, &one);
  const ColdStart again = measure_cold_start(setting.model, setting.histories, {40}, &two);
  REQUIRE(measured.people > 100);
  REQUIRE(measured.methods.size() == again.methods.size());
  for (size_t i = 0; i < measured.methods.size(); ++i) {
    CHECK(measured.methods[i].hits == again.methods[i].hits);
  }
  const ColdStartMethod& popularity = measured.methods[0];
  CHECK(popularity.hits[0] == hits_by_counts(setting.files.users(2000), setting.histories,
                                             setting.model.info().item_count));
  for (size_t k = 1; k < kKnownCount; ++k) CHECK(popularity.hits[k] == popularity.hits[0]);

  const ColdStartMethod& plain = measured.methods[1];
  CHECK(plain.name == "plain");
  CHECK(plain.hits[0] == popularity.hits[0]);
  CHECK(mean_of(plain.hits[4]) > 2 * mean_of(popularity.hits[0]));
  CHECK(measured.prior_weights[0] == 1);
  for (const char* asked : {"profile, three attributes", "five items appended"}) {
    CAPTURE(asked);
    CHECK(method_of(measured, asked).hits[0] != popularity.hits[0]);
    CHECK(mean_of(method_of(measured, asked).hits[0]) >= mean_of(popularity.hits[0]));
  }
}

TEST_CASE("without popularity, or without people, it says what is missing") {
  const Setting setting;
  ThreadPool pool(1);
  const auto said = [&](const Model& model, const Histories& histories) -> std::string {
    try {
      measure_cold_start(model, histories, {}, &pool);
    } catch (const Error& error) {
      return error.what();
    }
    return "";
  };
  Histories short_ones = setting.histories;
  for (Items& events : short_ones.items) events.resize(std::min<size_t>(events.size(), 15));
  CHECK(test::contains(said(setting.model, short_ones), "two people with 16 events or more"));

  ConvertOptions options = test::default_model_options(setting.files.dir.path("no-prior.pintle"));
  options.interactions_path.clear();
  convert(options, &pool);
  CHECK(test::contains(said(open_model(options.out_path, PINTLE_OPEN_PROFILE), setting.histories),
                       "convert it with --interactions"));
}

}  // namespace
}  // namespace pintle::converter
