// SPDX-License-Identifier: Apache-2.0
//
// A checkpoint's tensors by the names that recipes use: container prefixes stripped, wildcards.
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
  std::string stripped;  // with the recipe's prefixes taken off
  const CheckpointTensor* tensor = nullptr;
};

// The checkpoint must outlive the index.
class TensorIndex {
 public:
  // Prefixes are taken off the front of every name as long as one fits, so their order is free.
  TensorIndex(const Checkpoint& checkpoint, const std::vector<std::string>& prefixes);

  // Every tensor whose stripped name matches, in name order.
  std::vector<const NamedTensor*> find(const std::string& pattern) const;
  const std::vector<NamedTensor>& all() const { return tensors_; }

 private:
  std::vector<NamedTensor> tensors_;
};

// "[200, 50]"; a negative extent prints as "any".
std::string extents_text(const std::vector<int64_t>& shape);

}  // namespace pintle::converter

#endif  // PINTLE_CONVERTER_IMPORT_TENSOR_INDEX_H_
