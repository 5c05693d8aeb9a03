// SPDX-License-Identifier: Apache-2.0
#include "check.h"

#if !defined(__wasm__)
#include <sys/mman.h>
#include <unistd.h>
#endif

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdarg>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "runtime/kernels/dispatch.h"

namespace pintle::check {
namespace {

constexpr unsigned char kCanary = 0xa5;

#if defined(__wasm__)

// Nothing can be made unreadable: canaries take the guard page's place, so that writes past the end
// are seen, but not reads.
constexpr bool kHasGuardPages = false;

size_t page_bytes() { return 4096; }

void* map_pages(size_t size_bytes) { return std::aligned_alloc(page_bytes(), size_bytes); }
void unmap_pages(void* pages, size_t) { std::free(pages); }
bool make_unreadable(void*, size_t) { return true; }
void make_unwritable(void*, size_t) {}

#else

constexpr bool kHasGuardPages = true;

size_t page_bytes() { return static_cast<size_t>(sysconf(_SC_PAGESIZE)); }

void* map_pages(size_t size_bytes) {
  void* mapped =
      mmap(nullptr, size_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  return mapped == MAP_FAILED ? nullptr : mapped;
}
void unmap_pages(void* pages, size_t size_bytes) { munmap(pages, size_bytes); }
bool make_unreadable(void* pages, size_t size_bytes) {
  return mprotect(pages, size_bytes, PROT_NONE) == 0;
}
void make_unwritable(void* pages, size_t size_bytes) { mprotect(pages, size_bytes, PROT_READ); }

#endif

std::vector<const GuardedMemory*>& alive() {
  static std::vector<const GuardedMemory*> memories;
  return memories;
}

// Value i of a fill.
double value_of(Random& random, Fill fill, const Domain& domain, size_t i) {
  switch (fill) {
    case Fill::kZero:
      return 0;
    case Fill::kMin:
      return domain.min;
    case Fill::kMax:
      return domain.max;
    case Fill::kAlternating:
      return i % 2 == 0 ? domain.min : domain.max;
    case Fill::kUniform:
      return random.uniform(domain.min, domain.max);
    case Fill::kRealistic:
      return std::fmin(std::fmax(random.normal() * domain.realistic, domain.min), domain.max);
  }
  return 0;
}

}  // namespace

const char* fill_name(Fill fill) {
  static const char* const kNames[] = {"zero",        "minimum", "maximum",
                                       "alternating", "uniform", "realistic"};
  return kNames[static_cast<int>(fill)];
}

uint64_t Random::next() {
  uint64_t z = (state_ += 0x9e3779b97f4a7c15u);
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
  return z ^ (z >> 31);
}

double Random::uniform(double low, double high) {
  const double fraction = static_cast<double>(next() >> 11) * 0x1p-53;
  return low * (1 - fraction) + high * fraction;
}

double Random::normal() {
  const double radius = std::sqrt(-2 * std::log(uniform(1e-12, 1)));
  return radius * std::cos(uniform(0, 6.283185307179586));
}

int64_t Random::integer(int64_t low, int64_t high) {
  return low + static_cast<int64_t>(next() % static_cast<uint64_t>(high - low + 1));
}

GuardedMemory::GuardedMemory(size_t size_bytes, size_t element_bytes, Place place)
    : size_bytes_(size_bytes) {
  const size_t page = page_bytes();
  // At least 64 canaries before; after, what the place leaves.
  usable_bytes_ = (size_bytes + 128 + page - 1) / page * page;
  mapped_bytes_ = usable_bytes_ + page;
  pages_ = static_cast<unsigned char*>(map_pages(mapped_bytes_));
  if (pages_ == nullptr) {
    std::perror("kernel_check: pages");
    std::exit(1);
  }
  std::memset(pages_, kCanary, kHasGuardPages ? usable_bytes_ : mapped_bytes_);
  if (!make_unreadable(pages_ + usable_bytes_, page)) {
    std::perror("kernel_check: guard page");
    std::exit(1);
  }
  size_t gap = 0;
  if (place == Place::kMisaligned) gap = size_bytes % 32 == 0 ? element_bytes : 0;
  if (place == Place::kAligned) gap = (64 - size_bytes % 64) % 64;
  data_ = pages_ + usable_bytes_ - gap - size_bytes;
  alive().push_back(this);
}

GuardedMemory::~GuardedMemory() {
  alive().erase(std::find(alive().begin(), alive().end(), this));
  if (!kHasGuardPages && is_read_only_ && checksum() != checksum_) {
    std::printf("a kernel wrote to an input\n");
    std::exit(1);
  }
  unmap_pages(pages_, mapped_bytes_);
}

const GuardedMemory* GuardedMemory::find(const void* p) {
  const auto* byte = static_cast<const unsigned char*>(p);
  for (const GuardedMemory* memory : alive()) {
    if (byte >= memory->data_ && byte < memory->data_ + memory->size_bytes_) return memory;
  }
  return nullptr;
}

void GuardedMemory::make_read_only() {
  make_unwritable(pages_, usable_bytes_);
  is_read_only_ = true;
  if (!kHasGuardPages) checksum_ = checksum();
}

uint64_t GuardedMemory::checksum() const {
  uint64_t sum = 0;
  for (size_t i = 0; i < mapped_bytes_; ++i) sum = sum * 0x100000001b3u + pages_[i];
  return sum;
}

bool GuardedMemory::are_canaries_intact() const {
  const unsigned char* const end = pages_ + (kHasGuardPages ? usable_bytes_ : mapped_bytes_);
  for (const unsigned char* p = pages_; p != end; ++p) {
    if (p == data_) p += size_bytes_;
    if (p == end) break;
    if (*p != kCanary) return false;
  }
  return true;
}

void Context::expect(bool is_right, const char* format, ...) {
  ++comparisons;
  if (is_right) return;
  constexpr uint64_t kPrinted = 8;
  if (++failures > kPrinted) return;
  std::printf("%s %s: ", isa, kernel);
  va_list arguments;
  va_start(arguments, format);
  std::vprintf(format, arguments);
  va_end(arguments);
  std::printf("\n");
}

void Context::bench(const char* label, double operations, const std::function<void()>& call) {
  if (!is_bench) return;
  using Clock = std::chrono::steady_clock;
  const auto seconds = [&](int64_t calls) {
    const Clock::time_point start = Clock::now();
    for (int64_t i = 0; i < calls; ++i) call();
    return std::chrono::duration<double>(Clock::now() - start).count();
  };
  int64_t calls = 1;
  while (seconds(calls) < 0.002) calls *= 2;
  double best = seconds(calls);
  for (int round = 0; round < 30; ++round) best = std::fmin(best, seconds(calls));
  best /= static_cast<double>(calls);
  std::printf("bench %-13s %-17s %-28s %11.3f us %9.2f G/s\n", isa, kernel, label, best * 1e6,
              operations / best * 1e-9);
}

void fill_floats(Random& random, Fill fill, const Domain& domain, float* p, size_t count) {
  for (size_t i = 0; i < count; ++i) {
    p[i] = static_cast<float>(value_of(random, fill, domain, i));
  }
}

void fill_integers(Random& random, Fill fill, const Domain& domain, int32_t* p, size_t count) {
  for (size_t i = 0; i < count; ++i) {
    p[i] = static_cast<int32_t>(std::nearbyint(value_of(random, fill, domain, i)));
  }
}

bool same_bits(float a, float b) { return std::memcmp(&a, &b, sizeof a) == 0; }

double half_to_double(uint16_t half) {
  const int exponent = half >> 10 & 31, mantissa = half & 1023;
  double value;
  if (exponent == 31) {
    value = mantissa == 0 ? HUGE_VAL : NAN;
  } else if (exponent == 0) {
    value = std::ldexp(mantissa, -24);
  } else {
    value = std::ldexp(1024 + mantissa, exponent - 25);
  }
  return (half & 0x8000) != 0 ? -value : value;
}

uint16_t half_from(double value) {
  const int sign = std::signbit(value) ? 0x8000 : 0;
  const double magnitude = std::fmin(std::fabs(value), 65504);
  if (magnitude < 0x1p-14) {
    return static_cast<uint16_t>(sign | static_cast<int>(std::ldexp(magnitude, 24)));
  }
  const int exponent = std::ilogb(magnitude);
  const int mantissa = static_cast<int>(std::ldexp(magnitude, 10 - exponent)) - 1024;
  return static_cast<uint16_t>(sign | (exponent + 15) << 10 | mantissa);
}

void pack_s8_panels(const std::vector<int32_t>& w, size_t panel_count, size_t cols,
                    int8_t* panels) {
  const size_t padded = round_up(cols, 4);
  for (size_t r = 0; r < panel_count * 16; ++r) {
    for (size_t k = 0; k < padded; ++k) {
      const int32_t value = k < cols ? w[r * cols + k] : 0;
      panels[r / 16 * 16 * padded + k / 4 * 64 + r % 16 * 4 + k % 4] = static_cast<int8_t>(value);
    }
  }
}

void pack_s4_panels(const std::vector<int32_t>& w, size_t panel_count, size_t cols,
                    uint8_t* panels) {
  const size_t padded = round_up(cols, 32);
  const auto stored = [&](size_t r, size_t k) { return (k < cols ? w[r * cols + k] : 0) + 8; };
  for (size_t r = 0; r < panel_count * 16; ++r) {
    for (size_t b = 0; b < padded / 8; ++b) {
      for (size_t j = 0; j < 4; ++j) {
        panels[r / 16 * 8 * padded + b * 64 + r % 16 * 4 + j] =
            static_cast<uint8_t>(stored(r, 8 * b + j) | stored(r, 8 * b + 4 + j) << 4);
      }
    }
  }
}

KernelTable table_below(const char* isa) {
  KernelTable below = {};
  const char *names[16], *name;
  const size_t count = available_isas(names, 16);
  for (size_t i = 1; i < count; ++i) {
    if (std::strcmp(names[i], isa) != 0) continue;
    if (!make_kernel_table(names[i - 1], &below, &name)) break;
  }
  return below;
}

}  // namespace pintle::check
