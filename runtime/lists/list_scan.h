// SPDX-License-Identifier: Apache-2.0
//
// One pass over the catalogue for a list under wishes: its probabilities, the list without wishes and
// rules, and the candidates of every other list.
//
// Which items can be needed. Take a best list L, and an item i outside it that is in the same class as an
// item j of L and ranks before j. Putting i in j's place changes no group and no rule, and raises the
// expected DCG: so L holds the first items of each class, and at most `length` of each are needed. With
// wishes for single items it is so of the others; those against one may leave it out: one more is needed.
//
// Of a class whose group a rule lets have n entries at most, n are enough, where the rules can be kept. So a first
// scan takes these, and where the best list of them breaks a rule a second, thorough one does without.
//
// With caps of a family's attributes, i may be barred by another of its attribute in L. L holds at most
// length - 1 others, which fill at most as many (class, attribute) places that bar anyone: of each class the
// first (families + 1) * length are enough where an item has one attribute of a family, if of those that have
// the same attributes only as many are kept as the cap lets in. A thorough scan sees to that; the first one takes
// as many without looking at attributes, which is a good choice, and is called proven only where it is
// everything.
//
// Without rules, diversity and exploration most of them are too improbable. Let q be the probability of
// the last item of the list without wishes. Any i in L that is not in that list stands for some j of it
// that is not in L, with p_j >= q. Putting j in i's place raises the DCG by at least (p_j - p_i) d_length, and
// lowers the rewards by at most B: the sum over wishes of |reward| * m for, |reward| * (1 - m) against (m the
// membership of i; g has no slope above 1), and what j is worth less by itself. So p_i >= q - B / d_length.
#ifndef PINTLE_RUNTIME_LISTS_LIST_SCAN_H_
#define PINTLE_RUNTIME_LISTS_LIST_SCAN_H_

#include "runtime/lists/class_list.h"
#include "runtime/lists/plan.h"
#include "runtime/scan/eligibility.h"
#include "runtime/scan/tilt.h"

namespace pintle::internal {

struct ListScan {
  uint32_t plain_count = 0;  // entries of session.list.plain
  float log_z = 0;
  ClassList classes[kListClasses];  // [session.list.class_count]
  // Of each class the best of those that met that the cap of a family has no place for, where there is room:
  // another rule may need them more.
  ClassList spares[kListClasses];
  // Whether the classes hold all that a best list can need, and all eligible items.
  bool is_enough = false, is_everything = false;
};

// hidden: what to score against, null: the prior; is_steered: it is not session->hidden(). k: entries wanted.
// is_thorough: see above. With a tilt p is the network's probability times exp(tilt / temperature), not
// normalized anew; list.plain then has the scores with it, and list.own the list without.
// REQUIRES: update_classes.
void scan_for_list(Session* session, const float* hidden, bool is_steered,
                   const Eligibility& eligibility, const Tilt& tilt, const ListPlan& plan,
                   uint32_t k, bool is_thorough, ListScan* scan);

// An item's attributes within a group of attributes, and where they lie (values may be null); none where the
// file's are broken.
FamilyValues family_values(const Catalogue& catalogue, uint32_t group, uint32_t item,
                           const uint32_t** values = nullptr);

}  // namespace pintle::internal

#endif  // PINTLE_RUNTIME_LISTS_LIST_SCAN_H_
