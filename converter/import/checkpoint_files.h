// SPDX-License-Identifier: Apache-2.0
//
// Which files make one checkpoint: a file, or the shards that Hugging Face writes.
#ifndef PINTLE_CONVERTER_IMPORT_CHECKPOINT_FILES_H_
#define PINTLE_CONVERTER_IMPORT_CHECKPOINT_FILES_H_

#include <map>
#include <string>
#include <vector>

namespace pintle::converter {

struct CheckpointFiles {
  std::vector<std::string> weights;               // one, or the shards in order
  std::map<std::string, std::string> weight_map;  // tensor -> path of its shard; empty: not told
  std::string config;                             // config.json of a folder or shards; empty: none
};

// `path` is a checkpoint file, an index (model.safetensors.index.json, pytorch_model.bin.index.json),
// any one shard, or a folder that holds exactly one checkpoint. A single file goes with no
// configuration: a config.json beside it may belong to another. Throws Error if a shard is missing,
// a shard's name leaves the folder, or a folder holds none or several checkpoints.
CheckpointFiles find_checkpoint_files(const std::string& path);

}  // namespace pintle::converter

#endif  // PINTLE_CONVERTER_IMPORT_CHECKPOINT_FILES_H_
