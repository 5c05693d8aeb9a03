// SPDX-License-Identifier: Apache-2.0
//
// A sequential recommender in f32, independent of the framework that trained it: what recipes build
// from a checkpoint and what the writer quantizes. Mirrors schema/pintle.fbs, whose comments define
// the fields; enums are the schema's own.
#ifndef PINTLE_CONVERTER_NETWORK_NETWORK_H_
#define PINTLE_CONVERTER_NETWORK_NETWORK_H_

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "converter/network/item_ids.h"
#include "pintle_generated.h"

namespace pintle::converter {

struct Matrix {
  int64_t rows = 0, cols = 0;
  std::vector<float> values;  // row-major
  float* row(int64_t r) { return values.data() + r * cols; }
  const float* row(int64_t r) const { return values.data() + r * cols; }
};

struct Linear {
  Matrix weight;            // [out][in]
  std::vector<float> bias;  // [out]; zeros where the checkpoint has none
};

struct Norm {
  std::vector<float> gain, bias;
  float eps = 1e-5f;
};

struct Block {
  Norm attention_norm;
  Linear query;      // [dim][dim]
  Linear key_value;  // [2 dim][dim]
  std::optional<Linear> output;
  Norm ffn_norm;
  Linear ffn_in, ffn_out;
};

// What is known of the checkpoint's item table, to judge what others say of its rows.
struct ItemTableOrigin {
  int64_t rows = 0;
  std::map<int64_t, std::string> special_rows;  // those that are no items, and why: "the pad"
  std::optional<ItemIds> ids;                   // the app's ids, if they are known
  std::string remapped_by;                      // a framework that numbers items anew; empty: none
  std::vector<std::string> ids_export;          // how to get the map out of it, in lines of code
};

struct Network {
  std::string recipe;  // its name
  int64_t dim = 0, heads = 0, ffn_dim = 0, window = 0;
  float item_scale = 1;
  fb::PositionOrigin position_origin = fb::PositionOrigin_Oldest;
  fb::PadKeys pad_keys = fb::PadKeys_Hidden;
  fb::AttentionMask mask = fb::AttentionMask_Causal;
  fb::NormPlacement norm_placement = fb::NormPlacement_Pre;
  fb::Source key_value_source = fb::Source_Normed;
  fb::Source attention_residual = fb::Source_Raw;
  fb::Source ffn_residual = fb::Source_Raw;
  fb::Activation ffn_activation = fb::Activation_Relu;
  int64_t skip_oldest = 0;
  fb::NormForm norm_form = fb::NormForm_EpsInside;

  // Items of the checkpoint, pad, mask and other special rows left out: checkpoint_ids[i] is the row
  // that items.row(i) had in the checkpoint's table, ascending.
  Matrix items;
  std::vector<int64_t> checkpoint_ids;
  ItemTableOrigin origin;
  std::optional<Matrix> output_items;  // same rows as items
  std::vector<float> item_bias;        // empty, or one per item
  Matrix positions;                    // row 0: the oldest or the newest item, by position_origin
  std::vector<float> pad_embedding;    // unless pad_keys is Hidden: scaled item row + position row
  std::vector<float> mask_embedding;   // if mask is Bidirectional, unscaled; no position added
  std::optional<Norm> embedding_norm, final_norm, head_norm;
  std::vector<Block> blocks;
  std::optional<Linear> head_dense;
  fb::Activation head_activation = fb::Activation_Identity;

  std::vector<std::string> assumptions;  // "heads = 2 (from --heads)"
};

}  // namespace pintle::converter

#endif  // PINTLE_CONVERTER_NETWORK_NETWORK_H_
