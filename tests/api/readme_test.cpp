// SPDX-License-Identifier: Apache-2.0
//
// The README's examples, word for word, on a model that has what they ask for.
#include <doctest/doctest.h>

#include <filesystem>
#include <string>
#include <vector>

#include "pintle/pintle.hpp"
#include "support/read_file.h"
#include "support/scratch_dir.h"
#include "support/tiny_models.h"

namespace {

std::vector<int64_t> shown;
std::string failure;

int fail_with(const std::string& message) {
  failure = message;
  return 1;
}

}  // namespace

extern "C" int fail(const char* message) { return fail_with(message); }
extern "C" void show(int64_t id, float) { shown.push_back(id); }
extern "C" int readme_example_c(void);

namespace {

int readme_example_cpp() {
  const auto fail = fail_with;
#include "readme_example_cpp.inc"
  return 0;
}

TEST_CASE("the README prints its examples as they are compiled here") {
  for (const char* name : {"c", "cpp"}) {
    const std::string example = pintle::test::read_file(PINTLE_ROOT "/tests/api/readme_example_" +
                                                        std::string(name) + ".inc");
    REQUIRE_FALSE(example.empty());
    CHECK(pintle::test::read_file(PINTLE_ROOT "/README.md").find("\n\n" + example + "```\n") !=
          std::string::npos);
  }
}

TEST_CASE("the README's examples run") {
  namespace fs = std::filesystem;
  const pintle::test::ScratchDir folder;
  pintle::test::TinyModel tiny = pintle::test::steerable_model(pintle::test::plain_model().network);
  const pintle::converter::Catalogue numbered = pintle::test::integer_catalogue(37);
  tiny.catalogue.has_text_ids = false;
  tiny.catalogue.text_ids.clear();
  tiny.catalogue.integer_ids = numbered.integer_ids;
  tiny.catalogue.id_order = numbered.id_order;
  tiny.catalogue.integer_ids[tiny.catalogue.id_order.back()] = 48016;  // the largest id
  tiny.catalogue.attributes = {{"genres", "Horror"}, {"genres", "Sci-Fi"}, {"mood", "Calm"}};
  tiny.interpretation.presets.clear();
  tiny.interpretation.knobs.resize(1);
  pintle::converter::Knob& knob = tiny.interpretation.knobs[0];
  knob.name = knob.attribute_name = "Sci-Fi";
  knob.attribute_group = "genres";
  const std::vector<uint8_t> file = tiny.file();
  folder.write("shop.pintle", {reinterpret_cast<const char*>(file.data()), file.size()});
  const fs::path before = fs::current_path();

  fs::current_path(folder.path(""));
  const int c = readme_example_c();
  const std::vector<int64_t> plain = std::exchange(shown, {});
  const int cpp = readme_example_cpp();
  const std::vector<int64_t> steered = std::exchange(shown, {});
  fs::remove("shop.pintle");
  const int absent = readme_example_c();
  fs::current_path(before);

  CHECK(c == 0);
  CHECK(cpp == 0);
  CHECK(plain.size() == 10);
  CHECK(steered.size() == 10);
  CHECK(plain != steered);
  CHECK(absent == 1);
  CHECK(failure.find("shop.pintle") != std::string::npos);
}

}  // namespace
