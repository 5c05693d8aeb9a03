// SPDX-License-Identifier: Apache-2.0
#include "bench/synthetic_model.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <numeric>
#include <vector>

#include "converter/file/writer.h"
#include "runtime/kernels/kernels.h"
#include "runtime/model/tensor.h"
#include "unit/random_network.h"

namespace pintle::bench {
using namespace pintle::internal;  // what this tests is not public
namespace {

using converter::PackedTensor;

// The table of items as its file holds it. Rows that only pad the last panel are zero.
PackedTensor item_table(const SyntheticShape& shape, SplitMix* random) {
  PackedTensor table;
  table.name = "items";
  table.rows = shape.items;
  table.cols = shape.dim;
  table.dtype = shape.precision;
  table.data.resize(static_cast<size_t>(
      format::tensor_data_bytes(shape.precision, fb::Layout_Panels, shape.items, shape.dim)
          .value()));
  table.scales.resize(static_cast<size_t>(
      format::tensor_scale_bytes(shape.precision, fb::Layout_Panels, shape.items, shape.dim)
          .value()));
  const bool is_int4 = shape.precision == fb::DType_I4;
  for (uint8_t& byte : table.data) {
    byte = static_cast<uint8_t>(random->next() >> 56);
    if (!is_int4 && byte == 0x80) byte = 0;  // -128 is no weight
  }
  if (is_int4) {
    for (size_t i = 0; i < table.scales.size(); i += 2) {
      const uint16_t scale =
          static_cast<uint16_t>(0x1c00 + (random->next() >> 54));  // [2^-8, 2^-7)
      std::memcpy(&table.scales[i], &scale, sizeof scale);
    }
  } else {
    for (size_t i = 0; i < table.scales.size(); i += 4) {
      const float scale = 0x1p-9f * (1.5f + random->unit() / 2);
      std::memcpy(&table.scales[i], &scale, sizeof scale);
    }
  }
  const size_t panels = (table.rows + kPanelRows - 1) / kPanelRows;
  const size_t panel_bytes = table.data.size() / panels;
  for (size_t byte = 0; byte < panel_bytes; ++byte) {
    const size_t row = (panels - 1) * kPanelRows + byte / 4 % kPanelRows;
    if (row >= table.rows) table.data[(panels - 1) * panel_bytes + byte] = is_int4 ? 0x88 : 0;
  }
  return table;
}

converter::Catalogue catalogue_of(const SyntheticShape& shape, SplitMix* random) {
  converter::Catalogue catalogue;
  catalogue.integer_ids.resize(shape.items);
  std::iota(catalogue.integer_ids.begin(), catalogue.integer_ids.end(), int64_t{100000});
  for (uint32_t i = shape.items - 1; i > 0; --i) {
    std::swap(catalogue.integer_ids[i], catalogue.integer_ids[random->next() % (i + 1)]);
  }
  catalogue.id_order.resize(shape.items);
  for (uint32_t i = 0; i < shape.items; ++i) {
    catalogue.id_order[static_cast<size_t>(catalogue.integer_ids[i] - 100000)] = i;
  }
  if (shape.has_titles) {
    for (uint32_t i = 0; i < shape.items; ++i) {
      catalogue.titles.push_back("Title of item " + std::to_string(i));
    }
  }
  return catalogue;
}

}  // namespace

void write_synthetic_model(const std::string& path, const SyntheticShape& shape, uint64_t seed) {
  SplitMix random(seed);
  converter::NetworkShape small;
  small.items = 16;  // replaced below: quantizing a million rows takes longer than all else
  small.dim = shape.dim;
  small.heads = shape.heads;
  small.ffn_dim = 4 * shape.dim;
  small.window = shape.window;
  small.layers = shape.layers;
  const converter::Network network = converter::random_network(small);
  converter::PackedNetwork packed = converter::pack_network(network, fb::DType_I8);
  for (PackedTensor& tensor : packed.tensors) {
    if (tensor.name == "items") tensor = item_table(shape, &random);
  }
  const std::vector<uint8_t> file = converter::serialize_model(
      network, packed, catalogue_of(shape, &random), {"synthetic", "", {}});
  std::ofstream out(path, std::ios::binary);
  out.write(reinterpret_cast<const char*>(file.data()), static_cast<std::streamsize>(file.size()));
  out.close();
  if (!out) {
    std::fprintf(stderr, "cannot write %s\n", path.c_str());
    std::exit(1);
  }
  drop_from_page_cache(path);
}

void drop_from_page_cache(const std::string& path) {
  const int file = open(path.c_str(), O_RDONLY);
  if (file < 0) return;
  fsync(file);
#if defined(POSIX_FADV_DONTNEED)
  posix_fadvise(file, 0, 0, POSIX_FADV_DONTNEED);
#endif
  close(file);
}

}  // namespace pintle::bench
