// SPDX-License-Identifier: Apache-2.0
#include "converter/file/item_rows.h"

#include <algorithm>
#include <array>
#include <optional>
#include <string_view>
#include <unordered_map>

#include "converter/io/error.h"
#include "converter/io/log_names.h"
#include "converter/io/text_file.h"

namespace pintle::converter {
namespace {

constexpr size_t kExamples = 5;

// "1, 2, 3, ...".
std::string listed(const std::vector<std::string>& ids) {
  std::string text;
  for (size_t i = 0; i < std::min(ids.size(), kExamples); ++i)
    text += (i == 0 ? "" : ", ") + ids[i];
  return ids.size() > kExamples ? text + ", ..." : text;
}

std::string export_advice(const ItemTableOrigin& origin) {
  std::string text = "; export the map from rows to ids and pass it with --id-map FILE:";
  for (const std::string& line : origin.ids_export) text += "\n  " + line;
  return text;
}

// A name that says that the numbers are rows, not somebody's ids.
bool names_rows(const std::string& column) {
  static constexpr std::array<std::string_view, 16> kNames = {
      "row",     "rowid",     "rowindex", "rownumber",    "index",      "idx",
      "itemidx", "itemindex", "itemrow",  "checkpointid", "checkpoint", "internalid",
      "innerid", "embedding", "modelid",  "remappedid"};
  const std::string name = plain_name(column);
  return std::find(kNames.begin(), kNames.end(), name) != kNames.end();
}

bool is_token(const std::string& id) {
  const std::string text = to_lower(id);
  return !text.empty() &&
         (text[0] == '[' || text[0] == '<' || text.find("pad") != std::string::npos ||
          text.find("mask") != std::string::npos);
}

class RowFinder {
 public:
  RowFinder(const ItemTable* items, const Network& network, bool force)
      : items_(items), n_(network), origin_(network.origin), force_(force) {}

  ItemRows find() {
    if (origin_.ids) check_map(*origin_.ids);
    if (items_ == nullptr) {
      take_all();
    } else if (origin_.ids && !tells_rows()) {
      join_by_id();
    } else {
      refuse_remapped();
      join_by_row();
    }
    std::sort(result_.rows.begin(), result_.rows.end(),
              [](const ItemRow& a, const ItemRow& b) { return a.source < b.source; });
    return std::move(result_);
  }

 private:
  // Throws, or writes the doubt down if it is overridden.
  void question(const std::string& doubt, const std::string& advice) {
    if (!force_) throw Error(doubt + advice);
    result_.notes.push_back("forced, although " + doubt);
  }

  std::optional<size_t> source_of(int64_t row) const {
    const std::vector<int64_t>& ids = n_.checkpoint_ids;
    const auto found = std::lower_bound(ids.begin(), ids.end(), row);
    if (found == ids.end() || *found != row) return std::nullopt;
    return static_cast<size_t>(found - ids.begin());
  }

  std::string row_range() const {
    return std::to_string(n_.checkpoint_ids.front()) + " to " +
           std::to_string(n_.checkpoint_ids.back());
  }

  std::string why_no_item(int64_t row) const {
    const auto special = origin_.special_rows.find(row);
    if (special != origin_.special_rows.end()) return "which is " + special->second;
    return "but its table has " + std::to_string(origin_.rows) + " rows";
  }

  // Every id that the map gives must be able to belong to an item.
  void check_map(const ItemIds& ids) {
    for (size_t row = 0; row < ids.by_row.size(); ++row) {
      const std::string& id = ids.by_row[row];
      const int64_t at = static_cast<int64_t>(row);
      if (id.empty() || row < ids.extra_tokens || source_of(at) || is_token(id)) continue;
      question(ids.source + " gives the id '" + id + "' to row " + std::to_string(row) +
                   " of the checkpoint, " + why_no_item(at) +
                   ": shifted by one, or of another model?",
               "; items are in rows " + row_range() +
                   ". Pass the map of this checkpoint, or --force to leave such ids out");
      return;
    }
  }

  const std::string& mapped_id(size_t source) const {
    static const std::string kNone;
    const size_t row = static_cast<size_t>(n_.checkpoint_ids[source]);
    return row < origin_.ids->by_row.size() ? origin_.ids->by_row[row] : kNone;
  }

  void take_all() {
    size_t without = 0;
    for (size_t i = 0; i < n_.checkpoint_ids.size(); ++i) {
      const std::string id = origin_.ids ? mapped_id(i) : std::to_string(n_.checkpoint_ids[i]);
      if (id.empty()) {
        ++without;
      } else {
        result_.rows.push_back({i, id, nullptr});
      }
    }
    if (origin_.ids) result_.notes.push_back("the app's ids: " + origin_.ids->source);
    if (without != 0) {
      result_.notes.push_back(std::to_string(without) +
                              " rows left out: the map of ids has none for them");
    }
    if (result_.rows.empty()) throw Error(origin_.ids->source + " has an id for no item");
  }

  // Whether the table's row column, not its ids, is to be joined with the checkpoint.
  bool tells_rows() const { return items_->row_column_is_told || names_rows(items_->row_column); }
  bool has_ids_of_their_own() const { return items_->id_column != items_->row_column; }

  void refuse_remapped() const {
    if (origin_.ids || origin_.remapped_by.empty() || tells_rows()) return;
    if (has_ids_of_their_own() && !items_->typed_header) return;
    throw Error(items_->path + ": its column '" + items_->row_column +
                "' would be read as rows of the checkpoint, but " + origin_.remapped_by +
                " numbers items anew, and the map is not in this checkpoint" +
                export_advice(origin_) +
                "\nIf the column does hold rows, say so with --row-column " + items_->row_column);
  }

  void join_by_id() {
    std::unordered_map<std::string, size_t> sources;
    for (size_t i = 0; i < n_.checkpoint_ids.size(); ++i) {
      if (!mapped_id(i).empty()) sources.emplace(mapped_id(i), i);
    }
    for (const Item& item : items_->items) {
      const auto found = sources.find(item.external_id);
      if (found == sources.end()) {
        result_.missing.push_back(item.external_id);
        continue;
      }
      const int64_t row = n_.checkpoint_ids[found->second];
      if (has_ids_of_their_own() && item.checkpoint_id && *item.checkpoint_id != row) {
        throw Error(at_line(items_->path, item.line) + "says that '" + item.external_id +
                    "' is row " + std::to_string(*item.checkpoint_id) + ", but " +
                    origin_.ids->source + " says row " + std::to_string(row) +
                    "; take out what is wrong");
      }
      result_.rows.push_back({found->second, item.external_id, &item});
    }
    result_.notes.push_back("items joined by the app's ids: column '" + items_->id_column +
                            "' with " + origin_.ids->source);
    if (2 * result_.missing.size() > items_->items.size()) {
      question(items_->path + ": " + std::to_string(result_.missing.size()) + " of its " +
                   std::to_string(items_->items.size()) + " ids (" + listed(result_.missing) +
                   ") are not in " + origin_.ids->source + ": ids of another kind?",
               "; --id-column names the column of the app's ids, --row-column one of rows; --force "
               "leaves such items out");
    }
    if (result_.rows.empty()) {
      throw Error(items_->path + ": no id of its column '" + items_->id_column + "' is in " +
                  origin_.ids->source);
    }
  }

  void join_by_row() {
    require_integer_rows(*items_);
    std::vector<std::string> impossible;
    const Item* first = nullptr;
    for (const Item& item : items_->items) {
      if (const std::optional<size_t> source = source_of(*item.checkpoint_id)) {
        const std::string& mapped =
            origin_.ids && !has_ids_of_their_own() ? mapped_id(*source) : item.external_id;
        result_.rows.push_back({*source, mapped, &item});
      } else {
        impossible.push_back(std::to_string(*item.checkpoint_id));
        if (first == nullptr) first = &item;
      }
    }
    if (!impossible.empty()) {
      question(
          at_line(items_->path, first->line) + "lists row " + impossible[0] +
              " of the checkpoint, " + why_no_item(*first->checkpoint_id) + shift_hint(),
          "; items are in rows " + row_range() + ", and " + std::to_string(impossible.size()) +
              " of the table's " + std::to_string(items_->items.size()) + " rows are no items (" +
              listed(impossible) + "). Its column '" + items_->row_column +
              "' must hold the row of each item in the checkpoint (--row-column names another, "
              "--id-map gives the map from ids to rows); --force leaves such rows out");
      result_.missing = std::move(impossible);
    }
    if (result_.rows.empty()) {
      throw Error(items_->path + ": no item of the item table has a row in the checkpoint, whose " +
                  "items are in rows " + row_range());
    }
  }

  // Whether every row would mean an item if all were one higher, or one lower.
  std::string shift_hint() const {
    for (const int64_t shift : {int64_t{1}, int64_t{-1}}) {
      const bool fits = std::all_of(
          items_->items.begin(), items_->items.end(),
          [&](const Item& item) { return source_of(*item.checkpoint_id + shift).has_value(); });
      if (fits) {
        return std::string(": shifted by one? All would be items if they were one ") +
               (shift > 0 ? "higher" : "lower");
      }
    }
    return ": shifted by one, or of another model?";
  }

  const ItemTable* items_;
  const Network& n_;
  const ItemTableOrigin& origin_;
  bool force_;
  ItemRows result_;
};

}  // namespace

ItemRows find_item_rows(const ItemTable* items, const Network& network, bool force) {
  if (network.checkpoint_ids.empty()) throw Error("the checkpoint has no items");
  return RowFinder(items, network, force).find();
}

std::string question_log_rows(const Interactions& interactions, const Network& network,
                              bool force) {
  const ItemTableOrigin& origin = network.origin;
  if (origin.ids) return {};
  if (!origin.remapped_by.empty() && interactions.typed_header) {
    throw Error(
        "the log has " + origin.remapped_by +
        "'s own header, so its ids are raw; but the checkpoint has rows, and the map between "
        "them is not in it" +
        export_advice(origin));
  }
  for (const std::string& id : interactions.item_names) {
    for (const auto& [row, why] : origin.special_rows) {
      if (id != std::to_string(row)) continue;
      if (!force) {
        throw Error("the log names the item " + id +
                    "; taken as a row of the checkpoint, as there " + "is no item table, that is " +
                    why +
                    ": shifted by one, or padded histories? Correct the ids, map them with --items "
                    "or --id-map, or pass --force to leave it out");
      }
      return "forced, although the log names row " + id + ", which is " + why;
    }
  }
  if (origin.remapped_by.empty()) return {};
  return "the log's ids are taken as rows of the checkpoint; " + origin.remapped_by +
         " numbers items anew: pass --id-map if they are raw";
}

}  // namespace pintle::converter
