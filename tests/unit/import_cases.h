// SPDX-License-Identifier: Apache-2.0
//
// Files converted the whole way, and what came of it.
#ifndef PINTLE_TESTS_UNIT_IMPORT_CASES_H_
#define PINTLE_TESTS_UNIT_IMPORT_CASES_H_

#include <doctest/doctest.h>

#include <algorithm>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "converter/io/error.h"
#include "converter/jobs/convert.h"
#include "converter/run/runtime_model.h"
#include "support/scratch_dir.h"

namespace pintle::converter {

using Ids = std::vector<std::string>;

struct Converted {
  ConvertReport report;
  Model model;
};

inline Converted converted(ConvertOptions options) {
  const test::ScratchDir dir;
  options.precision = fb::DType_F32;
  options.out_path = dir.path("m.pintle");
  ThreadPool pool(1);
  ConvertReport report = convert(options, &pool);
  return {std::move(report), open_model(options.out_path, PINTLE_OPEN_VERIFY_ALL)};
}

// What converting ends with: "" if it does not fail.
inline std::string refusal(const ConvertOptions& options) {
  try {
    converted(options);
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

inline bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

inline bool reports(const ConvertReport& report, const std::string& part) {
  return std::any_of(report.assumptions.begin(), report.assumptions.end(),
                     [&](const std::string& line) { return contains(line, part); });
}

inline void check_refused(const ConvertOptions& options, const Ids& parts) {
  const std::string message = refusal(options);
  CAPTURE(message);
  for (const std::string& part : parts) {
    CAPTURE(part);
    CHECK(contains(message, part));
  }
}

inline Ids numbers(int64_t first, int64_t end) {
  Ids ids;
  for (int64_t id = first; id < end; ++id) ids.push_back(std::to_string(id));
  return ids;
}

// Lists for random histories of `ids`, as places in `ids`, so that models with other ids for the same
// items compare; and the scores.
using Lists = std::vector<std::vector<std::pair<size_t, float>>>;
inline Lists lists_of(const Model& model, const Ids& ids) {
  REQUIRE(model.info().item_count == ids.size());
  Session session = new_session(model);
  std::mt19937 random(7);
  Lists lists;
  for (size_t length = 1; length <= 9; ++length) {
    Ids history;
    while (history.size() < length) history.push_back(ids[random() % ids.size()]);
    require(session.reset(), "reset");
    require(session.append(find_items(model, history, "history")), "append");
    lists.emplace_back();
    for (const pintle_recommendation& entry : require(session.recommend(10), "recommend")) {
      const auto place = std::find(ids.begin(), ids.end(), item_id(model, entry.item));
      REQUIRE(place != ids.end());
      lists.back().emplace_back(static_cast<size_t>(place - ids.begin()), entry.score);
    }
  }
  return lists;
}

inline ConvertOptions from(const std::string& weights, const std::string& config = "") {
  ConvertOptions options;
  options.weights_path = weights;
  options.import.config_path = config;
  return options;
}

}  // namespace pintle::converter

#endif  // PINTLE_TESTS_UNIT_IMPORT_CASES_H_
