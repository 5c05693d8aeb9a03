// SPDX-License-Identifier: Apache-2.0
//
// From tables of the metadata to views into the file, each checked: what was read lies in the file,
// is aligned, and has the shape, type and size that the architecture asks for.
#ifndef PINTLE_RUNTIME_MODEL_TABLE_READER_H_
#define PINTLE_RUNTIME_MODEL_TABLE_READER_H_

#include "runtime/model/model.h"
#include "runtime/support/status.h"
#include "schema/network_tensors.h"

namespace pintle::internal {

class TableReader {
 public:
  TableReader(const Mapping& file, uint64_t metadata_bytes, const Fault& fault)
      : file_(file), metadata_bytes_(metadata_bytes), fault_(fault) {}

  // Every tensor of a table (format::Block, say) that is in use, into the view's member of its name.
  template <typename Table, typename View>
  Status tensors(const typename Table::Table& table, const format::Sizes& sizes,
                 const format::TensorName& table_name, View* view) const {
    Status status = PINTLE_OK;
    format::all_of(typename format::FieldsOf<Table>::List(), [&](auto field) {
      using Field = decltype(field);
      if constexpr (format::is_tensor<Field>) {
        const format::Presence presence = Field::presence(sizes);
        const auto* found = Field::of(table);
        if (presence == format::kRequired || (presence == format::kOptional && found != nullptr)) {
          const Wanted wanted = {Field::row_count(sizes), Field::col_count(sizes), table_name,
                                 Field::kName};
          status = read(typename Field::Kind(), found, wanted, &Field::in(*view));
        }
      }
      return status == PINTLE_OK;
    });
    return status;
  }

  Status segment(const fb::Segment* segment, const format::CheckedSize& expected,
                 const format::TensorName& name, const uint8_t** data) const;
  Status strings(const fb::StringTable* table, uint32_t count, const format::TensorName& name,
                 StringTableView* view) const;

  struct Wanted {
    uint32_t rows, cols;
    const format::TensorName& table;
    const char* field;
  };
  Status tensor(const fb::Tensor* table, fb::Layout layout, const Wanted& wanted,
                TensorView* view) const;
  Status require_type(const TensorView& view, fb::DType dtype, const Wanted& wanted) const;

 private:
  Status read(format::Panels, const fb::Tensor* table, const Wanted& wanted,
              TensorView* view) const;
  Status read(format::PanelsI4, const fb::Tensor* table, const Wanted& wanted,
              TensorView* view) const;
  Status read(format::Rows, const fb::Tensor* table, const Wanted& wanted, TensorView* view) const;
  Status read(format::RowsF32, const fb::Tensor* table, const Wanted& wanted,
              const float** values) const;
  Status read(format::Vector, const fb::Tensor* table, const Wanted& wanted,
              const float** values) const;
  Status read(format::Linear, const fb::Linear* table, const Wanted& wanted,
              LinearView* view) const;
  Status read(format::Norm, const fb::Norm* table, const Wanted& wanted, NormView* view) const;

  const Mapping& file_;
  uint64_t metadata_bytes_;
  const Fault& fault_;
};

using Attributes = flatbuffers::Vector<flatbuffers::Offset<fb::Attribute>>;

// attributes: what the items' are of; may be null.
Status read_catalogue(const fb::Catalogue& table, const Attributes* attributes,
                      const TableReader& reader, const Fault& fault, Catalogue* catalogue);

// Fills the model's saes, knobs and presets. REQUIRES: everything else of the model was read.
Status read_saes(const fb::Model& root, const TableReader& reader, const Fault& fault,
                 Model* model);

}  // namespace pintle::internal

#endif  // PINTLE_RUNTIME_MODEL_TABLE_READER_H_
