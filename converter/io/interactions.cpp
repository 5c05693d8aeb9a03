// SPDX-License-Identifier: Apache-2.0
#include "converter/io/interactions.h"

#include <string_view>
#include <utility>

#include "converter/io/error.h"
#include "converter/io/event_list.h"
#include "converter/io/log_columns.h"
#include "converter/io/log_format.h"
#include "converter/io/log_table.h"
#include "converter/io/table_reader.h"
#include "converter/io/text_file.h"

namespace pintle::converter {
namespace {

// Pairs are sequences of one item.
Interactions read_log_lines(const std::string& path, std::string_view text,
                            InteractionFormat format, bool force) {
  const bool is_pairs = format == InteractionFormat::kPairs;
  EventList events(path);
  size_t line_count = 0;
  for_each_line(text,
                [&](size_t line, std::string_view, const std::vector<std::string_view>& fields) {
                  if (fields.empty()) return;
                  if (is_pairs && fields.size() != 2) {
                    throw Error(at_line(path, line) + "has " + std::to_string(fields.size()) +
                                " fields; 'user item' is expected in each line");
                  }
                  if (fields.size() == 1) {
                    throw Error(at_line(path, line) + "user '" + std::string(fields[0]) +
                                "' has no items; 'user item item …' is expected in each line");
                  }
                  const uint32_t user = events.user(line, fields[0]);
                  for (size_t i = 1; i < fields.size(); ++i) events.add(user, line, fields[i]);
                  ++line_count;
                });
  std::vector<std::string> notes;
  events.settle(force, &notes);
  const size_t users = events.user_count();
  Interactions result = events.take(events.rows_by_user());
  result.notes = std::move(notes);
  result.notes.push_back(std::string("order: taken from the file, as ") +
                         (is_pairs ? "pairs" : "sequences") + " have no times");
  if (!is_pairs && line_count > users) {
    result.notes.push_back(count_text(line_count) + " lines for " + count_text(users) +
                           " users: a user's lines are one history, in the file's order");
  }
  return result;
}

std::string read_as(const std::string& form, const std::string& coding,
                    const Interactions& interactions) {
  return "read as: " + form + (coding.empty() ? "" : " (" + coding + ")") + ", " +
         count_text(interactions.users.size()) + " users, " +
         count_text(interactions.item_names.size()) + " items, " +
         count_text(interactions.event_count) + " events";
}

bool is_table(const std::string& path, const TableReader& table,
              const InteractionOptions& options) {
  if (options.format != InteractionFormat::kDetect) {
    const bool is_said = options.format == InteractionFormat::kTable;
    if (!is_said && !options.force && names_log_columns(table.columns(), options)) {
      throw Error(path +
                  ": its first line names a user and an item column; leave --format out, or "
                  "delete the line, or pass --force");
    }
    return is_said;
  }
  if (!options.user_column.empty() || !options.item_column.empty() ||
      !(options.time_column.empty() || options.time_column == "none") ||
      table.form() == TableForm::kJsonLines) {
    return true;
  }
  if (names_log_columns(table.columns(), options)) return true;
  // Half a header: between spaces it may be words that are ids.
  return table.form() != TableForm::kSpaces && known_log_columns(table.columns(), options) != 0;
}

}  // namespace

InteractionFormat parse_interaction_format(const std::string& name) {
  if (name == "pairs") return InteractionFormat::kPairs;
  if (name == "sequences") return InteractionFormat::kSequences;
  if (name == "table") return InteractionFormat::kTable;
  throw Error("interaction format '" + name + "' is none of pairs, sequences, table");
}

Interactions read_interactions(const std::string& path, const InteractionOptions& options) {
  std::string coding;
  const std::string text = read_text_file(path, &coding);
  if (text.find_first_not_of(" \t\r\n") == std::string::npos) {
    throw Error(path + ": holds no interactions");
  }
  const TableReader table(path, text, [&](const std::vector<std::string>& names) {
    return known_log_columns(names, options);
  });
  Interactions interactions;
  std::string form;
  if (is_table(path, table, options)) {
    form = std::string("table, ") + table_form_name(table.form());
    interactions = read_log_table(path, table, options);
  } else {
    const InteractionFormat format = detect_log_format(path, text, options);
    form = format == InteractionFormat::kPairs ? "pairs" : "sequences";
    interactions = read_log_lines(path, text, format, options.force);
  }
  interactions.notes.insert(interactions.notes.begin(), read_as(form, coding, interactions));
  return interactions;
}

std::vector<std::vector<std::string>> read_sequences(const std::string& path) {
  const std::string text = read_text_file(path);
  std::vector<std::vector<std::string>> sequences;
  for_each_line(text, [&](size_t, std::string_view, const std::vector<std::string_view>& fields) {
    sequences.emplace_back(fields.begin(), fields.end());
  });
  return sequences;
}

std::vector<std::string> read_id_list(const std::string& path) {
  const std::string text = read_text_file(path);
  std::vector<std::string> ids;
  for_each_line(text, [&](size_t, std::string_view, const std::vector<std::string_view>& fields) {
    ids.insert(ids.end(), fields.begin(), fields.end());
  });
  return ids;
}

}  // namespace pintle::converter
