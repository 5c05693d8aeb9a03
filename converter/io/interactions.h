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
  kTable,      // CSV or TSV with a header that names user, item and, if there is one, timestamp
};
// "pairs", "sequences", "table"; throws Error for other names.
InteractionFormat parse_interaction_format(const std::string& name);

// Histories by user, users in order of their first appearance, each history oldest first (a table
// with timestamps is sorted by them, stably). Ids stay text: the model's catalogue maps them.
struct Interactions {
  std::vector<std::string> users;
  std::vector<std::string> item_names;     // distinct item ids, in order of first appearance
  std::vector<std::vector<size_t>> items;  // items[u][t] indexes item_names
  size_t event_count = 0;
};

Interactions read_interactions(const std::string& path,
                               InteractionFormat format = InteractionFormat::kDetect);

// One history a line, ids separated by spaces (no user). An empty line is an empty history.
std::vector<std::vector<std::string>> read_sequences(const std::string& path);
// Ids separated by white space or new lines: --allow, --deny, --candidates.
std::vector<std::string> read_id_list(const std::string& path);

}  // namespace pintle::converter

#endif  // PINTLE_CONVERTER_IO_INTERACTIONS_H_
