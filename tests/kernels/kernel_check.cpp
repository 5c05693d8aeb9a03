// SPDX-License-Identifier: Apache-2.0
//
// kernel_check [--isa NAME] [--kernel NAME] [--seed N] [--bench]
// Without --isa, every ISA that this build and CPU have. A kernel that an ISA inherits is that of the
// ISA below, and checked there; --kernel and --bench run it. Exit code 77: the ISA asked for cannot run.
#include <unistd.h>
#if !defined(__wasm__)
#include <signal.h>
#endif

#include <cinttypes>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <random>

#include "check.h"
#include "runtime/kernels/dispatch.h"

namespace pintle::check {
namespace {

struct Check {
  const char* kernel;
  void (*run)(Context&);
  bool (*is_inherited)(const KernelTable& kernels, const KernelTable& below);
};

constexpr Check kChecks[] = {
#define PINTLE_KERNEL(name, precision, result, parameters) \
  {#name, check_##name,                                    \
   [](const KernelTable& a, const KernelTable& b) { return a.name == b.name; }},
#include "runtime/kernels/kernel_list.inc"
#undef PINTLE_KERNEL
};

// What runs now, for the handler.
char now[64];

#if !defined(__wasm__)
// A kernel read or wrote past an extent, into an unreadable page, or wrote to an input.
void report_fault(int) {
  const char* const parts[] = {now, ": touched memory outside its extents\n"};
  for (const char* part : parts) {
    if (write(STDOUT_FILENO, part, std::strlen(part)) < 0) break;
  }
  _exit(1);
}
#endif

struct Options {
  const char* isa = nullptr;
  const char* kernel = nullptr;
  uint64_t seed = 0;
  bool is_bench = false;
};

enum class Outcome { kPassed, kFailed, kSkipped };

Outcome check_isa(const char* isa, const Options& options) {
  Context context = {
      isa, std::strcmp(isa, "scalar") == 0, options.is_bench, {}, {}, Random(options.seed)};
  const char* name = nullptr;
  if (!make_kernel_table(isa, &context.kernels, &name)) {
    std::printf("%s: skipped, this build or CPU lacks it\n", isa);
    return Outcome::kSkipped;
  }
  if (!make_kernel_table("scalar", &context.scalar, &name)) return Outcome::kFailed;
  const KernelTable below = table_below(isa);
  const bool has_inherited = options.is_bench || options.kernel != nullptr;
  uint64_t failures = 0, comparisons = 0;
  size_t inherited = 0;
  bool is_known = false;
  for (const Check& check : kChecks) {
    if (options.kernel != nullptr && std::strcmp(options.kernel, check.kernel) != 0) continue;
    is_known = true;
    if (!has_inherited && check.is_inherited(context.kernels, below)) {
      ++inherited;
      continue;
    }
    context.kernel = check.kernel;
    context.failures = context.comparisons = 0;
    context.random = Random(options.seed);  // so that --kernel alone repeats a failure
    std::snprintf(now, sizeof now, "%s %s", isa, check.kernel);
    std::fflush(stdout);
    check.run(context);
    if (context.failures != 0 || context.comparisons == 0) {
      std::printf("%s %s: FAILED %" PRIu64 " of %" PRIu64 " comparisons\n", isa, check.kernel,
                  context.failures, context.comparisons);
      ++failures;
    }
    comparisons += context.comparisons;
  }
  if (!is_known) {
    std::fprintf(stderr, "kernel_check: no kernel is called %s\n", options.kernel);
    return Outcome::kFailed;
  }
  std::printf("%s: %s, %" PRIu64 " comparisons, %zu kernels inherited\n", isa,
              failures == 0 ? "passed" : "FAILED", comparisons, inherited);
  return failures == 0 ? Outcome::kPassed : Outcome::kFailed;
}

int run(const Options& options) {
  std::printf("seed %" PRIu64 "\n", options.seed);
  if (options.isa != nullptr) {
    bool is_known = false;
    for (const char* const* name = kIsaNames; *name != nullptr; ++name) {
      is_known = is_known || std::strcmp(*name, options.isa) == 0;
    }
    if (!is_known) {
      std::fprintf(stderr, "kernel_check: no ISA is called %s\n", options.isa);
      return 1;
    }
    const Outcome outcome = check_isa(options.isa, options);
    return outcome == Outcome::kSkipped ? 77 : outcome == Outcome::kFailed ? 1 : 0;
  }
  bool has_failed = false;
  for (const char* const* name = kIsaNames; *name != nullptr; ++name) {
    has_failed = check_isa(*name, options) == Outcome::kFailed || has_failed;
  }
  return has_failed ? 1 : 0;
}

}  // namespace
}  // namespace pintle::check

int main(int argc, char** argv) {
  pintle::check::Options options;
  options.seed = std::random_device()();
  for (int i = 1; i < argc; ++i) {
    const bool has_value = i + 1 < argc;
    if (std::strcmp(argv[i], "--bench") == 0) {
      options.is_bench = true;
    } else if (std::strcmp(argv[i], "--isa") == 0 && has_value) {
      options.isa = argv[++i];
    } else if (std::strcmp(argv[i], "--kernel") == 0 && has_value) {
      options.kernel = argv[++i];
    } else if (std::strcmp(argv[i], "--seed") == 0 && has_value) {
      options.seed = std::strtoull(argv[++i], nullptr, 10);
    } else {
      std::fprintf(stderr,
                   "usage: kernel_check [--isa NAME] [--kernel NAME] [--seed N] [--bench]\n");
      return 2;
    }
  }
#if !defined(__wasm__)  // no signals: a trap ends the program
  signal(SIGSEGV, pintle::check::report_fault);
  signal(SIGBUS, pintle::check::report_fault);
#endif
  return pintle::check::run(options);
}
