// SPDX-License-Identifier: Apache-2.0
//
// For tests in C: files to open.
#include <fstream>

#include "support/tiny_models.h"

namespace {

int write_file(const char* path, const std::vector<uint8_t>& file) {
  std::ofstream out(path, std::ios::binary);
  out.write(reinterpret_cast<const char*>(file.data()), static_cast<std::streamsize>(file.size()));
  return out.good() ? 0 : 1;
}

}  // namespace

// Writes a model of 37 items whose first has the id 48016, and three events' ids to `history_ids`.
extern "C" int write_tiny_model(const char* path, int64_t history_ids[3]) {
  pintle::test::TinyModel tiny = pintle::test::plain_model();
  tiny.catalogue.integer_ids[tiny.catalogue.id_order.back()] = 48016;
  history_ids[0] = 48016;
  history_ids[1] = tiny.catalogue.integer_ids[5];
  history_ids[2] = tiny.catalogue.integer_ids[6];
  return write_file(path, tiny.file(pintle::fb::DType_I8));
}

// The steerable model of tiny_models.h.
extern "C" int write_steerable_model(const char* path) {
  return write_file(path,
                    pintle::test::steerable_model(pintle::test::plain_model().network).file());
}
