// SPDX-License-Identifier: Apache-2.0
//
// Activations of one hook on disk, in shards, so that a log larger than memory can be harvested (in
// parallel, shard i of n) and trained on. A shard file, little-endian:
//
//   bytes 0..7      "PNTLACT2"
//         8..39     SHA-256 of the header text
//        40..1023   header text: JSON, padded with spaces; holds the rows' SHA-256
//      1024..       rows: dim floats, the state at one position, and a uint32, the item there
#ifndef PINTLE_CONVERTER_SAE_TRAINING_ACTIVATIONS_H_
#define PINTLE_CONVERTER_SAE_TRAINING_ACTIVATIONS_H_

#include <cstdint>
#include <fstream>
#include <string>
#include <vector>

#include "converter/io/sha256.h"
#include "converter/network/hook.h"

namespace pintle::converter {

struct ActivationHeader {
  int64_t dim = 0;
  int64_t rows = 0;        // filled in by the writer
  std::string model_hash;  // of the model that ran
  std::string data_hash;   // of the interactions it ran over
  Hook hook;
  int64_t shard = 0, shard_count = 1;
};

// Writes one shard. It appears under its name only when finish() succeeds; until then, and after a
// failure, there is only `path`.tmp, which the destructor removes.
class ActivationWriter {
 public:
  ActivationWriter(std::string path, ActivationHeader header);
  ~ActivationWriter();
  ActivationWriter(const ActivationWriter&) = delete;
  ActivationWriter& operator=(const ActivationWriter&) = delete;

  // rows: [row_count][dim]; items: [row_count]. Throws Error if a value is not finite or the disk is full.
  void append(const float* rows, const uint32_t* items, int64_t row_count);
  void finish();

 private:
  std::string path_, temporary_;
  ActivationHeader header_;
  std::ofstream file_;
  Sha256 digest_;
  bool finished_ = false;
  std::vector<char> packed_;  // rows as they lie in the file
};

// A shard whose header and size are checked; the rows are not read.
struct ActivationShard {
  std::string path;
  ActivationHeader header;
  std::string rows_sha256;  // as stored
};
ActivationShard open_activation_shard(const std::string& path);

// The rows of several shards, one after the other in the order of their numbers: the same rows
// whatever the number of shards, if each shard holds a contiguous part of the users.
class ActivationSet {
 public:
  // Every shard of one harvest, in any order. Throws Error if one is damaged, missing or given
  // twice, or if they differ in width, hook, model or data.
  explicit ActivationSet(const std::vector<std::string>& paths);

  int64_t dim() const { return shards_.front().header.dim; }
  int64_t rows() const { return row_start_.back(); }
  const ActivationHeader& header() const { return shards_.front().header; }

  // Rows [first, first + count): their states into `out`, their items into `items` if not null.
  void read(int64_t first, int64_t count, float* out, uint32_t* items = nullptr) const;

  // Reads everything once and compares with the stored checksums; throws Error naming the shard
  // that is damaged.
  void verify() const;

 private:
  std::vector<ActivationShard> shards_;
  std::vector<int64_t> row_start_;  // [shards + 1]
};

// Mean per component and one scale: the standard deviation of a component about its mean, averaged
// over the components (root mean square). Summed in double.
struct ActivationStatistics {
  std::vector<float> mean;
  float scale = 1;
};
ActivationStatistics measure_activations(const ActivationSet& set);

}  // namespace pintle::converter

#endif  // PINTLE_CONVERTER_SAE_TRAINING_ACTIVATIONS_H_
