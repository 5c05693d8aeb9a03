// SPDX-License-Identifier: Apache-2.0
#include "converter/run/feedback_arguments.h"

#include "converter/io/error.h"
#include "converter/run/name_lookup.h"

namespace pintle::converter {

const char kFeedbackHelp[] =
    "KIND:NAME, such as like:318 or less-of:Horror: what the person said before the list, in this "
    "order; may be given again. KIND: like, dislike, not-interested, seen-elsewhere, more-like, "
    "less-like, finish or skip of an item, NAME its id; more-of, less-of or prefers of an "
    "attribute, "
    "NAME as in --wish. It is given as beside the list that each history gets without it. What the "
    "profile learned is printed behind each list";

namespace {

struct Kind {
  const char* name;
  pintle_feedback_kind kind;
  bool is_of_item = true;
};
constexpr Kind kKinds[] = {{"like", PINTLE_FEEDBACK_LIKE},
                           {"dislike", PINTLE_FEEDBACK_DISLIKE},
                           {"not-interested", PINTLE_FEEDBACK_NOT_INTERESTED},
                           {"seen-elsewhere", PINTLE_FEEDBACK_SEEN_ELSEWHERE},
                           {"more-like", PINTLE_FEEDBACK_MORE_LIKE},
                           {"less-like", PINTLE_FEEDBACK_LESS_LIKE},
                           {"finish", PINTLE_FEEDBACK_FINISH},
                           {"skip", PINTLE_FEEDBACK_SKIP},
                           {"more-of", PINTLE_FEEDBACK_MORE_OF, false},
                           {"less-of", PINTLE_FEEDBACK_LESS_OF, false},
                           {"prefers", PINTLE_FEEDBACK_PREFERS, false}};

pintle_feedback parse_one(const Model& model, const std::string& text) {
  const std::string where = "--feedback " + text;
  const size_t colon = text.find(':');
  if (colon == std::string::npos) {
    throw Error(where + ": write KIND:NAME, such as like:318 or less-of:Horror");
  }
  const std::string word = text.substr(0, colon), name = text.substr(colon + 1);
  std::vector<std::string> words;
  for (const Kind& kind : kKinds) {
    words.emplace_back(kind.name);
    if (word != kind.name) continue;
    const uint32_t target = kind.is_of_item ? find_items(model, {name}, where)[0]
                                            : require_attribute(model, name, where);
    return {static_cast<uint32_t>(kind.kind), target, 1, 0, PINTLE_NO_DATE, 0};
  }
  throw Error(where + ": there is no feedback \"" + word + "\": it is one of " +
              nearest_names(words, word));
}

}  // namespace

std::vector<pintle_feedback> parse_feedback(const Model& model,
                                            const std::vector<std::string>& given) {
  if (given.size() > PINTLE_FEEDBACK_EVENTS) {
    throw Error("--feedback is given " + std::to_string(given.size()) + " times: a profile holds " +
                std::to_string(PINTLE_FEEDBACK_EVENTS));
  }
  std::vector<pintle_feedback> feedback;
  for (const std::string& text : given) feedback.push_back(parse_one(model, text));
  return feedback;
}

}  // namespace pintle::converter
