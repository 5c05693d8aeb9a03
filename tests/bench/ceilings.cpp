// SPDX-License-Identifier: Apache-2.0
#include "bench/ceilings.h"

#include <benchmark/benchmark.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>

#include "bench/synthetic_model.h"
#include "runtime/kernels/cpu_features.h"

namespace pintle::bench {
namespace {

constexpr double kWindowSeconds = 0.002;
constexpr int kWindows = 4;
constexpr size_t kPrefetches[] = {0, 1024, 4096, 8192};

// Of this thread on the CPU, as Google Benchmark counts: others that run meanwhile do not count.
double cpu_seconds() {
  timespec now = {};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

// Units of work a second: the best of some windows.
template <typename Call>
double best_rate(double units, const Call& call) {
  double best = 0;
  size_t calls = 1;
  for (int window = 0; window < kWindows;) {
    const double start = cpu_seconds();
    for (size_t i = 0; i < calls; ++i) call();
    const double seconds = cpu_seconds() - start;
    if (seconds < kWindowSeconds / 2) {  // too short for the clock
      calls *= 2;
      continue;
    }
    best = std::max(best, units * static_cast<double>(calls) / seconds);
    ++window;
  }
  return best;
}

[[noreturn]] void fail(const char* what, size_t size_bytes) {
  std::fprintf(stderr, "bench_kernels: %s of %zu bytes\n", what, size_bytes);
  std::exit(1);
}

}  // namespace

Pages::Pages(size_t size_bytes) : size_bytes_(size_bytes) {
  void* memory =
      mmap(nullptr, size_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) fail("no memory", size_bytes);
#if defined(MADV_NOHUGEPAGE)
  madvise(memory, size_bytes, MADV_NOHUGEPAGE);
#endif
  data_ = static_cast<uint8_t*>(memory);
}

Pages::Pages(size_t size_bytes, const std::string& new_file) : size_bytes_(size_bytes) {
  const std::string block(1 << 20, 'x');
  std::ofstream out(new_file, std::ios::binary);
  for (size_t at = 0; at < size_bytes; at += block.size()) {
    const size_t rest = std::min(block.size(), size_bytes - at);
    out.write(block.data(), static_cast<std::streamsize>(rest));
  }
  out.close();
  drop_from_page_cache(new_file);
  const int file = open(new_file.c_str(), O_RDONLY);
  void* memory = file < 0 ? MAP_FAILED : mmap(nullptr, size_bytes, PROT_READ, MAP_PRIVATE, file, 0);
  if (!out || memory == MAP_FAILED) fail("no file", size_bytes);
  close(file);
  data_ = static_cast<uint8_t*>(memory);
}

Pages::~Pages() { munmap(data_, size_bytes_); }

std::string Ceiling::name() const {
  if (limit == Limit::kFma) return "f32 multiply-add";
  if (limit == Limit::kWeights) return "int8 weights";
  char text[48];
  std::snprintf(text, sizeof text, "read %.3g MB%s", static_cast<double>(footprint_bytes) * 1e-6,
                limit == Limit::kReadFile ? ", file" : "");
  return text;
}

Ceilings::Ceilings() {
  const internal::CpuFeatures features = internal::detect_cpu_features();
#if defined(PINTLE_PEAK_X86)
  if (features.avx2) loops_.push_back(&kPeakAvx2);
  if (features.avx512vnni) loops_.push_back(&kPeakAvx512);
#elif defined(PINTLE_PEAK_ARM)
  if (features.neon_dotprod) loops_.push_back(&kPeakDotprod);
#endif
  (void)features;
  if (loops_.empty()) loops_.push_back(&kPeakBaseline);
}

double Ceilings::rate(const Ceiling& ceiling) {
  if (rates_.find(ceiling) == rates_.end()) measure(ceiling);
  return rates_[ceiling];
}

void Ceilings::measure(const Ceiling& ceiling) {
  double& best = rates_[ceiling];
  for (const PeakLoops* loops : loops_) best = std::max(best, measure_once(*loops, ceiling));
}

double Ceilings::measure_once(const PeakLoops& loops, const Ceiling& ceiling) {
  constexpr size_t kRounds = 5000;
  if (ceiling.limit == Limit::kFma) {
    return best_rate(static_cast<double>(kRounds * loops.fma.flops),
                     [&] { benchmark::DoNotOptimize(loops.fma.run(kRounds)); });
  }
  if (ceiling.limit == Limit::kWeights) {
    if (loops.weights.run == nullptr) return 0;
    return best_rate(static_cast<double>(kRounds * loops.weights.count),
                     [&] { benchmark::DoNotOptimize(loops.weights.run(kRounds)); });
  }
  const size_t size = ceiling.footprint_bytes;
  const uint8_t* bytes = buffer(ceiling);
  double best = 0;
  for (const size_t prefetch : kPrefetches) {
    best = std::max(best, best_rate(static_cast<double>(size), [&] {
                      benchmark::DoNotOptimize(loops.read(bytes, size, prefetch));
                    }));
  }
  return best;
}

const uint8_t* Ceilings::buffer(const Ceiling& ceiling) {
  const size_t size_bytes = ceiling.footprint_bytes;
  const bool is_file = ceiling.limit == Limit::kReadFile;
  std::unique_ptr<Pages>& pages = is_file ? file_ : pages_;
  if (pages == nullptr || pages->size_bytes() < size_bytes) {
    pages.reset();
    if (is_file) {
      pages = std::make_unique<Pages>(size_bytes, folder_.path("bytes"));
    } else {
      pages = std::make_unique<Pages>(size_bytes);
      std::memset(pages->data(), 0x5a, size_bytes);
    }
  }
  return pages->data();
}

}  // namespace pintle::bench
