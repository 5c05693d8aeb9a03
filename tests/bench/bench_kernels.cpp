// SPDX-License-Identifier: Apache-2.0
//
// Every kernel, and lists over whole catalogues, beside what this machine can do at best: Google Benchmark
// with its options (--benchmark_filter=REGEX, --benchmark_out=FILE, ...), ended by one table.
//
//   bench_kernels [--isa NAME] [--benchmark_...]
//
// Repetitions of all benchmarks run in random order, each beside its ceiling's, so that what else the
// machine does falls on all alike. Exit status 1: a kernel has no benchmark; 77: this build or CPU lacks the ISA.
#include <benchmark/benchmark.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

#include "bench/suite.h"
#include "runtime/kernels/dispatch.h"

namespace {

// Removes "--isa NAME" from the arguments.
const char* take_isa(int* argc, char** argv) {
  const char* isa = std::getenv("PINTLE_FORCE_ISA");
  int kept = 1;
  for (int i = 1; i < *argc; ++i) {
    if (std::strcmp(argv[i], "--isa") == 0 && i + 1 < *argc) {
      isa = argv[++i];
    } else {
      argv[kept++] = argv[i];
    }
  }
  *argc = kept;
  return isa;
}

}  // namespace

int main(int argc, char** argv) {
  const char* isa = take_isa(&argc, argv);
  pintle::internal::KernelTable kernels;
  const char* isa_name = nullptr;
  if (!pintle::internal::make_kernel_table(isa, &kernels, &isa_name)) {
    std::fprintf(stderr, "bench_kernels: this build or CPU lacks %s\n", isa);
    return 77;
  }
  // Ours first: what the command line says comes later and wins.
  char repetitions[] = "--benchmark_repetitions=9", min_time[] = "--benchmark_min_time=0.02",
       order[] = "--benchmark_enable_random_interleaving=true";
  std::vector<char*> arguments = {argv[0], repetitions, min_time, order};
  arguments.insert(arguments.end(), argv + 1, argv + argc);
  int count = static_cast<int>(arguments.size());
  arguments.push_back(nullptr);
  benchmark::Initialize(&count, arguments.data());
  if (benchmark::ReportUnrecognizedArguments(count, arguments.data())) return 2;

  pintle::bench::Suite suite(kernels, isa_name);
  pintle::bench::add_matrix_benchmarks(&suite);
  pintle::bench::add_vector_benchmarks(&suite);
  pintle::bench::add_list_benchmarks(&suite);
  pintle::bench::add_path_benchmarks(&suite);
  const std::vector<std::string> missing = suite.missing_kernels();
  for (const std::string& kernel : missing) {
    std::fprintf(stderr, "bench_kernels: %s has no benchmark\n", kernel.c_str());
  }
  if (!missing.empty()) return 1;
  pintle::bench::Table table(&suite);
  benchmark::RunSpecifiedBenchmarks(&table);
  benchmark::Shutdown();
  return 0;
}
