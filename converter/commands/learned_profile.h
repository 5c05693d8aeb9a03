// SPDX-License-Identifier: Apache-2.0
//
// What a session's profile learned of attributes, told.
#ifndef PINTLE_CONVERTER_COMMANDS_LEARNED_PROFILE_H_
#define PINTLE_CONVERTER_COMMANDS_LEARNED_PROFILE_H_

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "pintle/pintle.hpp"

namespace pintle::converter {

struct LearnedPart {
  pintle_profile_part part;
  std::string words;  // "Less Horror: you asked once"
};
// Strongest first. Throws Error.
std::vector<LearnedPart> learned_parts(const Model& model, Session* session, int64_t now);

// [{"group", "name", "weight", "for", "against", "words"}]
nlohmann::ordered_json profile_json(const Model& model, const std::vector<LearnedPart>& parts);
// For people: the words of the strongest.
std::string profile_text(const std::vector<LearnedPart>& parts);

// What --help says of these keys.
extern const char kProfileKeysHelp[];

}  // namespace pintle::converter

#endif  // PINTLE_CONVERTER_COMMANDS_LEARNED_PROFILE_H_
