// SPDX-License-Identifier: Apache-2.0
#include "runtime/scan/catalogue_scan.h"

namespace pintle::internal {
namespace {

// Integer tables: the kernel compares while it scores, and comes back after a few hits with which the
// threshold may rise.
void scan_fused(PanelScorer* scorer, size_t first, size_t end, Selector* selector) {
  ScanHits hits;
  while (first < end) {
    const size_t read = scorer->scan(first, end - first, selector->threshold(), &hits);
    for (uint32_t i = 0; i < hits.count; ++i) {
      selector->offer_panel(first + hits.panels[i], hits.masks[i], hits.scores[i]);
    }
    first += read;
  }
}

// f32 and f16 tables, and the prior: a chunk's scores stay in L1 until they are compared. The first chunks are
// small, so that the threshold of the others is close to the last one.
void scan_chunks(const Model& model, PanelScorer* scorer, size_t first, size_t end,
                 Selector* selector) {
  uint16_t masks[kScanPanels];
  for (size_t chunk = 1; first < end; first += chunk, chunk *= 2) {
    if (chunk > kScanPanels) chunk = kScanPanels;
    if (chunk > end - first) chunk = end - first;
    float* scores = scorer->products(first, chunk);
    model.kernels.above_f32(scores, scorer->bias(first), chunk, selector->threshold(), masks);
    for (size_t p = 0; p < chunk; ++p) {
      if (masks[p] != 0) selector->offer_panel(first + p, masks[p], scores + p * kPanelRows);
    }
  }
}

}  // namespace

void scan_catalogue(const Model& model, const Eligibility& eligibility, PanelScorer* scorer,
                    size_t first, size_t end, Selector* selector) {
  while ((first = eligibility.next_panel(first)) < end) {
    size_t run_end = eligibility.end_of_run(first);
    if (run_end > end) run_end = end;
    run_end = first + model.scored_items.run_of(first, run_end - first);
    if (scorer->can_fuse()) {
      scan_fused(scorer, first, run_end, selector);
    } else {
      scan_chunks(model, scorer, first, run_end, selector);
    }
    first = run_end;
  }
}

}  // namespace pintle::internal
