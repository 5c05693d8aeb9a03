// SPDX-License-Identifier: Apache-2.0
//
// Exploration: a Gumbel number for every item. Scores / T with standard Gumbel numbers added, sorted, are a
// draw without replacement from the softmax (Gumbel-top-k; Kool et al., arXiv:1903.06059).
#ifndef PINTLE_RUNTIME_LISTS_EXPLORATION_H_
#define PINTLE_RUNTIME_LISTS_EXPLORATION_H_

#include <math.h>
#include <stdint.h>

namespace pintle::internal {

class Exploration {
 public:
  // scale: of the numbers, in score; 0: none.
  Exploration(double scale, uint64_t seed)
      : scale_(static_cast<float>(scale)), seed_(seed), most_(scale_ * kLargest) {}

  bool is_active() const { return scale_ > 0; }
  // At least every item's noise.
  float most() const { return most_; }
  float noise(uint32_t item) const {
    // SplitMix64's mixing of the seed and the item (Steele et al., 2014).
    uint64_t x = seed_ + 0x9e3779b97f4a7c15u * (uint64_t{item} + 1);
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
    x ^= x >> 31;
    const double uniform = (static_cast<double>(x >> 40) + 0.5) * 0x1p-24;  // in (0, 1)
    return scale_ * static_cast<float>(-log(-log(uniform)));
  }

 private:
  static constexpr float kLargest = 17.4f;  // above -log(-log(1 - 2^-25)) = 25 log 2

  float scale_;
  uint64_t seed_;
  float most_;
};

}  // namespace pintle::internal

#endif  // PINTLE_RUNTIME_LISTS_EXPLORATION_H_
