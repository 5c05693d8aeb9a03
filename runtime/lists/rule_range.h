// SPDX-License-Identifier: Apache-2.0
#ifndef PINTLE_RUNTIME_LISTS_RULE_RANGE_H_
#define PINTLE_RUNTIME_LISTS_RULE_RANGE_H_

#include <math.h>

#include "runtime/choice/objective.h"

namespace pintle::internal {

// Fifteenths of a group that a rule lets a list have.
struct RuleRange {
  int32_t lowest, highest;
};

// Of a rule about one attribute, for a list of `length`. is_soft: not all memberships are whole; their sums need
// not be whole either, and half an entry off is near enough.
inline RuleRange range_of(const pintle_rule& rule, uint32_t length, bool is_soft) {
  constexpr double kRounding = 1e-5;  // shares are f32: .3 of ten is three
  const int32_t all = static_cast<int32_t>(length) * kWhole;
  if (rule.kind == PINTLE_RULE_CAP) {
    return {0, rule.count < length ? static_cast<int32_t>(rule.count) * kWhole : all};
  }
  const int32_t unit = is_soft ? 1 : kWhole, slack = is_soft ? kWhole / 2 : 0;
  const double units = static_cast<double>(rule.share) * length * kWhole / unit;
  switch (rule.kind) {
    case PINTLE_RULE_AT_LEAST:
      return {static_cast<int32_t>(ceil(units - kRounding)) * unit, all};
    case PINTLE_RULE_AT_MOST:
      return {0, static_cast<int32_t>(floor(units + kRounding)) * unit};
    case PINTLE_RULE_EXACTLY:
    case PINTLE_RULE_MIX: {
      const int32_t nearest = static_cast<int32_t>(floor(units + 0.5 + kRounding)) * unit;
      return {nearest - slack, nearest + slack};
    }
    default:
      return {0, all};
  }
}

// Entries by which the rules of a mix together may be off.
inline uint32_t mix_tolerance(uint32_t length) { return length / 10; }

}  // namespace pintle::internal

#endif  // PINTLE_RUNTIME_LISTS_RULE_RANGE_H_
