// SPDX-License-Identifier: Apache-2.0
//
// kernels_against OLD.so NEW.so ISA [PREFIX]: times two revisions' kernels in one process, in many short
// rounds that take turns, and prints new / old for every call whose name begins with PREFIX: the least,
// median and most over the rounds, and of the fastest rounds. Exit status 77: this CPU lacks the ISA.
#include <dlfcn.h>
#include <time.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <vector>

#include "kernel_calls.h"

namespace pintle::bench {
namespace {

constexpr int kRounds = 301;
constexpr double kRoundSeconds = 50e-6;

bool has_isa(const char* isa) {
  if (std::strcmp(isa, "avx2") == 0) return __builtin_cpu_supports("avx2") != 0;
  return std::strcmp(isa, "avx512vnni") == 0 && __builtin_cpu_supports("avx512vnni") != 0;
}

Lookup open_library(const char* path) {
  void* library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
  void* lookup = library == nullptr ? nullptr : dlsym(library, "pintle_kernel");
  if (lookup == nullptr) {
    std::fprintf(stderr, "kernels_against: %s\n", dlerror());
    std::exit(1);
  }
  return reinterpret_cast<Lookup>(lookup);
}

// Of this thread on the CPU: what others do in between does not count.
double now() {
  timespec time;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + 1e-9 * static_cast<double>(time.tv_nsec);
}

double seconds(const KernelCall& call, const KernelTable& kernels, int times) {
  const double start = now();
  for (int i = 0; i < times; ++i) call.run(kernels);
  return now() - start;
}

void compare(const KernelCall& call, const KernelTable& before, const KernelTable& after) {
  int times = 1;
  while (seconds(call, before, times) < kRoundSeconds) times *= 2;
  std::vector<double> ratios;
  double least_before = 1e9, least_after = 1e9;
  for (int round = 0; round < kRounds; ++round) {
    const bool is_turned = round % 2 != 0;
    const double first = seconds(call, is_turned ? after : before, times);
    const double second = seconds(call, is_turned ? before : after, times);
    const double old_s = is_turned ? second : first, new_s = is_turned ? first : second;
    least_before = std::min(least_before, old_s);
    least_after = std::min(least_after, new_s);
    ratios.push_back(new_s / old_s);
  }
  std::sort(ratios.begin(), ratios.end());
  std::printf("%-20s %-24s %10.3f %10.3f %7.3f %7.3f %7.3f %7.3f  %s\n", call.kernel, call.shape,
              1e6 * least_before / times, 1e6 * least_after / times, ratios.front(),
              ratios[ratios.size() / 2], ratios.back(), least_after / least_before,
              bits_of(call, before) == bits_of(call, after) ? "same" : "other");
  std::fflush(stdout);
}

int run(const char* old_path, const char* new_path, const char* isa, const char* prefix) {
  if (const char* kernel = kernel_without_call()) {
    std::fprintf(stderr, "kernels_against: %s has no call in kernel_calls.cpp\n", kernel);
    return 1;
  }
  if (!has_isa(isa)) {
    std::fprintf(stderr, "kernels_against: skipped, this CPU lacks %s\n", isa);
    return 77;
  }
  const Lookup old_lookup = open_library(old_path), new_lookup = open_library(new_path);
  const KernelTable before = table_of(old_lookup, isa), after = table_of(new_lookup, isa);
  fill_inputs();
  std::printf("%s\n%-45s %10s %10s %7s %7s %7s %7s  bits\n", isa, "new / old", "old us", "new us",
              "min", "median", "max", "fastest");
  for (size_t i = 0; i < kKernelCallCount; ++i) {
    const KernelCall& call = kKernelCalls[i];
    if (std::strncmp(call.kernel, prefix, std::strlen(prefix)) != 0) continue;
    if (old_lookup(isa, call.kernel) == nullptr) {
      std::printf("%-20s new\n", call.kernel);
    } else {
      compare(call, before, after);
    }
  }
  return 0;
}

}  // namespace
}  // namespace pintle::bench

int main(int argc, char** argv) {
  if (argc < 4 || argc > 5) {
    std::fprintf(stderr, "usage: kernels_against OLD.so NEW.so ISA [PREFIX]\n");
    return 2;
  }
  return pintle::bench::run(argv[1], argv[2], argv[3], argc == 5 ? argv[4] : "");
}
