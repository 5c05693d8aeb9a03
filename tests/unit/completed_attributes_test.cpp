// SPDX-License-Identifier: Apache-2.0
#include "converter/features/completed_attributes.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <fstream>
#include <map>
#include <sstream>

#include "converter/features/concepts.h"
#include "converter/io/error.h"
#include "converter/jobs/label_features.h"
#include "support/default_model.h"

namespace pintle::converter {
namespace {

// The default model, of whose items only every third has its genres.
struct PartlyKnown {
  PartlyKnown() {
    std::ifstream whole(test::default_model_file("items.csv"));
    std::string text, line;
    std::getline(whole, line);
    std::vector<std::string> columns = fields(line);
    const auto genre = std::find(columns.begin(), columns.end(), "genres") - columns.begin();
    REQUIRE(genre < static_cast<std::ptrdiff_t>(columns.size()));
    text = line + "\n";
    for (size_t row = 0; std::getline(whole, line); ++row) {
      std::vector<std::string> values = fields(line);
      truth[values[1]] = values[static_cast<size_t>(genre)];
      if (row % 3 != 0) values[static_cast<size_t>(genre)].clear();
      for (size_t i = 0; i < values.size(); ++i) text += (i == 0 ? "" : ",") + values[i];
      text += "\n";
      if (row % 3 != 0) unknown.push_back(values[1]);
    }
    ConvertOptions options = test::default_model_options(files.dir.path("part.pintle"));
    options.items_path = files.dir.write("part.csv", text);
    options.items.attributes = {"genres"};
    convert(options, &files.pool);
    model = open_model(options.out_path);
  }

  // No field of the table has a comma within quotes but titles: kept as they are.
  static std::vector<std::string> fields(const std::string& line) {
    std::vector<std::string> values(1);
    bool quoted = false;
    for (const char c : line) {
      quoted = quoted != (c == '"');
      if (c == ',' && !quoted) {
        values.emplace_back();
      } else {
        values.back() += c;
      }
    }
    return values;
  }

  test::DefaultModel files;
  std::map<std::string, std::string> truth;  // id -> genres
  std::vector<std::string> unknown;
  Model model;
};

TEST_CASE("attributes of unknown items are told from those of known ones") {
  const PartlyKnown part;
  const std::vector<CompletedAttribute> completed =
      complete_attributes(part.model, "genres", nullptr);
  size_t told = 0;
  for (const CompletedAttribute& one : completed) {
    CAPTURE(one.name);
    if (!one.refusal.empty()) {
      CHECK(one.content.items.empty());
      CHECK((one.known < kFewestKnown || one.correlation < kLeastCorrelation));
      continue;
    }
    CHECK(one.content.group == "genres, completed");
    std::map<std::string, int> level;
    for (const auto& [id, fifteenths] : one.content.items) level[id] = fifteenths;
    double with = 0, without = 0, with_count = 0, without_count = 0;
    for (const auto& [id, genres] : part.truth) {
      const bool has = genres.find(one.name) != std::string::npos;
      const bool is_unknown =
          std::find(part.unknown.begin(), part.unknown.end(), id) != part.unknown.end();
      if (!is_unknown) {
        CHECK(level[id] == (has ? 15 : 0));  // what is known stays
        continue;
      }
      (has ? with : without) += level[id];
      (has ? with_count : without_count) += 1;
    }
    if (with_count < 10) continue;
    ++told;
    CHECK(with / with_count > 2 * without / without_count);
    // Probabilities: their sum is about the number of items.
    CHECK((with + without) / 15 > 0.5 * with_count);
    CHECK((with + without) / 15 < 1.7 * with_count);
  }
  CHECK(told >= 3);
}

TEST_CASE("what cannot be completed is said") {
  const PartlyKnown part;
  CHECK_THROWS_WITH_AS(complete_attributes(part.model, "mood", nullptr),
                       doctest::Contains("no whole attribute of the model is of that group; there "
                                         "are \"genres\""),
                       Error);
  CHECK_THROWS_WITH_AS(complete_attributes(part.files.model, "genres", nullptr),
                       doctest::Contains("nothing to complete"), Error);
}

TEST_CASE("completed attributes are written, and become attributes of a file") {
  PartlyKnown part;
  LabelJob job;
  job.model_path = part.files.dir.path("part.pintle");
  job.interactions_path = test::default_model_file("interactions.txt");
  job.complete = {"genres"};
  job.knobs.min_items = 60;
  job.knobs.curve_users = 200;
  job.out_path = part.files.dir.path("features.json");
  const LabelJobReport report = run_label_job(job, &part.files.pool);
  REQUIRE(!report.interpretation.concepts.empty());
  ConvertOptions options = test::default_model_options(part.files.dir.path("again.pintle"));
  options.items_path = part.files.dir.path("part.csv");
  options.items.attributes = {"genres"};
  options.sae.features = {job.out_path};
  convert(options, &part.files.pool);
  const Model again = open_model(options.out_path, PINTLE_OPEN_VERIFY_ALL);
  for (const Concept& made : report.interpretation.concepts) {
    const auto attribute = again.find_attribute(made.group.c_str(), made.name.c_str());
    REQUIRE(attribute);
    CHECK(require(again.attribute(*attribute), "attribute").memberships != nullptr);
  }
  // Knobs of theirs are in the file, too.
  CHECK(again.info().knob_count == report.interpretation.knobs.size());
  job.model_path = options.out_path;
  CHECK_THROWS_WITH_AS(run_label_job(job, &part.files.pool),
                       doctest::Contains("already; give the concept another name"), Error);
}

}  // namespace
}  // namespace pintle::converter
