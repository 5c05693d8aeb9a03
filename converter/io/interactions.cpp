// SPDX-License-Identifier: Apache-2.0
#include "converter/io/interactions.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <initializer_list>
#include <optional>
#include <string_view>
#include <unordered_map>

#include "converter/io/error.h"
#include "converter/io/table_reader.h"
#include "converter/io/text_file.h"

namespace pintle::converter {
namespace {

// Indices by name, in order of first appearance.
class NameIndex {
 public:
  explicit NameIndex(std::vector<std::string>* names) : names_(names) {}

  size_t index_of(std::string_view name) {
    const auto [entry, is_new] = indices_.emplace(std::string(name), names_->size());
    if (is_new) names_->emplace_back(name);
    return entry->second;
  }

 private:
  std::vector<std::string>* names_;
  std::unordered_map<std::string, size_t> indices_;
};

class InteractionsBuilder {
 public:
  size_t user(std::string_view name) {
    const size_t user = users_.index_of(name);
    if (user == result_.items.size()) result_.items.emplace_back();
    return user;
  }
  void add(size_t user, std::string_view item) {
    result_.items[user].push_back(items_.index_of(item));
    ++result_.event_count;
  }
  Interactions& result() { return result_; }

 private:
  Interactions result_;
  NameIndex users_{&result_.users};
  NameIndex items_{&result_.item_names};
};

struct InteractionColumns {
  size_t user = 0, item = 0;
  std::optional<size_t> time;
};

std::optional<size_t> find_column(const std::vector<std::string>& columns,
                                  std::initializer_list<std::string_view> names) {
  for (const std::string_view name : names) {  // the surest name first
    for (size_t i = 0; i < columns.size(); ++i) {
      std::string plain = to_lower(columns[i]);
      plain.erase(std::remove_if(plain.begin(), plain.end(),
                                 [](char c) { return c == '_' || c == '-' || c == ' '; }),
                  plain.end());
      if (plain == name) return i;
    }
  }
  return std::nullopt;
}

std::optional<InteractionColumns> find_columns(const std::vector<std::string>& names) {
  const auto user = find_column(names, {"user", "userid", "uid", "reviewerid", "customerid",
                                        "visitorid", "sessionid", "session"});
  const auto item = find_column(names, {"item", "itemid", "iid", "movieid", "productid", "product",
                                        "asin", "parentasin", "articleid", "trackid"});
  if (!user || !item) return std::nullopt;
  return InteractionColumns{
      *user, *item,
      find_column(names, {"timestamp", "time", "ts", "unixtimestamp", "unixreviewtime"})};
}

// The detected form, or an error that says what was missed.
InteractionFormat detect(const std::string& path, std::string_view text) {
  if (find_columns(TableReader(path, text).columns())) return InteractionFormat::kTable;
  const std::string advice =
      "; give the table a header with the columns user, item and, if there is one, timestamp, or "
      "say "
      "what it is with --format pairs|sequences|table";
  LineReader lines(text);
  std::string_view line;
  std::vector<std::string_view> fields;
  size_t first_count = 0, lines_with_items = 0;
  bool is_pairs = true, is_even = true, has_tabs = true;
  while (lines.next(&line)) {
    fields.clear();
    split_fields(line, &fields);
    if (fields.empty()) continue;
    if (first_count == 0) {
      first_count = fields.size();
      if (line.find_first_of(",;") != std::string_view::npos ||
          line.find("::") != std::string_view::npos) {
        throw Error(at_line(path, lines.number()) +
                    "looks like a table, but no header names a user and an item column" + advice);
      }
    }
    is_pairs = is_pairs && fields.size() == 2;
    is_even = is_even && fields.size() == first_count;
    has_tabs = has_tabs && line.find('\t') != std::string_view::npos;
    if (fields.size() > 1) ++lines_with_items;
  }
  if (lines_with_items == 0) {
    throw Error(path + ": has one field a line, so no user and item" + advice);
  }
  // A user with one item reads alike in both forms.
  if (is_pairs) return InteractionFormat::kPairs;
  // user, item, rating, time without a header would pass as sequences of three items.
  if (is_even && has_tabs && (first_count == 3 || first_count == 4)) {
    throw Error(path + ": may be a table without a header or short sequences" + advice);
  }
  return InteractionFormat::kSequences;
}

Interactions read_pairs(const std::string& path, std::string_view text) {
  InteractionsBuilder builder;
  LineReader lines(text);
  std::string_view line;
  std::vector<std::string_view> fields;
  while (lines.next(&line)) {
    fields.clear();
    split_fields(line, &fields);
    if (fields.empty()) continue;
    if (fields.size() != 2) {
      throw Error(at_line(path, lines.number()) + "has " + std::to_string(fields.size()) +
                  " fields; 'user item' is expected");
    }
    builder.add(builder.user(fields[0]), fields[1]);
  }
  return std::move(builder.result());
}

Interactions read_user_sequences(const std::string& path, std::string_view text) {
  InteractionsBuilder builder;
  LineReader lines(text);
  std::string_view line;
  std::vector<std::string_view> fields;
  while (lines.next(&line)) {
    fields.clear();
    split_fields(line, &fields);
    if (fields.empty()) continue;
    if (fields.size() == 1) {
      throw Error(at_line(path, lines.number()) + "user '" + std::string(fields[0]) +
                  "' has no items; 'user item item …' is expected");
    }
    const size_t user = builder.user(fields[0]);
    for (size_t i = 1; i < fields.size(); ++i) builder.add(user, fields[i]);
  }
  return std::move(builder.result());
}

// long double keeps whole numbers exact: nanoseconds since 1970 need more digits than a double has.
using Timestamp = long double;

Timestamp parse_timestamp(const std::string& where, std::string_view text) {
  const char* end = text.data() + text.size();
  int64_t whole = 0;
  const auto as_whole = std::from_chars(text.data(), end, whole);
  if (as_whole.ec == std::errc() && as_whole.ptr == end) return static_cast<Timestamp>(whole);
  double real = 0;
  const auto as_real = std::from_chars(text.data(), end, real);
  if (as_real.ec != std::errc() || as_real.ptr != end || !std::isfinite(real)) {
    throw Error(where + "timestamp '" + std::string(text) +
                "' is no number; write times as seconds since 1970");
  }
  return real;
}

void sort_by_time(const std::vector<Timestamp>& times, std::vector<size_t>* items) {
  if (std::is_sorted(times.begin(), times.end())) return;
  std::vector<size_t> order(times.size());
  for (size_t i = 0; i < order.size(); ++i) order[i] = i;
  std::stable_sort(order.begin(), order.end(),
                   [&](size_t a, size_t b) { return times[a] < times[b]; });
  std::vector<size_t> sorted(items->size());
  for (size_t i = 0; i < order.size(); ++i) sorted[i] = (*items)[order[i]];
  *items = std::move(sorted);
}

Interactions read_table(const std::string& path, std::string_view text) {
  const TableReader table(path, text);
  const std::optional<InteractionColumns> columns = find_columns(table.columns());
  if (!columns) {
    std::string names;
    for (const std::string& column : table.columns()) names += " '" + column + "'";
    throw Error(at_line(path, 1) + "the header names no user and item column; it has" + names);
  }
  InteractionsBuilder builder;
  std::vector<std::vector<Timestamp>> times;  // by user
  table.read_rows([&](size_t line, std::vector<std::string>& fields) {
    const std::string_view user_name = trim(fields[columns->user]);
    const std::string_view item = trim(fields[columns->item]);
    if (user_name.empty() || item.empty()) {
      throw Error(at_line(path, line) + "the user or the item is empty");
    }
    const size_t user = builder.user(user_name);
    builder.add(user, item);
    if (!columns->time) return;
    if (times.size() <= user) times.emplace_back();
    times[user].push_back(parse_timestamp(at_line(path, line), trim(fields[*columns->time])));
  });
  for (size_t user = 0; user < times.size(); ++user) {
    sort_by_time(times[user], &builder.result().items[user]);
  }
  return std::move(builder.result());
}

}  // namespace

InteractionFormat parse_interaction_format(const std::string& name) {
  if (name == "pairs") return InteractionFormat::kPairs;
  if (name == "sequences") return InteractionFormat::kSequences;
  if (name == "table") return InteractionFormat::kTable;
  throw Error("interaction format '" + name + "' is none of pairs, sequences, table");
}

Interactions read_interactions(const std::string& path, InteractionFormat format) {
  const std::string text = read_text_file(path);
  if (text.find_first_not_of(" \t\r\n") == std::string::npos) {
    throw Error(path + ": holds no interactions");
  }
  if (format == InteractionFormat::kDetect) format = detect(path, text);
  Interactions interactions = format == InteractionFormat::kTable ? read_table(path, text)
                              : format == InteractionFormat::kPairs
                                  ? read_pairs(path, text)
                                  : read_user_sequences(path, text);
  if (interactions.event_count == 0) throw Error(path + ": holds no interactions");
  return interactions;
}

std::vector<std::vector<std::string>> read_sequences(const std::string& path) {
  const std::string text = read_text_file(path);
  std::vector<std::vector<std::string>> sequences;
  LineReader lines(text);
  std::string_view line;
  std::vector<std::string_view> fields;
  while (lines.next(&line)) {
    fields.clear();
    split_fields(line, &fields);
    sequences.emplace_back(fields.begin(), fields.end());
  }
  return sequences;
}

std::vector<std::string> read_id_list(const std::string& path) {
  const std::string text = read_text_file(path);
  std::vector<std::string> ids;
  LineReader lines(text);
  std::string_view line;
  std::vector<std::string_view> fields;
  while (lines.next(&line)) {
    fields.clear();
    split_fields(line, &fields);
    ids.insert(ids.end(), fields.begin(), fields.end());
  }
  return ids;
}

}  // namespace pintle::converter
