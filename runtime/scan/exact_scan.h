// SPDX-License-Identifier: Apache-2.0
//
// Lists that equal a full f32 scan's, bit for bit, from fewer bytes than an int8 scan reads.
//
// Every score that leaves here is the f32 product of the item's f32 row (and its bias), by the same
// kernel as for an f32 table. Which rows need one is decided by two coarser codes (fb::ExactScan).
// With h and w as defined there, y = basis h, and a code c of w, the error e = w - centre - basis^T c
// is written as basis^T v, so that
//
//   h.w - h.centre - y.c = y.v = sum_j (y_j weight_j) (v_j / weight_j) <= |y weight| |v / weight|
//
// by Cauchy and Schwarz, for any weights. The converter computes v in f64 from the numbers as they are
// stored: the basis need not be orthogonal, and its own rounding costs nothing. It stores |v / weight|
// rounded up, and adds to it what rounding y to integers costs:
//
// Coarse. The bound is part of the product: columns 30 and 31 hold digits d with
//   step scale (8 d_30 + d_31) >= |v / weight| + kOperandRounding |c|_1 scale largest / 8191,
// |c|_1 of all 32 codes, and meet |y weight| times (8 step, step); largest bounds the operand's
// largest entry per |y weight|. So the scan kernel's score + h.centre is an upper bound, and the scan
// stays as it is, with a threshold that is lower by h.centre.
// Fine. 4 more bits of the first 30 dims, 4 of the others: an upper and a lower bound for the few
// rows that pass. The rounding of both operands is added here, from their scales.
// kOperandRounding: half a unit, and 0.1 for the f32 roundings of y (2^-24 * 8191), of the quantization
// (3 * 2^-24 * 8191) and of the kernel's sums (2^-24 * (3 + groups) * 8191, at most 128 groups).
//
// A computed f32 score differs from h.w by at most (dim + 3) 2^-23 |h| |w| (kernel_list.inc's bound,
// and one addition of the bias): kept apart, as `rounding`. The k-th best lower bound, or the k-th
// best f32 score so far, is what an upper bound has to reach; f32 scores are offered in ascending
// order of items, so ties end as in any scan.
#ifndef PINTLE_RUNTIME_SCAN_EXACT_SCAN_H_
#define PINTLE_RUNTIME_SCAN_EXACT_SCAN_H_

#include "runtime/scan/selector.h"
#include "runtime/session/session.h"
#include "schema/exact_codes.h"

namespace pintle::internal {

using format::kExactCoarseCols;
using format::kOperandRounding;

// The bytes that these are.
uint64_t exact_bytes(const ExactCounts& counts, const Model& model);

// f32 scores of single items. REQUIRES: model.exact.present().
class ExactScorer {
 public:
  // Uses the session's product.tile: no other product until it is done.
  ExactScorer(Session* session, const float* hidden)
      : model_(*session->model),
        hidden_(hidden),
        tile_(session->product.tile.part(0, model_.dim * kPanelRows)) {}
  // scores[16] of items[count], count <= 16.
  void score(const uint32_t* items, size_t count, float* scores) const;

 private:
  const Model& model_;
  const float* hidden_;
  Span<float> tile_;
};

// Offers every item that may be among the best k, in ascending order, with its f32 score. counts: what is
// added to. REQUIRES: model.exact.present().
void exact_scan(Session* session, const float* hidden, const Eligibility& eligibility, size_t k,
                Selector* selector, ExactCounts* counts);

}  // namespace pintle::internal

#endif  // PINTLE_RUNTIME_SCAN_EXACT_SCAN_H_
