// SPDX-License-Identifier: Apache-2.0
#ifndef PINTLE_CONVERTER_IO_INTERACTIONS_H_
#define PINTLE_CONVERTER_IO_INTERACTIONS_H_

#include <cstddef>
#include <string>
#include <vector>

namespace pintle::converter {

enum class InteractionFormat {
  kDetect,
  kPairs,      // "user item" a line, in time order (the SASRec benchmark form)
  kSequences,  // "user item item ..." a line
  kTable,      // with a header, or JSON lines: names user, item and, if there is one, time
};
// "pairs", "sequences", "table"; throws Error for other names.
InteractionFormat parse_interaction_format(const std::string& name);

struct InteractionOptions {
  InteractionFormat format = InteractionFormat::kDetect;
  // Of a table; empty: found by name and values. time_column "none": the rows are in order.
  std::string user_column, item_column, time_column;
  // Takes ids that are no whole numbers, a log whose ids the model mostly lacks, and the like.
  bool force = false;
};

// Histories by user, users in order of their first appearance, each history oldest first (a table
// with times is sorted by them, stably). Ids stay text: the model's catalogue maps them.
struct Interactions {
  std::vector<std::string> users;
  std::vector<std::string> item_names;     // distinct item ids, in order of first appearance
  std::vector<std::vector<size_t>> items;  // items[u][t] indexes item_names
  size_t event_count = 0;
  std::vector<std::string> notes;  // what was read and how, for people
  bool typed_header = false;       // RecBole's "user_id:token item_id:token"
};

// What the file holds is used, named in the notes as not used, or refused by an Error that says what
// to do.
Interactions read_interactions(const std::string& path, const InteractionOptions& options = {});

// One history a line, ids separated by spaces (no user). An empty line is an empty history.
std::vector<std::vector<std::string>> read_sequences(const std::string& path);
// Ids separated by white space or new lines: --allow, --deny, --candidates.
std::vector<std::string> read_id_list(const std::string& path);

}  // namespace pintle::converter

#endif  // PINTLE_CONVERTER_IO_INTERACTIONS_H_
