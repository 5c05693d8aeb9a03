// SPDX-License-Identifier: Apache-2.0
#include "converter/file/model_parts.h"

#include <doctest/doctest.h>

#include <Eigen/Core>
#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include "converter/file/exact_index.h"
#include "converter/file/metadata.h"
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

TEST_CASE("a file's tensors are named, those of its SAEs too; taken apart, they are left out") {
  const TinyModel tiny = steerable_model(plain_model().network);
  const std::vector<uint8_t> file = tiny.file();
  const ScratchDir dir;
  const std::string path = dir.write("saes.pintle", std::string(file.begin(), file.end()));
  const converter::Metadata metadata(path);
  std::vector<std::string> names;
  uint64_t offset = 0;
  for (const auto& [name, tensor] : metadata.tensors()) {
    names.push_back(name);
    CHECK(tensor->data()->offset() > offset);  // the file's order
    offset = tensor->data()->offset();
  }
  const auto has = [&](const char* name) {
    return std::find(names.begin(), names.end(), name) != names.end();
  };
  CHECK(names.front() == "items");
  CHECK(has("blocks.1.ffn_out.weight"));
  CHECK(has("final_norm.gain"));
  CHECK(has("saes.0.encoder.weight"));
  CHECK_FALSE(has("saes.0.threshold"));  // a relu SAE
  CHECK(has("saes.2.threshold"));
  CHECK(names.back() == "saes.2.statistics");

  const converter::ModelParts parts = converter::read_model_parts(path);
  CHECK(std::none_of(parts.packed.tensors.begin(), parts.packed.tensors.end(),
                     [](const auto& tensor) { return tensor.name.rfind("saes.", 0) == 0; }));
  converter::PackedNetwork packed = parts.packed;
  pack_saes(tiny.interpretation, &packed);
  CHECK(serialize_model(parts.network, packed, parts.catalogue, parts.provenance,
                        tiny.interpretation) == file);
}

}  // namespace
}  // namespace pintle::test
