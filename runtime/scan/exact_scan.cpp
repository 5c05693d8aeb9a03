// SPDX-License-Identifier: Apache-2.0
#include "runtime/scan/exact_scan.h"

#include <assert.h>
#include <math.h>
#include <string.h>

#include "schema/half.h"

namespace pintle::internal {
namespace {

// f64 sums here err by less than this share.
constexpr double kSlack = 1e-6;
// Below, products of floats may be denormal: no bound holds.
constexpr double kSmallestNorm = 1e-18, kLargestNorm = 1e18;

// f32 neighbours on the safe side: a relative step of 2^-22 is at least one, and far above denormals
// (what is that small stays inside kSmallestShift).
constexpr double kStep = 0x1p-22, kSmallestShift = 1e-37;
float rounded_up(double value) {
  return static_cast<float>(value + fabs(value) * kStep + kSmallestShift);
}
float rounded_down(double value) {
  return static_cast<float>(value - fabs(value) * kStep - kSmallestShift);
}

double half_value(uint16_t half) { return static_cast<double>(format::half_to_float(half)); }

class ExactScan {
 public:
  ExactScan(Session* session, const float* hidden, size_t k, Selector* selector,
            ExactCounts* counts)
      : model_(*session->model),
        exact_(model_.exact),
        scratch_(session->exact),
        scorer_(session, hidden),
        selector_(selector),
        counts_(counts),
        lazy_(k <= kExactK && !selector->has_tilt()),
        lower_(scratch_.lower.front(lazy_ ? k : 1), lazy_ ? k : 1),
        items_(scratch_.items.front(kExactPending)),
        upper_(scratch_.upper.front(kExactPending)) {
    project(hidden);
  }

  void run(const Eligibility& eligibility) {
    const size_t end = exact_.coarse.panel_count();
    size_t first = 0;
    while ((first = eligibility.next_panel(first)) < end) {
      size_t run_end = eligibility.end_of_run(first);
      if (run_end > end) run_end = end;  // the rest is a delta's
      ScanHits hits;
      while (first < run_end) {
        const size_t read = scan_panels(model_.kernels, exact_.coarse, first, run_end - first,
                                        coarse_, nullptr, coarse_threshold(), &hits);
        counts_->coarse_panels += read;
        for (uint32_t i = 0; i < hits.count; ++i) {
          const size_t panel = first + hits.panels[i];
          take_panel(panel, hits.masks[i] & eligibility.of_panel(panel), hits.scores[i]);
        }
        first += read;
      }
    }
    refine();
    take_added(end, eligibility);
    score_pending();
  }

 private:
  // A delta's items have no codes: each may be the best.
  void take_added(size_t panel, const Eligibility& eligibility) {
    for (; panel < model_.scored_items.panel_count(); ++panel) {
      for (uint32_t mask = eligibility.of_panel(panel); mask != 0; mask &= mask - 1) {
        items_[pending_] =
            static_cast<uint32_t>(panel * kPanelRows) + static_cast<uint32_t>(__builtin_ctz(mask));
        upper_[pending_++] = INFINITY;
      }
      if (pending_ > kExactPending - kPanelRows) score_pending();
    }
  }

  // y, the operands and all that a bound needs of the hidden state.
  void project(const float* hidden) {
    const uint32_t width = exact_.width, dim = model_.dim;
    float* in_basis = scratch_.y.front(width);
    double coarse = 0, fine = 0, length = 0;
    for (uint32_t j = 0; j < width; ++j) {
      const float* row = exact_.basis + static_cast<size_t>(j) * width;
      // Four sums: one would wait for itself at every addition.
      double sums[4] = {};
      uint32_t i = 0;
      for (; i + 4 <= dim; i += 4) {
        for (uint32_t l = 0; l < 4; ++l) {
          sums[l] += static_cast<double>(row[i + l]) * static_cast<double>(hidden[i + l]);
        }
      }
      for (; i < dim; ++i) sums[0] += static_cast<double>(row[i]) * static_cast<double>(hidden[i]);
      if (width > dim) sums[0] += static_cast<double>(row[dim]);
      const double y = (sums[0] + sums[1]) + (sums[2] + sums[3]);
      in_basis[j] = static_cast<float>(y);
      const double c = y * static_cast<double>(exact_.coarse_weights[j]);
      const double f = y * static_cast<double>(exact_.fine_weights[j]);
      coarse += c * c;
      fine += f * f;
      const double entry = j < dim ? static_cast<double>(hidden[j]) : 1.0;
      length += entry * entry;
      centre_ += entry * static_cast<double>(exact_.centre[j]);
    }
    const double coarse_norm = sqrt(coarse) * (1 + kSlack);
    fine_norm_ = sqrt(fine) * (1 + kSlack);
    const double largest = sqrt(length) * static_cast<double>(exact_.largest_row) * (1 + kSlack);
    rounding_ = (dim + 3) * 0x1p-23 * largest;
    // Comparisons with NaN fail: of a state like this every row is scored.
    bounded_ = coarse_norm > kSmallestNorm && coarse_norm < kLargestNorm &&
               fine_norm_ > kSmallestNorm && fine_norm_ < kLargestNorm &&
               fabs(centre_) < kLargestNorm && largest < kLargestNorm;

    float columns[kGroupCols] = {};
    for (uint32_t j = 0; j < kExactCoarseCols && j < width; ++j) columns[j] = in_basis[j];
    const double unit = static_cast<double>(exact_.coarse_step) * coarse_norm;
    columns[kExactCoarseCols] = rounded_up(8 * unit);
    columns[kExactCoarseCols + 1] = rounded_up(unit);
    coarse_ = make_operand(model_.kernels, exact_.coarse, columns,
                           scratch_.coarse_operand.front(kGroupCols));
    TensorView fine_shape;
    fine_shape.dtype = fb::DType_I4;
    fine_shape.cols = width;
    fine_cols_ = fine_shape.stored_cols();
    fine_ =
        make_operand(model_.kernels, fine_shape, in_basis, scratch_.fine_operand.front(fine_cols_));
    bounded_ = bounded_ && coarse_.scale > 0 && fine_.scale > 0;
    memset(scratch_.panel.front(panel_bytes()), 0, panel_bytes());
  }

  // What an upper bound has to reach; NaN: nothing is known yet.
  float bar() {
    if (!bounded_) return NAN;
    const float scored = selector_->threshold(), proven = lazy_ ? lower_.threshold() : NAN;
    return proven > scored || isnan(scored) ? proven : scored;
  }
  float coarse_threshold() {
    // Below, not at it: the kernel looks for scores above.
    return rounded_down(static_cast<double>(bar()) - centre_ - rounding_);
  }

  void take_panel(size_t panel, uint32_t mask, const float* scores) {
    const float threshold = coarse_threshold();
    const uint8_t* bytes = exact_.coarse.data + panel * exact_.coarse.panel_bytes();
    const uint16_t* scales = reinterpret_cast<const uint16_t*>(
        exact_.coarse.scales + panel * exact_.coarse.panel_scale_bytes());
    for (; mask != 0; mask &= mask - 1) {
      const int row = __builtin_ctz(mask);
      if (scores[row] <= threshold) continue;
      // Columns 30 and 31: the high nibbles of bytes 2 and 3 of block 3.
      const uint8_t* digits = bytes + (3 * kPanelRows + static_cast<size_t>(row)) * 4;
      const int bound = ((digits[2] >> 4) - 8) * coarse_.quantized[kExactCoarseCols] +
                        ((digits[3] >> 4) - 8) * coarse_.quantized[kExactCoarseCols + 1];
      const double scale = half_value(scales[row]);
      const double unit = static_cast<double>(coarse_.scale) * fabs(scale);
      assert(waiting_count_ < kPanelRows);
      waiting_[waiting_count_].item =
          static_cast<uint32_t>(panel * kPanelRows) + static_cast<uint32_t>(row);
      waiting_[waiting_count_].score =
          static_cast<double>(scores[row]) - static_cast<double>(coarse_.scale) * scale * bound;
      waiting_[waiting_count_].margin = kOperandRounding * kCodeSum * unit;
      const uint8_t* record = exact_.fine + waiting_[waiting_count_].item * exact_.fine_bytes();
      __builtin_prefetch(record);
      __builtin_prefetch(record + exact_.fine_bytes() - 1);
      if (++waiting_count_ == kPanelRows) refine();
    }
  }

  // Fine bounds of the waiting rows: gathered into a panel, for the panel kernel.
  void refine() {
    if (waiting_count_ == 0) return;
    counts_->fine_rows += waiting_count_;
    const size_t words = exact_.fine_words(), groups = exact_.fine_groups();
    uint8_t* panel = scratch_.panel.front(panel_bytes());  // words * 4 bytes of 16 rows, padded
    uint16_t* scales = scratch_.scales.front(groups * kPanelRows);
    double margins[kPanelRows];
    for (uint32_t r = 0; r < waiting_count_; ++r) {
      const uint8_t* record = exact_.fine + waiting_[r].item * exact_.fine_bytes();
      for (size_t w = 0; w < words; ++w) {
        memcpy(panel + (w * kPanelRows + r) * 4, record + w * 4, 4);
      }
      double scale_sum = 0;
      uint16_t half;
      for (size_t g = 0; g < groups; ++g) {
        memcpy(&half, record + words * 4 + g * 2, sizeof(half));
        scales[g * kPanelRows + r] = half;
        scale_sum += fabs(half_value(half));
      }
      memcpy(&half, record + words * 4 + groups * 2, sizeof(half));
      margins[r] = half_value(half) * fine_norm_ + waiting_[r].margin +
                   kOperandRounding * kCodeSum * static_cast<double>(fine_.scale) * scale_sum;
    }
    float scores[kPanelRows];
    model_.kernels.matvec_s4(panel, scales, 1, fine_cols_, fine_.quantized, fine_.scale, scores);
    assert(pending_ + waiting_count_ <= kExactPending);
    for (uint32_t r = 0; r < waiting_count_; ++r) {
      const double middle = waiting_[r].score + static_cast<double>(scores[r]) + centre_;
      const double margin = margins[r] * (1 + kSlack) + rounding_;
      const float upper = rounded_up(middle + margin);
      if (upper < bar()) continue;
      if (lazy_) lower_.offer(waiting_[r].item, rounded_down(middle - margin));
      items_[pending_] = waiting_[r].item;
      upper_[pending_] = upper;
      ++pending_;
    }
    waiting_count_ = 0;
    // Without lower bounds only f32 scores raise the bar.
    if (pending_ > kExactPending - kPanelRows || (!lazy_ && pending_ >= kPanelRows)) {
      score_pending();
    }
  }

  void score_pending() {
    const float least = bar();
    uint32_t items[kPanelRows], count = 0;
    for (uint32_t i = 0; i < pending_; ++i) {
      if (!(upper_[i] < least)) items[count++] = items_[i];
      if (count == kPanelRows || (i + 1 == pending_ && count > 0)) {
        float scores[kPanelRows];
        scorer_.score(items, count, scores);
        counts_->f32_rows += count;
        for (uint32_t r = 0; r < count; ++r) selector_->offer(items[r], scores[r]);
        count = 0;
      }
    }
    pending_ = 0;
  }

  // At least the sum of a group's |code|.
  static constexpr double kCodeSum = 8.0 * kGroupCols;

  size_t panel_bytes() const { return fine_cols_ / 2 * kPanelRows; }

  const Model& model_;
  const ExactView& exact_;
  ExactScratch& scratch_;
  const ExactScorer scorer_;
  Selector* selector_;
  ExactCounts* counts_;
  const bool lazy_;  // whether lower bounds tell the bar
  TopK lower_;
  uint32_t* const items_;  // [kExactPending], pending_ of them
  float* const upper_;
  Operand coarse_ = {}, fine_ = {};
  size_t fine_cols_ = 0;
  double centre_ = 0, fine_norm_ = 0, rounding_ = 0;
  bool bounded_ = false;
  struct {
    double score, margin;
    uint32_t item;
  } waiting_[kPanelRows];
  uint32_t waiting_count_ = 0, pending_ = 0;
};

}  // namespace

uint64_t exact_bytes(const ExactCounts& counts, const Model& model) {
  const ExactView& exact = model.exact;
  return counts.coarse_panels * (exact.coarse.panel_bytes() + exact.coarse.panel_scale_bytes()) +
         counts.fine_rows * exact.fine_bytes() + counts.f32_rows * (exact.width * sizeof(float));
}

void ExactScorer::score(const uint32_t* items, size_t count, float* scores) const {
  const size_t dim = model_.dim;
  float* tile = tile_.front(dim * kPanelRows);
  for (size_t r = 0; r < kPanelRows; ++r) {
    const float* row = model_.exact_row(items[r < count ? r : 0]);
    for (size_t c = 0; c < dim; ++c) tile[c * kPanelRows + r] = row[c];
  }
  model_.kernels.matvec_f32(tile, 1, dim, hidden_, scores);
  if (model_.item_bias == nullptr) return;
  for (size_t r = 0; r < count; ++r) {
    scores[r] += model_.bias_of(items[r] / kPanelRows)[items[r] % kPanelRows];
  }
}

void exact_scan(Session* session, const float* hidden, const Eligibility& eligibility, size_t k,
                Selector* selector, ExactCounts* counts) {
  ExactScan scan(session, hidden, k, selector, counts);
  scan.run(eligibility);
}

}  // namespace pintle::internal
