// SPDX-License-Identifier: Apache-2.0
//
// flags_check ISA [SEED]
// The kernels as target.h compiles them against the same files compiled with -m, -march and
// -ffp-contract flags: every call that the kernel checks make is made to both, and all that it writes or
// returns has the same bits. Exit code 77: the ISA cannot run.
#include <algorithm>
#include <cinttypes>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <random>
#include <type_traits>

#include "by_flags.h"
#include "check.h"
#include "runtime/kernels/dispatch.h"

namespace pintle::check {
namespace {

KernelTable by_source, by_flags;
Context* context = nullptr;

struct Bytes {
  unsigned char* data;
  std::vector<unsigned char> copy;
};

template <typename T>
void note_output(T, std::vector<Bytes>*) {}

// A pointer to what is not const: the whole buffer that it points into.
template <typename T, typename = std::enable_if_t<!std::is_const_v<T>>>
void note_output(T* p, std::vector<Bytes>* outputs) {
  const GuardedMemory* memory = GuardedMemory::find(p);
  context->expect(memory != nullptr, "a check's output is in no Buffer");
  if (memory == nullptr) return;
  outputs->push_back({memory->data(), {memory->data(), memory->data() + memory->size_bytes()}});
}

void swap_contents(std::vector<Bytes>* outputs) {
  for (Bytes& output : *outputs) {
    std::swap_ranges(output.copy.begin(), output.copy.end(), output.data);
  }
}

// A table's entry that calls those of both tables with the same buffers.
template <auto kEntry>
struct Both;

template <typename Result, typename... Parameters, Result (*KernelTable::*kEntry)(Parameters...)>
struct Both<kEntry> {
  static Result call(Parameters... parameters) {
    std::vector<Bytes> outputs;
    (note_output(parameters, &outputs), ...);
    const auto call_one = [&](const KernelTable& table) {
      if constexpr (std::is_void_v<Result>) {
        (table.*kEntry)(parameters...);
        return 0;
      } else {
        return (table.*kEntry)(parameters...);
      }
    };
    const auto expected = call_one(by_flags);
    swap_contents(&outputs);  // the call is undone, its results are kept
    const auto result = call_one(by_source);
    context->expect(std::memcmp(&result, &expected, sizeof result) == 0,
                    "returns other bits than with flags");
    for (const Bytes& output : outputs) {
      context->expect(std::memcmp(output.data, output.copy.data(), output.copy.size()) == 0,
                      "writes other bits than with flags");
    }
    if constexpr (!std::is_void_v<Result>) return result;
  }
};

int run(const char* isa, uint64_t seed) {
  const char* name = nullptr;
  if (!make_kernel_table(isa, &by_source, &name) || !kernels_by_flags(isa, &by_flags)) {
    std::printf("%s: skipped, this build or CPU lacks it\n", isa);
    return 77;
  }
  std::printf("seed %" PRIu64 "\n", seed);
  Context both = {isa, std::strcmp(isa, "scalar") == 0, false, {}, {}, Random(seed)};
  context = &both;
  if (!make_kernel_table("scalar", &both.scalar, &name)) return 1;
  const KernelTable below = table_below(isa);
  size_t kernels = 0;
#define PINTLE_KERNEL(name, precision, result, parameters)               \
  if (by_source.name != below.name) {                                    \
    both.kernel = #name;                                                 \
    both.expect(by_source.name != by_flags.name, "is the one by flags"); \
    both.kernels.name = Both<&KernelTable::name>::call;                  \
    check_##name(both);                                                  \
    ++kernels;                                                           \
  }
#include "runtime/kernels/kernel_list.inc"
#undef PINTLE_KERNEL
  const bool has_passed = both.failures == 0 && kernels > 0;
  std::printf("%s: %s, %zu kernels, %" PRIu64 " comparisons\n", isa,
              has_passed ? "passed" : "FAILED", kernels, both.comparisons);
  return has_passed ? 0 : 1;
}

}  // namespace
}  // namespace pintle::check

int main(int argc, char** argv) {
  if (argc < 2 || argc > 3) {
    std::fprintf(stderr, "usage: flags_check ISA [SEED]\n");
    return 2;
  }
  const uint64_t seed = argc == 3 ? std::strtoull(argv[2], nullptr, 10) : std::random_device()();
  return pintle::check::run(argv[1], seed);
}
