// SPDX-License-Identifier: Apache-2.0
//
// Recommendations of real checkpoints, at f32 and on the ISA in use, against what the frameworks'
// own code gave. Needs the runtime alone: PINTLE_GOLDEN_MODELS is the folder that
// convert_golden.cmake filled, its index.tsv lists golden files of PINTLE_SHARED.
#define DOCTEST_CONFIG_IMPLEMENT
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "support/open_model.h"

namespace pintle::test {
namespace {

constexpr double kScoreTolerance = 1e-4;  // relative
constexpr double kSwapGap = 1e-4;         // items may change places only below it
constexpr uint32_t kTop = 20;

double worst_score = 0;  // told at the end
size_t lists = 0, swapped_lists = 0;

double relative(double found, double expected) {
  return std::fabs(found - expected) / std::max(std::fabs(expected), 1e-3);
}

void check_list(const OpenModel& model, OpenSession* session, const nlohmann::json& golden,
                const std::string& name, uint32_t flags) {
  const std::vector<int64_t> ids = golden[name];
  const std::vector<double> scores = golden[name + "_scores"];
  const auto list = session->recommend(kTop, flags);
  REQUIRE(list.size() == ids.size());
  bool swapped = false;
  std::vector<uint32_t> items;
  for (const int64_t id : ids) {
    items.push_back(0);
    REQUIRE(pintle_model_find_integer_id(model.get(), id, &items.back()) == PINTLE_OK);
  }
  const std::vector<float> own = session->scores(items);  // of the framework's items
  for (size_t i = 0; i < ids.size(); ++i) {
    CAPTURE(i);
    CHECK(relative(own[i], scores[i]) < kScoreTolerance);
    CHECK(relative(list[i].score, scores[i]) < kScoreTolerance);
    worst_score = std::max(worst_score, relative(own[i], scores[i]));
    if (list[i].id == ids[i]) continue;
    swapped = true;
    const auto place = std::find(ids.begin(), ids.end(), list[i].id);
    // An item from beyond the list's end: its own score says how close it was.
    const double its_score = place == ids.end() ? static_cast<double>(list[i].score)
                                                : scores[static_cast<size_t>(place - ids.begin())];
    CHECK(std::fabs(its_score - scores[i]) < kSwapGap);
  }
  ++lists;
  swapped_lists += swapped ? 1 : 0;
}

void check_checkpoint(const OpenModel& model, const nlohmann::json& golden) {
  const uint32_t item_count = static_cast<uint32_t>(model.info().item_count);
  CHECK(item_count == golden["n_items"]);
  REQUIRE(golden["cases"].size() == 26);
  OpenSession session(model), one_by_one(model);
  for (const nlohmann::json& one : golden["cases"]) {
    CAPTURE(one["case"].dump());
    std::vector<uint32_t> history;
    for (const int64_t id : one["history"]) {
      uint32_t item = 0;
      REQUIRE(pintle_model_find_integer_id(model.get(), id, &item) == PINTLE_OK);
      history.push_back(item);
    }
    session.reset();
    session.append(history);
    check_list(model, &session, one, "top20", PINTLE_INCLUDE_SEEN);
    check_list(model, &session, one, "top20_unseen", 0);
    double sum = 0, squares = 0;
    for (const float score : session.all_scores()) {
      sum += score;
      squares += double{score} * score;
    }
    const double typical = std::sqrt(squares / item_count);
    CHECK(std::fabs(sum - one["score_sum"].get<double>()) < 1e-4 * typical * item_count);
    CHECK(relative(squares, one["score_sumsq"]) < 2 * kScoreTolerance);
    if (history.size() > 100) continue;
    one_by_one.reset();
    for (const uint32_t item : history) {
      one_by_one.append({item});
      one_by_one.scores({item});
    }
    check_list(model, &one_by_one, one, "top20_unseen", 0);
  }
}

std::string folder(const char* variable) { return std::string(std::getenv(variable)) + "/"; }

TEST_CASE("every checkpoint recommends what its framework recommends") {
  std::ifstream index(folder("PINTLE_GOLDEN_MODELS") + "index.tsv");
  size_t checkpoints = 0;
  for (std::string name; std::getline(index, name); ++checkpoints) {
    const std::string file_name = name.substr(name.rfind('/') + 1);
    const std::string stem = file_name.substr(0, file_name.rfind('.'));
    CAPTURE(name);
    std::ifstream golden(folder("PINTLE_SHARED") + name);
    std::ifstream file(folder("PINTLE_GOLDEN_MODELS") + stem + ".pintle", std::ios::binary);
    REQUIRE(file);
    const std::vector<uint8_t> bytes{std::istreambuf_iterator<char>(file), {}};
    const OpenModel model(bytes);
    check_checkpoint(model, nlohmann::json::parse(golden));
    MESSAGE(stem << " on " << std::string(model.info().isa) << ": worst relative difference so far "
                 << worst_score);
  }
  CHECK(checkpoints >= 14);
  MESSAGE(swapped_lists << " of " << lists << " lists have items within " << kSwapGap
                        << " in another order");
}

}  // namespace
}  // namespace pintle::test

int main(int argc, char** argv) {
  if (std::getenv("PINTLE_SHARED") == nullptr || std::getenv("PINTLE_GOLDEN_MODELS") == nullptr) {
    std::puts("skipped: PINTLE_SHARED or PINTLE_GOLDEN_MODELS is not set");
    return 77;
  }
  return doctest::Context(argc, argv).run();
}
