// SPDX-License-Identifier: Apache-2.0
//
// The bulk data after the metadata: segments at multiples of 64 bytes, zeros between them.
#ifndef PINTLE_CONVERTER_FILE_SEGMENTS_H_
#define PINTLE_CONVERTER_FILE_SEGMENTS_H_

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "pintle_generated.h"
#include "schema/alignment.h"
#include "schema/checked_size.h"

namespace pintle::converter {

struct StringSegments {
  fb::Segment offsets, bytes;
};

// A segment of a SegmentList, as a file says it whose first segment starts at `base`. All zeros stay so.
inline fb::Segment placed_at(uint64_t base, const fb::Segment& segment) {
  if (segment.size() == 0) return fb::Segment(0, 0, 0, 0);
  return fb::Segment(base + segment.offset(), segment.size(), segment.crc32(), 0);
}

class SegmentList {
 public:
  static uint64_t align(uint64_t size_bytes) {
    return format::round_up(size_bytes, format::kAlignment);
  }

  // Each appends a segment and returns it, its offset counted from the first segment's start.
  // Nothing is appended for empty data: the segment is then all zeros.
  fb::Segment add(const void* data, size_t size_bytes);
  fb::Segment add(const std::vector<uint8_t>& data) { return add(data.data(), data.size()); }
  // Numbers are stored little-endian, as every machine that this runs on holds them.
  template <typename T>
  fb::Segment add_array(const std::vector<T>& values) {
    return add(values.data(), values.size() * sizeof(T));
  }
  // Throws Error, naming `what`, for 4 GiB and more, and for a string that holds a NUL.
  StringSegments add_strings(const std::vector<std::string>& strings, const std::string& what);

  // All segments, padded to a multiple of 64.
  const std::vector<uint8_t>& bytes() const { return bytes_; }

 private:
  std::vector<uint8_t> bytes_;
};

// A file of metadata and segments. build(start, file_size) gives the metadata of a file whose first segment
// starts there; offsets depend on the metadata's size, which must depend on nothing but the structure.
std::vector<uint8_t> join_file(
    const std::function<std::vector<uint8_t>(uint64_t start, uint64_t file_size)>& build,
    const SegmentList& segments);

}  // namespace pintle::converter

#endif  // PINTLE_CONVERTER_FILE_SEGMENTS_H_
