// SPDX-License-Identifier: Apache-2.0
#include "runtime/lists/list_scan.h"

#include <math.h>

#include "runtime/lists/exploration.h"
#include "runtime/lists/panel_masks.h"
#include "runtime/lists/rule_range.h"
#include "runtime/scan/exact_scan.h"
#include "runtime/scan/panel_scorer.h"
#include "runtime/scan/partition_sum.h"
#include "runtime/scan/selector.h"

namespace pintle::internal {
namespace {

// Scores of whole panels: what lists are made of, f32 products where the file has an exact index.
class ListScorer {
 public:
  ListScorer(Session* session, const float* hidden, Span<float> scores)
      : model_(*session->model),
        is_exact_(hidden != nullptr && model_.exact.present()),
        panels_(session, hidden, scores),
        exact_(session, hidden),
        scores_(scores) {}

  float* score(size_t panel, size_t panel_count) {
    if (!is_exact_) return panels_.score(panel, panel_count);
    float* scores = scores_.front(panel_count * kPanelRows);
    for (size_t p = 0; p < panel_count; ++p) {
      uint32_t items[kPanelRows];
      size_t count = 0;
      const size_t first = (panel + p) * kPanelRows;
      while (count < kPanelRows && first + count < model_.item_count) {
        items[count] = static_cast<uint32_t>(first + count);
        ++count;
      }
      exact_.score(items, count, scores + p * kPanelRows);
    }
    return scores;
  }

 private:
  const Model& model_;
  const bool is_exact_;
  PanelScorer panels_;
  ExactScorer exact_;
  Span<float> scores_;
};

class Scanner {
 public:
  Scanner(Session* session, const Eligibility& eligibility, const Tilt& tilt, const ListPlan& plan,
          uint32_t k, bool is_thorough, ListScan* scan)
      : session_(session),
        model_(*session->model),
        list_(session->list),
        eligibility_(eligibility),
        plan_(plan),
        k_(k),
        is_thorough_(is_thorough),
        scan_(scan),
        exploration_(plan.exploration * static_cast<double>(model_.temperature), plan.seed),
        tilt_(tilt),
        plain_(list_.plain.front(k), k),
        own_(list_.own.front(k), k),
        class_of_(list_.classes.front(model_.item_count)),
        touched_(list_.touched.front((model_.item_count + 63) / 64)) {
    lay_out_classes();
    find_limit();
  }

  void run(const float* hidden, bool is_steered) {
    const size_t panels = model_.scored_items.panel_count();
    const size_t padded = panels * kPanelRows;
    const size_t room = padded < kListScores ? padded : kListScores;
    ListScorer scorer(session_, hidden, list_.scores.part(0, room));
    PartitionSum partition(model_);
    bool knows_z = !is_steered && session_->cache.has_log_z();
    if (knows_z) scan_->log_z = session_->scan.log_z;
    const bool sums = !knows_z;
    for (size_t panel = 0; panel < panels; panel += room / kPanelRows) {
      const size_t left = panels - panel, chunk = room / kPanelRows;
      const size_t count = left < chunk ? left : chunk;
      float* scores = scorer.score(panel, count);
      if (sums) {
        partition.add(panel, count, scores);
        if (panel + count == panels) {
          scan_->log_z = partition.log_z();
          knows_z = true;
        }
      }
      offer_plain(panel, count, scores);
      offer_classes(panel, count, scores, knows_z);
    }
    if (sums && !is_steered) {
      session_->scan.log_z = scan_->log_z;
      session_->cache.log_z_computed();
    }
    finish();
  }

 private:
  // Panels whose scores are compared with one threshold.
  static constexpr size_t kBlock = 64;

  // The most that an item's score in lists is above the network's.
  float most_added() const { return tilt_.most() + exploration_.most(); }
  bool is_diverse() const { return plan_.diversity != 0; }
  bool prunes() const {
    return plan_.rule_count == 0 && !is_diverse() && !exploration_.is_active();
  }

  void lay_out_classes() {
    wanted_ = k_ * (1 + plan_.family_count);
    for (uint32_t i = 0; i < plan_.item_count; ++i) {
      const float reward = plan_.items[i].reward;
      if (reward >= 0) continue;
      ++wanted_;
      less_ -= static_cast<double>(reward);
    }
    // Of a list that is diverse, more than would fit into it.
    constexpr uint32_t kDiverseClass = 3, kDiverseList = 4;
    if (is_diverse()) wanted_ *= kDiverseClass;
    // Where items of a class differ, short lists choose from more than their length.
    constexpr uint32_t kLeast = 24;
    const bool differ = is_diverse() || plan_.family_count > 0;
    if (differ && wanted_ < kLeast) wanted_ = kLeast;
    uint32_t live = 0;
    for (uint32_t c = 0; c < list_.class_count; ++c) live += list_.sizes[c] > 0 ? 1 : 0;
    uint32_t named = plan_.item_count;  // by wishes and pins: candidates wherever they rank
    for (uint32_t i = 0; i < plan_.rule_count; ++i) {
      named += plan_.rules[i].kind == PINTLE_RULE_PIN ? 1 : 0;
    }
    static_assert(PINTLE_DIVERSE_K + PINTLE_LIST_WISHES + PINTLE_LIST_RULES < kMaxDiverse, "");
    uint32_t room = kMaxKept;
    if (is_diverse() && !is_thorough_) {
      room = kMaxDiverse - k_ - named;
      // Of a catalogue that does not fit.
      if (model_.item_count > room && kDiverseList * k_ < room) room = kDiverseList * k_;
    }
    const uint32_t share = room / live;
    uint32_t used = 0;
    for (uint32_t c = 0; c < list_.class_count; ++c) {
      uint32_t capacity = is_thorough_ ? wanted_ : most_entries(c);
      if (capacity < wanted_) limited_ = true;
      if (capacity > share) capacity = share;
      if (list_.sizes[c] < capacity) capacity = list_.sizes[c];
      if (capacity == 0 && list_.sizes[c] > 0 && used < room) capacity = 1;
      scan_->classes[c] = ClassList(list_.kept.at(used, capacity), capacity);
      capacities_[c] = capacity;
      used += capacity;
      uint32_t spared = share > capacity ? share - capacity : 0;
      if (spared > k_) spared = k_;
      if (plan_.family_count == 0 || list_.sizes[c] == capacity) spared = 0;
      scan_->spares[c] = ClassList(list_.kept.at(used, spared), spared);
      used += spared;
      floors_[c] = -INFINITY;
    }
  }
  // As many items of a class as lists can hold that keep the rules of its groups; with capped families or
  // diversity, which bar some, more.
  uint32_t most_entries(uint32_t c) const {
    uint32_t most = k_;
    for (uint32_t i = 0; i < plan_.rule_count; ++i) {
      const pintle_rule& rule = plan_.rules[i];
      const bool is_range = rule.kind <= PINTLE_RULE_CAP || rule.kind == PINTLE_RULE_MIX;
      if (!is_range || list_.levels[c][plan_.rule_targets[i]] < kWhole) continue;
      const RuleRange range = range_of(rule, k_, list_.is_soft[plan_.rule_targets[i]]);
      uint32_t entries = static_cast<uint32_t>(range.highest) / kWhole;
      if (rule.kind == PINTLE_RULE_MIX) entries += mix_tolerance(k_);
      if (entries < most) most = entries;
    }
    return most < k_ ? most + wanted_ - k_ : wanted_;
  }

  // Of items with the same attributes of a capped family only as many can be in a list.
  void find_limit() {
    for (uint32_t f = 0; f < plan_.family_count; ++f) limits_[f] = UINT32_MAX;
    for (uint32_t i = 0; i < plan_.rule_count; ++i) {
      if (plan_.rules[i].kind != PINTLE_RULE_CAP_EACH) continue;
      uint32_t& limit = limits_[plan_.rule_targets[i]];
      if (plan_.rules[i].count < limit) limit = plan_.rules[i].count;
    }
  }

  // As scan_chunks does: the first blocks are small, so that the threshold of the others is close to the
  // last one.
  void offer_plain(size_t panel, size_t count, float* scores) {
    Selector selector(eligibility_, tilt_, &plain_, &own_);
    PanelMasks<kBlock> masks;
    for (size_t done = 0, block = 1; done < count; done += block, block *= 2) {
      if (block > kBlock) block = kBlock;
      if (block > count - done) block = count - done;
      float* from = scores + done * kPanelRows;
      masks.find(model_, from, block, selector.threshold());
      for (size_t p = 0; (p = masks.next(p, block)) < block; ++p) {
        selector.offer_panel(panel + done + p, masks.of[p], from + p * kPanelRows);
      }
    }
  }

  void offer_classes(size_t panel, size_t count, float* scores, bool knows_z) {
    if (prunes()) raise_floors(knows_z);
    for (uint32_t c = 0; c < list_.class_count; ++c) update_threshold(c);
    offer_small(panel, count, scores);
    for (size_t done = 0, block = 1; done < count; done += block, block *= 2) {
      if (block > kBlock) block = kBlock;
      if (block > count - done) block = count - done;
      // Class 0 is most of the catalogue, the others together a smaller part: each with its own threshold.
      if (thresholds_[0] < INFINITY) offer_block(panel + done, block, scores, false);
      if (list_.class_count > 1) offer_block(panel + done, block, scores, true);
      scores += block * kPanelRows;
    }
  }

  void offer_small(size_t panel, size_t count, const float* scores) {
    const size_t first = panel * kPanelRows;
    const uint32_t* small = list_.small.front(list_.small_count);
    for (; next_small_ < list_.small_count && small[next_small_] - first < count * kPanelRows;
         ++next_small_) {
      const uint32_t item = small[next_small_];
      const float score = scores[item - first];
      if (score + most_added() <= thresholds_[class_of_[item]]) continue;
      if (eligibility_.of_item(item)) offer(item, score);
    }
  }

  // The items of class 0, or of the other classes that are not small.
  void offer_block(size_t panel, size_t count, float* scores, bool is_touched) {
    float lowest = is_touched ? INFINITY : thresholds_[0];
    for (uint32_t c = 1; is_touched && c < list_.class_count; ++c) {
      if (!list_.is_small[c] && thresholds_[c] < lowest) lowest = thresholds_[c];
    }
    if (lowest == INFINITY) return;
    PanelMasks<kBlock> masks;
    masks.find(model_, scores, count, lowest - most_added());
    for (size_t p = 0; (p = masks.next(p, count)) < count; ++p) {
      const uint32_t touched =
          static_cast<uint32_t>(touched_[(panel + p) / 4] >> (panel + p) % 4 * kPanelRows);
      uint32_t mask = masks.of[p] & (is_touched ? touched : ~touched);
      if (mask != 0) mask &= eligibility_.of_panel(panel + p);
      for (; mask != 0; mask &= mask - 1) {
        const uint32_t row = static_cast<uint32_t>(__builtin_ctz(mask));
        const uint32_t item = static_cast<uint32_t>((panel + p) * kPanelRows) + row;
        const float score = scores[p * kPanelRows + row];
        const uint32_t c = class_of_[item];
        // Most rows above the lowest threshold are not above their own class's.
        if ((is_touched || c == 0) && !(score + most_added() <= thresholds_[c])) {
          offer(item, score);
        }
      }
    }
  }

  void offer(uint32_t item, float own_score) {
    const uint32_t c = class_of_[item];
    if (isnan(own_score)) own_score = -INFINITY;
    float score = own_score;
    if (most_added() > 0 && !(own_score + most_added() > thresholds_[c])) return;
    if (tilt_.is_active()) score += tilt_.of(item);
    if (exploration_.is_active()) score += exploration_.noise(item);
    // At -inf there is room, for what has no score at all, too.
    if (!(score > thresholds_[c]) && thresholds_[c] > -INFINITY) return;
    ClassList& list = scan_->classes[c];
    const bool is_whole = capacities_[c] >= list_.sizes[c];
    const ScoredItem added = {item, score, own_score};
    if (is_thorough_ && plan_.family_count > 0 && !is_whole && !has_place(c, added)) return;
    list.insert(added);
    update_threshold(c);
  }

  void update_threshold(uint32_t c) {
    const float full = scan_->classes[c].threshold();
    thresholds_[c] = full > floors_[c] ? full : floors_[c];
  }

  // Whether fewer than a cap lets in rank before the item among those of its class with its attributes;
  // the last of them leaves for it. One that has no place or leaves is spared: see ListScan.
  bool has_place(uint32_t c, const ScoredItem& added) {
    ClassList& list = scan_->classes[c];
    FamilyValues own[kMaxFamilies];
    const uint32_t* own_values[kMaxFamilies];
    uint32_t limit = UINT32_MAX;
    for (uint32_t f = 0; f < plan_.family_count; ++f) {
      own[f] = family_values(model_.catalogue, plan_.families[f], added.item, &own_values[f]);
      if (own[f].count > 0 && limits_[f] < limit) limit = limits_[f];
    }
    if (limit == UINT32_MAX) return true;
    uint32_t same = 0, last = 0;
    for (uint32_t i = 0; i < list.count(); ++i) {
      if (!has_values(list.at(i).item, own, own_values)) continue;
      ++same;
      last = i;
    }
    if (same < limit) return true;
    limited_ = true;
    const bool is_in = limit > 0 && ClassList::is_better(added, list.at(last));
    scan_->spares[c].insert(is_in ? list.at(last) : added);
    if (is_in) list.erase(last);
    return is_in;
  }
  bool has_values(uint32_t item, const FamilyValues* wanted, const uint32_t* const* values) const {
    for (uint32_t f = 0; f < plan_.family_count; ++f) {
      const uint32_t* own = nullptr;
      const uint32_t count = family_values(model_.catalogue, plan_.families[f], item, &own).count;
      if (compare_value_lists(own, count, values[f], wanted[f].count) != 0) return false;
    }
    return true;
  }

  // q - B / d of every class, as scores; less what rounding may do on the way, as a floor that is too low
  // costs a comparison and one that is too high an item. Where B is 0 nothing but the list without wishes
  // is needed.
  void raise_floors(bool knows_z) {
    const float last = plain_.threshold();
    const bool is_bound = knows_z && last > -INFINITY && scan_->log_z > -INFINITY;
    constexpr double kRounding = 1e-5;
    const double temperature = static_cast<double>(model_.temperature);
    const double log_z = static_cast<double>(scan_->log_z);
    const double q = exp(static_cast<double>(last) / temperature - log_z) * (1 - kRounding);
    const double discount = *list_.discounts.at(k_ - 1, 1);
    for (uint32_t c = 0; c < list_.class_count; ++c) {
      const double reward = most_reward(c);
      if (reward == 0) floors_[c] = INFINITY;
      if (reward == 0 || !is_bound) continue;
      const double floor = q - reward * (1 + kRounding) / discount;
      if (!(floor > 0)) continue;
      const double score = temperature * (log(floor) + log_z);
      floors_[c] = static_cast<float>(score - kRounding * (temperature + fabs(score)));
    }
  }
  // B: the most that an item of the class can be worth more by wishes than another.
  double most_reward(uint32_t c) const {
    double most = 0;
    for (uint32_t g = 0; g < plan_.group_count; ++g) {
      const double part = list_.levels[c][g] / static_cast<double>(kWhole);
      const double reward = plan_.groups[g].reward;
      most += reward > 0 ? reward * part : -reward * (1 - part);
    }
    return most + less_;
  }

  void finish() {
    scan_->plain_count = static_cast<uint32_t>(plain_.finish());
    if (tilt_.is_active()) own_.finish();
    bool is_enough = list_.has_all_classes, is_everything = list_.has_all_classes && !limited_;
    for (uint32_t c = 0; c < list_.class_count; ++c) {
      const bool has_all = capacities_[c] >= list_.sizes[c];
      is_enough =
          is_enough && (has_all || capacities_[c] >= (is_thorough_ ? wanted_ : most_entries(c)));
      is_everything = is_everything && has_all && floors_[c] == -INFINITY;
    }
    // Cosines tell all items apart, and several attributes of a family bar more than one.
    if (is_diverse() || plan_.family_count > 0) is_enough = is_everything;
    scan_->is_enough = is_enough;
    scan_->is_everything = is_everything;
  }

  Session* const session_;
  const Model& model_;
  ListBuffers& list_;
  const Eligibility& eligibility_;
  const ListPlan& plan_;
  const uint32_t k_;
  const bool is_thorough_;
  ListScan* const scan_;
  const Exploration exploration_;
  const Tilt& tilt_;
  TopK plain_, own_;  // with and without the tilt
  const uint8_t* const class_of_;
  const uint64_t* const touched_;
  uint32_t next_small_ = 0;
  uint32_t wanted_ = 0;  // of each class
  double less_ = 0;      // the most that wishes against items take from one
  uint32_t limits_[kMaxFamilies];
  bool limited_ = false;
  uint32_t capacities_[kListClasses];
  float floors_[kListClasses],
      thresholds_[kListClasses];  // the latter: nothing at or below it is needed
};

}  // namespace

void scan_for_list(Session* session, const float* hidden, bool is_steered,
                   const Eligibility& eligibility, const Tilt& tilt, const ListPlan& plan,
                   uint32_t k, bool is_thorough, ListScan* scan) {
  Scanner(session, eligibility, tilt, plan, k, is_thorough, scan).run(hidden, is_steered);
}

FamilyValues family_values(const Catalogue& catalogue, uint32_t group, uint32_t item,
                           const uint32_t** own) {
  const uint32_t* values = nullptr;
  size_t count = 0;
  uint32_t before = 0;
  if (catalogue.get_attributes(item, &values, &count, &before) != PINTLE_OK) count = 0;
  const uint32_t begin = catalogue.group_starts[group], end = catalogue.group_starts[group + 1];
  size_t first = 0;
  while (first < count && values[first] < begin) ++first;
  size_t last = first;
  while (last < count && values[last] < end) ++last;
  if (own != nullptr) *own = values + first;
  if (first == last) return {0, 0};
  return {before + static_cast<uint32_t>(first), static_cast<uint32_t>(last - first)};
}

}  // namespace pintle::internal
