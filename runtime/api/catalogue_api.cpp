// SPDX-License-Identifier: Apache-2.0
//
// The C entry points of what a model holds: its words, items, their ids and attributes. Check arguments, call the
// core, nothing else.
#include <string.h>

#include "runtime/api/sized_structs.h"
#include "runtime/model/model.h"

namespace internal = pintle::internal;
using internal::is_sized;
using internal::Model;
using internal::model_of;

namespace {

// items[i] = find(i) for every i below count.
template <typename Find>
pintle_status find_all(size_t count, const Find& find, uint32_t* items, size_t* unknown_count) {
  size_t unknown = 0;
  for (size_t i = 0; i < count; ++i) {
    const pintle_status status = find(i, &items[i]);
    if (status == PINTLE_OK) continue;
    if (status != PINTLE_ERR_UNKNOWN_ITEM) return status;
    items[i] = PINTLE_NO_ITEM;
    ++unknown;
  }
  if (unknown_count != nullptr) *unknown_count = unknown;
  return PINTLE_OK;
}

// One part's items of an attribute, each an item of that part.
pintle_status items_of(const internal::Catalogue& part, uint32_t attribute, const uint32_t** items,
                       size_t* count, const uint8_t** memberships) {
  uint32_t found = 0;
  PINTLE_TRY(part.get_items(attribute, items, &found));
  for (uint32_t i = 0; i < found; ++i) {
    if ((*items)[i] - part.first_item >= part.item_count) return PINTLE_ERR_CORRUPT;
  }
  *count = found;
  if (found > 0) *memberships = part.memberships_in(attribute);
  return PINTLE_OK;
}

}  // namespace

pintle_status pintle_model_get_info(const pintle_model* handle, pintle_model_info* info) {
  const Model* model = model_of(handle);
  if (model == nullptr || !is_sized(info)) return PINTLE_ERR_INVALID_ARGUMENT;
  pintle_model_info result = PINTLE_MODEL_INFO_INIT;
  result.format_version = model->format_version;
  result.item_count = model->item_count;
  result.attribute_count = model->catalogue.attribute_count;
  result.group_count = model->catalogue.group_count;
  result.sae_count = model->sae_count;
  result.knob_count = model->knob_count;
  result.preset_count = model->preset_count();
  result.dim = model->dim;
  result.layer_count = model->layer_count;
  result.head_count = model->head_count;
  result.window = model->window;
  result.has_text_ids = model->catalogue.has_text_ids ? 1 : 0;
  result.is_incremental = model->is_incremental() ? 1 : 0;
  result.architecture = model->architecture_name;
  result.isa = model->isa;
  result.file_size_bytes = model->mapping.size_bytes;
  result.temperature = model->temperature;
  result.wish_unit = model->wish_unit;
  result.has_dates = model->catalogue.has_dates() ? 1 : 0;
  result.base_item_count = model->base_item_count;
  result.added_item_count = model->added.item_count;
  result.retired_item_count = model->retired_item_count;
  result.main_parameter_count = model->main_parameter_count();
  result.has_prior = model->catalogue.popularity != nullptr ? 1 : 0;
  result.has_profiles = model->has_profiles ? 1 : 0;
  internal::write_struct(result, info);
  return PINTLE_OK;
}

pintle_status pintle_model_get_main_parameter(const pintle_model* handle, uint32_t parameter,
                                              const char** text) {
  const Model* model = model_of(handle);
  if (model == nullptr || text == nullptr) return PINTLE_ERR_INVALID_ARGUMENT;
  if (parameter >= model->main_parameter_count()) return PINTLE_ERR_UNKNOWN_NAME;
  *text = model->main_parameters->Get(parameter)->c_str();
  return PINTLE_OK;
}

pintle_status pintle_model_find_integer_id(const pintle_model* handle, int64_t id, uint32_t* item) {
  const Model* model = model_of(handle);
  if (model == nullptr || item == nullptr) return PINTLE_ERR_INVALID_ARGUMENT;
  return model->catalogue.find(id, item);
}

pintle_status pintle_model_find_text_id(const pintle_model* handle, const char* id,
                                        size_t length_bytes, uint32_t* item) {
  const Model* model = model_of(handle);
  if (model == nullptr || id == nullptr || item == nullptr) {
    return PINTLE_ERR_INVALID_ARGUMENT;
  }
  return model->catalogue.find(id, length_bytes, item);
}

pintle_status pintle_model_find_integer_ids(const pintle_model* handle, const int64_t* ids,
                                            size_t count, uint32_t* items, size_t* unknown_count) {
  const Model* model = model_of(handle);
  if (model == nullptr || (count > 0 && (ids == nullptr || items == nullptr)) ||
      model->catalogue.has_text_ids) {
    return PINTLE_ERR_INVALID_ARGUMENT;
  }
  return find_all(
      count, [&](size_t i, uint32_t* item) { return model->catalogue.find(ids[i], item); }, items,
      unknown_count);
}

pintle_status pintle_model_find_text_ids(const pintle_model* handle, const char* const* ids,
                                         size_t count, uint32_t* items, size_t* unknown_count) {
  const Model* model = model_of(handle);
  if (model == nullptr || (count > 0 && (ids == nullptr || items == nullptr)) ||
      !model->catalogue.has_text_ids) {
    return PINTLE_ERR_INVALID_ARGUMENT;
  }
  for (size_t i = 0; i < count; ++i) {
    if (ids[i] == nullptr) return PINTLE_ERR_INVALID_ARGUMENT;
  }
  return find_all(
      count,
      [&](size_t i, uint32_t* item) { return model->catalogue.find(ids[i], strlen(ids[i]), item); },
      items, unknown_count);
}

pintle_status pintle_model_get_item(const pintle_model* handle, uint32_t item,
                                    pintle_item_info* info) {
  const Model* model = model_of(handle);
  if (model == nullptr || !is_sized(info)) return PINTLE_ERR_INVALID_ARGUMENT;
  pintle_item_info result = PINTLE_ITEM_INFO_INIT;
  PINTLE_TRY(model->catalogue.get(item, &result));
  internal::write_struct(result, info);
  return PINTLE_OK;
}

pintle_status pintle_model_get_item_vector(const pintle_model* handle, uint32_t item, float* vector,
                                           size_t capacity) {
  const Model* model = model_of(handle);
  if (model == nullptr || vector == nullptr) return PINTLE_ERR_INVALID_ARGUMENT;
  if (!model->catalogue.has(item)) return PINTLE_ERR_UNKNOWN_ITEM;
  if (capacity < model->dim) return PINTLE_ERR_BUFFER_TOO_SMALL;
  internal::scored_row(*model, item, vector);
  return PINTLE_OK;
}

pintle_status pintle_model_get_group(const pintle_model* handle, uint32_t group,
                                     pintle_group_info* info) {
  const Model* model = model_of(handle);
  if (model == nullptr || !is_sized(info)) return PINTLE_ERR_INVALID_ARGUMENT;
  const internal::Catalogue& catalogue = model->catalogue;
  if (group >= catalogue.group_count) return PINTLE_ERR_UNKNOWN_NAME;
  pintle_group_info result = PINTLE_GROUP_INFO_INIT;
  result.first_attribute = catalogue.group_starts[group];
  result.attribute_count = catalogue.group_starts[group + 1] - result.first_attribute;
  result.name = catalogue.attributes->Get(result.first_attribute)->group()->c_str();
  internal::write_struct(result, info);
  return PINTLE_OK;
}

pintle_status pintle_model_get_attribute(const pintle_model* handle, uint32_t attribute,
                                         pintle_attribute_info* info) {
  const Model* model = model_of(handle);
  if (model == nullptr || !is_sized(info)) return PINTLE_ERR_INVALID_ARGUMENT;
  const internal::Catalogue& catalogue = model->catalogue;
  if (attribute >= catalogue.attribute_count) return PINTLE_ERR_UNKNOWN_NAME;
  pintle_attribute_info result = PINTLE_ATTRIBUTE_INFO_INIT;
  result.group = catalogue.group_of(attribute);
  result.name = catalogue.attributes->Get(attribute)->name()->c_str();
  PINTLE_TRY(
      items_of(catalogue, attribute, &result.items, &result.item_count, &result.memberships));
  if (catalogue.added != nullptr) {
    PINTLE_TRY(items_of(*catalogue.added, attribute, &result.added_items, &result.added_item_count,
                        &result.added_memberships));
  }
  internal::write_struct(result, info);
  return PINTLE_OK;
}

pintle_status pintle_model_find_attribute(const pintle_model* handle, const char* group,
                                          const char* name, uint32_t* attribute) {
  const Model* model = model_of(handle);
  if (model == nullptr || group == nullptr || name == nullptr || attribute == nullptr) {
    return PINTLE_ERR_INVALID_ARGUMENT;
  }
  return model->catalogue.find_attribute(group, name, attribute);
}
