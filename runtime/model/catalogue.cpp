// SPDX-License-Identifier: Apache-2.0
#include "runtime/model/catalogue.h"

#include <string.h>

namespace pintle::internal {

bool StringTableView::get(uint32_t index, const char** text, size_t* length) const {
  const uint32_t begin = offsets[index], end = offsets[index + 1];
  if (begin >= end || end > size_bytes || bytes[end - 1] != '\0') return false;
  *text = bytes + begin;
  *length = end - begin - 1;
  return true;
}

namespace {

// Binary search through id_order. compare(item) is the order of the item's id against the one
// sought (<0, 0, >0); it may fail on a broken entry.
template <typename Compare>
Status search(const Catalogue& catalogue, const Compare& compare, uint32_t* found) {
  uint32_t low = 0, high = catalogue.item_count;
  while (low < high) {
    const uint32_t middle = low + (high - low) / 2;
    const uint32_t item = catalogue.id_order[middle];
    if (item >= catalogue.item_count) return PINTLE_ERR_CORRUPT;
    int order = 0;
    PINTLE_TRY(compare(item, &order));
    if (order == 0) {
      *found = item;
      return PINTLE_OK;
    }
    if (order < 0) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return PINTLE_ERR_UNKNOWN_ITEM;
}

bool are_equal(const flatbuffers::String& a, const flatbuffers::String& b) {
  return &a == &b || (a.size() == b.size() && memcmp(a.Data(), b.Data(), a.size()) == 0);
}

}  // namespace

bool is_named(const flatbuffers::String& text, const char* name) {
  const size_t length = strlen(name);
  return text.size() == length && memcmp(text.Data(), name, length) == 0;
}

Status Catalogue::list_groups(const Allocator& allocator) {
  const auto begins_group = [&](uint32_t attribute) {
    return attribute == 0 || !are_equal(*attributes->Get(attribute)->group(),
                                        *attributes->Get(attribute - 1)->group());
  };
  uint32_t count = 0;
  for (uint32_t i = 0; i < attribute_count; ++i) count += begins_group(i) ? 1 : 0;
  if (count == 0) return PINTLE_OK;
  group_starts = allocator.allocate_zeroed<uint32_t>(size_t{count} + 1);
  if (group_starts == nullptr) return PINTLE_ERR_OUT_OF_MEMORY;
  for (uint32_t i = 0; i < attribute_count; ++i) {
    if (begins_group(i)) group_starts[group_count++] = i;
  }
  group_starts[group_count] = attribute_count;
  return PINTLE_OK;
}

void Catalogue::release_groups(const Allocator& allocator) {
  if (group_starts != nullptr) allocator.release_array(group_starts, size_t{group_count} + 1);
}

uint32_t Catalogue::group_of(uint32_t attribute) const {
  uint32_t low = 0, high = group_count;  // the last group that starts at or before it
  while (high - low > 1) {
    const uint32_t middle = low + (high - low) / 2;
    (group_starts[middle] <= attribute ? low : high) = middle;
  }
  return low;
}

Status Catalogue::find_attribute(const char* group, const char* name, uint32_t* attribute) const {
  for (uint32_t g = 0; g < group_count; ++g) {
    if (!is_named(*attributes->Get(group_starts[g])->group(), group)) continue;
    for (uint32_t i = group_starts[g]; i < group_starts[g + 1]; ++i) {
      if (!is_named(*attributes->Get(i)->name(), name)) continue;
      *attribute = i;
      return PINTLE_OK;
    }
  }
  return PINTLE_ERR_UNKNOWN_NAME;
}

// An id that both parts have is the added item's: the base's is retired.
template <typename... Id>
Status Catalogue::find_added(uint32_t* item, Id... id) const {
  if (added == nullptr) return PINTLE_ERR_UNKNOWN_ITEM;
  PINTLE_TRY(added->find(id..., item));
  *item += added->first_item;
  return PINTLE_OK;
}

Status Catalogue::find(int64_t id, uint32_t* item) const {
  if (has_text_ids) return PINTLE_ERR_INVALID_ARGUMENT;
  const Status status = find_added(item, id);
  if (status != PINTLE_ERR_UNKNOWN_ITEM) return status;
  return search(
      *this,
      [&](uint32_t candidate, int* order) {
        const int64_t other = integer_ids[candidate];
        *order = (other > id) - (other < id);
        return PINTLE_OK;
      },
      item);
}

Status Catalogue::find(const char* id, size_t length, uint32_t* item) const {
  if (!has_text_ids) return PINTLE_ERR_INVALID_ARGUMENT;
  const Status status = find_added(item, id, length);
  if (status != PINTLE_ERR_UNKNOWN_ITEM) return status;
  return search(
      *this,
      [&](uint32_t candidate, int* order) {
        const char* other;
        size_t other_length;
        if (!text_ids.get(candidate, &other, &other_length)) return PINTLE_ERR_CORRUPT;
        const size_t shared = other_length < length ? other_length : length;
        *order = shared == 0 ? 0 : memcmp(other, id, shared);
        if (*order == 0) *order = (other_length > length) - (other_length < length);
        return PINTLE_OK;
      },
      item);
}

void Catalogue::get_id(uint32_t item, int64_t* id, const char** id_text) const {
  const Catalogue& part = part_of(&item);
  *id = 0;
  *id_text = nullptr;
  size_t length;
  if (!has_text_ids) {
    *id = part.integer_ids[item];
  } else if (!part.text_ids.get(item, id_text, &length)) {
    *id_text = nullptr;
  }
}

Status Catalogue::get_attributes(uint32_t item, const uint32_t** values, size_t* count,
                                 uint32_t* first) const {
  const Catalogue& part = part_of(&item);
  *values = nullptr;
  *count = 0;
  if (part.item_attribute_offsets == nullptr) return PINTLE_OK;
  const uint32_t begin = part.item_attribute_offsets[item];
  const uint32_t end = part.item_attribute_offsets[item + 1];
  if (begin > end || end > part.item_attribute_count) return PINTLE_ERR_CORRUPT;
  for (uint32_t i = begin; i < end; ++i) {
    if (part.item_attributes[i] >= attribute_count) return PINTLE_ERR_CORRUPT;
  }
  *values = part.item_attributes + begin;
  *count = end - begin;
  if (first != nullptr) *first = begin + (&part == this ? 0 : item_attribute_count);
  return PINTLE_OK;
}

Status Catalogue::get_items(uint32_t attribute, const uint32_t** items, uint32_t* count) const {
  if (attribute_item_offsets == nullptr) return PINTLE_OK;  // a delta without attributes
  const uint32_t begin = attribute_item_offsets[attribute];
  const uint32_t end = attribute_item_offsets[attribute + 1];
  if (begin > end || end > item_attribute_count) return PINTLE_ERR_CORRUPT;
  *items = attribute_items + begin;
  *count = end - begin;
  return PINTLE_OK;
}

Status Catalogue::get(uint32_t item, pintle_item_info* info) const {
  uint32_t place = item;
  const Catalogue& part = part_of(&place);
  if (place >= part.item_count) return PINTLE_ERR_UNKNOWN_ITEM;
  pintle_item_info result = PINTLE_ITEM_INFO_INIT;
  size_t length;
  get_id(item, &result.id, &result.id_text);
  if (has_text_ids && result.id_text == nullptr) return PINTLE_ERR_CORRUPT;
  if (part.titles.present() && !part.titles.get(place, &result.title, &length)) {
    return PINTLE_ERR_CORRUPT;
  }
  PINTLE_TRY(get_attributes(item, &result.attributes, &result.attribute_count));
  if (result.attribute_count > 0) result.memberships = memberships_of(item);
  const int32_t date = date_of(item);
  if (date != kNoDate) result.date = int64_t{60} * date;
  result.is_trained = is_trained(item) ? 1 : 0;
  *info = result;
  return PINTLE_OK;
}

}  // namespace pintle::internal
