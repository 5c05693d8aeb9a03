// SPDX-License-Identifier: Apache-2.0
//
// The default model, converted here, against what PyTorch gave for it and measured.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "converter/jobs/convert.h"
#include "converter/run/evaluate.h"
#include "converter/run/runtime_model.h"
#include "support/scratch_dir.h"

namespace pintle::converter {
namespace {

constexpr double kSwapGap = 1e-4;

std::string source(const std::string& name) {
  return std::string(PINTLE_DEFAULT_MODEL) + "/" + name;
}

nlohmann::json golden() {
  std::ifstream file(source("golden.json"));
  return nlohmann::json::parse(file);
}

ConvertOptions options(fb::DType precision, const std::string& out) {
  ConvertOptions options;
  options.weights_path = source("model.safetensors");
  options.import.config_path = source("config.json");
  options.items_path = source("items.csv");
  options.items.id_column = "id";
  options.precision = precision;
  options.out_path = out;
  return options;
}

// The app's id of each checkpoint row: the first two columns of items.csv.
std::map<int64_t, std::string> external_ids() {
  std::map<int64_t, std::string> ids;
  std::ifstream file(source("items.csv"));
  std::string line;
  std::getline(file, line);
  while (std::getline(file, line)) {
    const size_t comma = line.find(',');
    ids[std::stoll(line.substr(0, comma))] =
        line.substr(comma + 1, line.find(',', comma + 1) - comma - 1);
  }
  return ids;
}

struct Converted {
  test::ScratchDir folder;
  Model model;
  explicit Converted(fb::DType precision) {
    ThreadPool pool(kDefaultThreads);
    convert(options(precision, folder.path("default.pintle")), &pool);
    model = open_model(folder.path("default.pintle"), PINTLE_OPEN_VERIFY_ALL);
  }
};

void check_list(const Converted& converted, Session* session, const nlohmann::json& one,
                const std::string& name, bool includes_seen) {
  static const std::map<int64_t, std::string> ids = external_ids();
  Request request;
  request.includes_seen = includes_seen;
  const auto list = require(session->recommend(request), "list");
  REQUIRE(list.size() == 10);
  const std::vector<int64_t> rows = one[name];
  const std::vector<double> scores = one[name + "_scores"];
  for (size_t i = 0; i < 10; ++i) {
    CAPTURE(i);
    CHECK(std::fabs(list[i].score - scores[i]) < 1e-4 * std::fabs(scores[i]));
    if (std::to_string(list[i].id) == ids.at(rows[i])) continue;
    uint32_t expected = 0;
    REQUIRE(find_item(converted.model, ids.at(rows[i]), &expected));
    CHECK(std::fabs(require(session->score({expected}), "score")[0] - list[i].score) < kSwapGap);
  }
}

TEST_CASE("at f32 it recommends what PyTorch recommends, under the app's own ids") {
  const Converted converted(fb::DType_F32);
  const std::map<int64_t, std::string> ids = external_ids();
  const nlohmann::json expected = golden();
  CHECK(converted.model.info().item_count == ids.size());
  Session session = new_session(converted.model);
  for (const nlohmann::json& one : expected["cases"]) {
    CAPTURE(one["history"].dump());
    std::vector<uint32_t> history;
    for (const int64_t row : one["history"]) {
      uint32_t item = 0;
      REQUIRE(find_item(converted.model, ids.at(row), &item));
      history.push_back(item);
    }
    REQUIRE(session.reset());
    REQUIRE(session.append(history));
    check_list(converted, &session, one, "top10", true);
    check_list(converted, &session, one, "top10_unseen", false);
  }
}

Evaluation evaluate(fb::DType precision) {
  const Converted converted(precision);
  ThreadPool pool(kDefaultThreads);
  return evaluate_leave_one_out(converted.model, read_interactions(source("interactions.txt")), {},
                                &pool);
}

TEST_CASE("evaluation agrees with PyTorch's, and quantization costs what is stated") {
  const nlohmann::json expected = golden()["evaluation"];
  const Evaluation f32 = evaluate(fb::DType_F32);
  CHECK(f32.users == expected["users"]);
  CHECK(std::fabs(f32.hit_rate - expected["hr@10"].get<double>()) <= 5e-4);
  CHECK(std::fabs(f32.ndcg - expected["ndcg@10"].get<double>()) <= 5e-4);
  CHECK(std::fabs(f32.mrr - expected["mrr@10"].get<double>()) <= 5e-4);
  CHECK(std::fabs(f32.coverage - expected["coverage@10"].get<double>()) <= 5e-4);
  struct Loss {
    fb::DType precision;
    double bound;  // of NDCG@10, relative
  };
  for (const auto& [precision, bound] :
       {Loss{fb::DType_F16, 5e-4}, {fb::DType_I8, 0.005}, {fb::DType_I4, 0.02}}) {
    const double ndcg = evaluate(precision).ndcg;
    MESSAGE(std::string(fb::EnumNameDType(precision))
            << ": NDCG@10 " << ndcg << ", at f32 " << f32.ndcg);
    CHECK(ndcg >= f32.ndcg * (1 - bound));
  }
}

}  // namespace
}  // namespace pintle::converter
