// SPDX-License-Identifier: Apache-2.0
//
// From tables of the metadata to views into the file, each checked. For the verifier only.
#ifndef PINTLE_RUNTIME_MODEL_TABLE_READER_H_
#define PINTLE_RUNTIME_MODEL_TABLE_READER_H_

#include "runtime/model/model.h"
#include "runtime/support/status.h"

namespace pintle::internal {

inline constexpr uint64_t kSegmentAlignment = 64;

// Resolves tables of the metadata to views, checking each; the first fault sticks.
class Resolver {
 public:
  Resolver(const Mapping& file, uint64_t metadata_bytes, const Fault& fault)
      : file_(file), metadata_bytes_(metadata_bytes), fault_(fault) {}

  Status segment(const fb::Segment* segment, const CheckedSize& expected, const char* name,
                 const uint8_t** data) const {
    if (segment == nullptr) return fault_(PINTLE_ERR_CORRUPT, "%s: the data is missing", name);
    const uint64_t offset = segment->offset(), size = segment->size();
    if (!expected.equals(size)) {
      return fault_(
          PINTLE_ERR_CORRUPT, "%s: %llu bytes stored, its shape needs %llu", name,
          static_cast<unsigned long long>(size),
          expected.overflowed() ? 0ull : static_cast<unsigned long long>(expected.value()));
    }
    if (offset % kSegmentAlignment != 0 || offset < metadata_bytes_ || size > file_.size_bytes ||
        offset > file_.size_bytes - size) {
      return fault_(PINTLE_ERR_CORRUPT, "%s: bytes %llu + %llu lie outside the file's data", name,
                    static_cast<unsigned long long>(offset), static_cast<unsigned long long>(size));
    }
    *data = file_.data + offset;
    return PINTLE_OK;
  }

  Status tensor(const fb::Tensor* table, uint32_t rows, uint32_t cols, fb::Layout layout,
                const char* name, TensorView* view) const {
    if (table == nullptr) return fault_(PINTLE_ERR_CORRUPT, "%s: missing", name);
    if (table->rows() != rows || table->cols() != cols) {
      return fault_(PINTLE_ERR_CORRUPT, "%s: shape %u x %u, the architecture needs %u x %u", name,
                    table->rows(), table->cols(), rows, cols);
    }
    const bool known_type = table->dtype() >= fb::DType_F32 && table->dtype() <= fb::DType_I4;
    if (!known_type || table->layout() != layout ||
        (layout == fb::Layout_Rows && table->dtype() == fb::DType_I4)) {
      return fault_(PINTLE_ERR_CORRUPT, "%s: unknown type %d or wrong layout %d", name,
                    static_cast<int>(table->dtype()), static_cast<int>(table->layout()));
    }
    TensorView result;
    result.rows = rows;
    result.cols = cols;
    result.dtype = table->dtype();
    result.layout = layout;
    PINTLE_TRY(segment(table->data(), tensor_data_bytes(result.dtype, layout, rows, cols), name,
                       &result.data));
    if (result.is_quantized()) {
      PINTLE_TRY(segment(table->scales(), tensor_scale_bytes(result.dtype, layout, rows, cols),
                         name, &result.scales));
    }
    *view = result;
    return PINTLE_OK;
  }

  // A vector of `count` floats.
  Status vector(const fb::Tensor* table, uint32_t count, const char* name,
                const float** values) const {
    TensorView view;
    PINTLE_TRY(tensor(table, count, 1, fb::Layout_Panels, name, &view));
    if (view.dtype != fb::DType_F32) {
      return fault_(PINTLE_ERR_CORRUPT, "%s: a vector must be f32", name);
    }
    *values = view.floats();
    return PINTLE_OK;
  }

  Status norm(const fb::Norm* table, uint32_t count, const char* name, NormView* view) const {
    if (table == nullptr) return fault_(PINTLE_ERR_CORRUPT, "%s: missing", name);
    PINTLE_TRY(vector(table->gain(), count, name, &view->gain));
    PINTLE_TRY(vector(table->bias(), count, name, &view->bias));
    view->eps = table->eps();
    if (!(view->eps >= 0 && view->eps < 1)) {
      return fault_(PINTLE_ERR_CORRUPT, "%s: eps %g is outside [0, 1)", name,
                    static_cast<double>(view->eps));
    }
    return PINTLE_OK;
  }

  Status linear(const fb::Linear* table, uint32_t out, uint32_t in, const char* name,
                LinearView* view) const {
    if (table == nullptr) return fault_(PINTLE_ERR_CORRUPT, "%s: missing", name);
    PINTLE_TRY(tensor(table->weight(), out, in, fb::Layout_Panels, name, &view->weight));
    return vector(table->bias(), out, name, &view->bias);
  }

  Status strings(const fb::StringTable* table, uint32_t count, const char* name,
                 StringTableView* view) const {
    const uint8_t* offsets = nullptr;
    const uint8_t* bytes = nullptr;
    PINTLE_TRY(segment(table->offsets(), CheckedSize(count) * CheckedSize(4) + CheckedSize(4), name,
                       &offsets));
    const uint64_t size = table->bytes() == nullptr ? 0 : table->bytes()->size();
    PINTLE_TRY(segment(table->bytes(), size, name, &bytes));
    view->offsets = reinterpret_cast<const uint32_t*>(offsets);
    view->bytes = reinterpret_cast<const char*>(bytes);
    view->size_bytes = size;
    return PINTLE_OK;
  }

 private:
  const Mapping& file_;
  uint64_t metadata_bytes_;
  const Fault& fault_;
};

// Fills the model's saes, knobs and presets. REQUIRES: everything else of the model is verified.
Status verify_saes(const fb::Model& root, const Resolver& resolve, const Fault& fault,
                   Model* model);

}  // namespace pintle::internal

#endif  // PINTLE_RUNTIME_MODEL_TABLE_READER_H_
