// SPDX-License-Identifier: Apache-2.0
#include "converter/file/model_parts.h"

#include <doctest/doctest.h>

#include <Eigen/Core>
#include <cstdint>
#include <string>
#include <vector>

#include "converter/file/exact_index.h"
#include "support/scratch_dir.h"
#include "support/tiny_models.h"
#include "unit/random_network.h"

namespace pintle::test {
namespace {

TEST_CASE("a file with exact lists, taken apart and put together again, is the same file") {
  TinyModel tiny;
  tiny.network = converter::random_network({40, 12, 2, 12, 6, 1}, 3);
  tiny.catalogue = integer_catalogue(40);
  converter::PackedNetwork packed = converter::pack_network(tiny.network, fb::DType_F32);
  const std::vector<float> values = converter::RandomNumbers(7).vector(200 * 12, 1.0f);
  converter::pack_exact_index(tiny.network,
                              Eigen::Map<const converter::States>(values.data(), 200, 12), &packed);
  const std::vector<uint8_t> file =
      serialize_model(tiny.network, packed, tiny.catalogue, {}, tiny.interpretation);

  const ScratchDir dir;
  const std::string path = dir.write("exact.pintle", std::string(file.begin(), file.end()));
  const converter::ModelParts parts = converter::read_model_parts(path);
  CHECK(serialize_model(parts.network, parts.packed, parts.catalogue, parts.provenance) == file);
}

}  // namespace
}  // namespace pintle::test
