// SPDX-License-Identifier: Apache-2.0
//
// Checkpoints made in memory. Every element of every tensor has a value of its own, so that a test
// sees where each number went.
#ifndef PINTLE_TESTS_SUPPORT_SYNTHETIC_CHECKPOINT_H_
#define PINTLE_TESTS_SUPPORT_SYNTHETIC_CHECKPOINT_H_

#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "converter/import/checkpoint.h"

namespace pintle::converter {

class SyntheticCheckpoint {
 public:
  SyntheticCheckpoint() {
    checkpoint.path = "made.pt";
    checkpoint.container = "synthetic";
  }

  Checkpoint checkpoint;

  SyntheticCheckpoint& add(const std::string& name, const std::vector<int64_t>& shape) {
    std::vector<float> values(static_cast<size_t>(count(shape)));
    for (float& value : values) value = static_cast<float>(++last_) / 1024;
    return set(name, shape, ScalarType::kF32, values);
  }
  SyntheticCheckpoint& linear(const std::string& stem, int64_t out, int64_t in) {
    return add(stem + ".weight", {out, in}).add(stem + ".bias", {out});
  }
  // Hugging Face's Conv1D.
  SyntheticCheckpoint& transposed(const std::string& stem, int64_t out, int64_t in) {
    return add(stem + ".weight", {in, out}).add(stem + ".bias", {out});
  }
  SyntheticCheckpoint& norm(const std::string& stem, int64_t dim) {
    return add(stem + ".weight", {dim}).add(stem + ".bias", {dim});
  }
  SyntheticCheckpoint& indices(const std::string& name, const std::vector<int64_t>& values) {
    return set(name, {static_cast<int64_t>(values.size())}, ScalarType::kI64, values);
  }
  SyntheticCheckpoint& copy(const std::string& name, const std::string& from) {
    checkpoint.tensors[name] = checkpoint.tensors.at(from);
    return *this;
  }
  SyntheticCheckpoint& fill(const std::string& name, const std::vector<float>& values) {
    return set(name, checkpoint.tensors.at(name).shape, ScalarType::kF32, values);
  }
  SyntheticCheckpoint& put(const std::string& name, size_t element, float value) {
    std::vector<float> v = values(name);
    v[element] = value;
    return set(name, checkpoint.tensors.at(name).shape, ScalarType::kF32, v);
  }

  std::vector<float> values(const std::string& name) const {
    return checkpoint.tensors.at(name).to_f32();
  }
  std::vector<float> row(const std::string& name, int64_t r) const {
    const int64_t cols = checkpoint.tensors.at(name).shape[1];
    const std::vector<float> v = values(name);
    return {v.begin() + r * cols, v.begin() + (r + 1) * cols};
  }

 private:
  static int64_t count(const std::vector<int64_t>& shape) {
    int64_t n = 1;
    for (const int64_t extent : shape) n *= extent;
    return n;
  }

  template <typename T>
  SyntheticCheckpoint& set(const std::string& name, const std::vector<int64_t>& shape,
                           ScalarType type, const std::vector<T>& values) {
    CheckpointTensor tensor;
    tensor.type = type;
    tensor.shape = shape;
    tensor.strides.resize(shape.size());
    int64_t stride = 1;
    for (size_t i = shape.size(); i-- > 0;) {
      tensor.strides[i] = stride;
      stride *= shape[i];
    }
    auto bytes = std::make_shared<std::vector<std::byte>>(values.size() * sizeof(T));
    if (!values.empty()) std::memcpy(bytes->data(), values.data(), bytes->size());
    tensor.storage = bytes;
    checkpoint.tensors[name] = tensor;
    return *this;
  }

  int last_ = 0;
};

}  // namespace pintle::converter

#endif  // PINTLE_TESTS_SUPPORT_SYNTHETIC_CHECKPOINT_H_
