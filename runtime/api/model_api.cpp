// SPDX-License-Identifier: Apache-2.0
//
// The C entry points of models: check arguments, call the core, nothing else.
#include "runtime/api/checks.h"
#include "runtime/calls/open_model.h"
#include "runtime/support/status.h"

namespace internal = pintle::internal;
using internal::Fault;
using internal::is_sized;

namespace {

// The options, or their defaults for null; false if they are malformed.
bool read_options(const pintle_open_options* given, pintle_open_options* options) {
  *options = PINTLE_OPEN_OPTIONS_INIT;
  if (given == nullptr) return true;
  if (!is_sized(given) || (given->flags & ~static_cast<uint32_t>(PINTLE_OPEN_VERIFY_ALL)) != 0) {
    return false;
  }
  *options = *given;
  return true;
}

}  // namespace

pintle_status pintle_model_open_file(const char* path, const pintle_open_options* options,
                                     pintle_model** model, pintle_error* error) {
  const Fault fault(error);
  pintle_open_options checked;
  if (path == nullptr || model == nullptr || !read_options(options, &checked)) {
    return fault(PINTLE_ERR_INVALID_ARGUMENT, "path, model or options are not valid");
  }
  internal::Mapping mapping;
  PINTLE_TRY(internal::map_path(path, fault, &mapping));
  return internal::model_open(mapping, checked, fault, model);
}

pintle_status pintle_model_open_fd(int fd, uint64_t offset_bytes, uint64_t length_bytes,
                                   const pintle_open_options* options, pintle_model** model,
                                   pintle_error* error) {
  const Fault fault(error);
  pintle_open_options checked;
  if (fd < 0 || model == nullptr || !read_options(options, &checked)) {
    return fault(PINTLE_ERR_INVALID_ARGUMENT, "fd, model or options are not valid");
  }
  internal::Mapping mapping;
  PINTLE_TRY(internal::map_descriptor(fd, offset_bytes, length_bytes, fault, &mapping));
  return internal::model_open(mapping, checked, fault, model);
}

pintle_status pintle_model_open_memory(const void* data, size_t size_bytes,
                                       const pintle_open_options* options, pintle_model** model,
                                       pintle_error* error) {
  const Fault fault(error);
  pintle_open_options checked;
  if (data == nullptr || model == nullptr || !read_options(options, &checked)) {
    return fault(PINTLE_ERR_INVALID_ARGUMENT, "data, model or options are not valid");
  }
  if (reinterpret_cast<uintptr_t>(data) % PINTLE_SESSION_ALIGNMENT != 0) {
    return fault(PINTLE_ERR_MISALIGNED, "a model in memory must be 64-byte aligned");
  }
  internal::Mapping mapping;
  mapping.data = static_cast<const uint8_t*>(data);
  mapping.size_bytes = size_bytes;
  return internal::model_open(mapping, checked, fault, model);
}

void pintle_model_close(pintle_model* model) {
  if (model != nullptr) internal::model_close(model);
}

pintle_status pintle_model_get_info(const pintle_model* model, pintle_model_info* info) {
  if (model == nullptr || !is_sized(info)) return PINTLE_ERR_INVALID_ARGUMENT;
  info->item_count = model->item_count;
  info->attribute_count = model->catalogue.attribute_count;
  info->dim = model->dim;
  info->layer_count = model->layer_count;
  info->head_count = model->head_count;
  info->window = model->window;
  info->has_text_ids = model->catalogue.has_text_ids ? 1 : 0;
  info->is_incremental = model->is_incremental() ? 1 : 0;
  info->architecture = model->architecture_name;
  info->isa = model->isa;
  info->file_size_bytes = model->mapping.size_bytes;
  return PINTLE_OK;
}

pintle_status pintle_model_find_integer_id(const pintle_model* model, int64_t id, uint32_t* item) {
  if (model == nullptr || item == nullptr) return PINTLE_ERR_INVALID_ARGUMENT;
  return model->catalogue.find(id, item);
}

pintle_status pintle_model_find_text_id(const pintle_model* model, const char* id,
                                        size_t length_bytes, uint32_t* item) {
  if (model == nullptr || id == nullptr || item == nullptr) return PINTLE_ERR_INVALID_ARGUMENT;
  return model->catalogue.find(id, length_bytes, item);
}

pintle_status pintle_model_get_item(const pintle_model* model, uint32_t item,
                                    pintle_item_info* info) {
  if (model == nullptr || !is_sized(info)) return PINTLE_ERR_INVALID_ARGUMENT;
  return model->catalogue.get(item, info);
}

pintle_status pintle_model_get_attribute(const pintle_model* model, uint32_t attribute,
                                         const char** group, const char** name) {
  if (model == nullptr || attribute >= model->catalogue.attribute_count) {
    return PINTLE_ERR_INVALID_ARGUMENT;
  }
  const pintle::fb::Attribute* entry = model->catalogue.attributes->Get(attribute);
  if (group != nullptr) *group = entry->group()->c_str();
  if (name != nullptr) *name = entry->name()->c_str();
  return PINTLE_OK;
}
