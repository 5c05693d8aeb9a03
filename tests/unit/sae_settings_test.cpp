// SPDX-License-Identifier: Apache-2.0
//
// What train-sae decides by itself: settings, rows held back, the hook, which features come again.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <set>

#include "converter/import/sae_formats.h"
#include "converter/import/training_record.h"
#include "converter/io/error.h"
#include "converter/sae_training/choose_hook.h"
#include "converter/sae_training/choose_settings.h"
#include "converter/sae_training/decoder_match.h"
#include "converter/sae_training/random.h"
#include "converter/sae_training/row_split.h"
#include "tests/support/scratch_dir.h"

namespace pintle::converter {
namespace {

Matrix random_rows(int64_t rows, int64_t cols, uint64_t seed) {
  Random random(seed);
  Matrix m{rows, cols, {}};
  for (int64_t i = 0; i < rows * cols; ++i) m.values.push_back(static_cast<float>(random.normal()));
  return m;
}

TEST_CASE("rows that were shuffled, scaled and disturbed find their partners") {
  constexpr int64_t kRows = 60, kCols = 8;
  const Matrix a = random_rows(kRows, kCols, 1), noise = random_rows(kRows, kCols, 2);
  Matrix b = a;
  std::vector<int64_t> order;
  for (int64_t r = 0; r < kRows; ++r) order.push_back((7 * r + 3) % kRows);  // 7 and 60 are coprime
  for (int64_t r = 0; r < kRows; ++r) {
    for (int64_t c = 0; c < kCols; ++c) {
      b.row(order[r])[c] =
          static_cast<float>(r + 1) * (a.row(r)[c] + (r < 30 ? 0.0f : 0.3f * noise.row(r)[c]));
    }
  }
  const std::vector<float> cosines = matched_cosines(a, b);
  REQUIRE(cosines.size() == kRows);
  for (int64_t r = 0; r < kRows; ++r) {
    if (r < 30) CHECK(cosines[static_cast<size_t>(r)] == doctest::Approx(1.0f));
    CHECK(cosines[static_cast<size_t>(r)] > 0.7f);
  }
}

TEST_CASE("the pairing's sum is the best of all") {
  constexpr int64_t kRows = 6, kCols = 3;
  for (uint64_t seed = 1; seed <= 20; ++seed) {
    CAPTURE(seed);
    const Matrix a = random_rows(kRows, kCols, seed), b = random_rows(kRows, kCols, 100 + seed);
    const auto cosine = [&](int64_t i, int64_t j) {
      double dot = 0, aa = 0, bb = 0;
      for (int64_t c = 0; c < kCols; ++c) {
        dot += static_cast<double>(a.row(i)[c] * b.row(j)[c]);
        aa += static_cast<double>(a.row(i)[c] * a.row(i)[c]);
        bb += static_cast<double>(b.row(j)[c] * b.row(j)[c]);
      }
      return dot / std::sqrt(aa * bb);
    };
    std::vector<int64_t> order = {0, 1, 2, 3, 4, 5};
    double best = -6;
    do {
      double sum = 0;
      for (int64_t i = 0; i < kRows; ++i) sum += cosine(i, order[static_cast<size_t>(i)]);
      best = std::max(best, sum);
    } while (std::next_permutation(order.begin(), order.end()));
    double sum = 0;
    for (const float matched : matched_cosines(a, b)) sum += static_cast<double>(matched);
    CHECK(sum == doctest::Approx(best).epsilon(1e-5));
  }
}

TEST_CASE("rows of zeros have no partner") {
  const Matrix a{2, 2, {0, 0, 1, 0}};
  const std::vector<float> cosines = matched_cosines(a, Matrix{2, 2, {3, 0, 0, 1}});
  CHECK(cosines[0] == 0);
  CHECK(cosines[1] == 1);
}

TEST_CASE("rows are held out in runs, evenly over all") {
  for (const int64_t rows : {int64_t{7000}, int64_t{50000}, int64_t{415001}}) {
    CAPTURE(rows);
    const RowSplit split = split_rows(rows, 0.08, 8192);
    std::set<uint32_t> all(split.train.begin(), split.train.end());
    all.insert(split.held_out.begin(), split.held_out.end());
    CHECK(all.size() == split.train.size() + split.held_out.size());
    CHECK(static_cast<int64_t>(all.size()) ==
          (rows + RowSplit::kBlockRows - 1) / RowSplit::kBlockRows);
    const int64_t held_out = static_cast<int64_t>(split.held_out.size()) * RowSplit::kBlockRows;
    CHECK(held_out <= std::min(8192.0, 0.08 * static_cast<double>(rows)));
    CHECK(held_out > std::min(8192.0, 0.08 * static_cast<double>(rows)) - RowSplit::kBlockRows);
    // As many before the middle as after it, give or take a run.
    const uint32_t middle = static_cast<uint32_t>(all.size() / 2);
    const auto before = std::lower_bound(split.held_out.begin(), split.held_out.end(), middle) -
                        split.held_out.begin();
    CHECK(std::abs(2 * before - static_cast<int64_t>(split.held_out.size())) <= 8);
  }
  CHECK(split_rows(1000, 0.08, 8192).held_out.empty());  // less than a block
  CHECK(split_rows(100, 0.5, 8192).held_out.empty());    // nothing would be left
  CHECK(split_rows(7000, 0, 8192).held_out.empty());
}

TEST_CASE("settings follow from the data, and what is given is kept") {
  const Hook block{HookPlace::kBlock, 0}, last{HookPlace::kLast, 0};
  TrainConfig config;
  const std::string large = choose_settings(208280, 64, block, {}, &config);
  CHECK(large ==
        "512 features, k 32, 7,000 steps of 1,024: chosen from 208,280 positions of 64 "
        "numbers");
  CHECK(config.dict == 512);
  CHECK(config.k == 32);
  CHECK(config.steps == 7000);
  CHECK(config.batch == 1024);
  choose_settings(208280, 64, last, {}, &config);
  CHECK(config.dict == 1024);
  CHECK(config.k == 32);

  const std::string small = choose_settings(7000, 64, block, {}, &config);
  CHECK(config.dict <= 7000 / 64);
  CHECK(config.dict >= 7000 / 100);
  CHECK(config.k <= static_cast<double>(config.dict) / 8);
  CHECK(config.steps * config.batch <= 200 * 7000);
  CHECK(small.find("512") != std::string::npos);  // what the width alone would have given

  choose_settings(10, 4, block, {}, &config);  // far too few, but a configuration that trains
  CHECK(config.dict >= 1);
  CHECK(config.k >= 1);
  CHECK(config.steps >= 1);

  GivenSettings given;
  given.dict = 300;
  given.k = 2.5;
  given.steps = 11;
  given.batch = 13;
  const std::string text = choose_settings(7000, 64, block, given, &config);
  CHECK(text == "300 features, k 2.5, 11 steps of 13: as given, for 7,000 positions of 64 numbers");
  CHECK(config.dict == 300);
  CHECK(config.k == 2.5);
  CHECK(config.steps == 11);
  CHECK(config.batch == 13);
  given = {};
  given.dict = 64;
  choose_settings(208280, 64, block, given, &config);
  CHECK(config.dict == 64);
  CHECK(config.k == 8);  // of the dictionary that was given
}

TEST_CASE("a block is chosen unless others tell far more of the item") {
  const Hook block0{HookPlace::kBlock, 0}, block1{HookPlace::kBlock, 1}, mlp{HookPlace::kMlp, 0};
  CHECK(choose_hook({{block0, 0.9, 0.4}, {mlp, 0.9, 0.7}, {block1, 0.5, 0.5}}) == block1);
  CHECK(choose_hook({{block0, 0.9, 0.3}, {mlp, 0.9, 0.7}}) == mlp);
  CHECK(choose_hook({{mlp, 0.1, 0.1}}) == mlp);
  CHECK(hook_figures_text({{block0, 0.91, 0.4}, {mlp, 0.9, 0.7}}) ==
        "block:0 0.910 (other users 0.400), mlp:0 0.900 (other users 0.700)");
}

SaeWeights tiny_sae() {
  SaeWeights sae;
  sae.dim = 2;
  sae.dict = 3;
  sae.encoder = random_rows(3, 2, 1);
  sae.decoder = random_rows(3, 2, 2);
  sae.encoder_bias = {1, 2, 3};
  sae.decoder_bias = {4, 5};
  return sae;
}

TEST_CASE("stability is kept beside the weights, and only beside its own") {
  const test::ScratchDir dir;
  SaeWeights sae = tiny_sae();
  const std::string folder = dir.path("sae");
  write_saelens(folder, sae);
  CHECK(read_sae(folder).stability.empty());  // no record
  write_training_record(folder, sae, {{"steps", 5}});
  CHECK(read_sae(folder).stability.empty());  // one that does not tell
  sae.stability = {0.5f, 0.25f, 1.0f};
  write_training_record(folder, sae, {{"steps", 5}});
  CHECK(read_sae(folder).stability == sae.stability);

  sae.encoder_bias[0] = 9;
  write_saelens(folder, sae);  // other weights than the record's
  CHECK_THROWS_WITH_AS(read_sae(folder), doctest::Contains("other weights"), Error);
  sae.stability.pop_back();
  write_training_record(folder, sae, {});
  CHECK_THROWS_WITH_AS(read_sae(folder), doctest::Contains("stability holds 2 numbers, expected 3"),
                       Error);
  std::ofstream(folder + "/training.json") << "{";
  CHECK_THROWS_WITH_AS(read_sae(folder), doctest::Contains("training.json"), Error);
}

}  // namespace
}  // namespace pintle::converter
