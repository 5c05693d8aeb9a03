// SPDX-License-Identifier: Apache-2.0
#include "converter/import/item_id_maps.h"

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <unordered_set>

#include "converter/import/numpy_values.h"
#include "converter/io/error.h"
#include "converter/io/json_file.h"
#include "converter/io/table_reader.h"
#include "converter/io/text_file.h"

namespace pintle::converter {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

// Takes pairs of a row and an id in any order, each row and each id once.
class MapBuilder {
 public:
  MapBuilder(const std::string& path, const std::string& source, size_t pairs)
      : where_(path + ": " + source), most_rows_(16 * pairs + 1024) {
    ids_.source = source;
  }

  void add(const std::string& row_text, std::string id) {
    size_t row = 0;
    const char* end = row_text.data() + row_text.size();
    const auto [parsed, fault] = std::from_chars(row_text.data(), end, row);
    if (fault != std::errc() || parsed != end || row >= most_rows_) {
      throw Error(where_ + ": '" + row_text + "' is no row of an item table");
    }
    add(row, std::move(id));
  }
  void add(size_t row, std::string id) {
    if (id.empty()) throw Error(where_ + ": the id of row " + std::to_string(row) + " is empty");
    if (row >= ids_.by_row.size()) ids_.by_row.resize(row + 1);
    if (!ids_.by_row[row].empty()) {
      throw Error(where_ + ": row " + std::to_string(row) + " has two ids, '" + ids_.by_row[row] +
                  "' and '" + id + "'");
    }
    if (!seen_.insert(id).second) throw Error(where_ + ": the id '" + id + "' has two rows");
    ids_.by_row[row] = std::move(id);
  }
  ItemIds take() {
    if (seen_.empty()) throw Error(where_ + ": holds no ids");
    return std::move(ids_);
  }

 private:
  std::string where_;
  size_t most_rows_;  // rows far beyond the number of pairs would be memory for nothing
  ItemIds ids_;
  std::unordered_set<std::string> seen_;
};

ItemIds from_list(const std::string& path, const std::string& source,
                  const std::vector<std::string>& by_row) {
  MapBuilder builder(path, source, by_row.size());
  for (size_t row = 0; row < by_row.size(); ++row) builder.add(row, by_row[row]);
  return builder.take();
}

[[noreturn]] void unreadable(const std::string& path, const std::string& source) {
  throw Error(
      path + ": " + source +
      " is there, but its ids cannot be read: they are no strings and no whole numbers; pass "
      "them with --id-map FILE");
}

// hyper_parameters.item_external_ids, one id a row, behind the extra tokens' own names.
std::optional<ItemIds> find_rectools_ids(const PickleValue& root, const std::string& path) {
  const PickleValue* parameters = find_member(root, "hyper_parameters");
  if (parameters == nullptr) return std::nullopt;
  const PickleValue* ids = find_member(*parameters, "item_external_ids");
  if (ids == nullptr || ids->kind == PickleKind::kNone) return std::nullopt;
  const std::string source = "hyper_parameters.item_external_ids";
  const std::optional<std::vector<std::string>> texts = plain_texts(*ids);
  if (!texts) unreadable(path, source);
  ItemIds map = from_list(path, source, *texts);
  if (const PickleValue* tokens = find_member(*parameters, "item_extra_tokens")) {
    map.extra_tokens = tokens->items.size();
  }
  if (map.extra_tokens >= map.by_row.size()) unreadable(path, source);
  return map;
}

// Some object in the tree that has an attribute of this name, looked for breadth-first.
const PickleValue* search_attribute(const PickleValue& root, std::string_view name) {
  constexpr size_t kMostVisits = size_t{1} << 20;
  std::vector<const PickleValue*> queue = {&root};
  std::unordered_set<const PickleValue*> seen = {&root};
  const auto push = [&](const PickleValue* value) {
    if (value != nullptr && seen.size() < kMostVisits && seen.insert(value).second) {
      queue.push_back(value);
    }
  };
  for (size_t i = 0; i < queue.size(); ++i) {
    const PickleValue& value = *queue[i];
    if (const PickleValue* found = find_member(value, name)) return found;
    for (const PickleValue* item : value.items) push(item);
    if (value.kind == PickleKind::kObject) push(value.state);
  }
  return nullptr;
}

// A RecBole dataset's field2id_token[item field]: tokens by row, row 0 the pad. Keys may be NumPy's.
std::optional<ItemIds> find_recbole_ids(const PickleValue& root, const json& config,
                                        const std::string& path) {
  const PickleValue* fields = search_attribute(root, "field2id_token");
  if (fields == nullptr) return std::nullopt;
  const std::string field = config.value("ITEM_ID_FIELD", std::string("item_id"));
  for (size_t i = 0; i + 1 < fields->items.size(); i += 2) {
    if (plain_text(*fields->items[i]) != field) continue;
    const std::string source = "field2id_token['" + field + "']";
    std::optional<std::vector<std::string>> tokens = plain_texts(*fields->items[i + 1]);
    if (!tokens || tokens->empty()) unreadable(path, source);
    ItemIds map = from_list(path, source, *tokens);
    map.extra_tokens = 1;
    return map;
  }
  unreadable(path, "field2id_token without the item field '" + field + "'");
}

std::string json_id(const std::string& where, const json& value) {
  if (value.is_string()) return value.get<std::string>();
  if (value.is_number_integer()) return value.dump();
  throw Error(where + ": " + value.dump() + " is no id: strings and whole numbers are");
}

ItemIds from_json_list(const std::string& path, const json& list) {
  MapBuilder builder(path, "the list of ids", list.size());
  for (size_t row = 0; row < list.size(); ++row) {
    if (!list[row].is_null()) builder.add(row, json_id(path, list[row]));
  }
  return builder.take();
}

ItemIds from_json_object(const std::string& path, const std::string& source, const json& object) {
  MapBuilder builder(path, source, object.size());
  for (const auto& [id, row] : object.items()) {
    if (!row.is_number_integer()) {
      throw Error(path + ": " + source + ": the row of '" + id + "' is " + row.dump() +
                  "; a map has the form {\"id\": row}");
    }
    builder.add(row.dump(), id);
  }
  return builder.take();
}

ItemIds from_replay(const std::string& path, const json& tokenizer) {
  const json rules = tokenizer["encoder"].value("encoding_rules", json::object());
  const json columns = tokenizer["encoder"].value("features_columns", json::object());
  std::string item;
  if (columns.contains("ITEM_ID") && columns["ITEM_ID"].is_array() &&
      columns["ITEM_ID"].size() == 1 && columns["ITEM_ID"][0].is_string()) {
    item = columns["ITEM_ID"][0].get<std::string>();
  }
  if (!rules.is_object() || !rules.contains(item) || !rules[item].contains("mapping") ||
      !rules[item]["mapping"].is_object()) {
    throw Error(path +
                ": is a RePlay tokenizer, but encoding_rules has no mapping of its ITEM_ID "
                "column '" +
                item + "'");
  }
  return from_json_object(path, "the tokenizer's mapping of '" + item + "'",
                          rules[item]["mapping"]);
}

ItemIds from_table(const std::string& path) {
  const std::string text = read_text_file(path);
  const TableReader table(path, text);
  if (table.columns().size() != 2) {
    throw Error(path + ": a map of ids has two columns, the row and the id; this table has " +
                std::to_string(table.columns().size()));
  }
  MapBuilder builder(path, "the table of ids", text.size() / 4);
  table.read_rows([&](size_t, std::vector<std::string>& fields) {
    builder.add(std::string(trim(fields[0])), std::string(trim(fields[1])));
  });
  return builder.take();
}

}  // namespace

std::optional<ItemIds> find_item_ids(const PickleValue& root, const json& config,
                                     const std::string& path) {
  if (std::optional<ItemIds> ids = find_rectools_ids(root, path)) return ids;
  return find_recbole_ids(root, config, path);
}

ItemIds read_item_ids(const std::string& given) {
  std::string path = given;
  if (fs::is_directory(path)) path = (fs::path(path) / "init_args.json").string();
  ItemIds ids;
  if (fs::path(path).extension() == ".json") {
    const json value = read_json_file(path);
    if (value.is_array()) {
      ids = from_json_list(path, value);
    } else if (value.is_object() && value.contains("encoder") && value["encoder"].is_object()) {
      ids = from_replay(path, value);
    } else if (value.is_object()) {
      ids = from_json_object(path, "the map of ids", value);
    } else {
      throw Error(path +
                  ": a map of ids is a JSON list (the id of each row) or an object (id: row)");
    }
  } else {
    ids = from_table(path);
  }
  ids.source = fs::path(given).lexically_normal().filename().string() + " (" + ids.source + ")";
  return ids;
}

}  // namespace pintle::converter
