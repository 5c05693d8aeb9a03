// SPDX-License-Identifier: Apache-2.0
#include "runtime/model/model.h"

#include <string.h>

namespace pintle::internal {

void scored_row(const Model& model, uint32_t item, float* row) {
  if (model.exact.present()) {
    memcpy(row, model.exact.rows + static_cast<size_t>(item) * model.dim,
           model.dim * sizeof(float));
  } else {
    gather_row(model.scored_items, item, row);
  }
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
  release_mapping(allocator, &model->mapping);
  model->~Model();
  allocator.release(model, sizeof(Model));
}

}  // namespace pintle::internal
