// SPDX-License-Identifier: Apache-2.0
#include "converter/file/segments.h"

#include <limits>

#include "converter/io/error.h"
#include "schema/crc32.h"

namespace pintle::converter {

fb::Segment SegmentList::add(const void* data, size_t size_bytes) {
  if (size_bytes == 0) return fb::Segment(0, 0, 0, 0);
  const uint64_t offset = bytes_.size();
  const uint8_t* begin = static_cast<const uint8_t*>(data);
  bytes_.insert(bytes_.end(), begin, begin + size_bytes);
  bytes_.resize(align(bytes_.size()), 0);
  return fb::Segment(offset, size_bytes, format::Crc32()(data, size_bytes), 0);
}

StringSegments SegmentList::add_strings(const std::vector<std::string>& strings,
                                        const std::string& what) {
  std::vector<uint32_t> offsets{0};
  std::vector<uint8_t> bytes;
  for (const std::string& string : strings) {
    if (string.find('\0') != std::string::npos) {
      throw Error("the items' " + what + " hold a NUL character: \"" + string + "\"");
    }
    bytes.insert(bytes.end(), string.begin(), string.end());
    bytes.push_back(0);
    if (bytes.size() > std::numeric_limits<uint32_t>::max()) {
      throw Error("the items' " + what + " take 4 GiB or more, which the format cannot hold");
    }
    offsets.push_back(static_cast<uint32_t>(bytes.size()));
  }
  return {add_array(offsets), add(bytes)};
}

std::vector<uint8_t> join_file(
    const std::function<std::vector<uint8_t>(uint64_t start, uint64_t file_size)>& build,
    const SegmentList& segments) {
  const uint64_t start = SegmentList::align(build(0, 0).size());
  std::vector<uint8_t> file = build(start, start + segments.bytes().size());
  if (SegmentList::align(file.size()) != start) {
    throw Error("the file's metadata changed its size between two passes");
  }
  file.resize(start, 0);
  file.insert(file.end(), segments.bytes().begin(), segments.bytes().end());
  return file;
}

}  // namespace pintle::converter
