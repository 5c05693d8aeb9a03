// SPDX-License-Identifier: Apache-2.0
#include "converter/io/log_table.h"

#include <optional>
#include <utility>

#include "converter/io/event_list.h"
#include "converter/io/log_columns.h"
#include "converter/io/log_names.h"
#include "converter/io/log_order.h"
#include "converter/io/text_file.h"
#include "converter/io/time_text.h"

namespace pintle::converter {
namespace {

constexpr size_t kSampledRows = 1000;  // tell which columns may hold times

struct ValueCounts {
  size_t calendar = 0, epoch = 0, all = 0;
};

std::vector<ValueCounts> sample_values(const TableReader& table) {
  std::vector<ValueCounts> counts(table.columns().size());
  table.read_first_rows(kSampledRows, [&](size_t, std::vector<std::string>& fields) {
    for (size_t i = 0; i < fields.size(); ++i) {
      const std::string_view text = trim(fields[i]);
      if (text.empty()) continue;
      ++counts[i].all;
      const std::optional<TimeText> time = parse_time(text);
      if (!time) continue;
      counts[i].calendar += time->form.is_number ? 0 : 1;
      counts[i].epoch += time->form.is_number && is_recent_epoch(time->instant.whole) ? 1 : 0;
    }
  });
  return counts;
}

struct LogRoles {
  LogColumns columns;
  std::vector<std::pair<size_t, TimeCandidate>> times;  // by column
  std::vector<std::string> not_used;
};

bool may_tell_time(TimeName named, const ValueCounts& values) {
  if (named == TimeName::kExact || named == TimeName::kLikely || named == TimeName::kWeak) {
    return true;
  }
  if (2 * values.calendar > values.all) return true;
  return named == TimeName::kNone && values.all != 0 && 10 * values.epoch >= 9 * values.all;
}

LogRoles find_roles(const std::string& path, const TableReader& table,
                    const InteractionOptions& options) {
  const std::vector<std::string>& names = table.columns();
  LogRoles roles;
  roles.columns = find_log_columns(path, names, options);
  const bool is_in_order = options.time_column == "none";
  std::optional<size_t> chosen;
  if (!options.time_column.empty() && !is_in_order) {
    chosen = find_named_column(path, names, options.time_column, "--time-column");
  }
  std::vector<ValueCounts> values;
  if (!chosen && !is_in_order) values = sample_values(table);
  for (size_t i = 0; i < names.size(); ++i) {
    if (chosen != i && (i == roles.columns.user || i == roles.columns.item)) continue;
    const TimeName named = time_name(names[i]);
    if (chosen ? chosen == i : !is_in_order && may_tell_time(named, values[i])) {
      roles.times.push_back({i, {names[i], named, chosen == i, {}}});
    } else {
      roles.not_used.push_back(names[i]);
    }
  }
  return roles;
}

}  // namespace

Interactions read_log_table(const std::string& path, const TableReader& table,
                            const InteractionOptions& options) {
  LogRoles roles = find_roles(path, table, options);
  const size_t user = roles.columns.user, item = roles.columns.item;
  EventList events(path);
  table.read_rows([&](size_t line, std::vector<std::string>& fields) {
    events.add(events.user(line, trim(fields[user])), line, trim(fields[item]));
    for (auto& [column, candidate] : roles.times) candidate.times.add(line, trim(fields[column]));
  });
  std::vector<std::string> notes;
  events.settle(options.force, &notes);
  std::vector<TimeCandidate> candidates;
  for (auto& [column, candidate] : roles.times) candidates.push_back(std::move(candidate));
  RowsByUser rows = events.rows_by_user();
  std::string columns =
      "columns: user '" + table.columns()[user] + "', item '" + table.columns()[item] + "'";
  if (options.time_column == "none") {
    notes.push_back("order: taken from the file, as --time-column none says");
  } else {
    order_rows(path, std::move(candidates), events.items(), events.item_count(), options.force,
               &rows, &columns, &notes);
  }
  Interactions result = events.take(rows);
  result.notes = {columns};
  result.notes.insert(result.notes.end(), roles.columns.notes.begin(), roles.columns.notes.end());
  result.notes.insert(result.notes.end(), notes.begin(), notes.end());
  if (!roles.not_used.empty()) {
    result.notes.push_back("not used: columns" + quoted_list(roles.not_used));
  }
  result.typed_header = table.has_types();
  return result;
}

}  // namespace pintle::converter
