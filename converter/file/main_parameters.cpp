// SPDX-License-Identifier: Apache-2.0
#include "converter/file/main_parameters.h"

#include <algorithm>
#include <string_view>

#include "converter/io/error.h"
#include "converter/io/text_file.h"

namespace pintle::converter {
namespace {

// " (genres, mood, and 3 more)"; nothing without names, or if they are too long for a sentence.
std::string in_brackets(const std::vector<std::string>& names) {
  constexpr size_t kMostNames = 8, kMostBytes = kLongestMainParameter / 2;
  std::string list;
  const size_t shown = std::min(names.size(), kMostNames);
  for (size_t i = 0; i < shown; ++i) list += (i == 0 ? "" : ", ") + names[i];
  if (names.size() > shown) list += ", and " + std::to_string(names.size() - shown) + " more";
  return list.empty() || list.size() > kMostBytes ? "" : " (" + list + ")";
}

std::vector<std::string> group_names(const Catalogue& catalogue) {
  std::vector<std::string> names;
  for (const auto& [group, name] : catalogue.attributes) {
    const bool is_known = std::find(names.begin(), names.end(), group) != names.end();
    if (!group.empty() && !is_known) names.push_back(group);
  }
  return names;
}

std::string of_history(const Network& network) {
  const bool has_order = network.position_origin != fb::PositionOrigin_None ||
                         network.mask == fb::AttentionMask_Causal;
  return "Your list follows from the last " + std::to_string(network.window) +
         " items of your history" + (has_order ? ", in their order" : "") + ": a neural network" +
         in_brackets({network.recipe}) +
         ", trained on past interactions, says how likely each item is to come next.";
}

}  // namespace

std::vector<std::string> default_main_parameters(const Network& network, const Catalogue& catalogue,
                                                 const Interpretation& interpretation) {
  std::vector<std::string> words = {
      of_history(network), "Items of your history are left out, unless the app asks for them."};
  if (!catalogue.popularity.empty()) {
    words.emplace_back(
        "Without a history, the most popular items come first. The app can also show you that list "
        "at any time: it is not personal, and the same for everybody.");
  }
  if (!catalogue.attributes.empty()) {
    words.push_back("The app can let you ask for more or less of what has certain attributes" +
                    in_brackets(group_names(catalogue)) + ".");
  }
  if (!interpretation.knobs.empty()) {
    std::vector<std::string> names;
    for (const Knob& knob : interpretation.knobs) names.push_back(knob.name);
    words.push_back("Knobs turn the list towards what they name, or away from it: the model has " +
                    std::to_string(names.size()) + in_brackets(names) + ".");
  }
  words.emplace_back(
      "The app can let your list follow your feedback (likes, dislikes, skips and the like). Each "
      "piece of it can be taken back, and all of it forgotten.");
  return words;
}

std::vector<std::string> read_main_parameters(const std::string& path) {
  const std::string text = read_text_file(path);
  std::vector<std::string> words;
  LineReader lines(text);
  for (std::string_view line; lines.next(&line);) {
    const std::string_view trimmed = trim(line);
    if (trimmed.empty()) continue;
    if (trimmed.size() > kLongestMainParameter) {
      throw Error(at_line(path, lines.number()) + "has " + count_text(trimmed.size()) +
                  " bytes, a main parameter at most " + count_text(kLongestMainParameter) +
                  ": cut it into several lines");
    }
    words.emplace_back(trimmed);
  }
  if (words.empty()) {
    throw Error(path +
                ": is empty: write what lists follow from, a sentence or paragraph a line, or "
                "leave --main-parameters out, and the file tells what is true of what it holds");
  }
  if (words.size() > kMostMainParameters) {
    throw Error(path + ": has " + count_text(words.size()) + " lines, a model at most " +
                std::to_string(kMostMainParameters) + " main parameters: join some");
  }
  return words;
}

}  // namespace pintle::converter
