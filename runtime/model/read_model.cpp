// SPDX-License-Identifier: Apache-2.0
#include "runtime/model/read_model.h"

#include <math.h>
#include <string.h>

#include <new>

#include "runtime/model/table_reader.h"

namespace pintle::internal {
namespace {

// The metadata nests Model > Block > Linear > Tensor; tables and vectors both count.
constexpr flatbuffers::uoffset_t kMaxDepth = 16;
constexpr flatbuffers::uoffset_t kMaxTables = 1u << 20;

uint32_t read_u32(const uint8_t* bytes) {
  return static_cast<uint32_t>(bytes[0]) | static_cast<uint32_t>(bytes[1]) << 8 |
         static_cast<uint32_t>(bytes[2]) << 16 | static_cast<uint32_t>(bytes[3]) << 24;
}

// Finds the root table: the size prefix, the identifier, FlatBuffers' own verifier, the version.
Status verify_structure(const Mapping& file, const Fault& fault, const fb::Model** root,
                        uint64_t* metadata_bytes) {
  // Size prefix, root offset, identifier.
  if (file.size_bytes < 12 || memcmp(file.data + 8, fb::ModelIdentifier(), 4) != 0) {
    return fault(PINTLE_ERR_NOT_A_MODEL,
                 "not a Pintle model: the identifier PNTL is missing (convert a checkpoint with "
                 "`pintle convert`)");
  }
  const uint64_t metadata = static_cast<uint64_t>(read_u32(file.data)) + 4;
  if (metadata > file.size_bytes || metadata > FLATBUFFERS_MAX_BUFFER_SIZE) {
    return fault(PINTLE_ERR_CORRUPT,
                 "the metadata needs %llu bytes, the file has %llu: it was cut short",
                 static_cast<unsigned long long>(metadata),
                 static_cast<unsigned long long>(file.size_bytes));
  }
  flatbuffers::Verifier verifier(file.data, static_cast<size_t>(metadata), kMaxDepth, kMaxTables);
  if (!fb::VerifySizePrefixedModelBuffer(verifier)) {
    return fault(PINTLE_ERR_CORRUPT, "the metadata is not a valid FlatBuffer");
  }
  const fb::Model* model = fb::GetSizePrefixedModel(file.data);
  if (model->format_major() != kFormatMajor ||
      (model->required_features() & ~kKnownFeatures) != 0) {
    return fault(PINTLE_ERR_NEWER_FORMAT,
                 "format %u.%u with features 0x%llx: this runtime (%s) reads format %u; update it, "
                 "or convert again with its own converter",
                 model->format_major(), model->format_minor(),
                 static_cast<unsigned long long>(model->required_features()), pintle_version(),
                 kFormatMajor);
  }
  if (model->file_size() != file.size_bytes) {
    return fault(PINTLE_ERR_CORRUPT, "the file has %llu bytes, it was written with %llu",
                 static_cast<unsigned long long>(file.size_bytes),
                 static_cast<unsigned long long>(model->file_size()));
  }
  *root = model;
  *metadata_bytes = metadata;
  return PINTLE_OK;
}

Status verify_architecture(const fb::Model& root, const Fault& fault, Model* model) {
  const fb::Architecture* a = root.architecture();
  if (a == nullptr || root.blocks() == nullptr || root.catalogue() == nullptr) {
    return fault(PINTLE_ERR_CORRUPT, "the architecture, the blocks or the catalogue are missing");
  }
  model->architecture_name = a->name() == nullptr ? "" : a->name()->c_str();
  model->dim = a->dim();
  model->head_count = a->heads();
  model->ffn_dim = a->ffn_dim();
  model->window = a->window();
  model->layer_count = root.blocks()->size();
  model->item_count = root.catalogue()->item_count();
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
  model->item_scale = a->item_scale();
  model->position_origin = a->position_origin();
  model->pad_keys = a->pad_keys();
  model->mask = a->mask();
  model->norm_placement = a->norm_placement();
  model->key_value_source = a->key_value_source();
  model->attention_residual = a->attention_residual();
  model->ffn_residual = a->ffn_residual();
  model->ffn_activation = a->ffn_activation();
  model->head_activation = root.head_activation();
  model->skip_oldest = a->skip_oldest();
  if (!isfinite(model->item_scale) || model->position_origin > fb::PositionOrigin_MAX ||
      model->pad_keys > fb::PadKeys_MAX || model->mask > fb::AttentionMask_MAX ||
      model->norm_placement > fb::NormPlacement_MAX || model->key_value_source > fb::Source_MAX ||
      model->attention_residual > fb::Source_MAX || model->ffn_residual > fb::Source_MAX ||
      model->ffn_activation > fb::Activation_MAX || model->head_activation > fb::Activation_MAX) {
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
  if (!model->is_bidirectional() && model->skip_oldest > 0) {
    return fault(PINTLE_ERR_CORRUPT, "only a bidirectional model can skip its oldest items");
  }
  return PINTLE_OK;
}

Status verify_network(const fb::Model& root, const Resolver& resolve, const Fault& fault,
                      Model* model) {
  const uint32_t dim = model->dim, items = model->item_count;
  PINTLE_TRY(resolve.tensor(root.items(), items, dim, fb::Layout_Panels, "items", &model->items));
  model->scored_items = model->items;
  if (root.output_items() != nullptr) {
    PINTLE_TRY(resolve.tensor(root.output_items(), items, dim, fb::Layout_Panels, "output_items",
                              &model->scored_items));
  }
  if (root.item_bias() != nullptr) {
    PINTLE_TRY(resolve.vector(root.item_bias(), items, "item_bias", &model->item_bias));
  }
  if (model->position_origin != fb::PositionOrigin_None) {
    PINTLE_TRY(resolve.tensor(root.positions(), model->position_count(), dim, fb::Layout_Rows,
                              "positions", &model->positions));
  }
  if (model->pad_keys != fb::PadKeys_Hidden) {
    PINTLE_TRY(resolve.vector(root.pad_embedding(), dim, "pad_embedding", &model->pad_embedding));
  }
  if (model->is_bidirectional()) {
    PINTLE_TRY(
        resolve.vector(root.mask_embedding(), dim, "mask_embedding", &model->mask_embedding));
  }
  if (root.embedding_norm() != nullptr) {
    PINTLE_TRY(resolve.norm(root.embedding_norm(), dim, "embedding_norm", &model->embedding_norm));
  }
  if (root.final_norm() != nullptr) {
    PINTLE_TRY(resolve.norm(root.final_norm(), dim, "final_norm", &model->final_norm));
  }
  if (root.head_dense() != nullptr) {
    PINTLE_TRY(resolve.linear(root.head_dense(), dim, dim, "head_dense", &model->head_dense));
  }
  if (root.head_norm() != nullptr) {
    PINTLE_TRY(resolve.norm(root.head_norm(), dim, "head_norm", &model->head_norm));
  }
  model->blocks = model->allocator.allocate_zeroed<BlockView>(model->layer_count);
  if (model->blocks == nullptr) {
    return fault(PINTLE_ERR_OUT_OF_MEMORY, "no memory for %u blocks", model->layer_count);
  }
  for (uint32_t i = 0; i < model->layer_count; ++i) {
    const fb::Block* block = root.blocks()->Get(i);
    BlockView* view = new (&model->blocks[i]) BlockView();
    PINTLE_TRY(resolve.norm(block->attention_norm(), dim, "attention_norm", &view->attention_norm));
    PINTLE_TRY(resolve.norm(block->ffn_norm(), dim, "ffn_norm", &view->ffn_norm));
    PINTLE_TRY(resolve.linear(block->query(), dim, dim, "query", &view->query));
    PINTLE_TRY(resolve.linear(block->key_value(), 2 * dim, dim, "key_value", &view->key_value));
    if (block->output() != nullptr) {
      PINTLE_TRY(resolve.linear(block->output(), dim, dim, "output", &view->output));
    }
    PINTLE_TRY(resolve.linear(block->ffn_in(), model->ffn_dim, dim, "ffn_in", &view->ffn_in));
    PINTLE_TRY(resolve.linear(block->ffn_out(), dim, model->ffn_dim, "ffn_out", &view->ffn_out));
  }
  return PINTLE_OK;
}

Status verify_exact(const fb::ExactScan& table, const Resolver& resolve, const Fault& fault,
                    Model* model) {
  const uint32_t items = model->item_count;
  ExactView view;
  view.width = model->dim + (model->item_bias != nullptr ? 1 : 0);
  TensorView rows, basis;
  PINTLE_TRY(resolve.tensor(table.rows(), items, model->dim, fb::Layout_Rows, "exact rows", &rows));
  PINTLE_TRY(resolve.tensor(table.basis(), view.width, view.width, fb::Layout_Rows, "exact basis",
                            &basis));
  PINTLE_TRY(resolve.tensor(table.coarse(), items, kGroupCols, fb::Layout_Panels, "exact coarse",
                            &view.coarse));
  if (rows.dtype != fb::DType_F32 || basis.dtype != fb::DType_F32 ||
      view.coarse.dtype != fb::DType_I4) {
    return fault(PINTLE_ERR_CORRUPT, "exact: rows and basis must be f32, coarse int4");
  }
  PINTLE_TRY(resolve.vector(table.centre(), view.width, "exact centre", &view.centre));
  PINTLE_TRY(resolve.vector(table.coarse_weights(), view.width, "exact coarse_weights",
                            &view.coarse_weights));
  PINTLE_TRY(
      resolve.vector(table.fine_weights(), view.width, "exact fine_weights", &view.fine_weights));
  PINTLE_TRY(resolve.segment(table.fine(), CheckedSize(items) * CheckedSize(view.fine_bytes()),
                             "exact fine", &view.fine));
  view.coarse_step = table.coarse_step();
  view.largest_row = table.largest_row();
  if (!(view.coarse_step >= 0 && isfinite(view.coarse_step) && view.largest_row >= 0 &&
        isfinite(view.largest_row))) {
    return fault(PINTLE_ERR_CORRUPT, "exact: coarse_step %g or largest_row %g is no bound",
                 static_cast<double>(view.coarse_step), static_cast<double>(view.largest_row));
  }
  view.rows = rows.floats();
  view.basis = basis.floats();
  model->exact = view;
  return PINTLE_OK;
}

Status verify_catalogue(const fb::Catalogue& table, const Resolver& resolve, const Fault& fault,
                        Catalogue* catalogue) {
  const uint32_t items = table.item_count();
  const uint8_t* data = nullptr;
  catalogue->item_count = items;
  if (table.id_kind() > fb::IdKind_MAX) {
    return fault(PINTLE_ERR_CORRUPT, "catalogue: unknown kind of ids %d",
                 static_cast<int>(table.id_kind()));
  }
  catalogue->has_text_ids = table.id_kind() == fb::IdKind_Text;
  if (catalogue->has_text_ids) {
    if (table.text_ids() == nullptr) {
      return fault(PINTLE_ERR_CORRUPT, "catalogue: text_ids: missing");
    }
    PINTLE_TRY(resolve.strings(table.text_ids(), items, "text_ids", &catalogue->text_ids));
  } else {
    PINTLE_TRY(resolve.segment(table.integer_ids(), CheckedSize(items) * CheckedSize(8),
                               "integer_ids", &data));
    catalogue->integer_ids = reinterpret_cast<const int64_t*>(data);
  }
  PINTLE_TRY(
      resolve.segment(table.id_order(), CheckedSize(items) * CheckedSize(4), "id_order", &data));
  catalogue->id_order = reinterpret_cast<const uint32_t*>(data);
  if (table.trained() != nullptr) {
    PINTLE_TRY(
        resolve.segment(table.trained(), round_up(items, 8) / 8, "trained", &catalogue->trained));
  }
  if (table.titles() != nullptr) {
    PINTLE_TRY(resolve.strings(table.titles(), items, "titles", &catalogue->titles));
  }
  if (table.attributes() == nullptr || table.item_attribute_offsets() == nullptr) return PINTLE_OK;
  catalogue->attributes = table.attributes();
  catalogue->attribute_count = table.attributes()->size();
  for (uint32_t i = 0; i < catalogue->attribute_count; ++i) {
    const fb::Attribute* attribute = table.attributes()->Get(i);
    if (attribute->group() == nullptr || attribute->name() == nullptr) {
      return fault(PINTLE_ERR_CORRUPT, "attribute %u has no group or no name", i);
    }
  }
  PINTLE_TRY(resolve.segment(table.item_attribute_offsets(),
                             CheckedSize(items) * CheckedSize(4) + CheckedSize(4),
                             "item_attribute_offsets", &data));
  catalogue->item_attribute_offsets = reinterpret_cast<const uint32_t*>(data);
  const uint64_t bytes = table.item_attributes() == nullptr ? 0 : table.item_attributes()->size();
  if (bytes % 4 != 0 || bytes / 4 > UINT32_MAX) {
    return fault(PINTLE_ERR_CORRUPT, "item_attributes: %llu bytes are no list of u32",
                 static_cast<unsigned long long>(bytes));
  }
  PINTLE_TRY(resolve.segment(table.item_attributes(), bytes, "item_attributes", &data));
  catalogue->item_attributes = reinterpret_cast<const uint32_t*>(data);
  catalogue->item_attribute_count = static_cast<uint32_t>(bytes / 4);
  PINTLE_TRY(
      resolve.segment(table.attribute_item_offsets(),
                      CheckedSize(catalogue->attribute_count) * CheckedSize(4) + CheckedSize(4),
                      "attribute_item_offsets", &data));
  catalogue->attribute_item_offsets = reinterpret_cast<const uint32_t*>(data);
  PINTLE_TRY(resolve.segment(table.attribute_items(), bytes, "attribute_items", &data));
  catalogue->attribute_items = reinterpret_cast<const uint32_t*>(data);
  return PINTLE_OK;
}

}  // namespace

const fb::Model* model_root(const Model& model) {
  return fb::GetSizePrefixedModel(model.mapping.data);
}

Status verify_model(Model* model, const Fault& fault) {
  const fb::Model* root = nullptr;
  uint64_t metadata_bytes = 0;
  PINTLE_TRY(verify_structure(model->mapping, fault, &root, &metadata_bytes));
  const Resolver resolve(model->mapping, metadata_bytes, fault);
  model->format_version = 1000u * root->format_major() + root->format_minor();
  PINTLE_TRY(verify_architecture(*root, fault, model));
  PINTLE_TRY(verify_network(*root, resolve, fault, model));
  if (root->exact() != nullptr) {
    PINTLE_TRY(verify_exact(*root->exact(), resolve, fault, model));
  }
  PINTLE_TRY(verify_catalogue(*root->catalogue(), resolve, fault, &model->catalogue));
  if (model->catalogue.list_groups(model->allocator) != PINTLE_OK) {
    return fault(PINTLE_ERR_OUT_OF_MEMORY, "no memory for the groups of %u attributes",
                 model->catalogue.attribute_count);
  }
  return verify_saes(*root, resolve, fault, model);
}

}  // namespace pintle::internal
