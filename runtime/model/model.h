// SPDX-License-Identifier: Apache-2.0
//
// The immutable view of a verified file: pointers into the mapping, and the architecture as plain
// fields. read_model.cpp fills it; nothing here is believed before it was checked there.
#ifndef PINTLE_RUNTIME_MODEL_MODEL_H_
#define PINTLE_RUNTIME_MODEL_MODEL_H_

#include <stddef.h>
#include <stdint.h>

#include "pintle_generated.h"
#include "runtime/kernels/kernels.h"
#include "runtime/model/catalogue.h"
#include "runtime/model/tensor.h"
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
  float eps = 0;
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
  TensorView coarse;            // Panels int4 [items][32]
  const float* rows = nullptr;  // [items][dim]; null: the file has none
  const float* basis;           // [width][width]
  const float* centre;          // [width]
  const float* coarse_weights;  // [width]
  const float* fine_weights;    // [width]
  const uint8_t* fine;          // [items][fine_bytes()]
  uint32_t width;               // dim, and one more with an item bias
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
};

}  // namespace pintle::internal

struct pintle_model {
  pintle::internal::Mapping mapping;
  pintle::KernelTable kernels;
  const char* isa;
  const char* architecture_name;

  uint32_t dim, head_count, layer_count, ffn_dim, window, item_count;
  uint32_t skip_oldest;  // of the whole history; bidirectional only
  float item_scale;
  pintle::fb::PositionOrigin position_origin;
  pintle::fb::PadKeys pad_keys;
  pintle::fb::AttentionMask mask;
  pintle::fb::NormPlacement norm_placement;
  pintle::fb::Source key_value_source, attention_residual, ffn_residual;
  pintle::fb::Activation ffn_activation, head_activation;

  pintle::internal::TensorView items, output_items, positions;
  pintle::internal::TensorView
      scored_items;                   // the table that scores come from: output_items, or items
  const float* item_bias;             // null: none
  pintle::internal::ExactView exact;  // of scored_items, where the file has it
  const float* pad_embedding;
  const float* mask_embedding;
  pintle::internal::NormView embedding_norm, final_norm, head_norm;
  pintle::internal::LinearView head_dense;
  pintle::internal::BlockView* blocks;  // [layer_count], malloc
  pintle::internal::Catalogue catalogue;
  pintle::internal::SaeView* saes;    // [sae_count], malloc
  pintle::internal::KnobView* knobs;  // [knob_count], malloc
  const flatbuffers::Vector<flatbuffers::Offset<pintle::fb::Preset>>* presets;  // null: none
  uint32_t sae_count, knob_count;
  uint32_t max_feature_count;  // of any SAE

  bool is_bidirectional() const { return mask == pintle::fb::AttentionMask_Bidirectional; }
  // Slots of the network: the window, and the mask token where there is one.
  uint32_t position_count() const { return window + (is_bidirectional() ? 1 : 0); }
  // Whether keys and values of earlier positions stay valid when an event is appended: not if every
  // position looks at the new one, is renumbered by it, or sees one pad less.
  bool is_incremental() const {
    return !is_bidirectional() && position_origin != pintle::fb::PositionOrigin_Newest &&
           pad_keys == pintle::fb::PadKeys_Hidden;
  }
};

namespace pintle::internal {
using Model = ::pintle_model;
}

#endif  // PINTLE_RUNTIME_MODEL_MODEL_H_
