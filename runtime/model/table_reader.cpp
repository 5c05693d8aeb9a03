// SPDX-License-Identifier: Apache-2.0
#include "runtime/model/table_reader.h"

#include "schema/alignment.h"

namespace pintle::internal {

Status TableReader::segment(const fb::Segment* segment, const format::CheckedSize& expected,
                            const format::TensorName& name, const uint8_t** data) const {
  if (segment == nullptr)
    return fault_(PINTLE_ERR_CORRUPT, "%s: the data is missing", name.text().bytes);
  const uint64_t offset = segment->offset(), size = segment->size();
  if (!expected.equals(size)) {
    return fault_(PINTLE_ERR_CORRUPT, "%s: %llu bytes stored, its shape needs %llu",
                  name.text().bytes, static_cast<unsigned long long>(size),
                  expected.overflowed() ? 0ull : static_cast<unsigned long long>(expected.value()));
  }
  if (offset % format::kAlignment != 0 || offset < metadata_bytes_ || size > file_.size_bytes ||
      offset > file_.size_bytes - size) {
    return fault_(PINTLE_ERR_CORRUPT, "%s: bytes %llu + %llu lie outside the file's data",
                  name.text().bytes, static_cast<unsigned long long>(offset),
                  static_cast<unsigned long long>(size));
  }
  *data = file_.data + offset;
  return PINTLE_OK;
}

Status TableReader::strings(const fb::StringTable* table, uint32_t count,
                            const format::TensorName& name, StringTableView* view) const {
  const uint8_t* offsets = nullptr;
  const uint8_t* bytes = nullptr;
  PINTLE_TRY(segment(table->offsets(),
                     format::CheckedSize(count) * format::CheckedSize(4) + format::CheckedSize(4),
                     name, &offsets));
  const uint64_t size = table->bytes() == nullptr ? 0 : table->bytes()->size();
  PINTLE_TRY(segment(table->bytes(), size, name, &bytes));
  view->offsets = reinterpret_cast<const uint32_t*>(offsets);
  view->bytes = reinterpret_cast<const char*>(bytes);
  view->size_bytes = size;
  return PINTLE_OK;
}

Status TableReader::tensor(const fb::Tensor* table, fb::Layout layout, const Wanted& wanted,
                           TensorView* view) const {
  const format::TensorName name = wanted.table.child(wanted.field);
  if (table == nullptr) return fault_(PINTLE_ERR_CORRUPT, "%s: missing", name.text().bytes);
  const uint32_t rows = table->rows(), cols = table->cols();
  if (rows != wanted.rows || cols != wanted.cols) {
    return fault_(PINTLE_ERR_CORRUPT, "%s: shape %u x %u, the architecture needs %u x %u",
                  name.text().bytes, rows, cols, wanted.rows, wanted.cols);
  }
  const bool known_type = table->dtype() >= fb::DType_F32 && table->dtype() <= fb::DType_I4;
  if (!known_type || table->layout() != layout ||
      (layout == fb::Layout_Rows && table->dtype() == fb::DType_I4)) {
    return fault_(PINTLE_ERR_CORRUPT, "%s: unknown type %d or wrong layout %d", name.text().bytes,
                  static_cast<int>(table->dtype()), static_cast<int>(table->layout()));
  }
  TensorView result;
  result.rows = rows;
  result.cols = cols;
  result.dtype = table->dtype();
  result.layout = layout;
  PINTLE_TRY(segment(table->data(), format::tensor_data_bytes(result.dtype, layout, rows, cols),
                     name, &result.data));
  if (result.is_quantized()) {
    PINTLE_TRY(segment(table->scales(),
                       format::tensor_scale_bytes(result.dtype, layout, rows, cols), name,
                       &result.scales));
  }
  *view = result;
  return PINTLE_OK;
}

Status TableReader::require_type(const TensorView& view, fb::DType dtype,
                                 const Wanted& wanted) const {
  if (view.dtype == dtype) return PINTLE_OK;
  return fault_(PINTLE_ERR_CORRUPT, "%s: stored as %s, must be %s",
                wanted.table.child(wanted.field).text().bytes, fb::EnumNameDType(view.dtype),
                fb::EnumNameDType(dtype));
}

Status TableReader::read(format::Panels, const fb::Tensor* table, const Wanted& wanted,
                         TensorView* view) const {
  return tensor(table, fb::Layout_Panels, wanted, view);
}

Status TableReader::read(format::PanelsI4, const fb::Tensor* table, const Wanted& wanted,
                         TensorView* view) const {
  PINTLE_TRY(tensor(table, fb::Layout_Panels, wanted, view));
  return require_type(*view, fb::DType_I4, wanted);
}

Status TableReader::read(format::Rows, const fb::Tensor* table, const Wanted& wanted,
                         TensorView* view) const {
  return tensor(table, fb::Layout_Rows, wanted, view);
}

Status TableReader::read(format::RowsF32, const fb::Tensor* table, const Wanted& wanted,
                         const float** values) const {
  TensorView view;
  PINTLE_TRY(tensor(table, fb::Layout_Rows, wanted, &view));
  *values = view.floats();
  return require_type(view, fb::DType_F32, wanted);
}

Status TableReader::read(format::Vector, const fb::Tensor* table, const Wanted& wanted,
                         const float** values) const {
  TensorView view;
  PINTLE_TRY(tensor(table, fb::Layout_Panels, wanted, &view));
  *values = view.floats();
  return require_type(view, fb::DType_F32, wanted);
}

Status TableReader::read(format::Linear, const fb::Linear* table, const Wanted& wanted,
                         LinearView* view) const {
  const format::TensorName own = wanted.table.child(wanted.field);
  if (table == nullptr) return fault_(PINTLE_ERR_CORRUPT, "%s: missing", own.text().bytes);
  PINTLE_TRY(read(format::Panels(), table->weight(), {wanted.rows, wanted.cols, own, "weight"},
                  &view->weight));
  return read(format::Vector(), table->bias(), {wanted.rows, 1, own, "bias"}, &view->bias);
}

Status TableReader::read(format::Norm, const fb::Norm* table, const Wanted& wanted,
                         NormView* view) const {
  const format::TensorName own = wanted.table.child(wanted.field);
  if (table == nullptr) return fault_(PINTLE_ERR_CORRUPT, "%s: missing", own.text().bytes);
  PINTLE_TRY(read(format::Vector(), table->gain(), {wanted.rows, 1, own, "gain"}, &view->gain));
  PINTLE_TRY(read(format::Vector(), table->bias(), {wanted.rows, 1, own, "bias"}, &view->bias));
  view->eps = table->eps();
  if (view->eps >= 0 && view->eps < 1) return PINTLE_OK;
  return fault_(PINTLE_ERR_CORRUPT, "%s: eps %g is outside [0, 1)", own.text().bytes,
                static_cast<double>(view->eps));
}

}  // namespace pintle::internal
