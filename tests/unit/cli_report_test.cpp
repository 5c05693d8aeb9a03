// SPDX-License-Identifier: Apache-2.0
//
// `pintle report --simulation`, on the default model with a knob that was not measured.
#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "converter/network/interpretation.h"
#include "run_cli.h"

namespace pintle::converter {
namespace {

struct SteerableFiles {
  test::ScratchDir folder;
  std::string model = folder.path("m.pintle"), features, page = folder.path("page.html");

  SteerableFiles() {
    Interpretation knobs;
    Knob knob;
    knob.name = "Sci-Fi";
    knob.attribute_group = "genres";
    knob.attribute_name = "Sci-Fi";
    knob.rewards = {{-1, 0.1f}, {0, 0}, {2, 0.1f}};
    knob.min_strength = -1;
    knob.max_strength = 2;
    knobs.knobs = {knob};
    knobs.temperature = 1;
    knobs.wish_unit = 0.01f;
    features = folder.write("features.json", interpretation_to_json(knobs).dump());
    const Outcome run = pintle("convert " + kSource + kTables + kInteractions + "--features " +
                               features + " --out " + model);
    REQUIRE_MESSAGE(run.status == 0, run.err);
  }

  Outcome report(const std::string& options = "") const {
    return pintle("report --model " + model + " --features " + features + " --out " + page +
                  options);
  }
  // The first users are enough for a few people.
  std::string few_users() const {
    std::ifstream all(kDefaultModel + "/interactions.txt");
    std::string some, line;
    for (int user = 0; user < 400 && std::getline(all, line); ++user) some += line + "\n";
    return folder.write("few.txt", some);
  }
};

TEST_CASE("report draws what simulate prints, and has nothing of it without") {
  const SteerableFiles files;
  const Outcome plain = files.report();
  REQUIRE_MESSAGE(plain.status == 0, plain.err);
  CHECK(contains(read_file(files.page), "\"simulation\":null"));

  const Outcome simulated =
      pintle("simulate --json --threads 1 --people 10 --min-items 40 --min-events 35 --model " +
             files.model + " --interactions " + files.few_users());
  REQUIRE_MESSAGE(simulated.status == 0, simulated.err);
  const std::string figures = files.folder.write("figures.json", simulated.out);
  const Outcome run = files.report(" --simulation " + figures);
  REQUIRE_MESSAGE(run.status == 0, run.err);
  const std::string page = read_file(files.page);
  const json told = simulated.parsed();
  for (const auto& [persona, people] : told["persons"].items()) {
    CHECK(contains(page, "{\"name\":\"" + persona + "\",\"people\":" + people.dump()));
  }
  CHECK(contains(page, told["notes"][0].dump()));
}

TEST_CASE("a simulation that is none ends with 1, and no page is begun") {
  const SteerableFiles files;
  const std::string other = files.folder.write("other.json", "{\"users\": 3}");
  const std::string text = files.folder.write("notes.txt", "these are notes\n");
  for (const std::string& path : {other, text, files.folder.path("absent.json")}) {
    CAPTURE(path);
    const Outcome run = files.report(" --simulation " + path);
    CHECK(run.status == 1);
    CHECK(run.out.empty());
    CHECK(contains(run.err, path));
    CHECK(contains(run.err, "`pintle simulate --json` writes it"));
  }
  // Nor a part of one, by whatever name.
  for (const auto& entry : std::filesystem::directory_iterator(files.folder.path(""))) {
    CHECK_FALSE(contains(entry.path().filename().string(), "page"));
  }
}

}  // namespace
}  // namespace pintle::converter
