// SPDX-License-Identifier: Apache-2.0
//
// Changes single values of a model file in memory, to make files that are wrong in one place.
#ifndef PINTLE_TESTS_SUPPORT_PATCH_MODEL_H_
#define PINTLE_TESTS_SUPPORT_PATCH_MODEL_H_

#include <cstdint>
#include <cstring>
#include <vector>

#include "pintle_generated.h"
#include "schema/crc32.h"

namespace pintle::test {

class ModelPatch {
 public:
  explicit ModelPatch(std::vector<uint8_t>* file) : file_(*file) {}

  const fb::Model& root() const { return *fb::GetSizePrefixedModel(file_.data()); }

  char* identifier() { return reinterpret_cast<char*>(file_.data()) + 8; }
  void prefix(uint32_t metadata_bytes) { std::memcpy(file_.data(), &metadata_bytes, 4); }
  // Sets a scalar of a table inside the file; `field` is its VT_ constant. The writer stores
  // defaults, so that every scalar has its place.
  template <typename Value, typename Table>
  void set(const Table* table, flatbuffers::voffset_t field, Value value) {
    uint8_t* place = const_cast<uint8_t*>(as_table(table)->GetAddressOf(field));
    std::memcpy(place, &value, sizeof(value));
  }
  // Takes a field out of its table (and of tables of the same shape that share its vtable).
  template <typename Table>
  void remove(const Table* table, flatbuffers::voffset_t field) {
    const uint8_t* vtable = as_table(table)->GetVTable();
    if (field >= flatbuffers::ReadScalar<flatbuffers::voffset_t>(vtable)) return;  // has it not
    std::memset(const_cast<uint8_t*>(vtable) + field, 0, sizeof(flatbuffers::voffset_t));
  }
  void segment(const fb::Segment* segment, uint64_t offset, uint64_t size) {
    const fb::Segment changed(offset, size, segment->crc32(), 0);
    std::memcpy(const_cast<fb::Segment*>(segment), &changed, sizeof(changed));
  }
  // Writes into the segment's data; `repair` makes its checksum right again.
  template <typename Value>
  void data(const fb::Segment* segment, size_t index, Value value, bool repair = true) {
    std::memcpy(file_.data() + segment->offset() + index * sizeof(Value), &value, sizeof(value));
    if (!repair) return;
    const uint32_t sum = format::Crc32()(file_.data() + segment->offset(), segment->size());
    const fb::Segment changed(segment->offset(), segment->size(), sum, 0);
    std::memcpy(const_cast<fb::Segment*>(segment), &changed, sizeof(changed));
  }
  // The same in the metadata's own vectors.
  template <typename Value>
  void element(const flatbuffers::Vector<Value>* vector, uint32_t index, Value value) {
    std::memcpy(const_cast<uint8_t*>(vector->Data()) + index * sizeof(Value), &value,
                sizeof(value));
  }

 private:
  template <typename Table>
  static const flatbuffers::Table* as_table(const Table* table) {
    return reinterpret_cast<const flatbuffers::Table*>(table);
  }

  std::vector<uint8_t>& file_;
};

// A file as format 1.2 wrote it: every knob of an attribute has this bonus in place of its rewards.
inline void make_knobs_old(std::vector<uint8_t>* file, float bonus, float temperature) {
  ModelPatch patch(file);
  const fb::Model& root = patch.root();
  patch.set(&root, fb::Model::VT_FORMAT_MINOR, uint16_t{2});
  patch.set(&root, fb::Model::VT_REQUIRED_FEATURES, uint64_t{0});
  patch.remove(&root, fb::Model::VT_TEMPERATURE);
  patch.remove(&root, fb::Model::VT_WISH_UNIT);
  for (const fb::Knob* knob : *root.knobs()) {
    if (knob->attribute() >= 0) {
      patch.set(knob, fb::Knob::VT_ATTRIBUTE_BONUS, bonus);
      patch.set(knob, fb::Knob::VT_TEMPERATURE, temperature);
    }
    for (const flatbuffers::voffset_t field :
         {fb::Knob::VT_REWARD_STRENGTH, fb::Knob::VT_REWARD, fb::Knob::VT_MIN_BY_LOSS,
          fb::Knob::VT_MAX_BY_LOSS, fb::Knob::VT_MIN_BY_ITEMS, fb::Knob::VT_MAX_BY_ITEMS,
          fb::Knob::VT_CURVE_MEDIAN_GAIN, fb::Knob::VT_CURVE_NO_GAIN}) {
      patch.remove(knob, field);
    }
  }
}

}  // namespace pintle::test

#endif  // PINTLE_TESTS_SUPPORT_PATCH_MODEL_H_
