// SPDX-License-Identifier: Apache-2.0
#include "converter/file/model_parts.h"

#include <doctest/doctest.h>

#include <Eigen/Core>
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <string>
#include <vector>

#include "converter/file/exact_index.h"
#include "converter/file/metadata.h"
#include "schema/format_version.h"
#include "support/patch_model.h"
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

std::vector<uint8_t> bytes_of(const converter::ModelParts& parts) {
  return serialize_model(parts.network, parts.packed, parts.catalogue, parts.provenance,
                         parts.interpretation);
}

TEST_CASE("so is one with SAEs of every kind, knobs and presets, at every precision") {
  TinyModel tiny = steerable_model(plain_model().network);
  tiny.catalogue = soft_catalogue(tiny.network.items.rows);
  tiny.interpretation.knobs[0].curve = {{-1, 0.1f, 0.2f, -1, 0.5f}, {2, 0.3f, 0.15f, 2, 0.1f}};
  for (const fb::DType precision : fb::EnumValuesDType()) {
    CAPTURE(static_cast<int>(precision));
    converter::PackedNetwork packed = converter::pack_network(tiny.network, precision);
    const std::vector<float> values =
        converter::RandomNumbers(7).vector(static_cast<int64_t>(200 * tiny.network.dim), 1.0f);
    converter::pack_exact_index(
        tiny.network, Eigen::Map<const converter::States>(values.data(), 200, tiny.network.dim),
        &packed);
    pack_saes(tiny.interpretation, &packed);
    const std::vector<uint8_t> file =
        serialize_model(tiny.network, packed, tiny.catalogue, {}, tiny.interpretation);
    const ScratchDir dir;
    const std::string path = dir.write("m.pintle", std::string(file.begin(), file.end()));
    const converter::ModelParts parts = converter::read_model_parts(path);
    CHECK(bytes_of(parts) == file);

    // Its SAEs give way to others, and stay with other knobs.
    CHECK(join_parts(parts, tiny.interpretation) == file);
    converter::ModelParts bare = parts;
    bare.interpretation = {};
    auto& tensors = bare.packed.tensors;
    tensors.erase(std::remove_if(tensors.begin(), tensors.end(),
                                 [](const auto& t) { return t.name.rfind("saes.", 0) == 0; }),
                  tensors.end());
    CHECK(join_parts(parts, {}) == bytes_of(bare));
    converter::ModelParts fewer = parts;
    fewer.interpretation.knobs.resize(1);
    fewer.interpretation.presets.clear();
    CHECK(join_knobs(parts, {parts.interpretation.knobs[0]}) == bytes_of(fewer));
  }
}

TEST_CASE("dates, memberships, rewards, why ranges end and main parameters come back") {
  TinyModel tiny = steerable_model(plain_model().network);
  tiny.catalogue = soft_catalogue(tiny.network.items.rows);
  const std::vector<uint8_t> file = tiny.file();
  const ScratchDir dir;
  const converter::ModelParts parts =
      converter::read_model_parts(dir.write("m.pintle", std::string(file.begin(), file.end())));
  CHECK(parts.provenance.main_parameters ==
        std::vector<std::string>{"It follows the history.", "Caf\xC3\xA9"});
  CHECK(parts.catalogue.attributes == tiny.catalogue.attributes);
  CHECK(parts.catalogue.item_attributes == tiny.catalogue.item_attributes);
  CHECK(parts.catalogue.item_memberships == tiny.catalogue.item_memberships);
  CHECK(parts.catalogue.dates == tiny.catalogue.dates);
  CHECK(parts.interpretation.temperature == 1.3f);
  CHECK(parts.interpretation.wish_unit == 0.02f);
  const converter::Knob &noir = parts.interpretation.knobs[0],
                        &pull = parts.interpretation.knobs[2];
  CHECK(noir.rewards == tiny.interpretation.knobs[0].rewards);
  CHECK(noir.min_by_items == -4);
  CHECK(std::isnan(noir.min_by_loss));
  CHECK(pull.rewards.empty());
  CHECK(parts.interpretation.knobs[1].curve[1].no_gain == 0.25f);
}

TEST_CASE("knobs of before rewards get those that their bonus amounts to") {
  TinyModel tiny = steerable_model(plain_model().network);
  tiny.interpretation.knobs[1].min_strength = 0;
  std::vector<uint8_t> file = tiny.file();
  make_knobs_old(&file, 0.01f, 0.7f);
  const ScratchDir dir;
  const converter::ModelParts parts =
      converter::read_model_parts(dir.write("old.pintle", std::string(file.begin(), file.end())));
  using Rewards = std::vector<std::pair<float, float>>;
  const std::vector<converter::Knob>& knobs = parts.interpretation.knobs;
  CHECK(knobs[0].rewards == Rewards{{-4, 4 * 0.01f}, {0, 0}, {4, 4 * 0.01f}});
  CHECK(knobs[0].features == tiny.interpretation.knobs[0].features);
  CHECK(std::isnan(knobs[0].min_by_items));
  CHECK(knobs[1].rewards == Rewards{{0, 0}, {8, 8 * 0.01f}});
  REQUIRE(knobs[1].curve.size() == 2);
  CHECK(knobs[1].curve[1].ndcg == 0.5f);
  CHECK(std::isnan(knobs[1].curve[1].median_gain));
  CHECK(knobs[2].rewards.empty());
  CHECK(parts.interpretation.temperature == 0.7f);
  CHECK(parts.interpretation.wish_unit == 0);
  // Written again, it is a file of today.
  const std::vector<uint8_t> again = bytes_of(parts);
  const fb::Model& root = *fb::GetSizePrefixedModel(again.data());
  CHECK(root.temperature() == 0.7f);
  CHECK(root.required_features() == format::kFeatureRewards);
}

TEST_CASE("a file's tensors are named, those of its SAEs too") {
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
}

}  // namespace
}  // namespace pintle::test
