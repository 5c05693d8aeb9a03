// SPDX-License-Identifier: Apache-2.0
//
// A checkpoint's tensors by the names that recipes use: wrappers and prefixes stripped, wildcards.
#ifndef PINTLE_CONVERTER_IMPORT_TENSOR_INDEX_H_
#define PINTLE_CONVERTER_IMPORT_TENSOR_INDEX_H_

#include <string>
#include <vector>

#include "converter/import/checkpoint.h"

namespace pintle::converter {

// '*' stands for characters other than '.', "**" for any characters.
bool name_matches(const std::string& pattern, const std::string& name);

struct NamedTensor {
  std::string name;      // in the checkpoint
  std::string stripped;  // without wrappers, the recipe's prefixes and the checkpoint's own
  const CheckpointTensor* tensor = nullptr;
};

// The checkpoint must outlive the index.
class TensorIndex {
 public:
  // Taken off every name: what torch.compile, FSDP and activation checkpointing put around modules
  // (_orig_mod and its like, anywhere); then `prefixes`, as long as one fits, so their order is free;
  // then, if no name matches one of `anchors` yet, whatever stands before the one that does: a wrapper
  // of somebody's own.
  TensorIndex(const Checkpoint& checkpoint, const std::vector<std::string>& prefixes,
              const std::vector<std::string>& anchors);

  // Every tensor whose stripped name matches, in name order.
  std::vector<const NamedTensor*> find(const std::string& pattern) const;
  const std::vector<NamedTensor>& all() const { return tensors_; }
  // What was taken off by `anchors`, with its dot; empty: nothing.
  const std::string& own_prefix() const { return own_prefix_; }

 private:
  void strip_own_prefix(const std::vector<std::string>& prefixes,
                        const std::vector<std::string>& anchors);

  std::string own_prefix_;
  std::vector<NamedTensor> tensors_;
};

// The name without the wrappers of torch's own tools, as TensorIndex strips them.
std::string without_wrappers(const std::string& name);

// "[200, 50]"; a negative extent prints as "any".
std::string extents_text(const std::vector<int64_t>& shape);

}  // namespace pintle::converter

#endif  // PINTLE_CONVERTER_IMPORT_TENSOR_INDEX_H_
