// SPDX-License-Identifier: Apache-2.0
#include "converter/io/thread_pool.h"

#include <doctest/doctest.h>

#include <atomic>
#include <string>
#include <vector>

#include "converter/io/error.h"

namespace pintle::converter {
namespace {

constexpr int kSizes[] = {1, 2, 3, 16};

TEST_CASE("every worker runs once a round, and the round ends with the last") {
  for (const int size : kSizes) {
    ThreadPool pool(size);
    CHECK(pool.size() == size);
    std::vector<int> rounds(static_cast<size_t>(size), 0);
    for (int round = 0; round < 500; ++round) {
      pool.run([&](int worker) { ++rounds[static_cast<size_t>(worker)]; });
    }
    CHECK(rounds == std::vector<int>(static_cast<size_t>(size), 500));
  }
}

TEST_CASE("every index goes to one worker, which does one at a time") {
  for (const int size : kSizes) {
    ThreadPool pool(size);
    for (const size_t count : {size_t{0}, size_t{1}, size_t{1000}}) {
      std::vector<int> visits(count, 0);
      std::vector<std::atomic<int>> busy(static_cast<size_t>(size));
      std::atomic<int> clashes{0};
      pool.for_each(count, [&](size_t i, int worker) {
        if (busy[static_cast<size_t>(worker)].fetch_add(1) != 0) ++clashes;
        ++visits[i];
        --busy[static_cast<size_t>(worker)];
      });
      CHECK(visits == std::vector<int>(count, 1));
      CHECK(clashes == 0);
    }
  }
}

TEST_CASE("an exception ends the round, not the pool: the lowest worker's is thrown on") {
  for (const int size : kSizes) {
    ThreadPool pool(size);
    std::atomic<int> ran{0};
    const auto fail = [&](int worker) {
      ++ran;
      throw Error("worker " + std::to_string(worker));
    };
    CHECK_THROWS_WITH_AS(pool.run(fail), "worker 0", Error);
    CHECK(ran == size);
    CHECK_THROWS_AS(pool.for_each(100,
                                  [](size_t i, int) {
                                    if (i == 57) throw Error("57");
                                  }),
                    Error);
    ran = 0;
    pool.run([&](int) { ++ran; });
    CHECK(ran == size);
  }
}

TEST_CASE("shares are contiguous and even") {
  int64_t next = 0;
  for (int worker = 0; worker < 7; ++worker) {
    const Share share = share_of(100, worker, 7);
    CHECK(share.begin == next);
    CHECK(share.end - share.begin >= 14);
    CHECK(share.end - share.begin <= 15);
    next = share.end;
  }
  CHECK(next == 100);
}

TEST_CASE("sizes out of range are refused") {
  for (const int size : {-1, 0, kMostThreads + 1}) CHECK_THROWS_AS(ThreadPool{size}, Error);
}

}  // namespace
}  // namespace pintle::converter
