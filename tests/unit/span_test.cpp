// SPDX-License-Identifier: Apache-2.0
#include "runtime/support/span.h"

#include <doctest/doctest.h>

#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <type_traits>
#include <utility>

#if __has_include(<sys/wait.h>)
#include <sys/wait.h>
#include <unistd.h>
#endif

namespace pintle::test {
using namespace pintle::internal;  // what this tests is not public
namespace {

TEST_CASE("a span gives what it holds, and parts of it that start where they say") {
  int values[8] = {};
  const Span<int> all(values, 8);
  CHECK(all.front(8) == values);
  CHECK(all.at(3, 5) == values + 3);
  CHECK(all.at(8, 0) == values + 8);
  CHECK(all.part(2, 4).at(1, 3) == values + 3);
  CHECK(Span<int>().front(0) == nullptr);
}

TEST_CASE("a buffer is as const as its owner, and not copied") {
  int values[4] = {};
  Buffer<int> buffer(values, 4);
  const Buffer<int>& read_only = buffer;
  static_assert(std::is_same_v<decltype(buffer.front(4)), int*>);
  static_assert(std::is_same_v<decltype(read_only.front(4)), const int*>);
  static_assert(std::is_same_v<decltype(read_only.at(1, 2)), const int*>);
  static_assert(!std::is_copy_constructible_v<Buffer<int>>);
  static_assert(!std::is_copy_assignable_v<Buffer<int>>);
  buffer.part(1, 2).front(2)[1] = 7;
  CHECK(*read_only.at(2, 1) == 7);
  const Buffer<int> moved = std::move(buffer);
  CHECK(moved.front(4) == values);
}

#if !defined(NDEBUG) && __has_include(<sys/wait.h>)

// Whether `write` ends its process, as an assert does.
template <typename Write>
bool aborts(const Write& write) {
  const pid_t child = fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    std::signal(SIGABRT, SIG_DFL);
    std::fclose(stderr);
    write();
    std::_Exit(0);
  }
  int status = 0;
  REQUIRE(waitpid(child, &status, 0) == child);
  return WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT;
}

TEST_CASE("more than there is ends a build with asserts") {
  int values[8] = {};
  const Span<int> all(values, 8);
  CHECK_FALSE(aborts([&] { all.at(4, 4); }));
  CHECK(aborts([&] { all.front(9); }));
  CHECK(aborts([&] { all.at(4, 5); }));
  CHECK(aborts([&] { all.at(9, 0); }));
  CHECK(aborts([&] { all.at(4, SIZE_MAX); }));
  CHECK(aborts([&] { all.part(2, 3).front(4); }));
  CHECK(aborts([&] { Buffer<int>(values, 2).part(1, 2); }));
  CHECK(aborts([&] { Span<int>().front(1); }));
}

#endif

#ifdef NDEBUG
static_assert(sizeof(Span<int>) == sizeof(int*), "without asserts a pointer and nothing more");
#endif

}  // namespace
}  // namespace pintle::test
