// SPDX-License-Identifier: Apache-2.0
#include "converter/sae_training/activations.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <set>

#include "converter/io/error.h"
#include "converter/sae_training/activation_stream.h"
#include "tests/support/scratch_dir.h"

namespace pintle::converter {
namespace {

constexpr int64_t kDim = 5;

ActivationHeader header(int64_t shard = 0, int64_t shard_count = 1) {
  ActivationHeader header;
  header.dim = kDim;
  header.model_hash = "model";
  header.data_hash = "data";
  header.hook = {HookPlace::kMlp, 1};
  header.shard = shard;
  header.shard_count = shard_count;
  return header;
}

// Row r holds r, r + 0.1, … and is at item r + 7.
std::vector<float> numbered_rows(int64_t first, int64_t count) {
  std::vector<float> rows;
  for (int64_t r = first; r < first + count; ++r) {
    for (int64_t d = 0; d < kDim; ++d) {
      rows.push_back(static_cast<float>(r) + 0.1f * static_cast<float>(d));
    }
  }
  return rows;
}

std::vector<uint32_t> numbered_items(int64_t first, int64_t count) {
  std::vector<uint32_t> items;
  for (int64_t r = first; r < first + count; ++r) items.push_back(static_cast<uint32_t>(r + 7));
  return items;
}

std::string write_shard(const test::ScratchDir& dir, const std::string& name, int64_t first,
                        int64_t count, const ActivationHeader& head = header()) {
  ActivationWriter writer(dir.path(name), head);
  const std::vector<float> rows = numbered_rows(first, count);
  const std::vector<uint32_t> items = numbered_items(first, count);
  const int64_t half = count / 2;
  writer.append(rows.data(), items.data(), half);
  writer.append(rows.data() + half * kDim, items.data() + half, count - half);
  writer.finish();
  return dir.path(name);
}

std::vector<float> read_all(const ActivationSet& set) {
  std::vector<float> rows(static_cast<size_t>(set.rows() * set.dim()));
  set.read(0, set.rows(), rows.data());
  return rows;
}

void flip_byte(const std::string& path, int64_t at) {
  std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
  file.seekg(at);
  char byte = 0;
  file.get(byte);
  file.seekp(at);
  file.put(static_cast<char>(byte ^ 1));
}

TEST_CASE("a shard comes back as it was written") {
  const test::ScratchDir dir;
  const std::string path = write_shard(dir, "a", 0, 37);
  CHECK_FALSE(std::filesystem::exists(path + ".tmp"));
  const ActivationShard shard = open_activation_shard(path);
  CHECK(shard.header.dim == kDim);
  CHECK(shard.header.rows == 37);
  CHECK(shard.header.model_hash == "model");
  CHECK(shard.header.data_hash == "data");
  CHECK(shard.header.hook == Hook{HookPlace::kMlp, 1});
  const ActivationSet set({path});
  set.verify();
  CHECK(read_all(set) == numbered_rows(0, 37));
}

TEST_CASE("a writer that does not finish leaves nothing") {
  const test::ScratchDir dir;
  const std::vector<float> rows = numbered_rows(0, 3);
  {
    ActivationWriter writer(dir.path("a"), header());
    writer.append(rows.data(), numbered_items(0, 3).data(), 3);
  }
  CHECK(std::filesystem::is_empty(dir.path("")));
  {
    ActivationWriter writer(dir.path("a"), header());
    std::vector<float> bad = rows;
    bad[7] = INFINITY;
    CHECK_THROWS_WITH_AS(writer.append(bad.data(), numbered_items(0, 3).data(), 3),
                         doctest::Contains("not finite"), Error);
  }
  CHECK(std::filesystem::is_empty(dir.path("")));
  CHECK_THROWS_AS(ActivationWriter(dir.path("none/a"), header()), Error);
  CHECK_THROWS_AS(ActivationWriter(dir.path("a"), header(2, 2)), Error);
}

TEST_CASE("damaged shards are refused") {
  const test::ScratchDir dir;
  const std::string path = write_shard(dir, "a", 0, 37);
  SUBCASE("cut short") {
    std::filesystem::resize_file(path, std::filesystem::file_size(path) - 1);
    CHECK_THROWS_WITH_AS(open_activation_shard(path), doctest::Contains("cut short"), Error);
  }
  SUBCASE("a whole row short") {
    std::filesystem::resize_file(path, std::filesystem::file_size(path) - (kDim + 1) * 4);
    CHECK_THROWS_WITH_AS(open_activation_shard(path), doctest::Contains("cut short"), Error);
  }
  SUBCASE("shorter than a header") {
    std::filesystem::resize_file(path, 100);
    CHECK_THROWS_AS(open_activation_shard(path), Error);
  }
  SUBCASE("header bit flipped") {
    for (const int64_t at : {0, 8, 39, 45, 1023}) {
      CAPTURE(at);
      flip_byte(path, at);
      CHECK_THROWS_AS(open_activation_shard(path), Error);
      flip_byte(path, at);
    }
    CHECK_NOTHROW(open_activation_shard(path));
  }
  SUBCASE("row bit flipped") {
    flip_byte(path, 1024 + 301);
    const ActivationSet set({path});
    CHECK_THROWS_WITH_AS(set.verify(), doctest::Contains("damaged"), Error);
  }
  SUBCASE("not a shard") {
    CHECK_THROWS_AS(open_activation_shard(dir.path("missing")), Error);
    CHECK_THROWS_AS(open_activation_shard(dir.write("b", std::string(4096, 'x'))), Error);
  }
}

TEST_CASE("shards combine in their order, however they are given") {
  const test::ScratchDir dir;
  const std::string a = write_shard(dir, "a", 0, 10, header(0, 3));
  const std::string b = write_shard(dir, "b", 10, 0, header(1, 3));  // a harvest of no users
  const std::string c = write_shard(dir, "c", 10, 300, header(2, 3));
  const ActivationSet set({c, a, b});
  CHECK(set.rows() == 310);
  CHECK(read_all(set) == numbered_rows(0, 310));
  std::vector<float> across(4 * kDim);
  std::vector<uint32_t> items(4);
  set.read(8, 4, across.data(), items.data());
  CHECK(across == numbered_rows(8, 4));
  CHECK(items == numbered_items(8, 4));

  CHECK_THROWS_WITH_AS(ActivationSet({a, c}), doctest::Contains("missing"), Error);
  CHECK_THROWS_WITH_AS(ActivationSet({a, b}), doctest::Contains("only 2 of 3"), Error);
  CHECK_THROWS_WITH_AS(ActivationSet({a, a, b, c}), doctest::Contains("twice"), Error);
  CHECK_THROWS_AS(ActivationSet(std::vector<std::string>{}), Error);
  CHECK_THROWS_AS(ActivationSet({write_shard(dir, "e", 0, 0)}), Error);
  ActivationHeader other = header(2, 3);
  other.model_hash = "another";
  const std::string d = write_shard(dir, "d", 10, 5, other);
  CHECK_THROWS_WITH_AS(ActivationSet({a, b, d}), doctest::Contains("another harvest"), Error);
}

TEST_CASE("statistics: mean per component, one scale") {
  const test::ScratchDir dir;
  const ActivationSet set({write_shard(dir, "a", 0, 101)});
  const ActivationStatistics statistics = measure_activations(set);
  for (int64_t d = 0; d < kDim; ++d) {
    CHECK(statistics.mean[d] == doctest::Approx(50 + 0.1 * static_cast<double>(d)));
  }
  CHECK(statistics.scale == doctest::Approx(std::sqrt((101.0 * 101.0 - 1) / 12)));
}

// The rows of `epochs` epochs by number.
std::vector<int64_t> drawn(const ActivationSet& set, uint64_t memory, uint64_t seed, int64_t batch,
                           int64_t count) {
  ActivationStream stream(set, split_rows(set.rows(), 0, 0), memory, seed);
  std::vector<int64_t> rows;
  std::vector<float> out(static_cast<size_t>(batch * kDim));
  std::vector<uint32_t> items(static_cast<size_t>(batch));
  for (int64_t done = 0; done < count; done += batch) {
    stream.next(batch, out.data(), items.data());
    for (int64_t i = 0; i < batch; ++i) {
      rows.push_back(static_cast<int64_t>(std::lround(out[i * kDim])));
      CHECK(items[static_cast<size_t>(i)] == rows.back() + 7);  // the row's own item
    }
  }
  return rows;
}

TEST_CASE("a stream deals every row once an epoch, whatever the memory") {
  const test::ScratchDir dir;
  constexpr int64_t kRows = 3000;
  const ActivationSet set({write_shard(dir, "a", 0, kRows)});
  for (const uint64_t memory : {uint64_t{1} << 30, uint64_t{20000}, uint64_t{1}}) {
    CAPTURE(memory);
    const std::vector<int64_t> rows = drawn(set, memory, 1, 100, 2 * kRows);
    CHECK(rows == drawn(set, memory, 1, 100, 2 * kRows));  // deterministic
    CHECK(rows == drawn(set, memory, 1, 250, 2 * kRows));  // batches do not matter
    CHECK(rows != drawn(set, memory, 2, 100, 2 * kRows));
    for (int epoch = 0; epoch < 2; ++epoch) {
      const std::set<int64_t> seen(rows.begin() + epoch * kRows,
                                   rows.begin() + (epoch + 1) * kRows);
      CHECK(seen.size() == kRows);
    }
    CHECK_FALSE(std::equal(rows.begin(), rows.begin() + kRows, rows.begin() + kRows));
    int64_t neighbours = 0;
    for (int64_t i = 1; i < kRows; ++i) neighbours += rows[i] == rows[i - 1] + 1 ? 1 : 0;
    CHECK(neighbours < kRows / 20);
  }
}

TEST_CASE("one shard or three: the same stream") {
  const test::ScratchDir dir;
  const ActivationSet one({write_shard(dir, "a", 0, 1000)});
  const ActivationSet three({write_shard(dir, "b", 0, 100, header(0, 3)),
                             write_shard(dir, "c", 100, 777, header(1, 3)),
                             write_shard(dir, "d", 877, 123, header(2, 3))});
  CHECK(drawn(one, 4000, 3, 64, 3200) == drawn(three, 4000, 3, 64, 3200));
}

}  // namespace
}  // namespace pintle::converter
