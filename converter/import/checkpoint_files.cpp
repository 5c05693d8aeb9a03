// SPDX-License-Identifier: Apache-2.0
#include "converter/import/checkpoint_files.h"

#include <algorithm>
#include <filesystem>
#include <optional>
#include <regex>
#include <set>

#include "converter/io/error.h"
#include "converter/io/json_file.h"
#include "converter/io/text_file.h"

namespace pintle::converter {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

constexpr const char kIndexEnd[] = ".index.json";

// "model-00002-of-00003.safetensors".
struct ShardName {
  std::string stem, end;  // "model", ".safetensors"
  size_t count = 0;
  size_t digits = 0;

  std::string of(size_t number) const {
    const auto padded = [&](size_t value) {
      std::string text = std::to_string(value);
      return std::string(digits > text.size() ? digits - text.size() : 0, '0') + text;
    };
    return stem + "-" + padded(number) + "-of-" + padded(count) + end;
  }
};

std::optional<ShardName> parse_shard_name(const std::string& name) {
  static const std::regex kPattern(R"((.+)-(\d{3,6})-of-(\d{3,6})(\.(?:safetensors|bin|pt|pth)))");
  std::smatch match;
  if (!std::regex_match(name, match, kPattern)) return std::nullopt;
  return ShardName{match[1], match[4], static_cast<size_t>(std::stoul(match[3])),
                   match[3].str().size()};
}

void take_config(const fs::path& folder, CheckpointFiles* files) {
  if (fs::exists(folder / "config.json")) files->config = (folder / "config.json").string();
}

CheckpointFiles from_index(const fs::path& index) {
  const std::string path = index.string();
  const json object = read_json_file(path);
  if (!object.is_object() || !object.contains("weight_map") || !object["weight_map"].is_object()) {
    throw Error(path + ": has no object \"weight_map\", so it is no index of a sharded checkpoint");
  }
  CheckpointFiles files;
  std::set<std::string> shards;
  for (const auto& [tensor, shard] : object["weight_map"].items()) {
    const std::string name = shard.is_string() ? shard.get<std::string>() : "";
    if (name.empty() || name == "." || name == ".." || fs::path(name).filename() != name) {
      throw Error(path + ": the shard of tensor '" + tensor +
                  "' is no file of its own folder: " + shard.dump());
    }
    const std::string full = (index.parent_path() / name).string();
    if (shards.insert(full).second && !fs::exists(full)) {
      throw Error(path + ": names the shard " + name +
                  ", which is not beside it; put all shards into one folder");
    }
    files.weight_map[tensor] = full;
  }
  if (shards.empty()) throw Error(path + ": its weight_map is empty");
  files.weights.assign(shards.begin(), shards.end());
  take_config(index.parent_path(), &files);
  return files;
}

CheckpointFiles from_shard(const fs::path& path, const ShardName& name) {
  const fs::path folder = path.parent_path();
  const fs::path index = folder / (name.stem + name.end + kIndexEnd);
  if (fs::exists(index)) return from_index(index);
  CheckpointFiles files;
  for (size_t i = 1; i <= name.count; ++i) {
    const fs::path shard = folder / name.of(i);
    if (!fs::exists(shard)) {
      throw Error(path.string() + ": is one shard of " + std::to_string(name.count) + ", but " +
                  name.of(i) + " is not beside it; put all shards into one folder");
    }
    files.weights.push_back(shard.string());
  }
  take_config(folder, &files);
  return files;
}

CheckpointFiles from_folder(const fs::path& folder) {
  // Both forms of the same weights may lie there: the one without pickles goes first.
  for (const char* name : {"model.safetensors", "pytorch_model.bin"}) {
    const fs::path index = folder / (name + std::string(kIndexEnd));
    if (fs::exists(index)) return from_index(index);
    if (!fs::exists(folder / name)) continue;
    CheckpointFiles files;
    files.weights.push_back((folder / name).string());
    take_config(folder, &files);
    return files;
  }
  std::vector<fs::path> found;
  std::set<std::string> sharded;  // first shards of what lies there without an index
  for (const fs::directory_entry& entry : fs::directory_iterator(folder)) {
    const std::string name = entry.path().filename().string();
    if (const std::optional<ShardName> shard = parse_shard_name(name)) {
      if (sharded.insert(shard->of(1)).second) found.push_back(entry.path());
    } else if (ends_with(name, ".safetensors") || ends_with(name, ".bin") ||
               ends_with(name, ".pt") || ends_with(name, ".pth") || ends_with(name, ".ckpt")) {
      found.push_back(entry.path());
    }
  }
  std::sort(found.begin(), found.end());
  if (found.empty()) {
    throw Error(folder.string() +
                ": is a folder without a checkpoint (.safetensors, .bin, .pt, .pth, .ckpt)");
  }
  if (found.size() > 1) {
    throw Error(folder.string() + ": is a folder with several checkpoints (" +
                found[0].filename().string() + ", " + found[1].filename().string() +
                (found.size() > 2 ? ", ..." : "") + "); give one of them");
  }
  CheckpointFiles files = find_checkpoint_files(found[0].string());
  take_config(folder, &files);
  return files;
}

}  // namespace

CheckpointFiles find_checkpoint_files(const std::string& path) {
  const fs::path at(path);
  if (fs::is_directory(at)) return from_folder(at);
  const std::string name = at.filename().string();
  if (ends_with(name, kIndexEnd) && fs::exists(at)) return from_index(at);
  if (const std::optional<ShardName> shard = parse_shard_name(name)) {
    if (fs::exists(at)) return from_shard(at, *shard);
  }
  CheckpointFiles files;
  files.weights.push_back(path);
  return files;
}

}  // namespace pintle::converter
