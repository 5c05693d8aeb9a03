// SPDX-License-Identifier: Apache-2.0
#include "converter/run/list_batch.h"

#include <doctest/doctest.h>

#include <atomic>
#include <stdexcept>
#include <string>
#include <vector>

#include "steerable_model.h"

namespace pintle::converter {
namespace {

constexpr size_t kSearches = 7;

// Two different questions, over the same people or over others, and of different length by search.
struct Asked {
  const Model& model;
  const Histories& all;
  const Histories& half;
  std::vector<float> values;

  std::vector<ListVariant> variants(size_t number, size_t round) const {
    std::vector<ListVariant> variants(1);
    variants[0].attribute = static_cast<uint32_t>(number % 3);
    for (size_t v = 0; v <= (number + round) % 3; ++v) {
      ListVariant& variant = variants.emplace_back();
      variant.wishes = {{PINTLE_WISH_ATTRIBUTE, static_cast<uint32_t>(number % 3),
                         static_cast<float>(v + round + 1)}};
      variant.attribute = static_cast<uint32_t>(number % 3);
    }
    variants.back().who.assign(histories(number).users.size(), Gets::kList);
    variants.back().who[number] = Gets::kNothing;
    return variants;
  }
  const Histories& histories(size_t number) const { return number % 3 == 2 ? half : all; }
  const std::vector<float>& values_of(size_t number) const {
    static const std::vector<float> none;
    return number % 4 == 1 ? values : none;
  }
};

bool are_equal(const std::vector<ListMeasure>& a, const std::vector<ListMeasure>& b) {
  if (a.size() != b.size()) return false;
  for (size_t i = 0; i < a.size(); ++i) {
    const bool same_means = a[i].ndcg == b[i].ndcg && a[i].shares == b[i].shares &&
                            a[i].overlap == b[i].overlap && a[i].coverage == b[i].coverage &&
                            a[i].mean_value == b[i].mean_value;
    const bool same_lists =
        a[i].users.rank == b[i].users.rank && a[i].users.level == b[i].users.level;
    if (!same_means || !same_lists) return false;
  }
  return true;
}

TEST_CASE("searches get what they would get alone, however many are under way") {
  const Model model = SteerableModel().open();
  const Histories all = random_histories(60), half = take_part(all, 0, 2);
  const Asked asked{model, all, half, std::vector<float>(model.info().item_count, 0.5f)};
  ThreadPool pool(2);
  for (const size_t at_once : {size_t{1}, size_t{3}, kSearchesAtOnce}) {
    CAPTURE(at_once);
    std::vector<int> right(kSearches, 0);
    size_t ended = 0, lists = 0;
    run_searches(
        kSearches, &pool,
        [&](size_t number, const MeasureLists& measure) {
          for (size_t round = 0; round < number; ++round) {  // the first asks nothing
            const auto variants = asked.variants(number, round);
            const auto batched =
                measure(model, asked.histories(number), variants, asked.values_of(number));
            ThreadPool own(1);
            const auto alone = measure_lists(model, asked.histories(number), variants, &own,
                                             asked.values_of(number));
            right[number] += are_equal(batched, alone) ? 1 : 0;
          }
        },
        [&](size_t searches, size_t made) {
          ended += searches;
          lists += made;
        },
        at_once);
    for (size_t number = 0; number < kSearches; ++number) {
      CHECK(right[number] == static_cast<int>(number));
    }
    CHECK(ended == kSearches);
    CHECK(lists > 60 * kSearches);
  }
  run_searches(
      0, &pool, [](size_t, const MeasureLists&) { FAIL("no search"); }, [](size_t, size_t) {});
}

// The message of what run_searches throws.
std::string failure_of(ThreadPool* pool, const ListSearch& search) {
  try {
    run_searches(
        kSearches, pool, search, [](size_t, size_t) {}, 3);
  } catch (const std::exception& error) {
    return error.what();
  }
  return "nothing";
}

TEST_CASE("a search that throws ends all, and so does a measurement") {
  const Model model = SteerableModel().open();
  const Histories users = random_histories(20);
  ThreadPool pool(2);
  std::atomic<int> ended{0};
  const auto ask_twice = [&](const MeasureLists& measure) {
    measure(model, users, {ListVariant{}}, {});
    measure(model, users, {ListVariant{}}, {});
    ++ended;
  };
  // Of those of the first three that throw, the lowest; while the others wait.
  CHECK(failure_of(&pool, [&](size_t number, const MeasureLists& measure) {
          measure(model, users, {ListVariant{}}, {});
          if (number != 0) throw std::runtime_error("search " + std::to_string(number));
          ask_twice(measure);
        }) == "search 1");
  CHECK(ended == 0);
  // Before anything is asked, and in the last.
  CHECK(failure_of(&pool, [](size_t number, const MeasureLists&) {
          if (number == kSearches - 1) throw std::runtime_error("the last");
        }) == "the last");
  // No feature 10,000: the runtime refuses it, and whoever shares the run is told.
  const std::string refused = failure_of(&pool, [&](size_t number, const MeasureLists& measure) {
    ListVariant variant;
    if (number == 1) variant.edits = {{PINTLE_EDIT_ADD, 10000, 0, 0, 1.0f}};
    measure(model, users, {variant}, {});
    ask_twice(measure);
  });
  CHECK(refused.find("10000") != std::string::npos);
  CHECK(ended == 0);
  // The report's, too.
  CHECK_THROWS_AS(run_searches(
                      2, &pool, [&](size_t, const MeasureLists& measure) { ask_twice(measure); },
                      [](size_t, size_t) { throw std::runtime_error("report"); }),
                  std::runtime_error);
}

}  // namespace
}  // namespace pintle::converter
