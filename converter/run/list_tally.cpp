// SPDX-License-Identifier: Apache-2.0
#include "converter/run/list_tally.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "converter/run/runtime_model.h"

namespace pintle::converter {
namespace {

// The rank, until then, of users who have not been counted.
constexpr uint8_t kNotCounted = 255;

double ratio(double part, size_t whole) {
  return whole == 0 ? 0.0 : part / static_cast<double>(whole);
}

}  // namespace

double ndcg_of(uint8_t rank) {
  return rank == 0 ? 0 : 1 / std::log2(static_cast<double>(rank) + 1);
}

bool is_soft(const Model& model, uint32_t attribute) {
  const pintle_attribute_info info = require(model.attribute(attribute), "attribute", attribute);
  if (info.memberships == nullptr) return false;
  return std::any_of(info.memberships, info.memberships + info.item_count,
                     [](uint8_t membership) { return membership != kWholeLevel; });
}

uint32_t membership_of(const pintle_item_info& item, uint32_t attribute) {
  const uint32_t* const end = item.attributes + item.attribute_count;
  const uint32_t* const found = std::lower_bound(item.attributes, end, attribute);
  if (found == end || *found != attribute) return 0;
  return item.memberships == nullptr ? kWholeLevel : item.memberships[found - item.attributes];
}

ListTally::ListTally(const Model& model, const Histories& histories,
                     const std::vector<std::optional<uint32_t>>& attributes,
                     const std::vector<float>& item_values, size_t workers)
    : model_(model),
      info_(model.info()),
      histories_(histories),
      attributes_(attributes),
      item_values_(item_values) {
  const size_t users = histories.users.size();
  for (const std::optional<uint32_t>& attribute : attributes) {
    UserLists& lists = users_.emplace_back();
    lists.rank.assign(users, kNotCounted);
    lists.is_same.assign(users, 0);
    if (attribute) lists.level.assign(users, 0);
    values_.emplace_back(item_values.empty() ? 0 : users, 0.0);
  }
  Sums empty;
  empty.levels.assign(info_.attribute_count, 0);
  empty.recommended.assign(info_.item_count, false);
  sums_.assign(workers, std::vector<Sums>(attributes.size(), empty));
}

void ListTally::count(size_t variant, size_t user, size_t worker, const std::vector<uint32_t>& list,
                      const std::vector<uint32_t>& base) {
  Sums& sums = sums_[worker][variant];
  UserLists& lists = users_[variant];
  const uint32_t held_out = histories_.items[user].back();
  lists.rank[user] = 0;
  for (size_t place = 0; place < list.size(); ++place) {
    const uint32_t item = list[place];
    sums.recommended[item] = true;
    if (item == held_out) lists.rank[user] = static_cast<uint8_t>(place + 1);
    if (!item_values_.empty()) values_[variant][user] += static_cast<double>(item_values_[item]);
    const pintle_item_info info = require(model_.item(item), "item", item);
    for (size_t a = 0; a < info.attribute_count; ++a) {
      const uint32_t level = info.memberships == nullptr ? kWholeLevel : info.memberships[a];
      sums.levels[info.attributes[a]] += level;
      if (attributes_[variant] == info.attributes[a]) {
        lists.level[user] = static_cast<uint8_t>(lists.level[user] + level);
      }
    }
    sums.kept += std::find(base.begin(), base.end(), item) != base.end() ? 1 : 0;
  }
  lists.is_same[user] = list == base ? 1 : 0;
  sums.list_items += list.size();
  sums.base_items += base.size();
}

std::vector<ListMeasure> ListTally::result() const {
  size_t trained = 0;
  for (uint32_t i = 0; i < info_.item_count; ++i) {
    trained += require(model_.item(i), "item", i).is_trained != 0 ? 1 : 0;
  }
  std::vector<ListMeasure> measures;
  for (size_t v = 0; v < users_.size(); ++v) measures.push_back(measure(v, trained));
  return measures;
}

ListMeasure ListTally::measure(size_t variant, size_t trained) const {
  Sums sum;
  sum.levels.assign(info_.attribute_count, 0);
  sum.recommended.assign(info_.item_count, false);
  for (const std::vector<Sums>& sums : sums_) {
    const Sums& part = sums[variant];
    sum.kept += part.kept;
    sum.base_items += part.base_items;
    sum.list_items += part.list_items;
    for (size_t a = 0; a < sum.levels.size(); ++a) sum.levels[a] += part.levels[a];
    for (size_t i = 0; i < sum.recommended.size(); ++i) {
      if (part.recommended[i]) sum.recommended[i] = true;
    }
  }
  const UserLists& all = users_[variant];
  ListMeasure result;
  size_t hits = 0;
  for (size_t user = 0; user < all.rank.size(); ++user) {
    if (all.rank[user] == kNotCounted) continue;
    result.users.rank.push_back(all.rank[user]);
    result.users.is_same.push_back(all.is_same[user]);
    if (!all.level.empty()) result.users.level.push_back(all.level[user]);
    result.ndcg += ndcg_of(all.rank[user]);
    hits += all.rank[user] != 0 ? 1 : 0;
  }
  const std::vector<double>& values = values_[variant];
  const size_t counted = result.users.rank.size();
  result.ndcg = ratio(result.ndcg, counted);
  result.hit_rate = ratio(static_cast<double>(hits), counted);
  result.mean_value = ratio(std::accumulate(values.begin(), values.end(), 0.0), sum.list_items);
  result.coverage =
      ratio(static_cast<double>(std::count(sum.recommended.begin(), sum.recommended.end(), true)),
            trained);
  result.overlap = ratio(static_cast<double>(sum.kept), sum.base_items);
  for (const size_t level : sum.levels) {
    result.shares.push_back(ratio(static_cast<double>(level), sum.list_items * kWholeLevel));
  }
  return result;
}

}  // namespace pintle::converter
