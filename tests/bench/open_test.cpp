// SPDX-License-Identifier: Apache-2.0
//
// What opening a model of a million items costs in time and in memory.
#include <doctest/doctest.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <fstream>
#include <string>
#include <vector>

#include "bench/synthetic_model.h"
#include "pintle/pintle.h"
#include "support/scratch_dir.h"

// After the others: one of them says whether this is glibc.
#if defined(__GLIBC__)
#include <malloc.h>
#endif

namespace pintle::bench {
namespace {

constexpr size_t kMostResidentBytes = 2 << 20;
constexpr double kMostMicroseconds = 1000;

// Of the whole process, mapped pages included; 0 where the kernel does not say.
size_t resident_bytes() {
  std::ifstream file("/proc/self/smaps_rollup");
  std::string word;
  while (file >> word) {
    size_t kilobytes = 0;
    if (word == "Rss:" && file >> kilobytes) return kilobytes * 1024;
  }
  return 0;
}

double open_and_close_us(const std::string& path) {
  const auto start = std::chrono::steady_clock::now();
  pintle_model* model = nullptr;
  REQUIRE(pintle_model_open_file(path.c_str(), nullptr, &model, nullptr) == PINTLE_OK);
  pintle_model_close(model);
  return std::chrono::duration<double, std::micro>(std::chrono::steady_clock::now() - start)
      .count();
}

TEST_CASE("opening a million items touches the metadata alone") {
  if (resident_bytes() == 0) {
    MESSAGE("skipped: no /proc/self/smaps_rollup");
    std::exit(77);
  }
  const test::ScratchDir folder;
  const std::string path = folder.path("million.pintle");
  write_synthetic_model(path, {});
#if defined(__GLIBC__)
  malloc_trim(0);  // or the model and the session would get pages that the writer left resident
#endif

  const size_t before = resident_bytes();
  pintle_model* model = nullptr;
  REQUIRE(pintle_model_open_file(path.c_str(), nullptr, &model, nullptr) == PINTLE_OK);
  const size_t opened = resident_bytes();
  size_t size_bytes = 0;
  REQUIRE(pintle_session_memory(model, &size_bytes) == PINTLE_OK);
  const size_t rounded = (size_bytes + PINTLE_SESSION_ALIGNMENT - 1) / PINTLE_SESSION_ALIGNMENT *
                         PINTLE_SESSION_ALIGNMENT;
  void* memory = std::aligned_alloc(PINTLE_SESSION_ALIGNMENT, rounded);
  REQUIRE(memory != nullptr);
  pintle_session* session = nullptr;
  REQUIRE(pintle_session_create(model, memory, size_bytes, &session, nullptr) == PINTLE_OK);
  const size_t created = resident_bytes();

  std::vector<double> warm_us;
  for (int i = 0; i < 50; ++i) warm_us.push_back(open_and_close_us(path));
  std::sort(warm_us.begin(), warm_us.end());
  pintle_model_info info = PINTLE_MODEL_INFO_INIT;
  REQUIRE(pintle_model_get_info(model, &info) == PINTLE_OK);
  pintle_session_destroy(session);
  pintle_model_close(model);
  std::free(memory);
  drop_from_page_cache(path);
  const double cold_us = open_and_close_us(path);

  MESSAGE(info.item_count << " items, " << info.file_size_bytes
                          << " bytes; resident after opening: +" << (opened - before) / 1024
                          << " KiB, with a session of " << size_bytes << " bytes: +"
                          << (created - before) / 1024 << " KiB");
  MESSAGE("open, verify and close: min "
          << warm_us.front() << " us, median " << warm_us[warm_us.size() / 2] << " us, max "
          << warm_us.back() << " us; not in the page cache: " << cold_us << " us");
  CHECK(info.item_count == 1000000);
  CHECK(created - before <= kMostResidentBytes);
  // The least of many: the bound is on the work, not on what else runs here.
  CHECK(warm_us.front() <= kMostMicroseconds);
}

}  // namespace
}  // namespace pintle::bench
