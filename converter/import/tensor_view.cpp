// SPDX-License-Identifier: Apache-2.0
#include "converter/import/tensor_view.h"

#include <Eigen/Core>
#include <algorithm>
#include <array>
#include <cstring>
#include <limits>

#include "converter/import/checkpoint.h"
#include "converter/io/error.h"

namespace pintle::converter {
namespace {

constexpr int64_t kMaxRepeatedElements = int64_t{1} << 24;
constexpr size_t kMaxRank = 64;  // torch's own limit

template <typename T>
T load(const std::byte* data, int64_t index) {
  std::array<std::byte, sizeof(T)> bytes;
  std::memcpy(bytes.data(), data + static_cast<size_t>(index) * sizeof(T), sizeof(T));
  return Eigen::numext::bit_cast<T>(bytes);
}

float element(const std::byte* data, ScalarType type, int64_t index) {
  switch (type) {
    case ScalarType::kF64:
      return static_cast<float>(load<double>(data, index));
    case ScalarType::kF32:
      return load<float>(data, index);
    case ScalarType::kF16:
      return static_cast<float>(load<Eigen::half>(data, index));
    case ScalarType::kBF16:
      return static_cast<float>(load<Eigen::bfloat16>(data, index));
    case ScalarType::kI64:
      return static_cast<float>(load<int64_t>(data, index));
    case ScalarType::kI32:
      return static_cast<float>(load<int32_t>(data, index));
    case ScalarType::kI16:
      return static_cast<float>(load<int16_t>(data, index));
    case ScalarType::kI8:
      return static_cast<float>(load<int8_t>(data, index));
    case ScalarType::kU8:
      return static_cast<float>(load<uint8_t>(data, index));
    case ScalarType::kBool:
      return load<uint8_t>(data, index) != 0 ? 1.0f : 0.0f;
  }
  throw Error("a tensor has a scalar type that is not known");
}

}  // namespace

size_t scalar_size_bytes(ScalarType type) {
  switch (type) {
    case ScalarType::kF64:
    case ScalarType::kI64:
      return 8;
    case ScalarType::kF32:
    case ScalarType::kI32:
      return 4;
    case ScalarType::kF16:
    case ScalarType::kBF16:
    case ScalarType::kI16:
      return 2;
    case ScalarType::kI8:
    case ScalarType::kU8:
    case ScalarType::kBool:
      return 1;
  }
  throw Error("a tensor has a scalar type that is not known");
}

const char* scalar_type_name(ScalarType type) {
  switch (type) {
    case ScalarType::kF64:
      return "float64";
    case ScalarType::kF32:
      return "float32";
    case ScalarType::kF16:
      return "float16";
    case ScalarType::kBF16:
      return "bfloat16";
    case ScalarType::kI64:
      return "int64";
    case ScalarType::kI32:
      return "int32";
    case ScalarType::kI16:
      return "int16";
    case ScalarType::kI8:
      return "int8";
    case ScalarType::kU8:
      return "uint8";
    case ScalarType::kBool:
      return "bool";
  }
  throw Error("a tensor has a scalar type that is not known");
}

std::optional<int64_t> checked_product(int64_t a, int64_t b) {
  if (a != 0 && b > std::numeric_limits<int64_t>::max() / a) return std::nullopt;
  return a * b;
}

std::optional<int64_t> checked_sum(int64_t a, int64_t b) {
  if (b > std::numeric_limits<int64_t>::max() - a) return std::nullopt;
  return a + b;
}

std::string shape_text(const std::vector<int64_t>& shape) {
  std::string text = "[";
  for (size_t i = 0; i < shape.size(); ++i) {
    text += (i == 0 ? "" : ", ") + std::to_string(shape[i]);
  }
  return text + "]";
}

std::vector<int64_t> row_major_strides(const std::vector<int64_t>& shape) {
  std::vector<int64_t> strides(shape.size(), 1);
  for (size_t i = shape.size(); i > 1; --i) {
    strides[i - 2] = strides[i - 1] * std::max<int64_t>(shape[i - 1], 1);
  }
  return strides;
}

void check_tensor_view(const std::string& what, const std::vector<int64_t>& shape,
                       const std::vector<int64_t>& strides, int64_t offset,
                       int64_t storage_elements) {
  const auto fail = [&](const std::string& fault) {
    throw Error(what + ": shape " + shape_text(shape) + ", strides " + shape_text(strides) +
                ", offset " + std::to_string(offset) + " in a storage of " +
                std::to_string(storage_elements) + " elements: " + fault +
                "; the file is damaged or was made to mislead");
  };
  if (shape.size() != strides.size()) fail("shape and strides differ in length");
  if (shape.size() > kMaxRank) fail("more than 64 dimensions");
  if (offset < 0) fail("the offset is negative");
  std::optional<int64_t> count = 1, last = offset;
  bool is_empty = false;
  for (size_t i = 0; i < shape.size(); ++i) {
    if (shape[i] < 0) fail("a dimension is negative");
    if (strides[i] < 0) fail("a stride is negative");
    if (shape[i] == 0) is_empty = true;
  }
  if (is_empty) {
    if (offset > storage_elements) fail("the view starts outside its storage");
    return;
  }
  for (size_t i = 0; i < shape.size(); ++i) {
    count = checked_product(*count, shape[i]);
    const std::optional<int64_t> reach = checked_product(shape[i] - 1, strides[i]);
    if (reach) last = checked_sum(*last, *reach);
    if (!count || !reach || !last) fail("its size overflows");
  }
  if (*last >= storage_elements) fail("the view reaches outside its storage");
  if (*count > std::max(storage_elements, kMaxRepeatedElements)) {
    fail("the view repeats its storage too often");
  }
}

int64_t CheckpointTensor::element_count() const {
  int64_t count = 1;
  for (const int64_t dimension : shape) count *= dimension;
  return count;
}

std::vector<float> CheckpointTensor::to_f32() const {
  std::vector<float> values(static_cast<size_t>(element_count()));
  if (values.empty()) return values;
  if (strides == row_major_strides(shape)) {
    const size_t scalar_bytes = scalar_size_bytes(type);
    const std::byte* first = storage->data() + static_cast<size_t>(offset) * scalar_bytes;
    if (type == ScalarType::kF32) {
      std::memcpy(values.data(), first, values.size() * sizeof(float));
      return values;
    }
    for (size_t i = 0; i < values.size(); ++i) {
      values[i] = element(first, type, static_cast<int64_t>(i));
    }
    return values;
  }
  std::vector<int64_t> index(shape.size(), 0);
  int64_t at = offset;
  for (float& value : values) {
    value = element(storage->data(), type, at);
    for (size_t axis = shape.size(); axis-- > 0;) {
      at += strides[axis];
      if (++index[axis] < shape[axis]) break;
      at -= strides[axis] * shape[axis];
      index[axis] = 0;
    }
  }
  return values;
}

}  // namespace pintle::converter
