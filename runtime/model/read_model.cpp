// SPDX-License-Identifier: Apache-2.0
#include "runtime/model/read_model.h"

#include <math.h>
#include <string.h>

#include <new>
#include <type_traits>

#include "runtime/model/table_reader.h"
#include "schema/format_version.h"

namespace pintle::internal {
namespace {

// The metadata nests Model > Block > Linear > Tensor; tables and vectors both count.
constexpr flatbuffers::uoffset_t kMaxDepth = 16;
constexpr flatbuffers::uoffset_t kMaxTables = 1u << 20;

static_assert(int{fb::Delta::VT_FORMAT_MAJOR} == int{fb::Model::VT_FORMAT_MAJOR} &&
                  int{fb::Delta::VT_FORMAT_MINOR} == int{fb::Model::VT_FORMAT_MINOR} &&
                  int{fb::Delta::VT_REQUIRED_FEATURES} == int{fb::Model::VT_REQUIRED_FEATURES} &&
                  int{fb::Delta::VT_FILE_SIZE} == int{fb::Model::VT_FILE_SIZE},
              "check_root reads either");

uint32_t read_u32(const uint8_t* bytes) {
  return static_cast<uint32_t>(bytes[0]) | static_cast<uint32_t>(bytes[1]) << 8 |
         static_cast<uint32_t>(bytes[2]) << 16 | static_cast<uint32_t>(bytes[3]) << 24;
}

// Whether this format defines the value.
bool is_defined(uint32_t) { return true; }
bool is_defined(float value) { return isfinite(value); }
bool is_defined(fb::PositionOrigin value) { return value <= fb::PositionOrigin_MAX; }
bool is_defined(fb::PadKeys value) { return value <= fb::PadKeys_MAX; }
bool is_defined(fb::AttentionMask value) { return value <= fb::AttentionMask_MAX; }
bool is_defined(fb::NormPlacement value) { return value <= fb::NormPlacement_MAX; }
bool is_defined(fb::Source value) { return value <= fb::Source_MAX; }
bool is_defined(fb::NormForm value) { return value <= fb::NormForm_MAX; }
bool is_defined(fb::Activation value) { return value <= fb::Activation_MAX; }

// Takes the architecture's numbers in this table over; whether the format defines them all.
template <typename Table>
bool read_numbers(const typename Table::Table& table, Model* model) {
  bool all_defined = true;
  const auto take = [&](auto value, auto* member) {
    *member = value;
    all_defined = all_defined && is_defined(value);
  };
  format::for_each(typename format::FieldsOf<Table>::List(), [&](auto field) {
    using Field = decltype(field);
    if constexpr (std::is_same_v<Field, format::Architecture::heads>) {
      take(field.of(table), &model->head_count);
    } else if constexpr (format::is_number<Field>) {
      take(field.of(table), &field.in(*model));
    }
  });
  return all_defined;
}

Status read_architecture(const fb::Model& root, const Fault& fault, Model* model) {
  const fb::Architecture* a = root.architecture();
  if (a == nullptr || root.blocks() == nullptr || root.catalogue() == nullptr) {
    return fault(PINTLE_ERR_CORRUPT, "the architecture, the blocks or the catalogue are missing");
  }
  model->architecture_name = a->name() == nullptr ? "" : a->name()->c_str();
  model->layer_count = root.blocks()->size();
  model->base_item_count = model->item_count = root.catalogue()->item_count();
  const bool architecture_is_defined = read_numbers<format::Architecture>(*a, model);
  const bool head_is_defined = read_numbers<format::Model>(root, model);
  if (model->dim == 0 || model->head_count == 0 || model->ffn_dim == 0 || model->window == 0 ||
      model->layer_count == 0 || model->item_count == 0 || model->dim % model->head_count != 0) {
    return fault(PINTLE_ERR_CORRUPT,
                 "dim %u, heads %u, FFN %u, window %u, layers %u, items %u: each must be above 0, "
                 "and heads must divide dim",
                 model->dim, model->head_count, model->ffn_dim, model->window, model->layer_count,
                 model->item_count);
  }
  if (model->dim > kMaxDim || model->ffn_dim > kMaxFfnDim || model->window > kMaxWindow ||
      model->layer_count > kMaxLayers || model->item_count > kMaxItems) {
    return fault(
        PINTLE_ERR_UNSUPPORTED,
        "dim %u, FFN %u, window %u, layers %u, items %u: the limits are %u, %u, %u, %u, %u",
        model->dim, model->ffn_dim, model->window, model->layer_count, model->item_count, kMaxDim,
        kMaxFfnDim, kMaxWindow, kMaxLayers, kMaxItems);
  }
  if (!architecture_is_defined || !head_is_defined) {
    return fault(PINTLE_ERR_CORRUPT, "the architecture has a value this format does not define");
  }
  const bool reads_norm_before_block = model->norm_placement == fb::NormPlacement_Pre;
  if (!reads_norm_before_block &&
      (model->key_value_source != fb::Source_Raw || model->attention_residual != fb::Source_Raw ||
       model->ffn_residual != fb::Source_Raw)) {
    // Post-norm blocks have no normed input; one spelling keeps files comparable.
    model->key_value_source = model->attention_residual = model->ffn_residual = fb::Source_Raw;
  }
  if (model->is_bidirectional() && model->pad_keys != fb::PadKeys_Hidden) {
    return fault(PINTLE_ERR_CORRUPT, "a bidirectional model cannot have visible pads");
  }
  if (!model->has_mask_token() && model->skip_oldest > 0) {
    return fault(PINTLE_ERR_CORRUPT, "only a model with a mask token can skip its oldest items");
  }
  return PINTLE_OK;
}

Status read_network(const fb::Model& root, const TableReader& reader, const format::Sizes& sizes,
                    const Fault& fault, Model* model) {
  PINTLE_TRY(reader.tensors<format::Model>(root, sizes, {}, model));
  model->scored_items = model->output_items.present() ? model->output_items : model->items;
  model->blocks = model->allocator.allocate_zeroed<BlockView>(model->layer_count);
  if (model->blocks == nullptr) {
    return fault(PINTLE_ERR_OUT_OF_MEMORY, "no memory for %u blocks", model->layer_count);
  }
  const format::TensorName blocks = format::TensorName().child("blocks");
  for (uint32_t i = 0; i < model->layer_count; ++i) {
    BlockView* view = new (&model->blocks[i]) BlockView();
    PINTLE_TRY(reader.tensors<format::Block>(*root.blocks()->Get(i), sizes, blocks.child(i), view));
  }
  return PINTLE_OK;
}

Status read_exact(const fb::ExactScan& table, const TableReader& reader, const format::Sizes& sizes,
                  const Fault& fault, Model* model) {
  ExactView view;
  view.width = sizes.exact_width;
  PINTLE_TRY(
      reader.tensors<format::ExactScan>(table, sizes, format::TensorName().child("exact"), &view));
  PINTLE_TRY(reader.segment(
      table.fine(), format::CheckedSize(sizes.items) * format::CheckedSize(view.fine_bytes()),
      "exact.fine", &view.fine));
  view.coarse_step = table.coarse_step();
  view.largest_row = table.largest_row();
  if (!(view.coarse_step >= 0 && isfinite(view.coarse_step) && view.largest_row >= 0 &&
        isfinite(view.largest_row))) {
    return fault(PINTLE_ERR_CORRUPT, "exact: coarse_step %g or largest_row %g is no bound",
                 static_cast<double>(view.coarse_step), static_cast<double>(view.largest_row));
  }
  model->exact = view;
  return PINTLE_OK;
}

}  // namespace

Status check_root(const Mapping& file, const char* identifier, bool (*verify)(FileVerifier&),
                  const Fault& fault, uint64_t* metadata_bytes) {
  // Size prefix, root offset, identifier.
  if (file.size_bytes < 12 || memcmp(file.data + 8, identifier, 4) != 0) {
    return fault(PINTLE_ERR_NOT_A_MODEL,
                 "not a Pintle file of this kind: the identifier %s is missing (models are made by "
                 "`pintle convert`, deltas by `pintle delta`)",
                 identifier);
  }
  const uint64_t metadata = static_cast<uint64_t>(read_u32(file.data)) + 4;
  if (metadata > file.size_bytes || metadata > FLATBUFFERS_MAX_BUFFER_SIZE) {
    return fault(PINTLE_ERR_CORRUPT,
                 "the metadata needs %llu bytes, the file has %llu: it was cut short",
                 static_cast<unsigned long long>(metadata),
                 static_cast<unsigned long long>(file.size_bytes));
  }
  FileVerifier verifier(file.data, static_cast<size_t>(metadata), kMaxDepth, kMaxTables);
  if (!verify(verifier)) {
    return fault(PINTLE_ERR_CORRUPT, "the metadata is not a valid FlatBuffer");
  }
  // Of a delta, too: see fb::Delta.
  const fb::Model* head = fb::GetSizePrefixedModel(file.data);
  if (head->format_major() != format::kFormatMajor ||
      (head->required_features() & ~format::kKnownFeatures) != 0) {
    return fault(PINTLE_ERR_NEWER_FORMAT,
                 "format %u.%u with features 0x%llx: this runtime (%s) reads format %u; update it, "
                 "or convert again with its own converter",
                 head->format_major(), head->format_minor(),
                 static_cast<unsigned long long>(head->required_features()), pintle_version(),
                 format::kFormatMajor);
  }
  if (head->file_size() != file.size_bytes) {
    return fault(PINTLE_ERR_CORRUPT, "the file has %llu bytes, it was written with %llu",
                 static_cast<unsigned long long>(file.size_bytes),
                 static_cast<unsigned long long>(head->file_size()));
  }
  *metadata_bytes = metadata;
  return PINTLE_OK;
}

const fb::Model* model_root(const Model& model) {
  return fb::GetSizePrefixedModel(model.mapping.data);
}

Status read_model(Model* model, const Fault& fault) {
  uint64_t metadata_bytes = 0;
  PINTLE_TRY(check_root(
      model->mapping, fb::ModelIdentifier(),
      [](FileVerifier& verifier) { return fb::VerifySizePrefixedModelBuffer(verifier); }, fault,
      &metadata_bytes));
  const fb::Model* root = model_root(*model);
  const TableReader reader(model->mapping, metadata_bytes, fault);
  model->format_version = 1000u * root->format_major() + root->format_minor();
  PINTLE_TRY(read_architecture(*root, fault, model));
  const format::Sizes sizes = format::sizes_of(*root);
  PINTLE_TRY(read_network(*root, reader, sizes, fault, model));
  if (root->exact() != nullptr) {
    PINTLE_TRY(read_exact(*root->exact(), reader, sizes, fault, model));
  }
  if (root->provenance() != nullptr) {
    model->main_parameters = root->provenance()->main_parameters();
  }
  const fb::Catalogue& catalogue = *root->catalogue();
  PINTLE_TRY(read_catalogue(catalogue, catalogue.attributes(), reader, fault, &model->catalogue));
  if (model->catalogue.list_groups(model->allocator) != PINTLE_OK) {
    return fault(PINTLE_ERR_OUT_OF_MEMORY, "no memory for the groups of %u attributes",
                 model->catalogue.attribute_count);
  }
  return read_saes(*root, reader, fault, model);
}

}  // namespace pintle::internal
