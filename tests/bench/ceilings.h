// SPDX-License-Identifier: Apache-2.0
//
// What this machine can do at best on one thread, by measurement.
#ifndef PINTLE_TESTS_BENCH_CEILINGS_H_
#define PINTLE_TESTS_BENCH_CEILINGS_H_

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "bench/peak_loops.h"
#include "support/scratch_dir.h"

namespace pintle::bench {

// Memory in 4 KiB pages, as a mapped file has on most phones: huge pages would flatter. Or a new file of
// bytes, mapped to be read as the runtime maps a model: in whatever pieces this system chooses.
class Pages {
 public:
  explicit Pages(size_t size_bytes);
  Pages(size_t size_bytes, const std::string& new_file);
  ~Pages();
  Pages(const Pages&) = delete;
  Pages& operator=(const Pages&) = delete;
  uint8_t* data() const { return data_; }
  size_t size_bytes() const { return size_bytes_; }

 private:
  uint8_t* data_;
  size_t size_bytes_;
};

enum class Limit { kRead, kReadFile, kFma, kWeights };

// A limit and, for reads, how many bytes are read over and over.
struct Ceiling {
  Limit limit;
  size_t footprint_bytes;
  std::string name() const;  // "read 0.234 MB", "f32 multiply-add", "int8 weights"
  bool operator<(const Ceiling& other) const {
    return limit != other.limit ? limit < other.limit : footprint_bytes < other.footprint_bytes;
  }
};
// Rounded up to what the loops read in one round. Less than 16 KiB, which every first-level cache holds,
// is read at the rate of 16 KiB: the loop's beginning and end would tell in a shorter one.
inline Ceiling read_of(size_t footprint_bytes) {
  constexpr size_t kRound = 1024, kLeast = 16 << 10;
  if (footprint_bytes < kLeast) footprint_bytes = kLeast;
  return {Limit::kRead, (footprint_bytes + kRound - 1) / kRound * kRound};
}
inline Ceiling read_file_of(size_t footprint_bytes) {
  return {Limit::kReadFile, read_of(footprint_bytes).footprint_bytes};
}
inline Ceiling fma_peak() { return {Limit::kFma, 0}; }
inline Ceiling weights_peak() { return {Limit::kWeights, 0}; }

// The best rate seen of every ceiling, in bytes or operations a second. Another measurement only
// raises it: whatever else runs here slows both the ceilings and what is held against them.
class Ceilings {
 public:
  Ceilings();
  // 0: this machine has no such instruction. The first call measures.
  double rate(const Ceiling& ceiling);
  void measure(const Ceiling& ceiling);
  const std::map<Ceiling, double>& all() const { return rates_; }

 private:
  double measure_once(const PeakLoops& loops, const Ceiling& ceiling);
  const uint8_t* buffer(const Ceiling& ceiling);

  std::vector<const PeakLoops*> loops_;  // those that this CPU runs
  std::map<Ceiling, double> rates_;
  test::ScratchDir folder_;
  std::unique_ptr<Pages> pages_, file_;
};

}  // namespace pintle::bench

#endif  // PINTLE_TESTS_BENCH_CEILINGS_H_
