// SPDX-License-Identifier: Apache-2.0
#include "runtime/support/arena.h"

#include <doctest/doctest.h>

#include <vector>

namespace pintle {
using namespace pintle::internal;  // what this tests is not public
namespace {

TEST_CASE("counting and taking agree; buffers are aligned, apart, and followed by slack") {
  alignas(64) uint8_t block[4096];
  Arena counting(nullptr), taking(block);
  const uint8_t* end_of_last = block;
  const uint64_t counts[] = {1, 0, 64, 63, 65, 300, 48, 49};
  for (const uint64_t count : counts) {
    CHECK(counting.take<uint8_t>(count) == nullptr);
    const uint8_t* buffer = taking.take<uint8_t>(count);
    CHECK(reinterpret_cast<uintptr_t>(buffer) % 64 == 0);
    CHECK(buffer >= end_of_last);
    end_of_last = buffer + count + Arena::kSlackBytes;
    CHECK(taking.used_bytes() == counting.used_bytes());
  }
  CHECK(end_of_last <= block + taking.used_bytes());
  CHECK(taking.used_bytes() <= sizeof(block));
}

TEST_CASE("elements count by their size") {
  Arena counting(nullptr);
  counting.take<double>(6);  // 48 bytes and 16 of slack
  CHECK(counting.used_bytes() == 64);
  counting.take<double>(7);
  CHECK(counting.used_bytes() == 192);
}

TEST_CASE("what is taken after a rewind shares the memory of what was taken before") {
  alignas(64) uint8_t block[1024];
  Arena arena(block);
  arena.take<uint8_t>(10);
  const uint64_t start = arena.used_bytes();
  const uint8_t* longer = arena.take<uint8_t>(300);
  const uint64_t end = arena.used_bytes();
  arena.rewind(start);
  CHECK(arena.take<uint8_t>(5) == longer);
  CHECK(arena.used_bytes() < end);
  arena.skip_to(end);
  CHECK(arena.used_bytes() == end);
  arena.skip_to(start);  // behind the longer of the two already
  CHECK(arena.used_bytes() == end);
}

}  // namespace
}  // namespace pintle
