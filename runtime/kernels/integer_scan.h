// SPDX-License-Identifier: Apache-2.0
//
// The part of scan_s8 and scan_s4 that every ISA shares: what is done with a panel's scores.
#ifndef PINTLE_KERNELS_INTEGER_SCAN_H_
#define PINTLE_KERNELS_INTEGER_SCAN_H_

#include "float_vectors.h"

namespace pintle {
namespace {

// How far ahead scans prefetch: the hardware's prefetchers stop at every page's end.
constexpr size_t kScanAheadBytes = 4096;

// Asks for `kLines` cache lines further on, past the tensor's end too: nothing is read. Part of the
// products' loops, as a loop of its own would take four instructions a line. Inlined, as GCC takes a
// function that only prefetches for one without effect and leaves out calls to it.
template <uintptr_t kLines>
PINTLE_INLINE void prefetch(const void* p) {
  const uintptr_t ahead = reinterpret_cast<uintptr_t>(p) + kScanAheadBytes;
  PINTLE_UNROLL
  for (uintptr_t line = 0; line < kLines; ++line) {
    __builtin_prefetch(reinterpret_cast<const void*>(ahead + 64 * line));
  }
}

// Takes the scores of panels one by one, in ascending order and without their bias. Every panel's are
// stored, over the last miss's: cheaper than a branch that is predicted wrong at every hit.
class HitWriter {
 public:
  HitWriter(const float* bias, float threshold, ScanHits* hits)
      : bias_(bias), threshold_(threshold), hits_(hits) {}
  size_t room() const { return kScanHits - count_; }
  PINTLE_INLINE void take(size_t panel, Floats16 scores) {
    if (bias_ != nullptr) add_bias(bias_ + panel * kPanelRows, &scores);
    const uint32_t mask = mask_above(scores, threshold_);
    store16(hits_->scores[count_], scores);
    hits_->panels[count_] = static_cast<uint32_t>(panel);
    hits_->masks[count_] = static_cast<uint16_t>(mask);
    count_ += mask != 0 ? 1 : 0;
  }
  void finish() { hits_->count = count_; }

 private:
  const float* bias_;
  float threshold_;
  ScanHits* hits_;
  uint32_t count_ = 0;
};

// score(p) gives the products of panel p. Returns how many panels it read.
template <typename Score>
PINTLE_INLINE size_t scan(const float* bias, size_t panel_count, float threshold, ScanHits* hits,
                          const Score& score) {
  HitWriter writer(bias, threshold, hits);
  size_t p = 0;
  for (; p < panel_count && writer.room() > 0; ++p) writer.take(p, score(p));
  writer.finish();
  return p;
}

// scan by a product of one panel at a time, which writes its 16 results: for more columns than fit the
// planes of x, which each panel then splits anew. Rare.
template <typename Product>
PINTLE_INLINE size_t scan_wide(const float* bias, size_t panel_count, float threshold,
                               ScanHits* hits, const Product& product) {
  return scan(bias, panel_count, threshold, hits, [&](size_t p) {
    alignas(64) float y[kPanelRows] = {};
    product(p, y);
    return load16(y);
  });
}

}  // namespace
}  // namespace pintle

#endif  // PINTLE_KERNELS_INTEGER_SCAN_H_
