// SPDX-License-Identifier: Apache-2.0
//
// The immutable view of a verified file: pointers into the mapping, and the architecture as plain
// fields. read_model.cpp fills it; nothing here is believed before it was checked there.
#ifndef PINTLE_RUNTIME_MODEL_MODEL_H_
#define PINTLE_RUNTIME_MODEL_MODEL_H_

#include <stddef.h>
#include <stdint.h>

#include <atomic>

#include "pintle_generated.h"
#include "runtime/kernels/kernels.h"
#include "runtime/model/catalogue.h"
#include "runtime/model/likeness.h"
#include "runtime/model/tensor.h"
#include "runtime/support/allocator.h"
#include "runtime/support/platform.h"
#include "schema/hooks.h"

namespace pintle::internal {

using format::kStatistics;

struct LinearView {
  TensorView weight;            // [out][in], Panels
  const float* bias = nullptr;  // [out], padded to 16
  bool present() const { return weight.present(); }
};

struct NormView {
  const float* gain = nullptr;
  const float* bias = nullptr;
  float eps = 0;  // placed by Model::norm_form
  bool present() const { return gain != nullptr; }
};

struct BlockView {
  NormView attention_norm, ffn_norm;
  LinearView query, key_value, output, ffn_in, ffn_out;
};

// fb::Sae, checked; see there for the formulas.
struct SaeView {
  fb::HookKind hook;
  uint32_t layer, feature_count, k;
  fb::SaeActivation activation;
  LinearView encoder;
  const float* threshold;
  TensorView decoder;
  const float* decoder_bias;
  StringTableView labels;
  const float* statistics;  // [feature_count][kStatistics], null: none
  const char* name;
  char hook_name[format::kHookTextBytes];
};

// fb::ExactScan, checked; exact_scan.h says what it means.
struct ExactView {
  TensorView coarse;                  // Panels int4 [items][32]
  const float* rows = nullptr;        // [items][dim]; null: the file has none
  const float* added_rows = nullptr;  // of a delta's items
  const float* basis;                 // [width][width]
  const float* centre;                // [width]
  const float* coarse_weights;        // [width]
  const float* fine_weights;          // [width]
  const uint8_t* fine;                // [items][fine_bytes()]
  uint32_t width;                     // dim, and one more with an item bias
  float coarse_step, largest_row;

  bool present() const { return rows != nullptr; }
  size_t fine_words() const { return (width + 7) / 8; }
  size_t fine_groups() const { return (width + kGroupCols - 1) / kGroupCols; }
  size_t fine_bytes() const { return fine_words() * 4 + fine_groups() * 2 + 2; }
};

struct KnobView {
  const fb::Knob* table;
  const uint32_t* features;
  const float* weights;
  uint32_t feature_count;
  uint32_t reward_count;  // 0: fb::Knob.attribute_bonus, or none
  const float* reward_strengths;
  const float* rewards;

  // What one item of the attribute gained (> 0) or lost (< 0) is worth at this strength, in expected DCG.
  double reward(float strength) const;
};

// "PNTM": what pintle_model.tag is of an open model.
inline constexpr uint32_t kModelTag = 0x4d544e50;

struct Model : pintle_model {
  Allocator allocator;  // of all that the model allocates, itself included
  // Its opener's and its sessions'. Counted through const, as a model is handed around as one.
  mutable std::atomic<size_t> references{1};
  Mapping mapping;
  Mapping delta;  // no data: none
  KernelTable kernels;
  const char* isa;
  const char* architecture_name;
  uint32_t format_version;  // of the file, as pintle_format_version
  uint32_t network_hash;    // schema/network_hash.h

  uint32_t dim, head_count, layer_count, ffn_dim, window;
  uint32_t item_count;  // numbers of items are below it; which are items the catalogue knows
  uint32_t base_item_count, retired_item_count;
  uint32_t skip_oldest;  // of the whole history; with a mask token only
  float item_scale;
  fb::PositionOrigin position_origin;
  fb::PadKeys pad_keys;
  fb::AttentionMask mask;
  fb::NormPlacement norm_placement;
  fb::Source key_value_source, attention_residual, ffn_residual;
  fb::Activation ffn_activation, head_activation;
  fb::NormForm norm_form;

  TensorView items, output_items, positions;
  TensorView scored_items;  // the table that scores come from: output_items, or items
  const float* item_bias;   // null: none
  const float* added_bias;  // of a delta's items
  ExactView exact;          // of scored_items, where the file has it
  const float* pad_embedding;
  const float* mask_embedding;
  NormView embedding_norm, final_norm, head_norm;
  LinearView head_dense;
  BlockView* blocks;  // [layer_count]; these four from the allocator
  Catalogue catalogue;
  Catalogue added;              // what catalogue.added is, where there is a delta
  uint8_t* trained_with_delta;  // what catalogue.trained is then, from the allocator
  SaeView* saes;                // [sae_count]
  KnobView* knobs;              // [knob_count]
  const flatbuffers::Vector<flatbuffers::Offset<fb::Preset>>* presets;  // null: none
  const flatbuffers::Vector<flatbuffers::Offset<flatbuffers::String>>* main_parameters;  // likewise
  uint32_t sae_count, knob_count;
  float temperature;           // of probabilities; > 0
  float wish_unit;             // the reward of a wish of 1; > 0
  uint32_t max_feature_count;  // of any SAE
  Likeness likeness;           // where the app asked for it
  bool has_profiles = false;   // sessions have, where the app asked for it

  bool is_bidirectional() const { return mask != fb::AttentionMask_Causal; }
  bool has_mask_token() const { return mask == fb::AttentionMask_Bidirectional; }
  // Slots of the network: the window, and the mask token where there is one.
  uint32_t position_count() const { return window + (has_mask_token() ? 1 : 0); }
  // Whether keys and values of earlier positions stay valid when an event is appended: not if every
  // position looks at the new one, is renumbered by it, or sees one pad less.
  bool is_incremental() const {
    return !is_bidirectional() && position_origin != fb::PositionOrigin_Newest &&
           pad_keys == fb::PadKeys_Hidden;
  }
  // Of a panel's items; null: none. Padded to 16, like the table.
  const float* bias_of(size_t panel) const {
    if (item_bias == nullptr || panel < scored_items.added_panel) {
      return item_bias == nullptr ? nullptr : item_bias + panel * kPanelRows;
    }
    return added_bias + (panel - scored_items.added_panel) * kPanelRows;
  }
  // exact.rows of one item; of a number that is nobody's, some item's.
  const float* exact_row(uint32_t item) const {
    if (catalogue.added == nullptr || item < catalogue.added->first_item) {
      return exact.rows + (item < base_item_count ? size_t{item} * dim : 0);
    }
    return exact.added_rows + size_t{item - catalogue.added->first_item} * dim;
  }
  uint32_t preset_count() const { return presets == nullptr ? 0 : presets->size(); }
  uint32_t main_parameter_count() const {
    return main_parameters == nullptr ? 0 : main_parameters->size();
  }
};

// Writes the item's row of the table that scores come from [dim]; in f32 where the file has it so.
void scored_row(const Model& model, uint32_t item, float* row);

// Of Model::trained_with_delta.
inline size_t trained_bytes(const Model& model) {
  return static_cast<size_t>(format::round_up(model.item_count, kPanelRows) / 8);
}

// Adds a reference.
void retain_model(const Model& model);
// Drops one; with the last, the model and all that it holds go.
void release_model(const Model* model);

// A handle's model; null for null and for what is no open model.
inline const Model* model_of(const pintle_model* handle) {
  return handle != nullptr && handle->tag == kModelTag ? static_cast<const Model*>(handle)
                                                       : nullptr;
}

}  // namespace pintle::internal

#endif  // PINTLE_RUNTIME_MODEL_MODEL_H_
