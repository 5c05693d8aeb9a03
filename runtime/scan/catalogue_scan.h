// SPDX-License-Identifier: Apache-2.0
//
// One pass over the item table as it is stored, in panels: score, compare, select.
#ifndef PINTLE_RUNTIME_SCAN_CATALOGUE_SCAN_H_
#define PINTLE_RUNTIME_SCAN_CATALOGUE_SCAN_H_

#include "runtime/scan/panel_scorer.h"
#include "runtime/scan/selector.h"

namespace pintle::internal {

// Offers the panels [first, end) to the selector, all that may hold an eligible item.
void scan_catalogue(const Model& model, const Eligibility& eligibility, PanelScorer* scorer,
                    size_t first, size_t end, Selector* selector);

}  // namespace pintle::internal

#endif  // PINTLE_RUNTIME_SCAN_CATALOGUE_SCAN_H_
