// SPDX-License-Identifier: Apache-2.0
#include "converter/file/soft_attributes.h"

#include <algorithm>
#include <map>
#include <set>
#include <unordered_map>
#include <utility>

#include "converter/io/error.h"
#include "converter/io/text_file.h"

namespace pintle::converter {
namespace {

using Attribute = std::pair<std::string, std::string>;  // (group, name)

class Adder {
 public:
  Adder(const MembershipTable& table, bool force, Catalogue* catalogue)
      : table_(table), force_(force), catalogue_(*catalogue) {}

  std::vector<std::string> add() {
    refuse_known_attributes();
    find_items();
    number_attributes();
    fill_items();
    return std::move(notes_);
  }

 private:
  void refuse_known_attributes() const {
    const std::set<Attribute> known(catalogue_.attributes.begin(), catalogue_.attributes.end());
    for (const Membership& row : table_.rows) {
      if (known.count({row.group, row.name}) == 0) continue;
      throw Error(at_line(table_.path, row.line) + "the item table has " + row.group + " '" +
                  row.name + "' already, whole; give one of them another name");
    }
  }

  void find_items() {
    std::unordered_map<std::string, size_t> by_id;
    for (size_t i = 0; i < catalogue_.id_order.size(); ++i) {
      by_id.emplace(catalogue_.has_text_ids ? catalogue_.text_ids[i]
                                            : std::to_string(catalogue_.integer_ids[i]),
                    i);
    }
    std::set<std::string> items, unknown;
    std::vector<std::string> examples;
    constexpr size_t kNamed = 5;
    for (const Membership& row : table_.rows) {
      items.insert(row.item);
      const auto found = by_id.find(row.item);
      places_.push_back(found == by_id.end() ? kNowhere : found->second);
      if (found != by_id.end() || !unknown.insert(row.item).second) continue;
      if (examples.size() < kNamed) examples.push_back(row.item);
    }
    if (unknown.empty()) return;
    const std::string count = std::to_string(unknown.size()) + " of " +
                              std::to_string(items.size()) +
                              " items are not in the catalogue, such as" + quoted_list(examples);
    if (unknown.size() == items.size() || (!force_ && 2 * unknown.size() > items.size())) {
      throw Error(table_.path + ": " + count + "; its column item must hold the app's ids" +
                  (unknown.size() == items.size() ? "" : ", or --force leaves such items out"));
    }
    notes_.push_back(count + ": left out");
  }

  // Groups keep their places; within a group names ascend.
  void number_attributes() {
    std::map<std::string, size_t> group_places;
    const auto key_of = [&](const Attribute& attribute) {
      const size_t next = group_places.size();
      return std::make_pair(group_places.emplace(attribute.first, next).first->second,
                            attribute.second);
    };
    std::map<std::pair<size_t, std::string>, Attribute> sorted;
    for (const Attribute& attribute : catalogue_.attributes) sorted[key_of(attribute)] = attribute;
    std::map<Attribute, size_t> members;
    for (size_t i = 0; i < table_.rows.size(); ++i) {
      const Membership& row = table_.rows[i];
      members[{row.group, row.name}] += is_member(i) ? 1 : 0;
    }
    size_t added = 0;
    for (const Membership& row : table_.rows) {
      const Attribute attribute(row.group, row.name);
      const auto found = members.find(attribute);
      if (found == members.end()) continue;
      if (found->second == 0) {
        notes_.push_back(row.group + " '" + row.name +
                         "': left out, no item belongs to it by a thirtieth or more");
      } else {
        sorted[key_of(attribute)] = attribute;
        ++added;
      }
      members.erase(found);
    }
    notes_.insert(notes_.begin(), std::to_string(added) + " attributes of " + table_.path +
                                      ", to the nearest fifteenth");
    std::vector<Attribute> all;
    for (auto& [key, attribute] : sorted) {
      numbers_[attribute] = static_cast<uint32_t>(all.size());
      all.push_back(std::move(attribute));
    }
    old_attributes_ = std::exchange(catalogue_.attributes, std::move(all));
  }

  void fill_items() {
    std::vector<std::map<uint32_t, uint8_t>> of_items(catalogue_.id_order.size());
    for (size_t i = 0; i < catalogue_.item_attributes.size(); ++i) {
      for (size_t k = 0; k < catalogue_.item_attributes[i].size(); ++k) {
        const Attribute& attribute = old_attributes_[catalogue_.item_attributes[i][k]];
        of_items[i][numbers_.at(attribute)] = catalogue_.item_memberships.empty()
                                                  ? kWholeMembership
                                                  : catalogue_.item_memberships[i][k];
      }
    }
    bool is_soft = !catalogue_.item_memberships.empty();
    for (size_t i = 0; i < table_.rows.size(); ++i) {
      if (!is_member(i)) continue;
      const Membership& row = table_.rows[i];
      of_items[places_[i]][numbers_.at({row.group, row.name})] = row.fifteenths;
      is_soft = is_soft || row.fifteenths != kWholeMembership;
    }
    catalogue_.item_attributes.assign(of_items.size(), {});
    catalogue_.item_memberships.clear();
    if (is_soft) catalogue_.item_memberships.assign(of_items.size(), {});
    for (size_t i = 0; i < of_items.size(); ++i) {
      for (const auto& [attribute, fifteenths] : of_items[i]) {
        catalogue_.item_attributes[i].push_back(attribute);
        if (is_soft) catalogue_.item_memberships[i].push_back(fifteenths);
      }
    }
  }

  static constexpr size_t kNowhere = static_cast<size_t>(-1);
  bool is_member(size_t row) const {
    return places_[row] != kNowhere && table_.rows[row].fifteenths != 0;
  }

  const MembershipTable& table_;
  const bool force_;
  Catalogue& catalogue_;
  std::vector<size_t> places_;  // in the catalogue, a row of the table
  std::vector<Attribute> old_attributes_;
  std::map<Attribute, uint32_t> numbers_;
  std::vector<std::string> notes_;
};

}  // namespace

std::vector<std::string> add_memberships(const MembershipTable& table, bool force,
                                         Catalogue* catalogue) {
  return Adder(table, force, catalogue).add();
}

std::vector<std::string> add_concepts(const std::vector<Concept>& concepts,
                                      const std::string& source, bool force, Catalogue* catalogue) {
  if (concepts.empty()) return {};
  const std::set<Attribute> known(catalogue->attributes.begin(), catalogue->attributes.end());
  MembershipTable table;
  table.path = source;
  for (const Concept& made : concepts) {
    if (known.count({made.group, made.name}) != 0) {
      throw Error(source + ": the items have an attribute " + made.group + " '" + made.name +
                  "' already; give the concept another name there, or take a model without it");
    }
    for (const auto& [item, fifteenths] : made.items) {
      table.rows.push_back({item, made.group, made.name, fifteenths, 0});
    }
  }
  return add_memberships(table, force, catalogue);
}

}  // namespace pintle::converter
