// SPDX-License-Identifier: Apache-2.0
#include "converter/commands/log_options.h"

#include <cstdio>

namespace pintle::converter {

void add_log_options(CLI::App* verb, CLI::Option* interactions, InteractionOptions* options,
                     bool* force) {
  verb->add_option_function<std::string>(
          "--format",
          [options](const std::string& name) { options->format = parse_interaction_format(name); },
          "Form of the log: pairs, sequences or table (default: detected)")
      ->needs(interactions)
      ->check(CLI::IsMember({"pairs", "sequences", "table"}));
  verb->add_option("--user-column", options->user_column,
                   "A table's column of users (default: found by its name)")
      ->needs(interactions);
  verb->add_option("--item-column", options->item_column,
                   "A table's column of items (default: found by its name)")
      ->needs(interactions);
  verb->add_option("--time-column", options->time_column,
                   "A table's column of times (default: found by names and values); none: the rows "
                   "are in order")
      ->needs(interactions);
  verb->add_flag("--force", *force,
                 "Go on although what the files say speaks against it; the report says what");
}

void print_log_notes(const std::vector<std::string>& notes) {
  for (const std::string& note : notes) std::printf("log: %s\n", note.c_str());
}

nlohmann::ordered_json log_json(const std::vector<std::string>& notes) {
  return {{"notes", notes}};
}

}  // namespace pintle::converter
