// SPDX-License-Identifier: Apache-2.0
//
// Checks of the kernels: every ISA against the scalar specification (exact kernels, bit for bit) or
// against double arithmetic (tolerance kernels, with the bound that kernel_list.inc states), and
// the scalar kernels themselves against an independent restatement. The same calls are timed by
// --bench.
#ifndef PINTLE_TESTS_KERNELS_CHECK_H_
#define PINTLE_TESTS_KERNELS_CHECK_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <vector>

#include "runtime/kernels/kernels.h"

namespace pintle::check {
using namespace pintle::internal;  // what this tests is not public

enum class Fill { kZero, kMin, kMax, kAlternating, kUniform, kRealistic };
inline constexpr Fill kFills[] = {Fill::kZero,        Fill::kMin,     Fill::kMax,
                                  Fill::kAlternating, Fill::kUniform, Fill::kRealistic};
const char* fill_name(Fill fill);

class Random {
 public:
  explicit Random(uint64_t seed) : state_(seed) {}
  uint64_t next();  // SplitMix64
  double uniform(double low, double high);
  double normal();
  int64_t integer(int64_t low, int64_t high);  // both included

 private:
  uint64_t state_;
};

// A kernel's input domain: its extremes, and the standard deviation of realistic values.
struct Domain {
  double min, max, realistic;
};

// Where a buffer lies in its pages. An unreadable page follows it in each case.
enum class Place {
  kAtGuard,     // the last byte is the last that can be read
  kMisaligned,  // aligned for its type and for nothing more; one element before the guard page
  kAligned      // starts at a multiple of 64; up to 63 bytes before the guard page
};

// Memory with canaries on either side, and an unreadable page right after it. WebAssembly has no such
// pages: canaries stand there too, and inputs are compared with a checksum at the end.
class GuardedMemory {
 public:
  GuardedMemory(size_t size_bytes, size_t element_bytes, Place place);
  ~GuardedMemory();
  GuardedMemory(const GuardedMemory&) = delete;
  GuardedMemory& operator=(const GuardedMemory&) = delete;

  // The one that is alive and holds `p`, or null.
  static const GuardedMemory* find(const void* p);

  unsigned char* data() const { return data_; }
  size_t size_bytes() const { return size_bytes_; }
  void make_read_only();
  bool are_canaries_intact() const;

 private:
  uint64_t checksum() const;

  unsigned char* pages_;
  size_t usable_bytes_, mapped_bytes_, size_bytes_;
  unsigned char* data_;
  uint64_t checksum_ = 0;
  bool is_read_only_ = false;
};

// An array in guarded memory.
template <typename T>
class Buffer {
 public:
  explicit Buffer(size_t count, Place place = Place::kAtGuard)
      : count_(count), memory_(count * sizeof(T), sizeof(T), place) {}
  T* data() const { return reinterpret_cast<T*>(memory_.data()); }
  size_t size() const { return count_; }
  T& operator[](size_t i) const { return data()[i]; }
  // Inputs: a kernel that writes to one ends the program.
  void make_read_only() { memory_.make_read_only(); }
  bool are_canaries_intact() const { return memory_.are_canaries_intact(); }

 private:
  size_t count_;
  GuardedMemory memory_;
};

struct Context {
  const char* isa;
  bool is_scalar;
  bool is_bench;
  KernelTable kernels;  // under test
  KernelTable scalar;
  Random random;
  const char* kernel = "";
  uint64_t failures = 0;
  uint64_t comparisons = 0;

  // Counts a comparison; a failing one is printed (the first few of each kernel).
  void expect(bool is_right, const char* format, ...) __attribute__((format(printf, 3, 4)));
  // Times `call` with --bench; `operations` (multiplications and additions, or elements) give a
  // rate.
  void bench(const char* label, double operations, const std::function<void()>& call);
};

void fill_floats(Random& random, Fill fill, const Domain& domain, float* p, size_t count);
void fill_integers(Random& random, Fill fill, const Domain& domain, int32_t* p, size_t count);
inline void fill_floats(Random& random, Fill fill, const Domain& domain, const Buffer<float>& b) {
  fill_floats(random, fill, domain, b.data(), b.size());
}

bool same_bits(float a, float b);
double half_to_double(uint16_t half);
uint16_t half_from(double value);  // towards zero; beyond the range: the largest finite value

// Packs [16 * panel_count][cols] into panels, restating kernels.h. The padding columns that s8 and
// s4 panels have past `cols` hold zeros.
template <typename T>
void pack_float_panels(const std::vector<T>& w, size_t panel_count, size_t cols, T* panels) {
  for (size_t r = 0; r < panel_count * 16; ++r) {
    for (size_t k = 0; k < cols; ++k) panels[(r / 16 * cols + k) * 16 + r % 16] = w[r * cols + k];
  }
}
void pack_s8_panels(const std::vector<int32_t>& w, size_t panel_count, size_t cols, int8_t* panels);
void pack_s4_panels(const std::vector<int32_t>& w, size_t panel_count, size_t cols,
                    uint8_t* panels);
inline size_t round_up(size_t n, size_t multiple) {
  return (n + multiple - 1) / multiple * multiple;
}

// One check per kernel of kernel_list.inc: one without is a link error.
#define PINTLE_KERNEL(name, precision, result, parameters) void check_##name(Context& context);
#include "runtime/kernels/kernel_list.inc"
#undef PINTLE_KERNEL

// The kernels of the ISA below `isa`, which those that it inherits equal; all null below the first.
KernelTable table_below(const char* isa);

}  // namespace pintle::check

#endif  // PINTLE_TESTS_KERNELS_CHECK_H_
