// SPDX-License-Identifier: Apache-2.0
#include "converter/features/label.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <fstream>

#include "converter/features/feature_effects.h"
#include "converter/file/metadata.h"
#include "converter/import/sae_formats.h"
#include "converter/io/error.h"
#include "converter/jobs/label_features.h"
#include "support/default_model.h"

namespace pintle::converter {
namespace {

using test::DefaultModel;

LabelJob label_job(const DefaultModel& files, const std::string& sae) {
  LabelJob job;
  job.model_path = files.path;
  job.sae_path = files.dir.path(sae);
  job.interactions_path = test::default_model_file("interactions.txt");
  job.with_knobs = false;
  job.out_path = files.dir.path("features.json");
  return job;
}

TEST_CASE("features are measured, named and written") {
  DefaultModel files;
  const TrainReport trained = files.train("sae");
  const LabelJobReport report = run_label_job(label_job(files, "sae"), &files.pool);
  const LabelReport& labels = *report.labels;

  SUBCASE("the summary adds up") {
    CHECK(labels.histories.users.size() == 1000);
    CHECK(labels.active == doctest::Approx(8).epsilon(0.02));
    double correlation = 0, sensitivity = 0;
    for (const AttributeEvidence& attribute : labels.attributes) {
      correlation += attribute.best.correlation;
      sensitivity += attribute.best.sensitivity;
    }
    const double count = static_cast<double>(labels.attributes.size());
    REQUIRE(labels.attributes.size() == 18);  // 12 genres, 6 moods
    CHECK(labels.mean_correlation == doctest::Approx(correlation / count));
    CHECK(labels.mean_sensitivity == doctest::Approx(sensitivity / count));
    // An SAE of 64 features on a model of 32 dimensions finds the genres that no dimension holds.
    CHECK(labels.mean_correlation > labels.raw_correlation);
    size_t fired = 0;
    for (const FeatureEvidence& feature : labels.features) fired += feature.fired;
    CHECK(labels.active == doctest::Approx(static_cast<double>(fired) /
                                           static_cast<double>(labels.activations.positions())));
    CHECK(labels.dead == static_cast<size_t>(
                             std::count_if(labels.features.begin(), labels.features.end(),
                                           [](const FeatureEvidence& f) { return f.fired == 0; })));
  }

  SUBCASE("positions are those of the encoder on the runtime's states") {
    const FeatureEvidence& feature = labels.features[labels.attributes[0].feature];
    REQUIRE(!feature.histories.empty());
    const Firing firing = feature.histories[0];
    const size_t user = labels.activations.user[firing.position];
    const size_t event = labels.activations.event[firing.position];
    const std::vector<uint32_t>& items = labels.histories.items[user];
    Session session = new_session(files.model);
    // The runtime sees the newest 32 events of the whole history, from the oldest kept one on. The
    // state is asked for after each, as harvest does: int8 products over many events at once round
    // differently.
    const size_t first = items.size() - std::min<size_t>(items.size(), 32);
    std::vector<float> state(32);
    for (size_t t = first; t <= event; ++t) {
      REQUIRE(session.append(items[t]));
      state = require(session.state("block:0"), "state");
    }
    const SparseFeatures on = encode(trained.sae, state.data());
    const auto found = std::find(on.index.begin(), on.index.end(), labels.attributes[0].feature);
    REQUIRE(found != on.index.end());
    CHECK(on.value[static_cast<size_t>(found - on.index.begin())] == doctest::Approx(firing.value));
    CHECK(firing.value == feature.statistics.max);
  }

  SUBCASE("features that were on have the items that they raise and lower") {
    for (const FeatureEvidence& feature : labels.features) {
      CHECK(feature.promoted.size() == (feature.fired == 0 ? 0 : 10));
      CHECK(feature.demoted.size() == feature.promoted.size());
      if (feature.fired != 0) CHECK(feature.promoted[9].effect > feature.demoted[9].effect);
    }
  }

  SUBCASE("a label is a name that holds, or items") {
    const NameLevels bars;
    double named = 0, all = 0;
    for (const FeatureEvidence& feature : labels.features) {
      CAPTURE(feature.label);
      all += feature.mass;
      if (feature.name.holds) {
        named += feature.mass;
        CHECK(feature.label == feature.name.text);
        CHECK(feature.name.histories.precision >= bars.min_precision);
        CHECK(feature.name.histories.recall >= bars.min_recall);
      } else if (!feature.label.empty()) {
        CHECK(feature.label.rfind("like ", 0) == 0);
      }
      if (feature.fired == 0) CHECK(feature.mass == 0);
    }
    CHECK(all == doctest::Approx(1));
    CHECK(labels.named_mass == doctest::Approx(named));
    CHECK(named > 0);  // genres are found
  }

  SUBCASE("features.json describes the SAE") {
    nlohmann::json written;
    std::ifstream(files.dir.path("features.json")) >> written;
    Interpretation read;
    read.saes.emplace_back();
    read.saes[0].weights = trained.sae;
    add_interpretation_json(written, "features.json", &read);
    REQUIRE(read.saes[0].labels.size() == 64);
    CHECK(read.saes[0].name == "sae");
    for (size_t f = 0; f < 64; ++f) {
      CHECK(read.saes[0].labels[f] == labels.features[f].label);
      CHECK(read.saes[0].statistics[f].p95 == labels.features[f].statistics.p95);
    }
    CHECK(written["evidence"].size() == 64);
    CHECK(written["attributes"][3]["name"] == "Drama");
    CHECK(written["summary"]["positions"] == labels.activations.positions());
  }
}

TEST_CASE("evidence stands beside the labels") {
  DefaultModel files;
  files.train("sae");
  LabelJob job = label_job(files, "sae");
  job.with_comparison = true;
  job.comparison.frozen_steps = 200;
  const LabelJobReport report = run_label_job(job, &files.pool);
  const Comparison& compared = *report.comparison;
  // The same numbers, reached by other ways.
  CHECK(compared.counted_attributes == report.labels->attributes.size());
  CHECK(compared.mean.feature == doctest::Approx(report.labels->mean_correlation));
  CHECK(compared.mean.raw == doctest::Approx(report.labels->raw_correlation));
  CHECK(compared.quality.active == doctest::Approx(report.labels->active));
  CHECK(compared.mean.feature > compared.mean.random);
  CHECK(compared.mean.sparse[0] <= compared.mean.feature + 1e-9);
  CHECK(compared.mean.sparse[1] > compared.mean.sparse[0]);
  CHECK_FALSE(compared.stability.has_value());
  nlohmann::json written;
  std::ifstream(job.out_path) >> written;
  const auto& json = written["comparison"];
  CHECK(json["attributes"].size() == compared.attributes.size());
  CHECK(json["attributes"][0]["name"] == written["attributes"][0]["name"]);
  CHECK(json["correlations"]["ridge_probe"] == compared.mean.ridge);
  CHECK(json["correlations"]["sparse_probes"]["16"] == compared.mean.sparse[2]);
  CHECK(json["frozen_decoder"]["steps"] == 200);
  CHECK(json["stability"].is_null());

  job.label.min_attribute_items = 100000;
  CHECK_THROWS_WITH_AS(run_label_job(job, &files.pool), doctest::Contains("no evidence"), Error);
  job.sae_path.clear();
  job.with_knobs = true;
  CHECK_THROWS_WITH_AS(run_label_job(job, &files.pool), doctest::Contains("pass one"), Error);
}

TEST_CASE("without an SAE there are knobs, and what got none is named") {
  DefaultModel files;
  LabelJob job = label_job(files, "");
  job.sae_path.clear();
  CHECK_THROWS_WITH_AS(run_label_job(job, &files.pool), doctest::Contains("nothing to do"), Error);
  job.with_knobs = true;
  job.knobs.min_items = 60;
  job.knobs.curve_users = 200;
  const LabelJobReport report = run_label_job(job, &files.pool);
  CHECK_FALSE(report.labels.has_value());
  nlohmann::json written;
  std::ifstream(job.out_path) >> written;
  CHECK(written["saes"].empty());
  CHECK(written["knobs"].size() == report.interpretation.knobs.size());
  CHECK(written["without_knob"].size() == report.refused.size());
  CHECK(written["knobs"].size() + written["without_knob"].size() ==
        files.model.info().attribute_count);
  CHECK(written["without_knob"][0]["reason"].get<std::string>().find("fewer than 60") !=
        std::string::npos);
  Interpretation read;
  add_interpretation_json(written, "features.json", &read);
  CHECK(read.wish_unit == report.interpretation.wish_unit);
  CHECK(read.knobs.size() == report.interpretation.knobs.size());
}

TEST_CASE("threads and memory") {
  DefaultModel files;
  files.train("sae");
  LabelJob job = label_job(files, "sae");
  const std::string one = run_label_job(job, &files.pool).json.dump();
  ThreadPool three(3);
  CHECK(run_label_job(job, &three).json.dump() == one);
  // About 32 positions a user and 140 bytes each: a fifth of the users fit.
  job.label.memory_bytes = 900000;
  const LabelReport thinned = *run_label_job(job, &three).labels;
  CHECK(thinned.users_given == 1000);
  CHECK(thinned.histories.users.size() < 500);
  CHECK(thinned.histories.users.size() > 100);
}

TEST_CASE("an SAE of another network is refused, and nothing is written") {
  DefaultModel files;
  SaeWeights sae = files.train("sae").sae;
  CHECK(sae.model_hash == Metadata(files.path).network_hash());
  sae.model_hash = "00000000";
  write_saelens(files.dir.path("other"), sae);
  CHECK_THROWS_WITH_AS(run_label_job(label_job(files, "other"), &files.pool),
                       doctest::Contains("00000000"), Error);
  CHECK(!std::filesystem::exists(files.dir.path("features.json")));

  sae.model_hash.clear();
  write_saelens(files.dir.path("silent"), sae);
  CHECK(run_label_job(label_job(files, "silent"), &files.pool).assumptions.size() == 1);
}

TEST_CASE("presets name knobs and stay in their range") {
  test::ScratchDir dir;
  Knob knob;
  knob.name = "Sci-Fi";
  knob.min_strength = -2;
  knob.max_strength = 3;
  const auto read = [&](const char* text) {
    return read_presets(dir.write("presets.json", text), {knob});
  };
  const std::vector<Preset> presets = read(R"({"Space night": {"Sci-Fi": 2.5}})");
  REQUIRE(presets.size() == 1);
  CHECK(presets[0].name == "Space night");
  CHECK(presets[0].strengths[0].second == 2.5f);
  CHECK_THROWS_AS(read(R"({"a": {"Horror": 1}})"), Error);
  CHECK_THROWS_AS(read(R"({"a": {"Sci-Fi": 3.5}})"), Error);
  CHECK_THROWS_AS(read(R"({"a": {"Sci-Fi": "much"}})"), Error);
  CHECK_THROWS_AS(read("[1]"), Error);
  CHECK_THROWS_AS(read("{"), Error);
}

}  // namespace
}  // namespace pintle::converter
