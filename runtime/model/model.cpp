// SPDX-License-Identifier: Apache-2.0
#include "runtime/model/model.h"

#include <string.h>

namespace pintle::internal {

void scored_row(const Model& model, uint32_t item, float* row) {
  if (model.exact.present()) {
    memcpy(row, model.exact_row(item), model.dim * sizeof(float));
  } else {
    gather_row(model.scored_items, item, row);
  }
}

double KnobView::reward(float strength) const {
  const double wanted = static_cast<double>(strength);
  if (reward_count == 0) return wanted * static_cast<double>(table->attribute_bonus());
  if (strength == 0) return 0;
  uint32_t i = 1;
  while (i + 1 < reward_count && reward_strengths[i] < strength) ++i;
  const double from = static_cast<double>(reward_strengths[i - 1]);
  const double to = static_cast<double>(reward_strengths[i]);
  const double before = static_cast<double>(rewards[i - 1]);
  double part = (wanted - from) / (to - from);
  part = part < 0 ? 0 : part > 1 ? 1 : part;  // beyond the points: the last one's
  const double size = before + part * (static_cast<double>(rewards[i]) - before);
  return strength > 0 ? size : -size;
}

void retain_model(const Model& model) { model.references.fetch_add(1, std::memory_order_relaxed); }

void release_model(const Model* released) {
  if (released->references.fetch_sub(1, std::memory_order_acq_rel) != 1) return;
  Model* model = const_cast<Model*>(released);  // nobody else has it any more
  const Allocator allocator = model->allocator;
  allocator.release_array(model->blocks, model->layer_count);
  allocator.release_array(model->saes, model->sae_count);
  allocator.release_array(model->knobs, model->knob_count);
  model->catalogue.release_groups(allocator);
  release_likeness(allocator, model);
  allocator.release(model->trained_with_delta, trained_bytes(*model));
  release_mapping(allocator, &model->delta);
  release_mapping(allocator, &model->mapping);
  model->~Model();
  allocator.release(model, sizeof(Model));
}

}  // namespace pintle::internal
