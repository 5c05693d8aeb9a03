// SPDX-License-Identifier: Apache-2.0
//
// For c_api_test.c: a file to open.
#include <fstream>

#include "support/tiny_models.h"

// Writes a model of 37 items whose first has the id 48016, and three events' ids to `history_ids`.
extern "C" int write_tiny_model(const char* path, int64_t history_ids[3]) {
  pintle::test::TinyModel tiny = pintle::test::plain_model();
  tiny.catalogue.integer_ids[tiny.catalogue.id_order.back()] = 48016;
  history_ids[0] = 48016;
  history_ids[1] = tiny.catalogue.integer_ids[5];
  history_ids[2] = tiny.catalogue.integer_ids[6];
  const std::vector<uint8_t> file = tiny.file(pintle::fb::DType_I8);
  std::ofstream out(path, std::ios::binary);
  out.write(reinterpret_cast<const char*>(file.data()), static_cast<std::streamsize>(file.size()));
  return out.good() ? 0 : 1;
}
