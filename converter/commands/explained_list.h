// SPDX-License-Identifier: Apache-2.0
//
// A list under wishes and rules, told: what it costs, which rules gave way, why each entry is there.
#ifndef PINTLE_CONVERTER_COMMANDS_EXPLAINED_LIST_H_
#define PINTLE_CONVERTER_COMMANDS_EXPLAINED_LIST_H_

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "converter/commands/request_options.h"

namespace pintle::converter {

struct ExplainedList {
  ListExplanation list;
  std::vector<std::vector<pintle_reason>> reasons;  // one an entry; empty: not asked for
};
// Of the session's history. Throws Error.
ExplainedList explain_list(Session* session, const ListRequest& request, bool with_reasons);

// {"expected_dcg", "plain_dcg", "cost_percent", ...}
nlohmann::ordered_json summary_json(const ExplainedList& explained);
// [{"rule", "outcome", "wanted", "got"}]
nlohmann::ordered_json rules_json(const ListRequest& request, const ExplainedList& explained);
// Adds to an entry's own object why it is there. REQUIRES: reasons.
void add_why(const Model& model, const ListRequest& request, const ExplainedList& explained,
             size_t entry, nlohmann::ordered_json* json);

// For people: the cost, and the rules that gave way.
std::string summary_text(const ListRequest& request, const ExplainedList& explained);
// For people: a table of what add_why says. REQUIRES: reasons.
std::string why_text(const Model& model, const ListRequest& request,
                     const ExplainedList& explained);

// What --help says of these keys.
extern const char kWhyKeysHelp[], kListKeysHelp[];

}  // namespace pintle::converter

#endif  // PINTLE_CONVERTER_COMMANDS_EXPLAINED_LIST_H_
