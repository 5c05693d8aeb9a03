// SPDX-License-Identifier: Apache-2.0
#include "converter/import/checkpoint_files.h"

#include <doctest/doctest.h>

#include <filesystem>

#include "converter/import/checkpoint.h"
#include "support/scratch_dir.h"
#include "support/torch_files.h"

namespace pintle::converter {
namespace {

using namespace pintle::test;
using doctest::Contains;
using Names = std::vector<std::string>;

constexpr const char kFirst[] = "model-00001-of-00002.safetensors";
constexpr const char kSecond[] = "model-00002-of-00002.safetensors";
constexpr const char kIndex[] = "model.safetensors.index.json";

// A file with one tensor of two floats.
std::string shard_of(const std::string& tensor) {
  return safetensors("{\"" + tensor + R"(":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}})",
                     bytes_of<float>({1, 2}));
}

void write_shards(const ScratchDir& scratch) {
  scratch.write(kFirst, shard_of("a"));
  scratch.write(kSecond, shard_of("b"));
}

std::string write_index(const ScratchDir& scratch, const nlohmann::json& weight_map) {
  return scratch.write(kIndex, nlohmann::json({{"weight_map", weight_map}}).dump());
}

TEST_CASE("a folder, its index and each shard give the same shards in order") {
  const ScratchDir scratch;
  write_shards(scratch);
  const Names shards = {scratch.path(kFirst), scratch.path(kSecond)};
  scratch.write("config.json", "{}");
  for (const bool has_index : {false, true}) {
    CAPTURE(has_index);
    if (has_index) write_index(scratch, {{"a", kFirst}, {"b", kSecond}});
    Names paths = {scratch.path(kSecond), scratch.path(kFirst)};
    if (has_index) paths.push_back(scratch.path(kIndex));
    paths.push_back(std::filesystem::path(shards[0]).parent_path().string());
    for (const std::string& path : paths) {
      CAPTURE(path);
      const CheckpointFiles files = find_checkpoint_files(path);
      CHECK(files.weights == shards);
      CHECK(files.config == scratch.path("config.json"));
      CHECK(files.weight_map.size() == (has_index ? 2 : 0));
      if (has_index) CHECK(files.weight_map.at("b") == shards[1]);
    }
  }
  const Checkpoint whole = read_checkpoint(scratch.path(kIndex));
  CHECK(whole.container == "safetensors, 2 shards");
  CHECK(whole.tensors.size() == 2);
}

TEST_CASE("a single file goes alone, a folder's only file with its configuration") {
  const ScratchDir scratch;
  const std::string file = scratch.write("best.pth", "");
  scratch.write("config.json", "{}");
  CHECK(find_checkpoint_files(file).config.empty());
  const CheckpointFiles files = find_checkpoint_files(scratch.path(""));
  CHECK(files.weights.size() == 1);
  CHECK(std::filesystem::path(files.weights[0]).filename() == "best.pth");
  CHECK_FALSE(files.config.empty());
}

TEST_CASE("the usual names go before the others, safetensors before pickles") {
  const ScratchDir scratch;
  scratch.write("optimizer.pt", "");
  scratch.write("pytorch_model.bin", "");
  const auto found = [&] {
    const CheckpointFiles files = find_checkpoint_files(scratch.path(""));
    REQUIRE(files.weights.size() == 1);
    return std::filesystem::path(files.weights[0]).filename().string();
  };
  CHECK(found() == "pytorch_model.bin");
  scratch.write("model.safetensors", "");
  CHECK(found() == "model.safetensors");
}

TEST_CASE("a folder with none or several checkpoints is refused by name") {
  const ScratchDir scratch;
  scratch.write("notes.txt", "");
  CHECK_THROWS_WITH(find_checkpoint_files(scratch.path("")), Contains("without a checkpoint"));
  scratch.write("a.pt", "");
  scratch.write("b.ckpt", "");
  CHECK_THROWS_WITH(find_checkpoint_files(scratch.path("")),
                    Contains("several checkpoints (a.pt, b.ckpt); give one of them"));
  // Shards count once; another set beside them does not.
  const ScratchDir sets;
  write_shards(sets);
  CHECK(find_checkpoint_files(sets.path("")).weights.size() == 2);
  sets.write("other-00001-of-00001.safetensors", shard_of("a"));
  CHECK_THROWS_WITH(find_checkpoint_files(sets.path("")), Contains("several checkpoints"));
}

TEST_CASE("missing shards are named") {
  const ScratchDir scratch;
  scratch.write(kSecond, shard_of("b"));
  CHECK_THROWS_WITH(find_checkpoint_files(scratch.path(kSecond)),
                    Contains("is one shard of 2, but model-00001-of-00002.safetensors is not"));
  const std::string index = write_index(scratch, {{"a", kFirst}, {"b", kSecond}});
  CHECK_THROWS_WITH(find_checkpoint_files(index),
                    Contains("names the shard model-00001-of-00002.safetensors, which is not"));
}

TEST_CASE("an index that leaves its folder, names nothing or is none") {
  const ScratchDir scratch;
  write_shards(scratch);
  for (const char* name : {"../secret.safetensors", "/etc/passwd", "sub/a.safetensors", "", ".."}) {
    CAPTURE(name);
    CHECK_THROWS_WITH(find_checkpoint_files(write_index(scratch, {{"a", name}})),
                      Contains("the shard of tensor 'a' is no file of its own folder"));
  }
  CHECK_THROWS_WITH(find_checkpoint_files(write_index(scratch, {{"a", 3}})), Contains("no file"));
  CHECK_THROWS_WITH(find_checkpoint_files(write_index(scratch, nlohmann::json::object())),
                    Contains("its weight_map is empty"));
  CHECK_THROWS_WITH(find_checkpoint_files(write_index(scratch, nlohmann::json::array())),
                    Contains("no object \"weight_map\""));
  CHECK_THROWS_WITH(find_checkpoint_files(scratch.write(kIndex, "[]")),
                    Contains("is no index of a sharded checkpoint"));
}

TEST_CASE("shards and their index must agree on every tensor") {
  const ScratchDir scratch;
  write_shards(scratch);
  const std::string lacking = write_index(scratch, {{"a", kFirst}, {"b", kSecond}, {"c", kFirst}});
  CHECK_THROWS_WITH(read_checkpoint(lacking), Contains("lacks the tensor 'c'"));
  scratch.write(kSecond, shard_of("z"));
  const std::string index = write_index(scratch, {{"a", kFirst}, {"b", kSecond}});
  CHECK_THROWS_WITH(read_checkpoint(index), Contains("lacks the tensor 'b'"));
  scratch.write(kSecond, shard_of("a"));
  CHECK_THROWS_WITH(read_checkpoint(index), Contains("which another shard holds too"));
}

TEST_CASE("tensors that the index does not name are refused, with one shard too") {
  const ScratchDir scratch;
  const std::string both = R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},)"
                           R"("b":{"dtype":"F32","shape":[2],"data_offsets":[8,16]}})";
  const std::string only = "model-00001-of-00001.safetensors";
  scratch.write(only, safetensors(both, bytes_of<float>({1, 2, 3, 4})));
  CHECK_THROWS_WITH(read_checkpoint(write_index(scratch, {{"a", only}})),
                    Contains("hold the tensor 'b', which the index does not name"));
  CHECK_THROWS_WITH(read_checkpoint(write_index(scratch, {{"a", only}, {"b", only}, {"c", only}})),
                    Contains("lacks the tensor 'c'"));
  CHECK(read_checkpoint(write_index(scratch, {{"a", only}, {"b", only}})).tensors.size() == 2);
}

}  // namespace
}  // namespace pintle::converter
