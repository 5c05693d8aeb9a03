// SPDX-License-Identifier: Apache-2.0
//
// Ids, titles and attributes of the items. The verifier has checked every table's size; single
// entries (offsets, order, attribute indices) are checked when they are read, so that opening a
// model of a million items does not touch them.
//
// With a delta there are two: the model's, which callers ask, hands questions about added items to the delta's.
#ifndef PINTLE_RUNTIME_MODEL_CATALOGUE_H_
#define PINTLE_RUNTIME_MODEL_CATALOGUE_H_

#include <stddef.h>
#include <stdint.h>

#include "pintle_generated.h"
#include "runtime/support/allocator.h"
#include "runtime/support/status.h"

namespace pintle::internal {

// Catalogue.dates: not known.
inline constexpr int32_t kNoDate = INT32_MIN;

// Whether a string of the metadata is `name`, exactly.
bool is_named(const flatbuffers::String& text, const char* name);

struct StringTableView {
  const uint32_t* offsets = nullptr;  // [count + 1]; null: no table
  const char* bytes = nullptr;
  uint64_t size_bytes = 0;

  bool present() const { return offsets != nullptr; }
  // The NUL-terminated string `index` and its length; false if the file's offsets are wrong.
  // REQUIRES: index is below the table's count.
  bool get(uint32_t index, const char** text, size_t* length) const;
};

struct Catalogue {
  uint32_t item_count = 0;           // its own
  uint32_t first_item = 0;           // the number of its first
  const Catalogue* added = nullptr;  // a delta's; null: none
  uint32_t attribute_count = 0;
  bool has_text_ids = false;
  const int64_t* integer_ids = nullptr;
  StringTableView text_ids, titles;
  const uint32_t* id_order = nullptr;
  const uint8_t* trained = nullptr;                  // bitmap, added items too; null: all
  uint32_t trained_end = 0;                          // items that it is of
  const uint32_t* item_attribute_offsets = nullptr;  // null: no attributes
  const uint32_t* item_attributes = nullptr;
  const uint32_t* attribute_item_offsets = nullptr;  // [attribute_count + 1]
  const uint32_t* attribute_items = nullptr;
  uint32_t item_attribute_count = 0;  // entries of item_attributes and of attribute_items
  // Fifteenths, in files that were not verified any byte; null: 15 everywhere.
  const uint8_t* item_memberships = nullptr;       // [item_attribute_count]
  const uint8_t* attribute_memberships = nullptr;  // [item_attribute_count]
  const int32_t* dates = nullptr;                  // minutes since 1970; null: none is known
  const float* popularity =
      nullptr;  // log of an item's share of all events, padded to 16; null: not known
  const flatbuffers::Vector<flatbuffers::Offset<fb::Attribute>>* attributes = nullptr;
  uint32_t group_count = 0;          // runs of attributes whose groups have the same name
  uint32_t* group_starts = nullptr;  // [group_count + 1]: attributes, from the model's allocator

  // The part that has the item, *item becoming its place in it, if there is such an item at all.
  const Catalogue& part_of(uint32_t* item) const {
    if (added == nullptr || *item < added->first_item) return *this;
    *item -= added->first_item;
    return *added;
  }
  // False also for numbers between the base's items and the added ones.
  bool has(uint32_t item) const {
    const Catalogue& part = part_of(&item);  // first: a comparison's order is the compiler's
    return item < part.item_count;
  }
  bool has_dates() const { return dates != nullptr || (added != nullptr && added->has_dates()); }
  int32_t date_of(uint32_t item) const {
    const Catalogue& part = part_of(&item);
    return part.dates == nullptr || item >= part.item_count ? kNoDate : part.dates[item];
  }
  // Of an item that is not there, or of which nothing is known: less than of any other.
  float prior_of(uint32_t item) const {
    const Catalogue& part = part_of(&item);
    constexpr float kUnknownPrior = -30;
    return part.popularity == nullptr || item >= part.item_count ? kUnknownPrior
                                                                 : part.popularity[item];
  }
  bool is_trained(uint32_t item) const {
    return trained == nullptr || ((trained[item / 8] >> (item % 8)) & 1) != 0;
  }
  // Bit r: item 16 * panel + r is trained; bits past the last item are any.
  uint32_t trained_of_panel(size_t panel) const {
    if (trained == nullptr) return 0xffff;
    const uint32_t low = trained[2 * panel];
    return 16 * panel + 8 < trained_end ? low | static_cast<uint32_t>(trained[2 * panel + 1]) << 8
                                        : low;
  }
  // Finds the groups. PINTLE_ERR_OUT_OF_MEMORY. REQUIRES: the attributes are verified.
  Status list_groups(const Allocator& allocator);
  void release_groups(const Allocator& allocator);
  // REQUIRES: attribute < attribute_count.
  uint32_t group_of(uint32_t attribute) const;
  // PINTLE_ERR_UNKNOWN_NAME where there is none.
  Status find_attribute(const char* group, const char* name, uint32_t* attribute) const;
  template <typename... Id>
  Status find_added(uint32_t* item, Id... id) const;
  Status find(int64_t id, uint32_t* item) const;
  Status find(const char* id, size_t length, uint32_t* item) const;
  Status get(uint32_t item, pintle_item_info* info) const;
  // External id of an item, as a recommendation carries it; a broken text id comes back as null.
  void get_id(uint32_t item, int64_t* id, const char** id_text) const;
  // Ascending, every value below attribute_count; PINTLE_ERR_CORRUPT otherwise. first: the place of the first
  // in the entries of both parts, one behind the other; may be null.
  Status get_attributes(uint32_t item, const uint32_t** values, size_t* count,
                        uint32_t* first = nullptr) const;
  // The memberships of get_attributes; null: all 15.
  const uint8_t* memberships_of(uint32_t item) const {
    const Catalogue& part = part_of(&item);
    return part.item_memberships == nullptr
               ? nullptr
               : part.item_memberships + part.item_attribute_offsets[item];
  }
  // The items of this part that have an attribute, ascending, each an item of the part where the file is
  // sound: readers compare before they index.
  Status get_items(uint32_t attribute, const uint32_t** items, uint32_t* count) const;
  // The memberships of get_items; null: all 15.
  const uint8_t* memberships_in(uint32_t attribute) const {
    return attribute_memberships == nullptr
               ? nullptr
               : attribute_memberships + attribute_item_offsets[attribute];
  }
};

}  // namespace pintle::internal

#endif  // PINTLE_RUNTIME_MODEL_CATALOGUE_H_
