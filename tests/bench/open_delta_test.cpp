// SPDX-License-Identifier: Apache-2.0
//
// What a delta of a thousand items adds to opening a model, of a small and of a large catalogue.
#include <doctest/doctest.h>

#include <algorithm>
#include <chrono>
#include <fstream>
#include <iterator>
#include <numeric>
#include <string>
#include <vector>

#include "bench/synthetic_model.h"
#include "converter/file/write_delta.h"
#include "pintle/pintle.h"
#include "support/scratch_dir.h"

namespace pintle::bench {
namespace {

constexpr uint32_t kAdded = 1000, kRetired = 100;
constexpr double kMostMicroseconds = 50;  // that the delta adds

std::vector<uint8_t> delta_of(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  const std::vector<uint8_t> bytes{std::istreambuf_iterator<char>(file), {}};
  const fb::Model& base = *fb::GetSizePrefixedModel(bytes.data());
  SplitMix random(7);
  converter::Delta delta;
  for (uint32_t i = 0; i < kRetired; ++i) delta.retired.push_back(3 * i);
  delta.tables.items = {kAdded, base.items()->cols(), {}};
  for (size_t i = 0; i < size_t{kAdded} * base.items()->cols(); ++i) {
    delta.tables.items.values.push_back(random.unit());
  }
  for (uint32_t i = 0; i < kAdded; ++i) {
    delta.catalogue.integer_ids.push_back(9000000 + i);
    delta.catalogue.titles.push_back("Title of a new item " + std::to_string(i));
  }
  delta.catalogue.id_order.resize(kAdded);
  std::iota(delta.catalogue.id_order.begin(), delta.catalogue.id_order.end(), 0u);
  return serialize_delta(base, delta);
}

double open_and_close_us(const std::string& path, const char* delta_path) {
  pintle_open_options options = PINTLE_OPEN_OPTIONS_INIT;
  options.delta_path = delta_path;
  const auto start = std::chrono::steady_clock::now();
  pintle_model* model = nullptr;
  REQUIRE(pintle_model_open_file(path.c_str(), &options, &model, nullptr) == PINTLE_OK);
  pintle_model_close(model);
  return std::chrono::duration<double, std::micro>(std::chrono::steady_clock::now() - start)
      .count();
}

// In turns, so that whatever else runs here is in both.
void compare(uint32_t items) {
  const test::ScratchDir folder;
  const std::string path = folder.path("m.pintle"), delta_path = folder.path("m.delta");
  SyntheticShape shape;
  shape.items = items;
  write_synthetic_model(path, shape);
  const std::vector<uint8_t> delta = delta_of(path);
  folder.write("m.delta", {reinterpret_cast<const char*>(delta.data()), delta.size()});
  constexpr int kRounds = 400;
  std::vector<double> without, with, ratios;
  for (int i = 0; i < kRounds; ++i) {
    without.push_back(open_and_close_us(path, nullptr));
    with.push_back(open_and_close_us(path, delta_path.c_str()));
    ratios.push_back(with.back() / without.back());
  }
  for (std::vector<double>* times : {&without, &with, &ratios}) {
    std::sort(times->begin(), times->end());
  }
  const auto at = [&](const std::vector<double>& times, double share) {
    return times[static_cast<size_t>(share * (kRounds - 1))];
  };
  MESSAGE(items << " items, a delta of " << kAdded << " more: open and close " << at(without, 0.5)
                << " us without, " << at(with, 0.5) << " us with it (medians; least "
                << without.front() << " and " << with.front() << "); ratio of neighbours "
                << at(ratios, 0.5) << ", half of them " << at(ratios, 0.25) << " to "
                << at(ratios, 0.75));
  // The least of many: the bound is on the work, not on what else runs here.
  CHECK(with.front() - without.front() <= kMostMicroseconds);
}

TEST_CASE("opening 3,416 items with a delta of 1,000") { compare(3416); }
TEST_CASE("opening a million items with a delta of 1,000") { compare(1000000); }

}  // namespace
}  // namespace pintle::bench
