// SPDX-License-Identifier: Apache-2.0
#include "runtime/lists/plan.h"

#include <math.h>

namespace pintle::internal {
namespace {

class Planner {
 public:
  Planner(const Session& session, int64_t now, size_t k, ListPlan* plan)
      : model_(*session.model),
        fault_(session.fault()),
        examples_set_(session.list.examples_set),
        now_(now),
        k_(k),
        plan_(plan) {}

  // Knobs of the same attribute add up, whatever else names it. The edits are checked.
  Status add_knobs(const Steering& steering) {
    Status status = PINTLE_OK;
    steering.for_each_knob([&](uint32_t edit, const KnobView& knob, float strength) {
      if (knob.table->attribute() < 0 || status != PINTLE_OK) return;
      const double reward = knob.reward(strength);
      if (reward == 0) return;
      status = add_reward(static_cast<uint32_t>(knob.table->attribute()), reward,
                          PINTLE_SOURCE_KNOBS + edit);
    });
    return status;
  }

  Status add_wishes(const pintle_wishes& wishes) {
    bool taken[PINTLE_WISH_EXPLORE + 1] = {};
    for (uint32_t i = 0; i < wishes.wish_count; ++i) {
      const pintle_wish& wish = wishes.wishes[i];
      const uint32_t source = PINTLE_SOURCE_WISHES + i;
      if (wish.kind > PINTLE_WISH_EXPLORE || !isfinite(wish.value)) {
        return fault_(PINTLE_ERR_INVALID_ARGUMENT,
                      "wish %u: kind %u is none, or the value %g is not finite", i, wish.kind,
                      static_cast<double>(wish.value));
      }
      const double reward = static_cast<double>(wish.value) * static_cast<double>(model_.wish_unit);
      if (wish.kind == PINTLE_WISH_ATTRIBUTE) {
        PINTLE_TRY(check_attribute("wish", i, wish.target));
        if (reward != 0) PINTLE_TRY(add_reward(wish.target, reward, source));
        continue;
      }
      if (wish.kind == PINTLE_WISH_ITEM) {
        PINTLE_TRY(check_item("wish", i, wish.target));
        if (reward != 0) {
          plan_->items[plan_->item_count++] = {wish.target, static_cast<float>(reward), source};
        }
        continue;
      }
      if (taken[wish.kind] || wish.target != 0) {
        return fault_(PINTLE_ERR_INVALID_ARGUMENT,
                      "wish %u: of its kind there is one, and its target is 0", i);
      }
      taken[wish.kind] = true;
      if (wish.kind == PINTLE_WISH_FRESH) {
        PINTLE_TRY(add_freshness(wishes, i, reward, source));
        continue;
      }
      if (!(wish.value >= 0 && wish.value <= 1)) {
        return fault_(PINTLE_ERR_INVALID_ARGUMENT, "wish %u: the value %g is not from 0 to 1", i,
                      static_cast<double>(wish.value));
      }
      if (wish.kind == PINTLE_WISH_DIVERSE) {
        if (wish.value > 0 && k_ > PINTLE_DIVERSE_K) {
          return fault_(PINTLE_ERR_INVALID_ARGUMENT,
                        "wish %u: a diverse list of %zu entries; %u are the most", i, k_,
                        PINTLE_DIVERSE_K);
        }
        plan_->diversity = static_cast<double>(wish.value);
        plan_->diversity_source = source;
      } else {
        plan_->exploration = static_cast<double>(wish.value);
        plan_->exploration_source = source;
        plan_->seed = wishes.seed;
      }
    }
    return PINTLE_OK;
  }

  Status add_rules(const pintle_wishes& wishes) {
    plan_->rules = wishes.rules;
    plan_->rule_count = static_cast<uint32_t>(wishes.rule_count);
    for (uint32_t i = 0; i < plan_->rule_count; ++i) {
      const pintle_rule& rule = wishes.rules[i];
      uint32_t* target = &plan_->rule_targets[i];
      const bool names_share = rule.kind <= PINTLE_RULE_EXACTLY || rule.kind == PINTLE_RULE_MIX;
      if (rule.kind > PINTLE_RULE_MIX || !(rule.share >= 0 && rule.share <= 1) ||
          (names_share ? rule.count != 0 : rule.share != 0)) {
        return fault_(
            PINTLE_ERR_INVALID_ARGUMENT,
            "rule %u: kind %u is none, its share %g is not in [0, 1], or it has a share or "
            "count (%u) that its kind does not",
            i, rule.kind, static_cast<double>(rule.share), rule.count);
      }
      switch (rule.kind) {
        case PINTLE_RULE_RUN:
        case PINTLE_RULE_RUN_EACH:
          if (rule.count == 0) {
            return fault_(PINTLE_ERR_INVALID_ARGUMENT,
                          "rule %u: none in a row is no order; use a cap of 0", i);
          }
          break;
        case PINTLE_RULE_PIN:
          PINTLE_TRY(check_pin(i));
          continue;
        default:
          break;
      }
      if (rule.kind == PINTLE_RULE_CAP_EACH || rule.kind == PINTLE_RULE_RUN_EACH) {
        PINTLE_TRY(add_family(i, rule.target, target));
      } else {
        PINTLE_TRY(check_attribute("rule", i, rule.target));
        PINTLE_TRY(find_group(rule.target, target));
      }
    }
    return PINTLE_OK;
  }

 private:
  Status check_attribute(const char* what, uint32_t index, uint32_t attribute) const {
    if (attribute < model_.catalogue.attribute_count) return PINTLE_OK;
    const uint32_t slot = attribute - PINTLE_EXAMPLE_ATTRIBUTE;
    if (slot < PINTLE_EXAMPLES) {
      if ((examples_set_ >> slot & 1) != 0) return PINTLE_OK;
      return fault_(PINTLE_ERR_UNKNOWN_NAME,
                    "%s %u: example %u is not set (pintle_session_set_example)", what, index, slot);
    }
    return fault_(PINTLE_ERR_UNKNOWN_NAME, "%s %u: attribute %u, of a model with %u", what, index,
                  attribute, model_.catalogue.attribute_count);
  }
  Status check_item(const char* what, uint32_t index, uint32_t item) const {
    if (model_.catalogue.has(item)) return PINTLE_OK;
    return fault_(PINTLE_ERR_UNKNOWN_ITEM, "%s %u: item %u, of a catalogue of %u", what, index,
                  item, model_.item_count);
  }

  // The group of an attribute, a new one if there is none yet.
  Status find_group(uint32_t attribute, uint32_t* index) {
    uint32_t i = 0;
    while (i < plan_->group_count && plan_->groups[i].attribute != attribute) ++i;
    if (i == PINTLE_LIST_ATTRIBUTES) {
      return fault_(PINTLE_ERR_INVALID_ARGUMENT,
                    "knobs, wishes and rules name more than %u attributes", PINTLE_LIST_ATTRIBUTES);
    }
    if (i == plan_->group_count) plan_->groups[plan_->group_count++] = {attribute, 0, 0};
    *index = i;
    return PINTLE_OK;
  }
  Status add_reward(uint32_t attribute, double reward, uint32_t source) {
    uint32_t index = 0;
    PINTLE_TRY(find_group(attribute, &index));
    PlannedGroup& group = plan_->groups[index];
    if (group.reward == 0) group.source = source;
    group.reward += reward;
    return PINTLE_OK;
  }
  Status add_freshness(const pintle_wishes& wishes, uint32_t index, double reward,
                       uint32_t source) {
    if (!model_.catalogue.has_dates()) {
      return fault_(PINTLE_ERR_INVALID_ARGUMENT,
                    "wish %u: the model knows no item's date (pintle convert --date-column)",
                    index);
    }
    if (!(wishes.half_life_seconds > 0 && isfinite(wishes.half_life_seconds))) {
      return fault_(PINTLE_ERR_INVALID_ARGUMENT, "wish %u: half_life_seconds %g is not above 0",
                    index, wishes.half_life_seconds);
    }
    const int64_t now = wishes.now != 0 ? wishes.now : now_;
    if (now == PINTLE_NO_DATE) {
      return fault_(
          PINTLE_ERR_INVALID_ARGUMENT,
          "wish %u: when is now? Neither wishes nor request say so, and no event has a time",
          index);
    }
    plan_->now_minutes = now / 60;
    plan_->half_life_minutes = wishes.half_life_seconds / 60;
    return reward == 0 ? PINTLE_OK : add_reward(kFreshness, reward, source);
  }

  Status add_family(uint32_t rule, uint32_t group, uint32_t* index) {
    if (group >= model_.catalogue.group_count) {
      return fault_(PINTLE_ERR_UNKNOWN_NAME, "rule %u: group %u, of a model with %u", rule, group,
                    model_.catalogue.group_count);
    }
    uint32_t i = 0;
    while (i < plan_->family_count && plan_->families[i] != group) ++i;
    if (i == kMaxFamilies) {
      return fault_(PINTLE_ERR_INVALID_ARGUMENT, "rule %u: rules *_EACH name more than %u groups",
                    rule, kMaxFamilies);
    }
    if (i == plan_->family_count) plan_->families[plan_->family_count++] = group;
    *index = i;
    return PINTLE_OK;
  }

  Status check_pin(uint32_t index) const {
    const pintle_rule& pin = plan_->rules[index];
    PINTLE_TRY(check_item("rule", index, pin.target));
    if (pin.count == 0 || pin.count > k_) {
      return fault_(PINTLE_ERR_INVALID_ARGUMENT, "rule %u: rank %u is not from 1 to %zu", index,
                    pin.count, k_);
    }
    for (uint32_t i = 0; i < index; ++i) {
      const pintle_rule& other = plan_->rules[i];
      if (other.kind == PINTLE_RULE_PIN &&
          (other.target == pin.target || other.count == pin.count)) {
        return fault_(PINTLE_ERR_INVALID_ARGUMENT, "rules %u and %u pin the same item or rank", i,
                      index);
      }
    }
    return PINTLE_OK;
  }

  const Model& model_;
  const Fault fault_;
  const uint32_t examples_set_;
  const int64_t now_;
  const size_t k_;
  ListPlan* const plan_;
};

}  // namespace

Status make_plan(const Session& session, const Steering& steering, const pintle_wishes* wishes,
                 int64_t now, size_t k, ListPlan* plan) {
  Planner planner(session, now, k, plan);
  PINTLE_TRY(planner.add_knobs(steering));
  if (wishes != nullptr) {
    if (wishes->wish_count > PINTLE_LIST_WISHES || wishes->rule_count > PINTLE_LIST_RULES) {
      return session.fault()(
          PINTLE_ERR_INVALID_ARGUMENT, "%zu wishes of at most %u, %zu rules of at most %u",
          wishes->wish_count, PINTLE_LIST_WISHES, wishes->rule_count, PINTLE_LIST_RULES);
    }
    PINTLE_TRY(planner.add_wishes(*wishes));
    PINTLE_TRY(planner.add_rules(*wishes));
  }
  // Wishes that outweigh each other to nothing leave a group without a reward, which is none.
  if (!plan->is_plain() && k > PINTLE_LIST_K) {
    return session.fault()(PINTLE_ERR_INVALID_ARGUMENT,
                           "a list of %zu entries with knobs, wishes or rules; %u are the most", k,
                           PINTLE_LIST_K);
  }
  return PINTLE_OK;
}

}  // namespace pintle::internal
