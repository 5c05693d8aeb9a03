// SPDX-License-Identifier: Apache-2.0
//
// The verifier's part for SAEs, knobs and presets.
#include <math.h>
#include <stdio.h>
#include <string.h>

#include <new>

#include "runtime/model/read_model.h"
#include "runtime/model/table_reader.h"
#include "runtime/support/crc32.h"

namespace pintle::internal {
namespace {

// Feeds numbers of the metadata to a CRC-32, four bytes each, lowest first.
class Hash {
 public:
  void add(uint32_t value) {
    const uint32_t chained[2] = {state_, value};
    uint8_t bytes[8];
    for (int i = 0; i < 8; ++i) bytes[i] = static_cast<uint8_t>(chained[i / 4] >> (8 * (i % 4)));
    state_ = crc32(bytes, sizeof(bytes));
  }
  void add(float value) {
    uint32_t bits;
    memcpy(&bits, &value, sizeof(bits));
    add(bits);
  }
  void add(const fb::Tensor* tensor) {
    if (tensor == nullptr || tensor->data() == nullptr) return add(0u);
    add(tensor->rows());
    add(tensor->cols());
    add(tensor->data()->crc32());
    add(tensor->scales() == nullptr ? 0u : tensor->scales()->crc32());
  }
  void add(const fb::Linear* linear) {
    add(linear == nullptr ? nullptr : linear->weight());
    add(linear == nullptr ? nullptr : linear->bias());
  }
  void add(const fb::Norm* norm) {
    add(norm == nullptr ? nullptr : norm->gain());
    add(norm == nullptr ? nullptr : norm->bias());
    add(norm == nullptr ? 0.0f : norm->eps());
  }
  uint32_t value() const { return state_; }

 private:
  uint32_t state_ = 0;
};

template <typename T>
Status allocate(const Allocator& allocator, uint32_t count, const Fault& fault, T** array) {
  if (count == 0) return PINTLE_OK;
  *array = allocator.allocate_zeroed<T>(count);
  if (*array == nullptr) return fault(PINTLE_ERR_OUT_OF_MEMORY, "no memory for %u entries", count);
  for (uint32_t i = 0; i < count; ++i) new (&(*array)[i]) T();
  return PINTLE_OK;
}

void name_hook(SaeView* view) {
  if (view->hook == fb::HookKind_Last) {
    snprintf(view->hook_name, sizeof(view->hook_name), "last");
  } else {
    snprintf(view->hook_name, sizeof(view->hook_name), "%s:%u",
             view->hook == fb::HookKind_Block ? "block" : "mlp", view->layer);
  }
}

Status verify_sae(const fb::Sae& table, const Resolver& resolve, const Fault& fault,
                  const Model& model, SaeView* view) {
  const uint32_t features = table.feature_count(), dim = model.dim;
  view->name = table.name() == nullptr ? "" : table.name()->c_str();
  view->hook = table.hook();
  view->layer = table.layer();
  view->activation = table.activation();
  view->feature_count = features;
  view->k = table.k();
  if (features == 0 || features > kMaxFeatures || view->hook > fb::HookKind_MAX ||
      view->activation > fb::SaeActivation_MAX ||
      (view->hook != fb::HookKind_Last && view->layer >= model.layer_count) ||
      (view->activation == fb::SaeActivation_TopK && (view->k == 0 || view->k > features))) {
    return fault(PINTLE_ERR_CORRUPT, "SAE %s: %u features, hook %d of block %u, k %u are not valid",
                 view->name, features, static_cast<int>(view->hook), view->layer, view->k);
  }
  name_hook(view);
  PINTLE_TRY(resolve.linear(table.encoder(), features, dim, "sae encoder", &view->encoder));
  PINTLE_TRY(resolve.tensor(table.decoder(), features, dim, fb::Layout_Rows, "sae decoder",
                            &view->decoder));
  PINTLE_TRY(resolve.vector(table.decoder_bias(), dim, "sae decoder_bias", &view->decoder_bias));
  if (view->activation == fb::SaeActivation_JumpRelu) {
    PINTLE_TRY(resolve.vector(table.threshold(), features, "sae threshold", &view->threshold));
  }
  if (table.labels() != nullptr) {
    PINTLE_TRY(resolve.strings(table.labels(), features, "sae labels", &view->labels));
  }
  if (table.statistics() != nullptr) {
    TensorView statistics;
    PINTLE_TRY(resolve.tensor(table.statistics(), features, kStatistics, fb::Layout_Rows,
                              "sae statistics", &statistics));
    if (statistics.dtype != fb::DType_F32) {
      return fault(PINTLE_ERR_CORRUPT, "SAE %s: the statistics must be f32", view->name);
    }
    view->statistics = statistics.floats();
  }
  return PINTLE_OK;
}

Status verify_knob(const fb::Knob& table, const Fault& fault, const Model& model, KnobView* view) {
  const char* name = table.name() == nullptr ? "" : table.name()->c_str();
  view->table = &table;
  view->feature_count = table.features() == nullptr ? 0 : table.features()->size();
  const uint32_t weights = table.weights() == nullptr ? 0 : table.weights()->size();
  const bool attribute_exists =
      table.attribute() >= -1 &&
      table.attribute() < static_cast<int64_t>(model.catalogue.attribute_count);
  if (name[0] == '\0' || weights != view->feature_count || !attribute_exists ||
      (view->feature_count > 0 && table.sae() >= model.sae_count)) {
    return fault(PINTLE_ERR_CORRUPT, "knob \"%s\": its SAE, features or attribute do not exist",
                 name);
  }
  bool finite = isfinite(table.attribute_bias()) && isfinite(table.attribute_bonus()) &&
                isfinite(table.temperature()) && table.temperature() > 0 &&
                isfinite(table.min_strength()) && isfinite(table.max_strength()) &&
                table.min_strength() <= 0 && table.max_strength() >= 0;
  for (uint32_t i = 0; i < view->feature_count; ++i) {
    if (table.features()->Get(i) >= model.saes[table.sae()].feature_count) {
      return fault(PINTLE_ERR_CORRUPT, "knob \"%s\": feature %u does not exist", name,
                   table.features()->Get(i));
    }
    finite = finite && isfinite(table.weights()->Get(i));
  }
  if (!finite) {
    return fault(PINTLE_ERR_CORRUPT, "knob \"%s\": a weight or its range is not valid", name);
  }
  if (view->feature_count > 0) {
    view->features = table.features()->data();
    view->weights = table.weights()->data();
  }
  return PINTLE_OK;
}

Status verify_preset(const fb::Preset& table, const Fault& fault, const Model& model) {
  const uint32_t knobs = table.knobs() == nullptr ? 0 : table.knobs()->size();
  const uint32_t strengths = table.strengths() == nullptr ? 0 : table.strengths()->size();
  bool valid = table.name() != nullptr && knobs == strengths;
  for (uint32_t i = 0; valid && i < knobs; ++i) {
    valid = table.knobs()->Get(i) < model.knob_count && isfinite(table.strengths()->Get(i));
  }
  if (!valid) return fault(PINTLE_ERR_CORRUPT, "a preset names a knob that does not exist");
  return PINTLE_OK;
}

}  // namespace

uint32_t network_hash(const fb::Model& root) {
  Hash hash;
  const fb::Architecture& a = *root.architecture();
  const uint32_t numbers[] = {a.dim(),
                              a.heads(),
                              a.ffn_dim(),
                              a.window(),
                              a.position_origin(),
                              a.pad_keys(),
                              a.mask(),
                              a.norm_placement(),
                              a.key_value_source(),
                              a.attention_residual(),
                              a.ffn_residual(),
                              a.ffn_activation(),
                              root.head_activation()};
  for (const uint32_t number : numbers) hash.add(number);
  hash.add(a.item_scale());
  hash.add(root.items());
  hash.add(root.output_items());
  hash.add(root.item_bias());
  hash.add(root.positions());
  hash.add(root.pad_embedding());
  hash.add(root.mask_embedding());
  hash.add(root.embedding_norm());
  for (const fb::Block* block : *root.blocks()) {
    hash.add(block->attention_norm());
    hash.add(block->query());
    hash.add(block->key_value());
    hash.add(block->output());
    hash.add(block->ffn_norm());
    hash.add(block->ffn_in());
    hash.add(block->ffn_out());
  }
  hash.add(root.final_norm());
  hash.add(root.head_dense());
  hash.add(root.head_norm());
  return hash.value();
}

Status verify_saes(const fb::Model& root, const Resolver& resolve, const Fault& fault,
                   Model* model) {
  const uint32_t saes = root.saes() == nullptr ? 0 : root.saes()->size();
  const uint32_t knobs = root.knobs() == nullptr ? 0 : root.knobs()->size();
  if (saes > kMaxSaes || knobs > kMaxKnobs) {
    return fault(PINTLE_ERR_UNSUPPORTED, "%u SAEs, %u knobs: the limits are %u, %u", saes, knobs,
                 kMaxSaes, kMaxKnobs);
  }
  PINTLE_TRY(allocate(model->allocator, saes, fault, &model->saes));
  model->sae_count = saes;
  const uint32_t hash = saes == 0 ? 0 : network_hash(root);
  for (uint32_t i = 0; i < saes; ++i) {
    const fb::Sae& table = *root.saes()->Get(i);
    PINTLE_TRY(verify_sae(table, resolve, fault, *model, &model->saes[i]));
    if (table.network_hash() != hash) {
      return fault(PINTLE_ERR_OTHER_NETWORK,
                   "SAE %s was trained on network %08x, this file holds %08x: train it again",
                   model->saes[i].name, table.network_hash(), hash);
    }
    const uint32_t features = model->saes[i].feature_count;
    if (features > model->max_feature_count) model->max_feature_count = features;
  }
  PINTLE_TRY(allocate(model->allocator, knobs, fault, &model->knobs));
  model->knob_count = knobs;
  for (uint32_t i = 0; i < knobs; ++i) {
    PINTLE_TRY(verify_knob(*root.knobs()->Get(i), fault, *model, &model->knobs[i]));
  }
  model->presets = root.presets();
  for (uint32_t i = 0; model->presets != nullptr && i < model->presets->size(); ++i) {
    PINTLE_TRY(verify_preset(*model->presets->Get(i), fault, *model));
  }
  return PINTLE_OK;
}

}  // namespace pintle::internal
