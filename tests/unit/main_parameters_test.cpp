// SPDX-License-Identifier: Apache-2.0
#include "converter/file/main_parameters.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "converter/io/error.h"
#include "support/scratch_dir.h"

namespace pintle::converter {
namespace {

using Words = std::vector<std::string>;

// Whether a sentence has the part.
bool tell(const Words& words, const std::string& part) {
  return std::any_of(words.begin(), words.end(), [&](const std::string& sentence) {
    return sentence.find(part) != std::string::npos;
  });
}

TEST_CASE("nothing is told that the file does not hold") {
  Network network;
  network.window = 50;
  network.recipe = "gpt2";
  Catalogue catalogue;
  Interpretation interpretation;
  const auto words = [&] { return default_main_parameters(network, catalogue, interpretation); };
  CHECK(words().size() == 3);
  CHECK(tell(words(),
             "the last 50 items of your history, in their order: a neural network (gpt2), "));
  CHECK(tell(words(), "Items of your history are left out"));
  CHECK(tell(words(), "follow your feedback"));
  for (const char* part : {"popular", "attributes", "Knobs"}) CHECK_FALSE(tell(words(), part));

  // Attention that looks both ways over items without positions.
  network.mask = fb::AttentionMask_Bidirectional;
  CHECK(tell(words(), ", in their order"));
  network.position_origin = fb::PositionOrigin_None;
  CHECK_FALSE(tell(words(), ", in their order"));
  network.mask = fb::AttentionMask_Causal;
  CHECK(tell(words(), ", in their order"));

  catalogue.popularity = {-1};
  CHECK(tell(words(), "Without a history, the most popular items come first"));
  catalogue.attributes = {{"genre", "Noir"}, {"genre", "Space"}, {"mood", "Calm"}, {"", "other"}};
  CHECK(tell(words(), "has certain attributes (genre, mood)."));
  for (int i = 1; i <= 10; ++i) {
    interpretation.knobs.emplace_back().name = "knob " + std::to_string(i);
  }
  CHECK(tell(words(),
             "the model has 10 (knob 1, knob 2, knob 3, knob 4, knob 5, knob 6, knob 7, "
             "knob 8, and 2 more)."));
}

TEST_CASE("long names leave the sentences as short as an owner's") {
  Catalogue catalogue;
  catalogue.attributes = {{std::string(2000, 'g'), "Noir"}};
  Interpretation interpretation;
  for (int i = 0; i < 8; ++i) interpretation.knobs.emplace_back().name = std::string(400, 'k');
  Network network;
  network.recipe = std::string(1000, 'r');
  const Words words = default_main_parameters(network, catalogue, interpretation);
  CHECK(tell(words, ": a neural network, trained"));
  CHECK(tell(words, "has certain attributes."));
  CHECK(tell(words, "the model has 8."));
  for (const std::string& sentence : words) CHECK(sentence.size() <= kLongestMainParameter);
}

TEST_CASE("an owner's words are the lines of a text, within limits that are told") {
  const test::ScratchDir dir;
  const auto read = [&](const std::string& text) {
    return read_main_parameters(dir.write("words.txt", text));
  };
  CHECK(read("\xEF\xBB\xBF"
             "One.\r\n\n  Two, \xC3\xA9t\xC3\xA9. \nThree") ==
        Words{"One.", "Two, \xC3\xA9t\xC3\xA9.", "Three"});
  const std::string longest(kLongestMainParameter, 'a');
  CHECK(read(longest) == Words{longest});
  CHECK_THROWS_WITH_AS(
      read("One.\n" + longest + "a"),
      doctest::Contains("words.txt:2: has 1,001 bytes, a main parameter at most 1,000"), Error);
  std::string lines;
  for (size_t i = 0; i < kMostMainParameters; ++i) lines += "a\n";
  CHECK(read(lines).size() == kMostMainParameters);
  CHECK_THROWS_WITH_AS(read(lines + "a"), doctest::Contains("has 33 lines, a model at most 32"),
                       Error);
  for (const char* empty : {"", "\n \n"}) {
    CHECK_THROWS_WITH_AS(read(empty), doctest::Contains("is empty: write what lists follow from"),
                         Error);
  }
  CHECK_THROWS_WITH_AS(read("One.\n\xE9t\xE9"), doctest::Contains("words.txt:2: is not UTF-8 text"),
                       Error);
  CHECK_THROWS_WITH_AS(read_main_parameters(dir.path("none")),
                       doctest::Contains("cannot be opened"), Error);
}

}  // namespace
}  // namespace pintle::converter
