// SPDX-License-Identifier: Apache-2.0
//
// The options of `recommend` and `explain` that say which list is wanted.
#ifndef PINTLE_CONVERTER_COMMANDS_REQUEST_OPTIONS_H_
#define PINTLE_CONVERTER_COMMANDS_REQUEST_OPTIONS_H_

#include <CLI/CLI.hpp>
#include <cstdint>
#include <string>
#include <vector>

#include "converter/run/steering_arguments.h"
#include "converter/run/wish_arguments.h"

namespace pintle::converter {

struct RequestArguments {
  uint32_t top_k = 10;
  bool include_seen = false;
  std::string allow_path, deny_path;
  SteeringArguments steering;
  ExampleArguments examples;
  WishArguments wishes;
};

// Gives the options but for --top-k and --include-seen: those that scores alone have no use for.
std::vector<CLI::Option*> add_request_options(CLI::App* verb, RequestArguments* arguments);

// A request with the words of its sources.
struct ListRequest {
  Request request;
  std::vector<NamedExample> examples;  // for every session that the request goes to
  std::vector<std::string> edit_words, wish_words, rule_words;

  // Whether the list is chosen as a whole, by knobs, wishes or rules.
  bool is_chosen() const;
  // Of a pintle_list_entry or pintle_reason.
  const std::string& source_words(uint32_t source) const;
  // Sources that an entry's gain can have, at most.
  size_t source_count() const;
};
// Throws Error for what the model cannot do.
ListRequest list_request(const Model& model, const RequestArguments& arguments);

}  // namespace pintle::converter

#endif  // PINTLE_CONVERTER_COMMANDS_REQUEST_OPTIONS_H_
