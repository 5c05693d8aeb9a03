// SPDX-License-Identifier: Apache-2.0
//
// Every checkpoint of PINTLE_SHARED/golden/index.tsv, imported and run in double precision, against
// the outputs of the framework that trained it. A fault here is one of a recipe, not of the
// runtime.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <map>
#include <nlohmann/json.hpp>
#include <sstream>

#include "converter/import/architectures.h"
#include "converter/import/checkpoint.h"
#include "support/reference_forward.h"

namespace {

using namespace pintle::converter;

struct GoldenLine {
  std::string golden, weights;
  ImportOptions options;
};

std::vector<GoldenLine> read_index(const std::string& shared) {
  std::ifstream in(shared + "/golden/index.tsv");
  std::vector<GoldenLine> lines;
  for (std::string line; std::getline(in, line);) {
    std::istringstream fields(line);
    GoldenLine entry;
    std::string flags, flag, value;
    std::getline(fields, entry.golden, '\t');
    std::getline(fields, entry.weights, '\t');
    std::getline(fields, flags);
    for (std::istringstream words(flags); words >> flag >> value;) {
      if (flag == "--arch") entry.options.arch = value;
      if (flag == "--config") entry.options.config_path = shared + "/" + value;
      if (flag == "--heads") entry.options.heads = std::stoll(value);
    }
    lines.push_back(entry);
  }
  return lines;
}

bool close(double a, double b) { return std::fabs(a - b) <= 1e-4 * std::max(1.0, std::fabs(b)); }

void check_case(const nlohmann::json& golden, const Network& network,
                const std::map<int64_t, int64_t>& index_of) {
  std::vector<int64_t> history;
  for (const int64_t id : golden["history"]) history.push_back(index_of.at(id));
  const std::vector<double> scores = reference_scores(network, history);
  std::vector<int64_t> order(scores.size());
  for (size_t i = 0; i < order.size(); ++i) order[i] = static_cast<int64_t>(i);
  std::stable_sort(order.begin(), order.end(),
                   [&](int64_t a, int64_t b) { return scores[a] > scores[b]; });
  double sum = 0, sum_of_squares = 0;
  for (const double score : scores) {
    sum += score;
    sum_of_squares += score * score;
  }
  for (size_t rank = 0; rank < 20; ++rank) {
    const int64_t expected = index_of.at(golden["top20"][rank]);
    const double expected_score = golden["top20_scores"][rank];
    CHECK_MESSAGE(close(scores[expected], expected_score), "rank ", rank);
    // Another item may stand here only if the framework scored it nearly alike.
    CHECK_MESSAGE(std::fabs(scores[order[rank]] - expected_score) < 1e-4, "rank ", rank);
  }
  CHECK(std::fabs(sum - double{golden["score_sum"]}) <= 1e-4 * std::sqrt(sum_of_squares) * 20);
  CHECK(close(sum_of_squares, golden["score_sumsq"]));
}

}  // namespace

TEST_CASE("recipes reproduce the frameworks' own outputs") {
  const char* shared = std::getenv("PINTLE_SHARED");
  if (shared == nullptr) {
    std::cout << "skipped: PINTLE_SHARED is not set\n";
    std::exit(77);
  }
  const std::vector<GoldenLine> lines = read_index(shared);
  REQUIRE(lines.size() >= 8);
  for (const GoldenLine& line : lines) {
    CAPTURE(line.golden);
    const Checkpoint checkpoint = read_checkpoint(std::string(shared) + "/" + line.weights);
    const Network network = import_network(checkpoint, line.options);
    std::map<int64_t, int64_t> index_of;
    for (size_t i = 0; i < network.checkpoint_ids.size(); ++i) {
      index_of[network.checkpoint_ids[i]] = static_cast<int64_t>(i);
    }
    std::ifstream in(std::string(shared) + "/" + line.golden);
    const nlohmann::json golden = nlohmann::json::parse(in);
    CHECK(network.items.rows == golden["n_items"]);
    REQUIRE(golden["cases"].size() >= 20);
    for (const nlohmann::json& one : golden["cases"]) {
      CAPTURE(int(one["case"].is_number() ? int(one["case"]) : 0));
      check_case(one, network, index_of);
    }
  }
}
