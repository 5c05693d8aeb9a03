// SPDX-License-Identifier: Apache-2.0
#include "support/reference_lists.h"

#include <algorithm>
#include <cmath>

#include "runtime/lists/exploration.h"

namespace pintle::test {
namespace {

constexpr int32_t kFifteen = 15;
constexpr size_t kNoGroup = SIZE_MAX;

int64_t rule_weight_of(size_t rule) {
  return 1024 + static_cast<int64_t>(PINTLE_LIST_RULES) - static_cast<int64_t>(rule);
}

double gain_of(double items) { return items <= 1 ? items : std::sqrt(items); }

// Piecewise linear; negative for strengths below 0.
double reward_of(const converter::Knob& knob, float strength) {
  const auto& points = knob.rewards;
  for (size_t i = 1; i < points.size(); ++i) {
    if (strength > points[i].first) continue;
    const double part =
        (double{strength} - points[i - 1].first) / (double{points[i].first} - points[i - 1].first);
    const double size =
        points[i - 1].second + part * (double{points[i].second} - points[i - 1].second);
    return strength < 0 ? -size : size;
  }
  return 0;
}

}  // namespace

ReferenceLists::ReferenceLists(const TinyModel& tiny, const OpenModel& model,
                               const std::vector<float>& scores,
                               const std::vector<uint32_t>& history, const pintle_request& request)
    : tiny_(tiny), model_(model), items_(scores.size()) {
  const auto is_trained = [&](size_t item) {
    return tiny.catalogue.trained.empty() || tiny.catalogue.trained[item];
  };
  const double temperature = model.info().temperature;
  double sum = 0;
  for (size_t i = 0; i < scores.size(); ++i) {
    if (is_trained(i)) sum += std::exp(scores[i] / temperature);
  }
  log_z_ = std::log(sum);
  if (request.steering != nullptr) add_knobs(*request.steering);
  if (request.wishes != nullptr) add_wishes(*request.wishes);
  if (request.wishes != nullptr) add_rules(*request.wishes);
  const internal::Exploration noise(explore_ * temperature, seed_);
  for (uint32_t i = 0; i < items_.size(); ++i) {
    Item& item = items_[i];
    item.score = scores[i];
    item.own_probability = std::exp(scores[i] / temperature - log_z_);
    for (const Group& group : groups_) item.levels.push_back(level(i, group.attribute));
    for (const ItemWish& wish : item_wishes_) item.value += wish.item == i ? wish.reward : 0;
    add_values(i);
  }
  find_eligible(history, request);
  const auto order = [&](uint32_t a, uint32_t b) {
    return items_[a].score > items_[b].score || (items_[a].score == items_[b].score && a < b);
  };
  std::sort(eligible_.begin(), eligible_.end(), order);
  length_ = std::min(request.k, eligible_.size());
  for (size_t r = 0; r < length_; ++r) {
    discounts_.push_back(1 / std::log2(static_cast<double>(r) + 2));
  }
  plain_.assign(eligible_.begin(), eligible_.begin() + length_);
  for (uint32_t i = 0; i < items_.size(); ++i) {
    if (explore_ > 0) items_[i].score += noise.noise(i);
    items_[i].probability = std::exp(items_[i].score / temperature - log_z_);
  }
  std::sort(eligible_.begin(), eligible_.end(), order);

  for (size_t g = 0; g < groups_.size(); ++g) groups_[g].plain = sum_of(plain_, g);
  find_ranges();
  if (diverse_ > 0) find_distances();
}

void ReferenceLists::find_ranges() {
  for (uint32_t i = 0; i < rules_.size(); ++i) {
    const int32_t all = static_cast<int32_t>(length_) * kFifteen;
    Range range = {rule_groups_[i], 0, all};
    const double wanted = double{rules_[i].share} * static_cast<double>(length_);
    // Shares are f32, so that .3 of ten is three.
    constexpr double kRounding = 1e-5;
    const bool soft = rule_groups_[i] != kNoGroup && is_soft(rules_[i].target);
    const int32_t unit = soft ? 1 : kFifteen, slack = soft ? 7 : 0;
    const double units = soft ? kFifteen * wanted : wanted;
    const int32_t up = unit * static_cast<int32_t>(std::ceil(units - kRounding));
    const int32_t down = unit * static_cast<int32_t>(std::floor(units + kRounding));
    const int32_t near = unit * static_cast<int32_t>(std::floor(units + 0.5 + kRounding));
    switch (rules_[i].kind) {
      case PINTLE_RULE_AT_LEAST:
        range.lowest = up;
        break;
      case PINTLE_RULE_AT_MOST:
        range.highest = down;
        break;
      case PINTLE_RULE_EXACTLY:
        range.lowest = near - slack;
        range.highest = near + slack;
        break;
      case PINTLE_RULE_CAP:
        range.highest = kFifteen * static_cast<int32_t>(rules_[i].count);
        break;
      case PINTLE_RULE_PIN:
        if (rules_[i].count <= length_ &&
            std::count(eligible_.begin(), eligible_.end(), rules_[i].target) > 0) {
          pins_.push_back({rules_[i].target, rules_[i].count - 1, i});
        }
        break;
      default:
        break;
    }
    ranges_.push_back(range);
  }
  std::sort(pins_.begin(), pins_.end(), [](const Pin& a, const Pin& b) { return a.rank < b.rank; });
}

void ReferenceLists::find_distances() {
  const size_t dim = model_.info().dim;
  std::vector<std::vector<double>> rows(items_.size());
  for (const uint32_t item : eligible_) {
    std::vector<float> row(dim);
    if (pintle_model_get_item_vector(model_.get(), item, row.data(), dim) != PINTLE_OK) continue;
    double square = 0;
    for (const float value : row) square += double{value} * value;
    for (const float value : row) rows[item].push_back(square > 0 ? value / std::sqrt(square) : 0);
  }
  distances_.assign(items_.size(), std::vector<double>(items_.size()));
  for (const uint32_t a : eligible_) {
    for (const uint32_t b : eligible_) {
      double cosine = 0;
      for (size_t d = 0; d < dim; ++d) cosine += rows[a][d] * rows[b][d];
      distances_[a][b] = 1 - cosine;
    }
  }
  const double pairs = static_cast<double>(length_ * (length_ - 1)) / 2;
  double dcg = 0;
  for (size_t r = 0; r < length_; ++r) {
    dcg += items_[plain_[r]].probability * discounts_[r];
  }
  if (diversity(plain_) > 1e-5) {  // not all the same
    diverse_weight_ = diverse_ * dcg / (pairs * diversity(plain_));
  }
}

void ReferenceLists::add_knobs(const pintle_steering& steering) {
  for (uint32_t i = 0; i < steering.edit_count; ++i) {
    const pintle_edit& edit = steering.edits[i];
    if (edit.kind != PINTLE_EDIT_KNOB) continue;
    const converter::Knob& knob = tiny_.interpretation.knobs[edit.target];
    if (knob.attribute_group.empty()) continue;
    const auto& attributes = tiny_.catalogue.attributes;
    const auto found = std::find(attributes.begin(), attributes.end(),
                                 std::make_pair(knob.attribute_group, knob.attribute_name));
    add_reward(static_cast<uint32_t>(found - attributes.begin()), reward_of(knob, edit.value),
               PINTLE_SOURCE_KNOBS + i);
  }
}

void ReferenceLists::add_wishes(const pintle_wishes& wishes) {
  now_ = wishes.now / 60;
  half_life_ = wishes.half_life_seconds / 60;
  seed_ = wishes.seed;
  for (uint32_t i = 0; i < wishes.wish_count; ++i) {
    const pintle_wish& wish = wishes.wishes[i];
    const uint32_t source = PINTLE_SOURCE_WISHES + i;
    const double reward = double{wish.value} * model_.info().wish_unit;
    switch (wish.kind) {
      case PINTLE_WISH_ATTRIBUTE:
        add_reward(wish.target, reward, source);
        break;
      case PINTLE_WISH_ITEM:
        item_wishes_.push_back({wish.target, source, reward});
        break;
      case PINTLE_WISH_FRESH:
        add_reward(kFresh, reward, source);
        break;
      case PINTLE_WISH_DIVERSE:
        diverse_ = wish.value;
        diverse_source_ = source;
        break;
      default:
        explore_ = wish.value;
        explore_source_ = source;
    }
  }
}

void ReferenceLists::add_rules(const pintle_wishes& wishes) {
  rules_.assign(wishes.rules, wishes.rules + wishes.rule_count);
  for (const pintle_rule& rule : rules_) {
    const bool names_attribute = rule.kind <= PINTLE_RULE_CAP || rule.kind == PINTLE_RULE_RUN;
    rule_groups_.push_back(names_attribute ? group_of(rule.target) : kNoGroup);
  }
}

void ReferenceLists::find_eligible(const std::vector<uint32_t>& history,
                                   const pintle_request& request) {
  const auto has = [](const uint32_t* items, size_t count, uint32_t item) {
    return std::find(items, items + count, item) != items + count;
  };
  for (uint32_t i = 0; i < items_.size(); ++i) {
    if (!tiny_.catalogue.trained.empty() && !tiny_.catalogue.trained[i]) continue;
    if (has(request.deny, request.deny_count, i)) continue;
    if ((request.flags & PINTLE_ONLY_ALLOWED) != 0 && !has(request.allow, request.allow_count, i)) {
      continue;
    }
    const bool is_seen = has(history.data(), history.size(), i);
    if (is_seen && (request.flags & PINTLE_INCLUDE_SEEN) == 0) continue;
    eligible_.push_back(i);
  }
}

size_t ReferenceLists::group_of(uint32_t attribute) {
  for (size_t g = 0; g < groups_.size(); ++g) {
    if (groups_[g].attribute == attribute) return g;
  }
  groups_.push_back({attribute, 0, 0, 0});
  return groups_.size() - 1;
}

void ReferenceLists::add_reward(uint32_t attribute, double reward, uint32_t source) {
  if (reward == 0) return;
  Group& group = groups_[group_of(attribute)];
  if (group.reward == 0) group.source = source;
  group.reward += reward;
}

int32_t ReferenceLists::level(uint32_t item, uint32_t attribute) const {
  const converter::Catalogue& catalogue = tiny_.catalogue;
  if (attribute == kFresh) {
    const int32_t date = catalogue.dates[item];
    if (date == converter::kUnknownDate || date > now_) return 0;
    const double age = static_cast<double>(now_ - date);
    return static_cast<int32_t>(std::floor(kFifteen * std::exp2(-age / half_life_) + 0.5));
  }
  if (catalogue.item_attributes.empty()) return 0;
  const std::vector<uint32_t>& own = catalogue.item_attributes[item];
  const auto found = std::find(own.begin(), own.end(), attribute);
  if (found == own.end()) return 0;
  if (catalogue.item_memberships.empty()) return kFifteen;
  return catalogue.item_memberships[item][static_cast<size_t>(found - own.begin())];
}

bool ReferenceLists::is_soft(uint32_t attribute) const {
  return tiny_.catalogue.is_soft(attribute);
}

int32_t ReferenceLists::sum_of(const ItemList& list, size_t group) const {
  int32_t sum = 0;
  for (const uint32_t item : list) sum += items_[item].levels[group];
  return sum;
}

void ReferenceLists::add_values(uint32_t item) {
  std::vector<std::vector<uint32_t>>& values = items_[item].values;
  values.resize(model_.info().group_count);
  if (tiny_.catalogue.item_attributes.empty()) return;
  for (const uint32_t attribute : tiny_.catalogue.item_attributes[item]) {
    pintle_attribute_info info = PINTLE_ATTRIBUTE_INFO_INIT;
    (void)pintle_model_get_attribute(model_.get(), attribute, &info);
    values[info.group].push_back(attribute);
  }
}

double ReferenceLists::group_part(const ItemList& list, const Group& group) const {
  if (group.reward == 0) return 0;
  const size_t index = static_cast<size_t>(&group - groups_.data());
  const double gained = (sum_of(list, index) - group.plain) / static_cast<double>(kFifteen);
  return group.reward > 0 ? group.reward * gain_of(gained) : -group.reward * gain_of(-gained);
}

ListParts ReferenceLists::parts(const ItemList& list) const {
  ListParts parts;
  for (size_t r = 0; r < list.size(); ++r) {
    parts.own_dcg += items_[list[r]].own_probability * discounts_[r];
    parts.noisy_dcg += items_[list[r]].probability * discounts_[r];
    for (const ItemWish& wish : item_wishes_) {
      if (wish.item == list[r]) parts.by_source[wish.source] += wish.reward;
    }
  }
  for (const Group& group : groups_) {
    if (group.reward != 0) parts.by_source[group.source] += group_part(list, group);
  }
  if (explore_ > 0) parts.by_source[explore_source_] = parts.noisy_dcg - parts.own_dcg;
  if (diverse_weight_ > 0) parts.by_source[diverse_source_] = diversity_part(list);
  return parts;
}

double ReferenceLists::worth(const ItemList& list) const {
  double sum = 0;
  for (size_t r = 0; r < list.size(); ++r) {
    sum += items_[list[r]].probability * discounts_[r] + items_[list[r]].value;
  }
  for (const Group& group : groups_) sum += group_part(list, group);
  return sum + diversity_part(list);
}

double ReferenceLists::diversity_part(const ItemList& list) const {
  if (diverse_weight_ == 0) return 0;
  return diverse_weight_ * static_cast<double>(list.size() * (list.size() - 1)) / 2 *
         diversity(list);
}

double ReferenceLists::diversity(const ItemList& list) const {
  double sum = 0;
  for (size_t r = 0; r < list.size(); ++r) {
    for (size_t s = 0; s < r; ++s) sum += distances_[list[r]][list[s]];
  }
  return list.size() < 2 ? 0 : sum / (static_cast<double>(list.size() * (list.size() - 1)) / 2);
}

bool ReferenceLists::has_value(uint32_t item, const pintle_rule& rule, uint32_t value) const {
  if (rule.kind == PINTLE_RULE_RUN) return level(item, value) > 0;
  const std::vector<uint32_t>& own = items_[item].values[rule.target];
  return std::find(own.begin(), own.end(), value) != own.end();
}

// One for every entry of an attribute above its count.
int64_t ReferenceLists::each_misses(const ItemList& list, const pintle_rule& rule) const {
  int64_t misses = 0;
  for (size_t r = 0; r < list.size(); ++r) {
    for (const uint32_t value : items_[list[r]].values[rule.target]) {
      uint32_t before = 0;
      for (size_t s = 0; s < r; ++s) before += has_value(list[s], rule, value) ? 1 : 0;
      if (before >= rule.count) ++misses;
    }
  }
  return misses;
}

// One for every entry that comes after `count` in a row of an attribute of it.
int64_t ReferenceLists::run_misses(const ItemList& list, size_t index) const {
  const pintle_rule& rule = rules_[index];
  const std::vector<uint32_t> target = {rule.target};
  int64_t misses = 0;
  for (size_t r = 0; r < list.size(); ++r) {
    const bool is_each = rule.kind == PINTLE_RULE_RUN_EACH;
    for (const uint32_t value : is_each ? items_[list[r]].values[rule.target] : target) {
      size_t row = 0;
      while (row <= r && has_value(list[r - row], rule, value)) ++row;
      if (row > rule.count) ++misses;
    }
  }
  return misses;
}

int64_t ReferenceLists::misses_of(const ItemList& list, size_t rule) const {
  switch (rules_[rule].kind) {
    case PINTLE_RULE_CAP_EACH:
      return kFifteen * each_misses(list, rules_[rule]);
    case PINTLE_RULE_RUN:
    case PINTLE_RULE_RUN_EACH:
      return kFifteen * run_misses(list, rule);
    case PINTLE_RULE_PIN:
      for (const Pin& pin : pins_) {
        if (pin.rule == rule && list[pin.rank] != pin.item) return kFifteen;
      }
      return 0;
    default: {
      const int32_t sum = sum_of(list, ranges_[rule].group);
      return std::max(0, ranges_[rule].lowest - sum) + std::max(0, sum - ranges_[rule].highest);
    }
  }
}

std::vector<int64_t> ReferenceLists::misses_by_rule(const ItemList& list) const {
  std::vector<int64_t> misses;
  for (size_t i = 0; i < rules_.size(); ++i) misses.push_back(misses_of(list, i));
  return misses;
}

ListMerit ReferenceLists::merit(const ItemList& list) const {
  ListMerit merit;
  for (size_t i = 0; i < rules_.size(); ++i) {
    merit.misses += misses_of(list, i) * rule_weight_of(i);
  }
  merit.worth = worth(list);
  return merit;
}

double ReferenceLists::tolerance() const {
  double sum = 0;
  for (size_t r = 0; r < length_; ++r) sum += items_[eligible_[r]].probability;
  for (const Group& group : groups_) {
    sum += std::abs(group.reward) * static_cast<double>(length_);
  }
  for (const ItemWish& wish : item_wishes_) sum += std::abs(wish.reward);
  if (diverse_weight_ > 0) {
    // The plain list's diversity is what others are measured by: its own rounding counts as often as it is
    // smaller.
    const double pairs = static_cast<double>(length_ * length_);
    sum += diverse_weight_ * pairs * (1 + 1 / diversity(plain_));
  }
  return 1e-6 * sum;
}

bool ReferenceLists::has_runs() const { return std::any_of(rules_.begin(), rules_.end(), is_run); }

bool ReferenceLists::is_pinned(uint32_t item) const {
  return std::any_of(pins_.begin(), pins_.end(),
                     [item](const Pin& pin) { return pin.item == item; });
}

ItemList ReferenceLists::with_pins(ItemList others, uint32_t unpinned) const {
  for (const Pin& pin : pins_) {
    if (pin.item != unpinned) others.insert(others.begin() + pin.rank, pin.item);
  }
  return others;
}

ItemList ReferenceLists::in_best_order(ItemList set, uint32_t unpinned) const {
  for (const Pin& pin : pins_) {
    if (pin.item != unpinned) set.erase(std::find(set.begin(), set.end(), pin.item));
  }
  const auto order = [&](uint32_t a, uint32_t b) {
    return items_[a].score > items_[b].score || (items_[a].score == items_[b].score && a < b);
  };
  std::sort(set.begin(), set.end(), order);
  ItemList best = with_pins(set, unpinned);
  if (!has_runs()) return best;
  ListMerit most = merit(best);
  while (std::next_permutation(set.begin(), set.end(), order)) {
    const ItemList list = with_pins(set, unpinned);
    const ListMerit own = merit(list);
    if (!own.is_better(most)) continue;
    most = own;
    best = list;
  }
  return best;
}

ListMerit ReferenceLists::best() const {
  ItemList others;
  for (const uint32_t item : eligible_) {
    if (!is_pinned(item)) others.push_back(item);
  }
  std::vector<bool> is_in(others.size(), false);
  std::fill_n(is_in.begin(), length_ - pins_.size(), true);
  ListMerit best = {INT64_MAX, 0};
  ItemList set;
  do {
    set.clear();
    for (size_t i = 0; i < others.size(); ++i) {
      if (is_in[i]) set.push_back(others[i]);
    }
    const ItemList list = with_pins(set, PINTLE_NO_ITEM);
    ListMerit own = merit(list);
    if (has_runs()) {
      // No order is worth more than this one, and none misses less of what is no run.
      ListMerit bound = own;
      for (size_t i = 0; i < rules_.size(); ++i) {
        if (is_run(rules_[i])) bound.misses -= misses_of(list, i) * rule_weight_of(i);
      }
      if (bound.is_better(best)) own = merit(in_best_order(list));
    }
    if (own.is_better(best)) best = own;
  } while (std::prev_permutation(is_in.begin(), is_in.end()));
  return best;
}

}  // namespace pintle::test
