// SPDX-License-Identifier: Apache-2.0
#include "runtime/calls/open_model.h"

#include <stdlib.h>

#include <new>

#include "runtime/kernels/dispatch.h"
#include "runtime/model/model.h"
#include "runtime/model/read_model.h"
#include "runtime/session/session.h"

namespace pintle::internal {

Status model_open(Mapping mapping, const pintle_open_options& options, const Fault& fault,
                  Model** opened) {
  void* memory = malloc(sizeof(Model));
  if (memory == nullptr) {
    release_mapping(&mapping);
    return fault(PINTLE_ERR_OUT_OF_MEMORY, "no memory for a model");
  }
  Model* model = new (memory) Model();
  model->mapping = mapping;
  const char* isa = options.isa != nullptr ? options.isa : forced_isa();
  Status status = PINTLE_OK;
  if (!make_kernel_table(isa, &model->kernels, &model->isa)) {
    status =
        fault(PINTLE_ERR_UNKNOWN_ISA,
              "ISA \"%s\" is unknown, or this CPU or build lacks it: use scalar, or none", isa);
  }
  if (status == PINTLE_OK) status = read_model(model, fault);
  if (status == PINTLE_OK && session_bytes(*model) > SIZE_MAX / 2) {  // 32-bit machines
    status = fault(PINTLE_ERR_UNSUPPORTED, "a session would take %llu bytes, more than fit memory",
                   static_cast<unsigned long long>(session_bytes(*model)));
  }
  if (status == PINTLE_OK && (options.flags & PINTLE_OPEN_VERIFY_ALL) != 0) {
    status = verify_contents(*model, fault);
  }
  if (status != PINTLE_OK) {
    model_close(model);
    return status;
  }
  *opened = model;
  return PINTLE_OK;
}

void model_close(Model* model) {
  free(model->blocks);
  free(model->saes);
  free(model->knobs);
  release_mapping(&model->mapping);
  free(model);
}

}  // namespace pintle::internal
