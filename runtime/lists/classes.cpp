// SPDX-License-Identifier: Apache-2.0
#include "runtime/lists/classes.h"

#include <math.h>
#include <string.h>

namespace pintle::internal {
namespace {

ClassKey key_of(const ListPlan& plan) {
  ClassKey key = {};
  key.group_count = plan.group_count;
  for (uint32_t g = 0; g < plan.group_count; ++g) {
    key.attributes[g] = plan.groups[g].attribute;
    if (key.attributes[g] != kFreshness) continue;
    key.now_minutes = plan.now_minutes;
    key.half_life_minutes = plan.half_life_minutes;
  }
  return key;
}

bool is_same(const ClassKey& a, const ClassKey& b) {
  return a.group_count == b.group_count &&
         memcmp(a.attributes, b.attributes, a.group_count * sizeof(uint32_t)) == 0 &&
         a.now_minutes == b.now_minutes && a.half_life_minutes == b.half_life_minutes;
}

// 2^(-age / half-life) in fifteenths: at least `level` as long as the age is at most oldest_[level - 1].
class Freshness {
 public:
  Freshness(const Catalogue& catalogue, const ListPlan& plan)
      : catalogue_(catalogue), now_(plan.now_minutes) {
    for (int level = 1; level <= kWhole; ++level) {
      oldest_[level - 1] = plan.half_life_minutes * log2(kWhole / (level - 0.5));
    }
  }
  uint8_t level(uint32_t item) const {
    const int32_t date = catalogue_.date_of(item);
    const double age = static_cast<double>(now_ - date);
    uint8_t level = 0;
    if (date == kNoDate || age < 0) return level;
    while (level < kWhole && age <= oldest_[level]) ++level;
    return level;
  }

 private:
  const Catalogue& catalogue_;
  int64_t now_;
  double oldest_[kWhole];
};

// Splits the classes by one group after the other.
// Of a group that is no attribute of the file: by dates or by example.
uint8_t level_by_item(const ListBuffers& list, const Freshness& freshness, uint32_t attribute,
                      uint32_t item) {
  return attribute == kFreshness ? freshness.level(item)
                                 : list.example_level(attribute - PINTLE_EXAMPLE_ATTRIBUTE, item);
}

class Refinement {
 public:
  Refinement(const Model& model, ListBuffers* list)
      : model_(model), list_(list), classes_(list->classes.front(model.item_count)) {
    memset(classes_, 0, model.item_count);
    memset(list->levels[0], 0, sizeof(list->levels[0]));
    list->sizes[0] = model.item_count;
    list->class_count = 1;
    list->has_all_classes = true;
  }

  void split_by_attribute(uint32_t group, uint32_t attribute) {
    start(group);
    for (const Catalogue* part = &model_.catalogue; part != nullptr; part = part->added) {
      const uint32_t* items = nullptr;
      uint32_t count = 0;
      // Items of a file whose lists are broken are no members: see Catalogue::get_items.
      if (part->get_items(attribute, &items, &count) != PINTLE_OK) continue;
      const uint8_t* memberships = part->memberships_in(attribute);
      for (uint32_t i = 0; i < count; ++i) {
        const uint8_t level = memberships == nullptr ? kWhole : memberships[i];
        if (items[i] < model_.item_count) move(items[i], level);
      }
    }
  }

  // Tells the items of small classes from the others that wishes are about.
  void finish() {
    uint32_t room = kMaxSmall;
    list_->is_small[0] = false;
    for (uint32_t c = 1; c < list_->class_count; ++c) {
      list_->is_small[c] = list_->sizes[c] <= kSmallClass && list_->sizes[c] <= room;
      if (list_->is_small[c]) room -= list_->sizes[c];
    }
    const size_t words = static_cast<size_t>(format::round_up(model_.item_count, 64) / 64);
    uint64_t* touched = list_->touched.front(words);
    uint32_t* small = list_->small.front(kMaxSmall);
    memset(touched, 0, words * sizeof(uint64_t));
    list_->small_count = 0;
    for (uint32_t item = 0; item < model_.item_count; ++item) {
      const uint8_t c = classes_[item];
      if (c == 0) continue;
      if (list_->is_small[c]) {
        small[list_->small_count++] = item;
      } else {
        touched[item / 64] |= uint64_t{1} << (item % 64);
      }
    }
  }

  // By dates or a group by example.
  void split_by_item(uint32_t group, const ListPlan& plan) {
    start(group);
    const uint32_t attribute = plan.groups[group].attribute;
    const Freshness freshness(model_.catalogue, plan);
    for (uint32_t item = 0; item < model_.item_count; ++item) {
      move(item, level_by_item(*list_, freshness, attribute, item));
    }
  }

 private:
  void start(uint32_t group) {
    group_ = group;
    memset(split_, 0, sizeof(split_));
    list_->is_soft[group] = false;
    for (uint32_t c = 0; c < list_->class_count; ++c) list_->levels[c][group] = 0;
  }

  void move(uint32_t item, uint8_t level) {
    if (level == 0 || level > kWhole) return;
    if (level < kWhole) list_->is_soft[group_] = true;
    const uint8_t from = classes_[item];
    if (list_->levels[from][group_] != 0) return;  // a list that names an item twice
    uint8_t& to = split_[from][level - 1];
    if (to == 0) {
      if (list_->class_count == kListClasses) {
        list_->has_all_classes = false;  // it stays: its candidates still know their memberships
        return;
      }
      to = static_cast<uint8_t>(list_->class_count++);
      memcpy(list_->levels[to], list_->levels[from], sizeof(list_->levels[to]));
      list_->levels[to][group_] = level;
      list_->sizes[to] = 0;
    }
    classes_[item] = to;
    --list_->sizes[from];
    ++list_->sizes[to];
  }

  const Model& model_;
  ListBuffers* const list_;
  uint8_t* const classes_;
  uint32_t group_ = 0;
  uint8_t split_[kListClasses]
                [kWhole];  // by class and level; 0: not met yet, as class 0 is nobody's part
};

}  // namespace

void update_classes(Session* session, const ListPlan& plan) {
  ListBuffers& list = session->list;
  const ClassKey key = key_of(plan);
  if (is_same(key, list.key)) return;
  Refinement refinement(*session->model, &list);
  for (uint32_t g = 0; g < plan.group_count; ++g) {
    const uint32_t attribute = plan.groups[g].attribute;
    if (attribute >= PINTLE_EXAMPLE_ATTRIBUTE) {
      refinement.split_by_item(g, plan);
    } else {
      refinement.split_by_attribute(g, attribute);
    }
  }
  refinement.finish();
  list.key = key;
}

uint8_t level_of(const Session& session, const ListPlan& plan, uint32_t group, uint32_t item) {
  const Model& model = *session.model;
  const uint32_t attribute = plan.groups[group].attribute;
  if (attribute >= PINTLE_EXAMPLE_ATTRIBUTE) {
    return level_by_item(session.list, Freshness(model.catalogue, plan), attribute, item);
  }
  const uint32_t* values = nullptr;
  size_t count = 0;
  if (model.catalogue.get_attributes(item, &values, &count) != PINTLE_OK) return 0;
  const uint8_t* memberships = model.catalogue.memberships_of(item);
  for (size_t i = 0; i < count; ++i) {
    if (values[i] != attribute) continue;
    const uint8_t level = memberships == nullptr ? kWhole : memberships[i];
    return level <= kWhole ? level : 0;
  }
  return 0;
}

}  // namespace pintle::internal
