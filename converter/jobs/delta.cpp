// SPDX-License-Identifier: Apache-2.0
#include "converter/jobs/delta.h"

#include <algorithm>
#include <filesystem>
#include <map>
#include <numeric>
#include <set>
#include <tuple>

#include "converter/file/item_tables.h"
#include "converter/file/metadata.h"
#include "converter/io/error.h"
#include "converter/io/output_file.h"
#include "converter/io/table_reader.h"
#include "converter/io/text_file.h"
#include "converter/io/vector_table.h"
#include "converter/run/histories.h"
#include "converter/run/runtime_model.h"

namespace pintle::converter {
namespace {

// An item as the delta is to add it.
struct AddedItem {
  const Item* item;
  std::optional<uint32_t> old;  // its number in the model
  std::vector<uint32_t> attributes;
  std::vector<uint8_t> memberships;
};

void append_rows(const Matrix& from, int64_t row, Matrix* to) {
  to->cols = from.cols;
  to->values.insert(to->values.end(), from.row(row), from.row(row) + from.cols);
  ++to->rows;
}

class DeltaMaker {
 public:
  explicit DeltaMaker(const DeltaOptions& options)
      : options_(options),
        out_(options.out_path),
        parts_(read_model_parts(options.model_path)),
        tables_(read_item_tables(parts_)),
        model_(open_model(options.model_path)) {
    for (uint32_t i = 0; i < parts_.catalogue.id_order.size(); ++i) {
      numbers_.emplace(item_id(model_, i), i);
    }
  }

  DeltaReport make() {
    if (!options_.items_path.empty()) read_table();
    if (!options_.remove_path.empty()) remove_listed();
    if (options_.is_complete) remove_missing();
    fill_catalogue();
    fill_rows();
    delta_.retired.assign(retired_.begin(), retired_.end());
    if (delta_.retired.empty() && added_.empty()) {
      throw Error("nothing is new, changed or removed: no delta is needed");
    }
    const Metadata metadata(options_.model_path);
    const std::vector<uint8_t> bytes = serialize_delta(metadata.root(), delta_);
    out_.write(bytes);
    open_model(options_.model_path, PINTLE_OPEN_VERIFY_ALL, nullptr, out_.temporary_path().c_str());
    out_.commit();
    report_.file_size_bytes = bytes.size();
    return std::move(report_);
  }

 private:
  const Catalogue& base() const { return parts_.catalogue; }
  void note(const std::string& text) { report_.notes.push_back(text); }

  // The columns of the table that have the names of the model's groups.
  std::vector<std::string> known_groups() const {
    const std::string text = read_text_file(options_.items_path);
    std::set<std::string> groups;
    for (const auto& [group, name] : base().attributes) groups.insert(group);
    std::vector<std::string> columns;
    const TableReader table(options_.items_path, text);
    for (const std::string& column : table.columns()) {
      if (groups.count(column) != 0) columns.push_back(column);
    }
    return columns;
  }

  void read_table() {
    ItemOptions options = options_.items;
    if (options.attributes.empty()) options.attributes = known_groups();
    table_ = read_items(options_.items_path, options);
    for (const std::string& text : table_.notes) note(text);
    std::vector<std::string> ids;
    for (const Item& item : table_.items) ids.push_back(item.external_id);
    if (!options_.vectors_path.empty()) {
      vectors_ = read_vectors(options_.vectors_path, ids);
      const size_t dim = static_cast<size_t>(parts_.network.dim);
      if (vectors_.dim != dim) {
        throw Error(vectors_.path + ": vectors of " + std::to_string(vectors_.dim) +
                    " numbers, the model's have " + std::to_string(dim));
      }
    }
    if (!options_.text_vectors_path.empty()) {
      text_vectors_ = read_vectors(options_.text_vectors_path, ids);
    }
    map_attributes();
    for (const Item& item : table_.items) take(item);
  }

  // Of each attribute of the table its number in the model; groups that the table speaks for.
  void map_attributes() {
    std::map<std::pair<std::string, std::string>, uint32_t> numbers;
    for (uint32_t i = 0; i < base().attributes.size(); ++i) numbers[base().attributes[i]] = i;
    std::map<std::string, std::vector<std::string>> unknown;
    for (const auto& attribute : table_.attributes) {
      const auto found = numbers.find(attribute);
      mapped_.push_back(found == numbers.end() ? std::optional<uint32_t>() : found->second);
      if (found == numbers.end()) unknown[attribute.first].push_back(attribute.second);
      spoken_for_.insert(attribute.first);
    }
    for (const auto& [group, names] : unknown) {
      note(std::to_string(names.size()) + " values of '" + group +
           "' left out, the model has no such attributes:" + quoted_list(names));
    }
  }

  void take(const Item& item) {
    const auto known = numbers_.find(item.external_id);
    if (!base().has_text_ids && !canonical_integer(item.external_id)) {
      throw Error(at_line(table_.path, item.line) + "the id '" + item.external_id +
                  "' is no whole number, as the model's ids are");
    }
    AddedItem added{&item, {}, {}, {}};
    for (const uint32_t attribute : item.attributes) {
      if (!mapped_[attribute]) continue;
      added.attributes.push_back(*mapped_[attribute]);
      added.memberships.push_back(kWholeMembership);
    }
    if (known != numbers_.end()) {
      added.old = known->second;
      keep_other_groups(known->second, &added);
    }
    sort_attributes(&added);
    if (added.old && !is_changed(added)) {
      ++report_.unchanged_items;
      return;
    }
    if (added.old) retired_.insert(*added.old);
    ++(added.old ? report_.changed_items : report_.new_items);
    added_.push_back(std::move(added));
  }

  // What the table does not speak of stays as the model has it.
  void keep_other_groups(uint32_t old, AddedItem* added) const {
    if (base().item_attributes.empty()) return;
    for (size_t i = 0; i < base().item_attributes[old].size(); ++i) {
      const uint32_t attribute = base().item_attributes[old][i];
      if (spoken_for_.count(base().attributes[attribute].first) != 0) continue;
      added->attributes.push_back(attribute);
      added->memberships.push_back(old_membership(old, i));
    }
  }
  uint8_t old_membership(uint32_t old, size_t i) const {
    return base().item_memberships.empty() ? kWholeMembership : base().item_memberships[old][i];
  }
  static void sort_attributes(AddedItem* added) {
    std::vector<std::pair<uint32_t, uint8_t>> pairs;
    for (size_t i = 0; i < added->attributes.size(); ++i) {
      pairs.emplace_back(added->attributes[i], added->memberships[i]);
    }
    std::sort(pairs.begin(), pairs.end());
    for (size_t i = 0; i < pairs.size(); ++i) {
      std::tie(added->attributes[i], added->memberships[i]) = pairs[i];
    }
  }

  std::string title_of(const AddedItem& added) const {
    if (table_.has_titles) return added.item->title;
    return added.old && !base().titles.empty() ? base().titles[*added.old] : "";
  }
  int32_t date_of(const AddedItem& added) const {
    if (table_.has_dates) return added.item->date;
    return added.old && !base().dates.empty() ? base().dates[*added.old] : kUnknownDate;
  }
  bool is_trained(uint32_t item) const { return base().trained.empty() || base().trained[item]; }

  // An item that was never trained is as good as new.
  bool is_changed(const AddedItem& added) const {
    const uint32_t old = *added.old;
    if (!is_trained(old) || vectors_.by_id.count(added.item->external_id) != 0) return true;
    if (!base().titles.empty() && title_of(added) != base().titles[old]) return true;
    if (!base().dates.empty() && date_of(added) != base().dates[old]) return true;
    if (base().item_attributes.empty()) return false;
    if (added.attributes != base().item_attributes[old]) return true;
    for (size_t i = 0; i < added.memberships.size(); ++i) {
      if (added.memberships[i] != old_membership(old, i)) return true;
    }
    return false;
  }

  void remove_listed() {
    for (const std::string& id : read_id_list(options_.remove_path)) {
      const auto found = numbers_.find(id);
      if (found == numbers_.end()) {
        throw Error(options_.remove_path + ": the model has no item with the id \"" + id + "\"");
      }
      const bool is_listed = std::any_of(table_.items.begin(), table_.items.end(),
                                         [&](const Item& item) { return item.external_id == id; });
      if (is_listed) {
        throw Error("the item '" + id + "' is both in " + table_.path + " and in " +
                    options_.remove_path + "; take it out of one of them");
      }
      report_.removed_items += retired_.insert(found->second).second ? 1 : 0;
    }
  }
  void remove_missing() {
    std::set<std::string> listed;
    for (const Item& item : table_.items) listed.insert(item.external_id);
    for (const auto& [id, number] : numbers_) {
      if (listed.count(id) == 0) report_.removed_items += retired_.insert(number).second ? 1 : 0;
    }
  }

  void fill_catalogue() {
    Catalogue& catalogue = delta_.catalogue;
    catalogue.has_text_ids = base().has_text_ids;
    catalogue.attributes = base().attributes;
    const bool is_soft = std::any_of(added_.begin(), added_.end(), [](const AddedItem& added) {
      return std::any_of(added.memberships.begin(), added.memberships.end(),
                         [](uint8_t membership) { return membership != kWholeMembership; });
    });
    for (const AddedItem& added : added_) {
      const std::string& id = added.item->external_id;
      if (catalogue.has_text_ids) {
        catalogue.text_ids.push_back(id);
      } else {
        catalogue.integer_ids.push_back(*canonical_integer(id));
      }
      if (!base().titles.empty()) catalogue.titles.push_back(title_of(added));
      if (!base().dates.empty() || table_.has_dates) catalogue.dates.push_back(date_of(added));
      if (!base().item_attributes.empty()) catalogue.item_attributes.push_back(added.attributes);
      if (is_soft) catalogue.item_memberships.push_back(added.memberships);
    }
    if (base().titles.empty() && table_.has_titles) {
      note("titles left out: the model has none");
    }
    catalogue.id_order.resize(added_.size());
    std::iota(catalogue.id_order.begin(), catalogue.id_order.end(), 0u);
    std::sort(catalogue.id_order.begin(), catalogue.id_order.end(), [&](uint32_t a, uint32_t b) {
      return catalogue.has_text_ids ? catalogue.text_ids[a] < catalogue.text_ids[b]
                                    : catalogue.integer_ids[a] < catalogue.integer_ids[b];
    });
  }

  // Supplied, else the old one, else built.
  void fill_rows() {
    std::vector<size_t> unbuilt;
    for (size_t i = 0; i < added_.size(); ++i) {
      const AddedItem& added = added_[i];
      if (vectors_.by_id.count(added.item->external_id) != 0) continue;
      if (!added.old || !is_trained(*added.old)) unbuilt.push_back(i);
    }
    ItemTables built;
    if (!unbuilt.empty()) built = build(unbuilt);
    size_t next_built = 0;
    for (size_t i = 0; i < added_.size(); ++i) {
      const AddedItem& added = added_[i];
      const auto supplied = vectors_.by_id.find(added.item->external_id);
      if (supplied != vectors_.by_id.end()) {
        add_supplied(supplied->second, added);
        ++report_.supplied_vectors;
      } else if (next_built < unbuilt.size() && unbuilt[next_built] == i) {
        add_row(built, static_cast<int64_t>(next_built++));
        ++report_.built_vectors;
      } else {
        add_row(tables_, *added.old);
        ++report_.kept_vectors;
      }
    }
    for (const auto& [id, vector] : vectors_.by_id) {
      const bool is_used =
          std::any_of(table_.items.begin(), table_.items.end(),
                      [&id = id](const Item& item) { return item.external_id == id; });
      if (!is_used) throw Error(vectors_.path + ": the item '" + id + "' is not in the item table");
    }
  }

  void add_row(const ItemTables& from, int64_t row) {
    ItemTables& to = delta_.tables;
    append_rows(from.items, row, &to.items);
    if (from.output_items) {
      if (!to.output_items) to.output_items.emplace();
      append_rows(*from.output_items, row, &*to.output_items);
    }
    if (from.exact_rows) {
      if (!to.exact_rows) to.exact_rows.emplace();
      append_rows(*from.exact_rows, row, &*to.exact_rows);
    }
    if (!from.item_bias.empty()) to.item_bias.push_back(from.item_bias[static_cast<size_t>(row)]);
  }
  // The same vector in every table; the bias is the old one, or the mean of the trained items.
  void add_supplied(const std::vector<float>& vector, const AddedItem& added) {
    const Matrix row{1, parts_.network.dim, vector};
    ItemTables one;
    one.items = row;
    if (tables_.output_items) one.output_items = row;
    if (tables_.exact_rows) one.exact_rows = row;
    if (!tables_.item_bias.empty()) {
      one.item_bias.push_back(added.old ? tables_.item_bias[*added.old] : mean_bias());
    }
    add_row(one, 0);
  }
  float mean_bias() const {
    double sum = 0;
    size_t count = 0;
    for (uint32_t i = 0; i < tables_.item_bias.size(); ++i) {
      if (!is_trained(i)) continue;
      sum += static_cast<double>(tables_.item_bias[i]);
      ++count;
    }
    return count == 0 ? 0 : static_cast<float>(sum / static_cast<double>(count));
  }

  const std::vector<float>* text_of_item(const std::string& id) const {
    const auto found = text_vectors_.by_id.find(id);
    return found == text_vectors_.by_id.end() ? nullptr : &found->second;
  }
  static void add_attributes(const std::vector<uint32_t>& attributes,
                             const std::vector<uint8_t>* memberships, ItemContent* content) {
    for (size_t i = 0; i < attributes.size(); ++i) {
      const uint8_t level = memberships == nullptr ? kWholeMembership : (*memberships)[i];
      content->attributes.emplace_back(attributes[i], static_cast<float>(level) / kWholeMembership);
    }
  }

  ItemTables build(const std::vector<size_t>& unbuilt) {
    std::vector<ItemContent> known(base().id_order.size()), wanted;
    for (uint32_t i = 0; i < known.size(); ++i) {
      ItemContent& content = known[i];
      content.date = base().dates.empty() ? kUnknownDate : base().dates[i];
      if (!base().titles.empty()) content.title = base().titles[i];
      if (!text_vectors_.by_id.empty()) content.text = text_of_item(item_id(model_, i));
      if (base().item_attributes.empty()) continue;
      add_attributes(base().item_attributes[i],
                     base().item_memberships.empty() ? nullptr : &base().item_memberships[i],
                     &content);
    }
    for (const size_t i : unbuilt) {
      ItemContent& content = wanted.emplace_back();
      content.date = base().dates.empty() ? kUnknownDate : date_of(added_[i]);
      if (!base().titles.empty()) content.title = title_of(added_[i]);
      content.text = text_of_item(added_[i].item->external_id);
      add_attributes(added_[i].attributes, &added_[i].memberships, &content);
    }
    Histories histories;
    if (!options_.interactions_path.empty()) {
      const Interactions log = read_interactions(options_.interactions_path, options_.log);
      report_.log_notes = fitting_notes(model_, log, options_.log.force);
      histories = map_histories(model_, log);
    }
    NewItems made = build_new_items(model_, tables_, known, wanted,
                                    options_.interactions_path.empty() ? nullptr : &histories,
                                    options_.exposure);
    report_.quality = made.quality;
    delta_.quality = {{"hidden items", static_cast<double>(made.quality.hidden_items)},
                      {"cosine", made.quality.cosine},
                      {"exposure", made.quality.exposure},
                      {"true exposure", made.quality.true_exposure}};
    if (made.quality.events != 0) {
      delta_.quality.emplace_back("ndcg@10", made.quality.ndcg);
      delta_.quality.emplace_back("true ndcg@10", made.quality.true_ndcg);
    }
    return std::move(made.tables);
  }

  const DeltaOptions& options_;
  OutputFile out_;  // made first: refuses at once what it could not replace
  const ModelParts parts_;
  const ItemTables tables_;
  const Model model_;
  std::map<std::string, uint32_t> numbers_;  // by the app's ids
  ItemTable table_;
  VectorTable vectors_, text_vectors_;
  std::vector<std::optional<uint32_t>> mapped_;  // by the table's attributes
  std::set<std::string> spoken_for_;             // groups
  std::vector<AddedItem> added_;
  std::set<uint32_t> retired_;
  Delta delta_;
  DeltaReport report_;
};

}  // namespace

DeltaReport make_delta(const DeltaOptions& options) {
  if (options.items_path.empty() && options.remove_path.empty()) {
    throw Error("a delta needs items to add or change (--items) or to take out (--remove)");
  }
  for (const std::string* input :
       {&options.model_path, &options.items_path, &options.remove_path, &options.vectors_path,
        &options.text_vectors_path, &options.interactions_path}) {
    std::error_code none;
    if (!input->empty() && std::filesystem::equivalent(*input, options.out_path, none)) {
      throw Error("--out " + options.out_path + " is " + *input + ", which is read: name another");
    }
  }
  return DeltaMaker(options).make();
}

}  // namespace pintle::converter
