// SPDX-License-Identifier: Apache-2.0
#include "converter/commands/explained_list.h"

#include <algorithm>
#include <cstdio>
#include <string>

#include "converter/run/runtime_model.h"
#include "converter/run/steering_names.h"

namespace pintle::converter {
namespace {

using Json = nlohmann::ordered_json;

const char* cause_name(uint32_t cause) {
  if (cause == PINTLE_CAUSE_SCORE) return "score";
  if (cause == PINTLE_CAUSE_PROFILE) return "profile";
  return cause == PINTLE_CAUSE_WISH ? "wish" : "rule";
}

const char* outcome_name(uint32_t outcome) {
  switch (outcome) {
    case PINTLE_RULE_KEPT:
      return "kept";
    case PINTLE_RULE_TOO_FEW:
      return "too_few";
    case PINTLE_RULE_CONFLICT:
      return "conflict";
    case PINTLE_RULE_FILTERED:
      return "filtered";
    default:
      return "not_found";
  }
}

const char* outcome_text(uint32_t outcome) {
  switch (outcome) {
    case PINTLE_RULE_TOO_FEW:
      return "so many eligible items do not exist";
    case PINTLE_RULE_CONFLICT:
      return "other rules, pins or the list's length leave no room";
    case PINTLE_RULE_FILTERED:
      return "the item is seen, denied, not allowed or was never trained";
    default:
      return "the search found no list that keeps it";
  }
}

std::string title_of(const Model& model, uint32_t item) {
  const std::string title = item_title(model, item);
  return item_id(model, item) + (title.empty() ? "" : " " + title);
}

std::string number_text(const char* format, double value) {
  char text[48];
  std::snprintf(text, sizeof(text), format, value);
  return text;
}

// In percent of the plain list's expected DCG, which is what one gives for it.
double percent(const ExplainedList& explained, double value) {
  const double plain = explained.list.info.plain_dcg;
  return plain > 0 ? 100 * value / plain : 0;  // 0: of an empty list
}

double cost_percent(const ExplainedList& explained) {
  return percent(explained, explained.list.info.plain_dcg - explained.list.info.expected_dcg);
}

// "wish Sci-Fi=2, for 593 Alien: gain +1.20 % = expected DCG -0.40, wish Sci-Fi=2 +1.60"
std::string reason_text(const Model& model, const ListRequest& request,
                        const ExplainedList& explained, size_t index) {
  const pintle_list_entry& entry = explained.list.entries[index];
  if (entry.cause == PINTLE_CAUSE_SCORE) return "its score";
  if (entry.cause == PINTLE_CAUSE_PROFILE) return "the profile";
  std::string text = request.source_words(entry.source);
  if (entry.replaced != PINTLE_NO_ITEM) text += ", for " + title_of(model, entry.replaced);
  text += ": gain " + number_text("%+.2f %%", percent(explained, static_cast<double>(entry.gain))) +
          " =";
  const char* comma = " ";
  for (const pintle_reason& reason : explained.reasons[index]) {
    text += comma + request.source_words(reason.source);
    if (reason.value != 0) {
      text += number_text(" %+.2f", percent(explained, static_cast<double>(reason.value)));
    }
    comma = ", ";
  }
  return text;
}

}  // namespace

const char kListKeysHelp[] =
    "With knobs, wishes or rules also list (expected_dcg and plain_dcg, by the network's own "
    "probabilities, of this list and of the one without them; cost_percent, the difference; kept, "
    "entries that both have; proven, whether no list is better; reward, diversity, "
    "plain_diversity) and "
    "rules ({\"rule\": \"cap artist=2\", \"outcome\": kept, too_few, conflict, filtered or "
    "not_found, "
    "wanted, got})";

const char kWhyKeysHelp[] =
    "every item also has probability, plain_rank (its rank without wishes and rules, null: not in "
    "that "
    "list), cause (score, profile, wish or rule), source, replaced (the id that left for it), "
    "gain, and "
    "reasons, "
    "whose values add up to the gain";

ExplainedList explain_list(Session* session, const ListRequest& request, bool with_reasons) {
  ExplainedList explained;
  explained.list = require(session->explain_list(request.request), "cannot recommend");
  if (!with_reasons) return explained;
  for (size_t i = 0; i < explained.list.entries.size(); ++i) {
    explained.reasons.push_back(
        require(session->explain_entry(request.request, i + 1, request.source_count()),
                "cannot explain entry " + std::to_string(i + 1)));
  }
  return explained;
}

Json summary_json(const ExplainedList& explained) {
  const pintle_list_info& info = explained.list.info;
  return {{"expected_dcg", info.expected_dcg},
          {"plain_dcg", info.plain_dcg},
          {"cost_percent", cost_percent(explained)},
          {"kept", info.kept_count},
          {"proven", info.is_proven != 0},
          {"reward", info.reward},
          {"diversity", info.diversity},
          {"plain_diversity", info.plain_diversity}};
}

Json rules_json(const ListRequest& request, const ExplainedList& explained) {
  Json rules = Json::array();
  for (size_t i = 0; i < explained.list.results.size(); ++i) {
    const pintle_rule_result& result = explained.list.results[i];
    rules.push_back({{"rule", request.rule_words[i]},
                     {"outcome", outcome_name(result.outcome)},
                     {"wanted", shortest(result.wanted)},
                     {"got", shortest(result.got)}});
  }
  return rules;
}

void add_why(const Model& model, const ListRequest& request, const ExplainedList& explained,
             size_t index, Json* json) {
  const pintle_list_entry& entry = explained.list.entries[index];
  const bool is_plain = entry.cause == PINTLE_CAUSE_SCORE || entry.cause == PINTLE_CAUSE_PROFILE;
  const bool is_ranked = entry.plain_rank != PINTLE_NO_RANK;
  (*json)["probability"] = shortest(entry.probability);
  (*json)["plain_rank"] = is_ranked ? Json(entry.plain_rank) : Json();
  (*json)["cause"] = cause_name(entry.cause);
  (*json)["source"] = is_plain ? Json() : Json(request.source_words(entry.source));
  (*json)["replaced"] =
      entry.replaced == PINTLE_NO_ITEM ? Json() : Json(item_id(model, entry.replaced));
  (*json)["gain"] = shortest(entry.gain);
  (*json)["reasons"] = Json::array();
  for (const pintle_reason& reason : explained.reasons[index]) {
    (*json)["reasons"].push_back(
        {{"source", request.source_words(reason.source)}, {"value", shortest(reason.value)}});
  }
}

std::string summary_text(const ListRequest& request, const ExplainedList& explained) {
  const pintle_list_info& info = explained.list.info;
  std::string text =
      number_text("costs %.2f %% of the plain list's expected DCG", cost_percent(explained));
  text += ", keeps " + std::to_string(info.kept_count) + " of its entries; ";
  text += info.is_proven != 0 ? "no list is better\n" : "a search found no better list\n";
  if (info.diversity > 0) {
    text += number_text("diversity %.3f", info.diversity);
    text += number_text(", of the plain list %.3f\n", info.plain_diversity);
  }
  for (size_t i = 0; i < explained.list.results.size(); ++i) {
    const pintle_rule_result& result = explained.list.results[i];
    if (result.outcome == PINTLE_RULE_KEPT) continue;
    text += request.rule_words[i] + " gave way: wanted " + short_number(result.wanted) + ", got " +
            short_number(result.got) + ": " + outcome_text(result.outcome) + "\n";
  }
  return text;
}

std::string why_text(const Model& model, const ListRequest& request,
                     const ExplainedList& explained) {
  std::string text =
      "why each is there: gains in % of the plain list's expected DCG\nrank  plain  reason\n";
  for (size_t i = 0; i < explained.list.entries.size(); ++i) {
    const uint32_t plain = explained.list.entries[i].plain_rank;
    const std::string rank = plain == PINTLE_NO_RANK ? "-" : std::to_string(plain);
    text += number_text("%4.0f", static_cast<double>(i + 1)) +
            std::string(7 - std::min<size_t>(7, rank.size()), ' ') + rank + "  " +
            reason_text(model, request, explained, i) + "\n";
  }
  return text;
}

}  // namespace pintle::converter
