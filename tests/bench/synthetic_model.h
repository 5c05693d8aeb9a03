// SPDX-License-Identifier: Apache-2.0
//
// Models with large catalogues, made without a checkpoint: seeded weights, written by the converter.
#ifndef PINTLE_TESTS_BENCH_SYNTHETIC_MODEL_H_
#define PINTLE_TESTS_BENCH_SYNTHETIC_MODEL_H_

#include <cstdint>
#include <string>

#include "pintle_generated.h"

namespace pintle::bench {

class SplitMix {
 public:
  explicit SplitMix(uint64_t seed) : state_(seed) {}
  uint64_t next() {
    state_ += 0x9e3779b97f4a7c15u;
    uint64_t z = state_;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
  }
  float unit() {  // [-1, 1)
    return static_cast<float>(static_cast<int64_t>(next()) >> 40) * 0x1p-23f;
  }
  uint16_t half() {  // IEEE, 2^-6 <= |value| < 1: never denormal
    const uint64_t bits = next();
    const auto exponent = static_cast<uint16_t>(9 + bits % 6);
    return static_cast<uint16_t>((bits >> 32 & 0x8000u) | exponent << 10 | (bits >> 16 & 0x3ffu));
  }

 private:
  uint64_t state_;
};

struct SyntheticShape {
  uint32_t items = 1000000, dim = 64, heads = 2, layers = 2, window = 200;
  fb::DType precision = fb::DType_I8;  // I8 or I4
  bool has_titles = true;
};

// GPT-2's form. Item weights are uniform integers, their scales within a factor of two. The file is left
// out of the page cache.
void write_synthetic_model(const std::string& path, const SyntheticShape& shape, uint64_t seed = 1);

// Writes the file out and drops it from the page cache, as after a reboot, where the system can. What was
// just written may lie there in pieces of 2 MiB, and the kernel maps such a piece whole at its first
// touch: resident memory and the speed of reading would tell how the file was written.
void drop_from_page_cache(const std::string& path);

}  // namespace pintle::bench

#endif  // PINTLE_TESTS_BENCH_SYNTHETIC_MODEL_H_
