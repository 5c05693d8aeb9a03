// SPDX-License-Identifier: Apache-2.0
//
// How close the catalogue scans come to reading their bytes and doing nothing else: for each table the
// plain read of as many bytes, scan_s8 and scan_s4 run in turn, so that what else the machine does
// falls on all alike, and the best of many rounds is printed.
//
//   scan_bandwidth [--isa NAME] [--rounds N]
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <vector>

#include "dispatch.h"

namespace {

constexpr size_t kPageBytes = 4096;

// 16 bytes at a time, as every 64-bit CPU can, in four chains that hide the latency of an addition.
uint64_t read_all(const unsigned char* bytes, size_t size_bytes) {
  typedef uint64_t Vector __attribute__((vector_size(16), may_alias));
  const Vector* vectors = reinterpret_cast<const Vector*>(bytes);
  Vector a = {}, b = {}, c = {}, d = {};
  for (size_t i = 0; i + 8 <= size_bytes / sizeof(Vector); i += 8) {
    a += vectors[i] ^ vectors[i + 1];
    b += vectors[i + 2] ^ vectors[i + 3];
    c += vectors[i + 4] ^ vectors[i + 5];
    d += vectors[i + 6] ^ vectors[i + 7];
  }
  const Vector sum = (a + b) + (c + d);
  return sum[0] + sum[1];
}

class Table {
 public:
  Table(size_t weight_bytes, size_t scale_bytes)
      : size_bytes_((weight_bytes + scale_bytes + kPageBytes - 1) / kPageBytes * kPageBytes),
        bytes_(static_cast<unsigned char*>(std::aligned_alloc(kPageBytes, size_bytes_))),
        scales_(bytes_ + weight_bytes) {
    if (bytes_ == nullptr) std::exit(1);
    std::memset(bytes_, 0x22, size_bytes_);
  }
  ~Table() { std::free(bytes_); }
  Table(const Table&) = delete;
  Table& operator=(const Table&) = delete;
  template <typename T>
  const T* weights() const {
    return reinterpret_cast<const T*>(bytes_);
  }
  template <typename T>
  const T* scales() const {
    return reinterpret_cast<const T*>(scales_);
  }
  uint64_t read() const { return read_all(bytes_, size_bytes_); }
  double size_bytes() const { return static_cast<double>(size_bytes_); }

 private:
  size_t size_bytes_;
  unsigned char* bytes_;
  unsigned char* scales_;
};

double seconds_of(size_t calls, const std::function<void()>& call) {
  const auto start = std::chrono::steady_clock::now();
  for (size_t i = 0; i < calls; ++i) call();
  const std::chrono::duration<double> spent = std::chrono::steady_clock::now() - start;
  return spent.count() / static_cast<double>(calls);
}

void measure(const pintle::KernelTable& kernels, size_t rows, size_t cols, int rounds) {
  const Table s8(rows * cols, rows * sizeof(float));
  const Table s4(rows * cols / 2, rows * (cols / 32) * sizeof(uint16_t));
  const std::vector<int16_t> x(cols, 1000);
  pintle::ScanHits hits;
  volatile uint64_t sink = 0;
  const std::function<void()> calls[] = {
      [&] { sink = sink + s8.read(); },
      [&] {
        kernels.scan_s8(s8.weights<int8_t>(), s8.scales<float>(), nullptr, rows / 16, cols,
                        x.data(), 1e-3f, INFINITY, &hits);
      },
      [&] { sink = sink + s4.read(); },
      [&] {
        kernels.scan_s4(s4.weights<uint8_t>(), s4.scales<uint16_t>(), nullptr, rows / 16, cols,
                        x.data(), 1e-3f, INFINITY, &hits);
      }};
  double best[4] = {INFINITY, INFINITY, INFINITY, INFINITY};
  const size_t repeats = 1 + static_cast<size_t>(4e6 / s8.size_bytes());
  for (int round = 0; round < rounds; ++round) {
    for (size_t i = 0; i < 4; ++i) best[i] = std::fmin(best[i], seconds_of(repeats, calls[i]));
  }
  std::printf("%8zu x %3zu %9.1f %7.1f %9.1f %6.0f %% %9.1f %6.0f %% %8.2f\n", rows, cols,
              best[0] * 1e6, s8.size_bytes() / best[0] * 1e-9, best[1] * 1e6,
              100 * best[0] / best[1], best[3] * 1e6, 100 * best[2] / best[3], best[3] / best[1]);
}

}  // namespace

int main(int argc, char** argv) {
  const char* isa = nullptr;
  int rounds = 50;
  for (int i = 1; i + 1 < argc; i += 2) {
    if (std::strcmp(argv[i], "--isa") == 0) isa = argv[i + 1];
    if (std::strcmp(argv[i], "--rounds") == 0) rounds = std::atoi(argv[i + 1]);
  }
  pintle::KernelTable kernels;
  const char* name = nullptr;
  if (!pintle::make_kernel_table(isa, &kernels, &name)) {
    std::fprintf(stderr, "scan_bandwidth: this build or CPU lacks %s\n", isa);
    return 77;
  }
  std::printf("%s, best of %d rounds\n", name, rounds);
  std::printf("%14s %9s %7s %9s %8s %9s %8s %8s\n", "items x dim", "read us", "GB/s", "int8 us",
              "of read", "int4 us", "of read", "int4/int8");
  for (const size_t rows : {size_t{3456}, size_t{100000}, size_t{1000000}}) {
    for (const size_t cols : {size_t{64}, size_t{128}}) measure(kernels, rows, cols, rounds);
  }
  return 0;
}
