// SPDX-License-Identifier: Apache-2.0
//
// The catalogue's part of a model file.
#ifndef PINTLE_CONVERTER_FILE_WRITE_CATALOGUE_H_
#define PINTLE_CONVERTER_FILE_WRITE_CATALOGUE_H_

#include <flatbuffers/flatbuffers.h>

#include <cstdint>

#include "converter/file/catalogue.h"
#include "converter/file/segments.h"
#include "pintle_generated.h"

namespace pintle::converter {

// Whether some membership is in part: files that have one need a reader that knows of them.
bool has_soft_attributes(const Catalogue& catalogue);

class CatalogueWriter {
 public:
  // What a delta's catalogue does otherwise than a model's: see fb::Delta.
  struct Part {
    bool names_attributes = true;
    uint32_t first_item = 0;
  };
  // `catalogue` must outlive it.
  explicit CatalogueWriter(const Catalogue& catalogue) : CatalogueWriter(catalogue, Part()) {}
  CatalogueWriter(const Catalogue& catalogue, const Part& part)
      : catalogue_(catalogue), part_(part) {}

  // Lays out every segment; to be called once, before table.
  void add_segments(SegmentList* segments);
  // `base`: where the first segment starts in the file.
  flatbuffers::Offset<fb::Catalogue> table(flatbuffers::FlatBufferBuilder* builder,
                                           uint64_t base) const;

 private:
  void add_attributes(SegmentList* segments);
  void add_memberships(SegmentList* segments);

  const Catalogue& catalogue_;
  const Part part_;
  fb::Segment integer_ids_, id_order_, trained_, dates_, popularity_;
  fb::Segment item_attribute_offsets_, item_attributes_, attribute_item_offsets_, attribute_items_;
  fb::Segment item_memberships_, attribute_memberships_;
  StringSegments text_ids_, titles_;
};

// 0 for no strings.
flatbuffers::Offset<fb::StringTable> write_string_table(flatbuffers::FlatBufferBuilder* builder,
                                                        const StringSegments& strings,
                                                        uint64_t base);

}  // namespace pintle::converter

#endif  // PINTLE_CONVERTER_FILE_WRITE_CATALOGUE_H_
