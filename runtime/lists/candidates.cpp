// SPDX-License-Identifier: Apache-2.0
#include "runtime/lists/candidates.h"

#include <math.h>
#include <string.h>

#include <initializer_list>

#include "runtime/lists/classes.h"
#include "runtime/lists/exploration.h"
#include "runtime/scan/partition_sum.h"
#include "runtime/scan/scoring.h"

namespace pintle::internal {
namespace {

class Poser {
 public:
  Poser(Session* session, const float* hidden, const Eligibility& eligibility, const Tilt& tilt,
        const ListPlan& plan, const ListScan& scan, PosedList* posed)
      : session_(session),
        model_(*session->model),
        list_(session->list),
        hidden_(hidden),
        eligibility_(eligibility),
        tilt_(tilt),
        plan_(plan),
        scan_(scan),
        posed_(posed),
        problem_(posed->problem),
        exploration_(plan.exploration * static_cast<double>(model_.temperature), plan.seed),
        items_(list_.items.front(kListCandidates)) {}

  void pose() {
    gather();
    describe();
    problem_.length = scan_.plain_count;
    problem_.discounts = list_.discounts.front(problem_.length);
    find_plain();
    add_groups();
    for (uint32_t i = 0; i < plan_.rule_count; ++i) add_rule(i);
    problem_.has_all_candidates = scan_.is_enough;
  }

 private:
  // All candidates, sorted.
  void gather() {
    for (uint32_t c = 0; c < list_.class_count; ++c) {
      for (const ClassList* list : {&scan_.classes[c], &scan_.spares[c]}) {
        for (uint32_t i = 0; i < list->count(); ++i) items_[count_++] = list->at(i);
      }
    }
    // Entries of the list without wishes that no class kept: of one from which nothing else is needed, too
    // large for its share, or capped.
    const uint32_t kept = count_;
    const pintle_recommendation* plain = list_.plain.front(scan_.plain_count);
    for (uint32_t r = 0; r < scan_.plain_count; ++r) {
      uint32_t i = 0;
      while (i < kept && items_[i].item != plain[r].item) ++i;
      if (i == kept && count_ < kListCandidates) append(plain[r].item, plain[r].score);
    }
    for (uint32_t i = 0; i < plan_.item_count; ++i) add_named(plan_.items[i].item);
    for (uint32_t i = 0; i < plan_.rule_count; ++i) {
      if (plan_.rules[i].kind == PINTLE_RULE_PIN) add_named(plan_.rules[i].target);
    }
    sort_items();
  }
  // Shell's sort, by Ciura's gaps: small, and quick for hundreds that are sorted class by class.
  void sort_items() {
    for (const uint32_t gap : {301u, 132u, 57u, 23u, 10u, 4u, 1u}) {
      for (uint32_t i = gap; i < count_; ++i) {
        const ScoredItem item = items_[i];
        uint32_t hole = i;
        for (; hole >= gap && ClassList::is_better(item, items_[hole - gap]); hole -= gap) {
          items_[hole] = items_[hole - gap];
        }
        items_[hole] = item;
      }
    }
  }
  bool has(uint32_t item) const {
    for (uint32_t i = 0; i < count_; ++i) {
      if (items_[i].item == item) return true;
    }
    return false;
  }
  void append(uint32_t item, float own_score) {
    float score = own_score;
    if (tilt_.is_active()) score += tilt_.of(item);
    if (exploration_.is_active()) score += exploration_.noise(item);
    items_[count_++] = {item, score, own_score};
  }
  void add_named(uint32_t item) {
    if (!eligibility_.of_item(item) || has(item) || count_ == kListCandidates) return;
    float score = 0;
    score_items(session_, hidden_, &item, 1, &score);
    append(item, score);
  }
  void describe() {
    Candidate* candidates = list_.candidates.front(count_);
    const uint8_t* class_of = list_.classes.front(model_.item_count);
    for (uint32_t i = 0; i < count_; ++i) {
      Candidate& candidate = candidates[i];
      const uint32_t item = items_[i].item;
      candidate = {};
      candidate.item = item;
      candidate.score = items_[i].score;
      candidate.probability =
          static_cast<double>(probability_of(candidate.score, model_.temperature, scan_.log_z));
      // Rounding never makes the next one more probable.
      if (i > 0 && candidate.probability > candidates[i - 1].probability) {
        candidate.probability = candidates[i - 1].probability;
      }
      for (uint32_t w = 0; w < plan_.item_count; ++w) {
        if (plan_.items[w].item == item) candidate.value += plan_.items[w].reward;
      }
      if (list_.has_all_classes) {
        memcpy(candidate.levels, list_.levels[class_of[item]], plan_.group_count);
      } else {
        for (uint32_t g = 0; g < plan_.group_count; ++g) {
          candidate.levels[g] = level_of(*session_, plan_, g, item);
        }
      }
      for (uint32_t f = 0; f < plan_.family_count; ++f) {
        candidate.families[f] = family_values(model_.catalogue, plan_.families[f], item);
      }
    }
    problem_.candidates = candidates;
    problem_.candidate_count = count_;
    const Catalogue& catalogue = model_.catalogue;
    problem_.values = catalogue.item_attributes;
    problem_.value_count = catalogue.item_attribute_count;
    if (catalogue.added != nullptr) problem_.more_values = catalogue.added->item_attributes;
  }

  // The candidate of an item; REQUIRES: it is one.
  uint32_t find(uint32_t item, uint32_t from) const {
    uint32_t i = from < count_ ? from : 0;
    while (items_[i].item != item) i = i + 1 == count_ ? 0 : i + 1;
    return i;
  }
  void find_plain() {
    const pintle_recommendation* plain = list_.plain.front(problem_.length);
    uint32_t next = 0;  // in the same order, but for exploration
    for (uint32_t r = 0; r < problem_.length; ++r) {
      posed_->plain[r] = find(plain[r].item, next);
      next = posed_->plain[r] + 1;
    }
    problem_.plain = posed_->plain;
  }

  void add_groups() {
    problem_.group_count = plan_.group_count;
    for (uint32_t g = 0; g < plan_.group_count; ++g) {
      GroupWish& group = problem_.groups[g];
      group = {plan_.groups[g].reward, 0};
      for (uint32_t r = 0; r < problem_.length; ++r) {
        group.plain += problem_.candidates[posed_->plain[r]].levels[g];
      }
    }
  }

  void add_rule(uint32_t index) {
    const pintle_rule& rule = plan_.rules[index];
    const uint32_t target = plan_.rule_targets[index];
    uint32_t& outcome = posed_->outcomes[index];
    outcome = PINTLE_RULE_KEPT;
    switch (rule.kind) {
      case PINTLE_RULE_CAP_EACH:
        add_cap(index);
        break;
      case PINTLE_RULE_RUN:
      case PINTLE_RULE_RUN_EACH:
        problem_.runs[problem_.run_count++] = {rule.kind == PINTLE_RULE_RUN_EACH, target,
                                               rule.count, index};
        break;
      case PINTLE_RULE_PIN:
        if (!eligibility_.of_item(rule.target)) {
          outcome = PINTLE_RULE_FILTERED;
        } else if (rule.count > problem_.length) {
          outcome = PINTLE_RULE_TOO_FEW;
        } else {
          add_pin({find(rule.target, 0), rule.count - 1, index});
        }
        break;
      default: {
        const RuleRange range = range_of(rule, problem_.length, list_.is_soft[target]);
        posed_->asked[index] = range;
        if (rule.kind == PINTLE_RULE_MIX) posed_->mix |= uint64_t{1} << problem_.range_count;
        problem_.ranges[problem_.range_count++] = {target, range.lowest, range.highest, index};
      }
    }
  }

  void add_pin(const Pin& pin) {
    uint32_t place = problem_.pin_count++;
    for (; place > 0 && problem_.pins[place - 1].rank > pin.rank; --place) {
      problem_.pins[place] = problem_.pins[place - 1];
    }
    problem_.pins[place] = pin;
  }

  // The attributes of a capped family that the candidates have more of than the cap lets in, as groups: what
  // is true of groups is then true of them. Where they are too many, the cap stays a rule of its own kind.
  void add_cap(uint32_t index) {
    const EachRule cap = {plan_.rule_targets[index], plan_.rules[index].count, index};
    Counted counted[kMaxCounted];
    uint32_t count = 0, over = 0;
    if (!count_values(cap.family, counted, &count)) {
      problem_.eaches[problem_.each_count++] = cap;
      return;
    }
    for (uint32_t i = 0; i < count; ++i) {
      if (counted[i].candidates > cap.count) counted[over++] = counted[i];
    }
    if (over > kMaxGroups - problem_.group_count) {
      problem_.eaches[problem_.each_count++] = cap;
      return;
    }
    Candidate* candidates = list_.candidates.front(count_);
    for (uint32_t i = 0; i < over; ++i) {
      const uint32_t group = problem_.group_count++;
      for (uint32_t c = 0; c < count_; ++c) {
        const FamilyValues& own = candidates[c].families[cap.family];
        for (uint32_t v = 0; v < own.count; ++v) {
          if (problem_.values_of(own)[v] == counted[i].value) {
            candidates[c].levels[group] = kWhole;
          }
        }
      }
      problem_.ranges[problem_.range_count++] = {group, 0, static_cast<int32_t>(cap.count) * kWhole,
                                                 index};
    }
  }
  struct Counted {
    uint32_t value, candidates;
  };
  static constexpr uint32_t kMaxCounted = 128;
  // How many candidates have each value of the family; false: there are more than kMaxCounted.
  bool count_values(uint32_t family, Counted* counted, uint32_t* count) const {
    for (uint32_t c = 0; c < count_; ++c) {
      const FamilyValues& own = problem_.candidates[c].families[family];
      for (uint32_t v = 0; v < own.count; ++v) {
        const uint32_t value = problem_.values_of(own)[v];
        uint32_t i = 0;
        while (i < *count && counted[i].value != value) ++i;
        if (i == kMaxCounted) return false;
        if (i == *count) counted[(*count)++] = {value, 0};
        ++counted[i].candidates;
      }
    }
    return true;
  }

  Session* const session_;
  const Model& model_;
  ListBuffers& list_;
  const float* const hidden_;
  const Eligibility& eligibility_;
  const Tilt& tilt_;
  const ListPlan& plan_;
  const ListScan& scan_;
  PosedList* const posed_;
  ListProblem& problem_;
  const Exploration exploration_;
  ScoredItem* const items_;
  uint32_t count_ = 0;
};

}  // namespace

void pose_list(Session* session, const float* hidden, const Eligibility& eligibility,
               const Tilt& tilt, const ListPlan& plan, const ListScan& scan, PosedList* posed) {
  posed->problem = {};
  posed->mix = 0;
  Poser(session, hidden, eligibility, tilt, plan, scan, posed).pose();
}

}  // namespace pintle::internal
