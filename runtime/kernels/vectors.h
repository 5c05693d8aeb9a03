// SPDX-License-Identifier: Apache-2.0
//
// The float kernels (float_*.h) are written once, over the primitives of a vectors_<isa>.h. Each of those
// gives, in an anonymous namespace, as every CPU has its own copy:
//
//   Vector, kLanes             so many floats; kLanes divides 16
//   zero, broadcast, load, store, load_half (kLanes half floats, exactly)
//   Part, part(count)          the first `count` <= kLanes lanes. load: zeros in the others, of which
//                              nothing is read; store: writes no others; select(part, a, b): a in the
//                              first ones, else b; keep(part, a): zeros in the others
//   add, sub, mul, div, abs    each rounded by itself
//   multiply_add(sum, a, b)    sum + a b, rounded once where the ISA fuses it; multiply_sub: sum - a b
//   max(a, b), min(a, b)       NaN: either
//   larger(a, b)               a > b ? a : b in every bit, also of NaN and zeros
//   Mask, greater(a, b), lanes_from(n), select(mask, a, b), keep(mask, a)
//                              false for NaN; the lanes from n on
//   select_negative(v, a, b)   a where v < 0, else b; -0 and NaN: either
//   reduce_sum, reduce_max     over the lanes
//   Exponent, nearest(v), times_power(v, exponent)
//                              v rounded to an integer n in [-127, 128], and v 2^n
//   load_factors<n>(p), multiply_add_lane<i>(sum, v, factors)
//                              sum + v p[i], i < n, by the ISA's cheapest way; nothing is written
//                              to p between the two
//   transpose(rows)            rows[i] lane j becomes rows[j] lane i
//   store_sums(p, v, scale, count)
//                              p[i] = scale * the sum of v[i]'s lanes, i < count, count <= 4
//   Floats16, mask_above(scores, threshold)
//                              a panel's column; bit r: !(scores[r] <= threshold)
//
// and how the kernels are cut so that this ISA's registers are full and its latencies hidden:
//
//   kMatvecColumns             columns of a panel that have sums of their own
//   kGemmColumns               columns that share a load of factors
//   GemmRows                   rows of a product at once, the most first; ends in 1
//   kBlockKeys                 keys are summed in blocks of this many, and the blocks then: errors of
//                              long sums do not pile up
//   kValueKeys                 keys that have sums of their own, for one query
//   ValueWidths, BlockWidths   vectors of a value at once, for one query and for several
//   QueryRows                  queries at once, the most first; the last is taken for fewer too
#ifndef PINTLE_KERNELS_VECTORS_H_
#define PINTLE_KERNELS_VECTORS_H_

#include "kernels.h"

// Before a loop over an array of registers: without it GCC keeps the array in memory. clang unrolls such
// loops, and does not know the pragma.
#if defined(__clang__)
#define PINTLE_UNROLL
#else
#define PINTLE_UNROLL _Pragma("GCC unroll 16")
#endif

// Where a call, or an array of registers handed over in memory, would cost more than the function does.
#define PINTLE_INLINE __attribute__((always_inline)) inline

namespace pintle {
namespace {

// All lanes: what loops over whole vectors take in a Part's place.
struct Whole {};

template <int kNumber>
struct Count {
  static constexpr int value = kNumber;
};
template <int... kNumbers>
struct Counts {};

// So many vectors; the last may be a part.
template <int kVectors>
struct WholeWidth {
  static constexpr int vectors = kVectors;
  static constexpr bool is_ragged = false;
};
template <int kVectors>
struct RaggedWidth {
  static constexpr int vectors = kVectors;
  static constexpr bool is_ragged = true;
};
template <typename... Each>
struct Widths {};

}  // namespace
}  // namespace pintle

#endif  // PINTLE_KERNELS_VECTORS_H_
