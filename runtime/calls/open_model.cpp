// SPDX-License-Identifier: Apache-2.0
#include "runtime/calls/open_model.h"

#include <new>

#include "runtime/kernels/dispatch.h"
#include "runtime/model/read_model.h"
#include "runtime/session/session.h"

namespace pintle::internal {
namespace {

Status prepare(const char* isa, uint32_t flags, const Fault& fault, Model* model) {
  if (!make_kernel_table(isa, &model->kernels, &model->isa)) {
    return fault(PINTLE_ERR_UNKNOWN_ISA,
                 "ISA \"%s\" is unknown, or this CPU or build lacks it: use scalar, or none", isa);
  }
  PINTLE_TRY(read_model(model, fault));
  if (model->delta.data != nullptr) PINTLE_TRY(read_delta(model, fault));
  if ((flags & PINTLE_OPEN_EXAMPLES) != 0 && make_likeness(model) != PINTLE_OK) {
    return fault(PINTLE_ERR_OUT_OF_MEMORY, "no memory for the likeness of the items");
  }
  model->has_profiles = (flags & PINTLE_OPEN_PROFILE) != 0;
  if (session_bytes(*model) > SIZE_MAX / 2) {  // 32-bit machines
    return fault(PINTLE_ERR_UNSUPPORTED, "a session would take %llu bytes, more than fit memory",
                 static_cast<unsigned long long>(session_bytes(*model)));
  }
  return (flags & PINTLE_OPEN_VERIFY_ALL) != 0 ? verify_contents(*model, fault) : PINTLE_OK;
}

}  // namespace

Status open_model(Mapping mapping, Mapping delta, const Allocator& allocator, const char* isa,
                  uint32_t flags, const Fault& fault, pintle_model** opened) {
  void* memory = allocator.allocate(sizeof(Model), alignof(Model));
  if (memory == nullptr) {
    release_mapping(allocator, &delta);
    release_mapping(allocator, &mapping);
    return fault(PINTLE_ERR_OUT_OF_MEMORY, "no memory for a model");
  }
  Model* model = new (memory) Model();
  model->tag = kModelTag;
  model->allocator = allocator;
  model->mapping = mapping;
  model->delta = delta;
  const Status status = prepare(isa != nullptr ? isa : forced_isa(), flags, fault, model);
  if (status != PINTLE_OK) {
    release_model(model);
    return status;
  }
  *opened = model;
  return PINTLE_OK;
}

}  // namespace pintle::internal
