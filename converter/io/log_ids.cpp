// SPDX-License-Identifier: Apache-2.0
#include "converter/io/log_ids.h"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <cstdio>
#include <optional>
#include <string_view>
#include <unordered_set>

#include "converter/io/error.h"
#include "converter/io/text_file.h"

namespace pintle::converter {
namespace {

constexpr size_t kShownIds = 5;

std::optional<std::vector<int64_t>> as_integers(const std::vector<std::string>& ids) {
  std::vector<int64_t> integers;
  for (const std::string& id : ids) {
    int64_t value = 0;
    const auto [end, fault] = std::from_chars(id.data(), id.data() + id.size(), value);
    if (fault != std::errc() || end != id.data() + id.size()) return std::nullopt;
    integers.push_back(value);
  }
  return integers;
}

// Of a log and a model whose ids are integers: what adding one to the log's ids, or taking one away,
// would do.
struct Shift {
  bool is_likely = false;   // most ids that are unknown now would be known
  bool is_certain = false;  // the log begins or ends one beside the model, and covers it
};

Shift shift_of(const std::vector<std::string>& log_names,
               const std::vector<std::string>& model_names, size_t unknown_now) {
  const auto log = as_integers(log_names), model = as_integers(model_names);
  if (!log || !model || log->empty() || model->empty()) return {};
  const std::unordered_set<int64_t> known(model->begin(), model->end());
  const auto [log_least, log_most] = std::minmax_element(log->begin(), log->end());
  const auto [least, most] = std::minmax_element(model->begin(), model->end());
  Shift shift;
  for (const int64_t by : {1, -1}) {
    const auto unknown = static_cast<size_t>(std::count_if(
        log->begin(), log->end(), [&](int64_t id) { return known.count(id + by) == 0; }));
    shift.is_likely = shift.is_likely || unknown * 4 < unknown_now;
    const bool is_beside = by > 0 ? *log_least == *least - 1 && *log_most < *most
                                  : *log_most == *most + 1 && *log_least > *least;
    const bool is_covered = log->size() * 10 >= model->size() * 9;
    shift.is_certain = shift.is_certain || (unknown == 0 && is_covered && is_beside);
  }
  return shift;
}

std::string percent(size_t part, size_t whole) {
  char text[16];
  std::snprintf(text, sizeof(text), "%.1f %%",
                100.0 * static_cast<double>(part) / static_cast<double>(whole));
  return text;
}

std::string listed(const std::vector<std::string>& ids) {
  std::string list;
  for (size_t i = 0; i < std::min(ids.size(), kShownIds); ++i)
    list += (i == 0 ? "" : ", ") + ids[i];
  return list;
}

}  // namespace

void LogIds::require_fit(bool force) const {
  if (!fault.empty() && !force) throw Error(fault);
}

LogIds compare_ids(const Interactions& interactions, const std::vector<std::string>& model_ids) {
  const std::unordered_set<std::string_view> known(model_ids.begin(), model_ids.end());
  LogIds result;
  std::vector<bool> is_known;
  for (const std::string& name : interactions.item_names) {
    is_known.push_back(known.count(name) != 0);
    ++result.ids;
    if (is_known.back()) continue;
    ++result.unknown_ids;
    if (result.unknown_examples.size() < kShownIds) result.unknown_examples.push_back(name);
  }
  if (result.unknown_ids == 0) return result;
  for (const std::vector<size_t>& events : interactions.items) {
    result.events += events.size();
    for (const size_t item : events) result.unknown_events += is_known[item] ? 0 : 1;
  }
  const Shift shift = shift_of(interactions.item_names, model_ids, result.unknown_ids);
  result.note = count_text(result.unknown_ids) + " of " + count_text(result.ids) +
                " item ids are unknown (" + percent(result.unknown_ids, result.ids) + ", e.g. " +
                listed(result.unknown_examples) + "), " +
                percent(result.unknown_events, std::max<size_t>(1, result.events)) + " of events";
  if (shift.is_likely) result.note += "; most would be known one higher or lower: shifted by one?";
  const std::string what_to_do =
      " Write the ids that the model has (`pintle convert --items --id-column` gives it the "
      "app's), "
      "or pass --force";
  if (2 * result.unknown_events > result.events) {
    result.fault = "most of the log's ids are unknown to the model, for example " +
                   listed(result.unknown_examples) + "; the model's ids look like " +
                   listed(model_ids) + ": are they of another id space" +
                   (shift.is_likely ? ", shifted by one?" : "?") + what_to_do;
  } else if (shift.is_certain) {
    result.fault = "the log has the id " + result.unknown_examples.front() +
                   " beside the model's, and all its ids would be known one higher or lower: are "
                   "they shifted by one?" +
                   what_to_do;
  }
  return result;
}

}  // namespace pintle::converter
