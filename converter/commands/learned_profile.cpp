// SPDX-License-Identifier: Apache-2.0
#include "converter/commands/learned_profile.h"

#include <algorithm>

#include "converter/run/runtime_model.h"
#include "converter/run/steering_names.h"

namespace pintle::converter {

const char kProfileKeysHelp[] =
    "profile, what it learned of attributes, strongest first ({\"group\", \"name\", \"weight\": "
    "nats "
    "of odds for items that have it, \"for\" and \"against\": how much feedback, \"words\"})";

std::vector<LearnedPart> learned_parts(const Model& model, Session* session, int64_t now) {
  std::vector<LearnedPart> learned;
  for (const pintle_profile_part& part :
       require(session->explain_profile(model.info().attribute_count, now),
               "cannot explain the profile")) {
    learned.push_back({part, require(session->describe(part), "cannot describe the profile")});
  }
  return learned;
}

nlohmann::ordered_json profile_json(const Model& model, const std::vector<LearnedPart>& parts) {
  nlohmann::ordered_json list = nlohmann::ordered_json::array();
  for (const auto& [part, words] : parts) {
    const auto [group, name] = attribute_name(model, part.attribute);
    list.push_back({{"group", group},
                    {"name", name},
                    {"weight", shortest(part.weight)},
                    {"for", part.count_for},
                    {"against", part.count_against},
                    {"words", words}});
  }
  return list;
}

std::string profile_text(const std::vector<LearnedPart>& parts) {
  constexpr size_t kMostShown = 10;
  if (parts.empty()) return "the profile learned nothing of attributes yet, only of single items\n";
  std::string text = "the profile learned:\n";
  const size_t shown = std::min(parts.size(), kMostShown);
  for (size_t i = 0; i < shown; ++i) text += "  " + parts[i].words + "\n";
  if (parts.size() > shown) {
    text += "  and " + std::to_string(parts.size() - shown) + " more (--json)\n";
  }
  return text;
}

}  // namespace pintle::converter
