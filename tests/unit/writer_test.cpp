// SPDX-License-Identifier: Apache-2.0
#include "converter/file/writer.h"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <unistd.h>

#include <cmath>
#include <cstring>
#include <filesystem>
#include <new>
#include <string>
#include <vector>

#include "converter/io/error.h"
#include "converter/io/output_file.h"
#include "converter/run/runtime_model.h"
#include "random_network.h"
#include "runtime/model/tensor.h"
#include "schema/crc32.h"
#include "support/read_file.h"

namespace pintle::converter {
using namespace pintle::internal;  // what this tests is not public
namespace {

using test::read_file;

// A folder of its own that goes away with it.
class Folder {
 public:
  Folder() {
    char name[] = "/tmp/pintle_writer_XXXXXX";
    REQUIRE(::mkdtemp(name) != nullptr);
    path_ = name;
  }
  ~Folder() { std::filesystem::remove_all(path_); }
  std::string file(const std::string& name) const { return (path_ / name).string(); }
  size_t count() const {
    return static_cast<size_t>(std::distance(std::filesystem::directory_iterator(path_),
                                             std::filesystem::directory_iterator()));
  }

 private:
  std::filesystem::path path_;
};

Provenance test_provenance() { return {"weights.pt", std::string(64, 'a'), {{"ndcg@10", 0.125}}}; }

std::vector<uint8_t> test_file(fb::DType dtype, uint32_t seed = 1) {
  Network network = random_network({}, seed);
  const Catalogue catalogue = plain_catalogue(&network);
  return serialize_model(network, pack_network(network, dtype), catalogue, test_provenance());
}

TensorView view_of(const std::vector<uint8_t>& file, const fb::Tensor* tensor) {
  TensorView view;
  view.data = file.data() + tensor->data()->offset();
  if (tensor->scales() != nullptr) view.scales = file.data() + tensor->scales()->offset();
  view.rows = tensor->rows();
  view.cols = tensor->cols();
  view.dtype = tensor->dtype();
  view.layout = tensor->layout();
  return view;
}

double distance(const Matrix& matrix, const TensorView& view) {
  std::vector<float> row(view.cols);
  double error = 0, norm = 0;
  for (uint32_t r = 0; r < view.rows; ++r) {
    gather_row(view, r, row.data());
    for (uint32_t c = 0; c < view.cols; ++c) {
      error += std::pow(static_cast<double>(matrix.row(r)[c]) - row[c], 2);
      norm += std::pow(static_cast<double>(matrix.row(r)[c]), 2);
    }
  }
  return std::sqrt(error / norm);
}

TEST_CASE("equal inputs give equal bytes, other inputs others") {
  for (fb::DType dtype : fb::EnumValuesDType()) {
    CHECK(test_file(dtype) == test_file(dtype));
    CHECK(test_file(dtype) != test_file(dtype, 2));
  }
}

TEST_CASE("the layout on disk is that of schema/README.md") {
  const std::vector<uint8_t> file = test_file(fb::DType_I8);
  CHECK(file.size() % 64 == 0);
  CHECK(std::memcmp(file.data() + 8, "PNTL", 4) == 0);
  uint32_t metadata;
  std::memcpy(&metadata, file.data(), 4);
  const uint64_t first = (metadata + 4 + 63) / 64 * 64;
  for (uint64_t i = metadata + 4; i < first; ++i) REQUIRE(file[i] == 0);
  const fb::Model& model = *fb::GetSizePrefixedModel(file.data());
  CHECK(model.file_size() == file.size());
  CHECK(model.format_major() == 1);
  CHECK(model.required_features() == 0);
  CHECK(model.items()->data()->offset() == first);
  const fb::Segment* segments[] = {
      model.items()->data(), model.items()->scales(), model.positions()->data(),
      model.blocks()->Get(1)->ffn_out()->weight()->data(), model.catalogue()->id_order()};
  for (const fb::Segment* segment : segments) {
    CHECK(segment->offset() % 64 == 0);
    CHECK(segment->offset() >= first);
    CHECK(segment->crc32() == format::Crc32()(file.data() + segment->offset(), segment->size()));
    for (uint64_t i = segment->offset() + segment->size(); i % 64 != 0; ++i) {
      REQUIRE(file[i] == 0);
    }
  }
  CHECK(model.provenance()->source_name()->str() == "weights.pt");
  CHECK(model.provenance()->quality()->Get(0)->value() == 0.125);
  CHECK(model.provenance()->assumptions()->Get(0)->str() == "heads = 2 (the test says so)");
  CHECK(model.provenance()->precision()->str() == "int8");
}

TEST_CASE("what older runtimes would misread carries its bit of required_features") {
  const auto features = [](const Network& network) {
    Network named = network;
    const std::vector<uint8_t> file = serialize_model(network, pack_network(network, fb::DType_F32),
                                                      plain_catalogue(&named), {}, {});
    return fb::GetSizePrefixedModel(file.data())->required_features();
  };
  Network network = random_network();
  CHECK(features(network) == 0);
  network.norm_form = fb::NormForm_EpsOutside;
  CHECK(features(network) == 1);
  network.mask = fb::AttentionMask_BidirectionalNewest;
  CHECK(features(network) == 3);
  network.norm_form = fb::NormForm_EpsInside;
  CHECK(features(network) == 2);
}

TEST_CASE("so do rewards and memberships, but not knobs and attributes without them") {
  Network network = random_network();
  Catalogue catalogue = plain_catalogue(&network);
  catalogue.attributes = {{"genre", "Noir"}};
  catalogue.item_attributes.assign(catalogue.id_order.size(), {});
  catalogue.item_attributes[3] = catalogue.item_attributes[8] = {0};
  Interpretation interpretation;
  Knob knob;
  knob.name = "noir";
  knob.attribute_group = "genre";
  knob.attribute_name = "Noir";
  interpretation.knobs = {knob};
  const auto features = [&] {
    const std::vector<uint8_t> file = serialize_model(network, pack_network(network, fb::DType_F32),
                                                      catalogue, {}, interpretation);
    return fb::GetSizePrefixedModel(file.data())->required_features();
  };
  CHECK(features() == 0);
  interpretation.knobs[0].rewards = {{-1, 0.1f}, {0, 0}, {1, 0.1f}};
  CHECK(features() == 4);
  catalogue.item_memberships.assign(catalogue.id_order.size(), {});
  catalogue.item_memberships[3] = catalogue.item_memberships[8] = {kWholeMembership};
  CHECK(features() == 4);
  catalogue.item_memberships[8] = {14};
  CHECK(features() == 12);
}

TEST_CASE("a preset of a knob that is none, a knob of an attribute that is none") {
  Network network = random_network();
  const Catalogue catalogue = plain_catalogue(&network);
  const PackedNetwork packed = pack_network(network, fb::DType_F32);
  Interpretation interpretation;
  interpretation.presets = {{"evening", {{"noir", 1.0f}}}};
  CHECK_THROWS_WITH_AS(serialize_model(network, packed, catalogue, {}, interpretation),
                       doctest::Contains("names the knob noir, which is none"), Error);
  Knob knob;
  knob.name = "noir";
  knob.attribute_group = "genre";
  knob.attribute_name = "Noir";
  interpretation = {};
  interpretation.knobs = {knob};
  CHECK_THROWS_WITH_AS(serialize_model(network, packed, catalogue, {}, interpretation),
                       doctest::Contains("which the catalogue lacks"), Error);
}

TEST_CASE("tensors come back as they went in, but for the rounding they state") {
  Network network = random_network();
  const Catalogue catalogue = plain_catalogue(&network);
  for (fb::DType dtype : fb::EnumValuesDType()) {
    CAPTURE(precision_name(dtype));
    const std::vector<uint8_t> file =
        serialize_model(network, pack_network(network, dtype), catalogue, test_provenance());
    const fb::Model& model = *fb::GetSizePrefixedModel(file.data());
    const auto check = [&](const Matrix& matrix, const fb::Tensor* tensor, fb::DType expected) {
      CHECK(tensor->dtype() == expected);
      CHECK(distance(matrix, view_of(file, tensor)) ==
            doctest::Approx(tensor->relative_error()).epsilon(1e-4));
      CHECK(tensor->relative_error() < 0.12);
    };
    check(network.items, model.items(), dtype);
    check(network.positions, model.positions(),
          dtype == fb::DType_F32 ? fb::DType_F32 : fb::DType_F16);
    for (unsigned i = 0; i < 2; ++i) {
      const fb::Block& block = *model.blocks()->Get(i);
      // At int4 only the FFN's first matrix joins the items: the others lose too much.
      const fb::DType sensitive = dtype == fb::DType_I4 ? fb::DType_I8 : dtype;
      check(network.blocks[i].query.weight, block.query()->weight(), sensitive);
      check(network.blocks[i].key_value.weight, block.key_value()->weight(), sensitive);
      check(network.blocks[i].output->weight, block.output()->weight(), sensitive);
      check(network.blocks[i].ffn_in.weight, block.ffn_in()->weight(), dtype);
      check(network.blocks[i].ffn_out.weight, block.ffn_out()->weight(), sensitive);
      const TensorView bias = view_of(file, block.ffn_out()->bias());
      CHECK(std::memcmp(bias.data, network.blocks[i].ffn_out.bias.data(), 12 * 4) == 0);
    }
  }
}

TEST_CASE("what is written opens in the runtime, every byte verified, and recommends") {
  Folder folder;
  for (fb::DType dtype : fb::EnumValuesDType()) {
    OutputFile file(folder.file("m.pintle"));
    file.write(test_file(dtype));
    file.commit();
    const Model model = open_model(folder.file("m.pintle"), PINTLE_OPEN_VERIFY_ALL);
    CHECK(model.info().item_count == 37);
    CHECK(model.info().window == 6);
    Session session = new_session(model);
    REQUIRE(session.append({0, 5, 9}));
    CHECK(session.recommend(10)->size() == 10);
  }
  CHECK(folder.count() == 1);
}

TEST_CASE("the catalogue reads back: ids, titles, attributes, untrained items") {
  Network network = random_network();
  ItemTable items;
  items.integer_ids = false;
  items.has_titles = true;
  items.attributes = {{"genre", "Noir"}, {"genre", "Space"}, {"mood", "Calm"}};
  items.items = {{4, "film-4", "Four", {0, 2}}, {9, "film-9", "", {}}, {2, "a", "Two", {1}}};
  items.has_dates = true;
  items.items[0].date = -90;
  items.items[2].date = 17'000'000;
  Interactions interactions;
  interactions.item_names = {"a", "film-4"};
  CatalogueReport report;
  Catalogue catalogue = build_catalogue(&items, &interactions, &network, &report);
  CHECK(catalogue.dated_count() == 2);
  catalogue.item_memberships = {{15}, {4, 15}, {}};
  Folder folder;
  OutputFile file(folder.file("m.pintle"));
  file.write(serialize_model(network, pack_network(network, fb::DType_F32), catalogue, {}));
  file.commit();
  const Model model = open_model(folder.file("m.pintle"), PINTLE_OPEN_VERIFY_ALL);
  CHECK(model.info().has_text_ids == 1);
  CHECK(model.info().attribute_count == 3);
  CHECK(item_id(model, 0) == "a");
  CHECK(item_id(model, 1) == "film-4");
  uint32_t item = 99;
  CHECK(find_item(model, "film-9", &item));
  CHECK(item == 2);
  CHECK_FALSE(find_item(model, "film", &item));
  CHECK(require(model.item(2), "item", 2).is_trained == 0);
  CHECK(require(model.item(1), "item", 1).is_trained == 1);
  CHECK(std::string(require(model.item(1), "item", 1).title) == "Four");
  CHECK(std::string(require(model.item(2), "item", 2).title).empty());
  const pintle_item_info four = require(model.item(1), "item", 1);
  REQUIRE(four.attribute_count == 2);
  CHECK(four.attributes[0] == 0);
  CHECK(four.attributes[1] == 2);
  CHECK(four.memberships[0] == 4);
  CHECK(four.memberships[1] == 15);
  CHECK(four.date == -90 * 60);
  CHECK(require(model.item(2), "item", 2).date == PINTLE_NO_DATE);
  CHECK(require(model.item(0), "item", 0).date == int64_t{17'000'000} * 60);
  CHECK(model.info().has_dates == 1);
  REQUIRE(model.attribute(0)->item_count == 1);
  CHECK(model.attribute(0)->memberships[0] == 4);
  CHECK(std::string(model.attribute(2)->name) == "Calm");
  CHECK(std::string(model.group(model.attribute(2)->group)->name) == "mood");

  const std::string bytes = read_file(folder.file("m.pintle"));
  const fb::Catalogue& table = *fb::GetSizePrefixedModel(bytes.data())->catalogue();
  const auto* offsets =
      reinterpret_cast<const uint32_t*>(bytes.data() + table.attribute_item_offsets()->offset());
  const auto* values =
      reinterpret_cast<const uint32_t*>(bytes.data() + table.attribute_items()->offset());
  CHECK(std::vector<uint32_t>(offsets, offsets + 4) == std::vector<uint32_t>{0, 1, 2, 3});
  CHECK(std::vector<uint32_t>(values, values + 3) == std::vector<uint32_t>{1, 0, 1});
}

TEST_CASE("a network without a tensor that the format needs is refused") {
  Network network = random_network();
  const Catalogue catalogue = plain_catalogue(&network);
  network.blocks[1].ffn_norm.bias.clear();
  CHECK_THROWS_WITH_AS(
      serialize_model(network, pack_network(network, fb::DType_F32), catalogue, {}),
      doctest::Contains("blocks.1.ffn_norm.bias"), Error);
}

TEST_CASE("a file is replaced whole or not at all") {
  Folder folder;
  const std::string target = folder.file("m.pintle");
  std::ofstream(target) << "old";
  {
    OutputFile file(target);
    file.write({'n', 'e', 'w'});
    CHECK(read_file(target) == "old");
    CHECK(read_file(file.temporary_path()) == "new");
  }  // no commit
  CHECK(read_file(target) == "old");
  CHECK(folder.count() == 1);
  {
    OutputFile file(target);
    file.write({'n', 'e', 'w', '1'});
    file.write({'n', 'e', 'w'});  // a second write starts over
    file.commit();
  }
  CHECK(read_file(target) == "new");
  CHECK(folder.count() == 1);
  CHECK((std::filesystem::status(target).permissions() & std::filesystem::perms::owner_write) !=
        std::filesystem::perms::none);
}

TEST_CASE("a link's target is replaced, the link stays; other kinds of files are refused") {
  Folder folder;
  std::ofstream(folder.file("real")) << "old";
  std::filesystem::create_symlink(folder.file("real"), folder.file("link"));
  OutputFile file(folder.file("link"));
  file.write({'n', 'e', 'w'});
  file.commit();
  CHECK(std::filesystem::is_symlink(folder.file("link")));
  CHECK(read_file(folder.file("real")) == "new");
  CHECK_THROWS_WITH_AS(OutputFile("/dev/full"), doctest::Contains("not a regular file"), Error);
  CHECK_THROWS_AS(OutputFile(folder.file("absent") + "/m").write({1}), Error);
}

TEST_CASE("a full disk is named") {
  const int full = ::open("/dev/full", O_WRONLY);
  if (full < 0) return;  // not on this system
  const std::vector<uint8_t> bytes(1 << 16);
  CHECK_THROWS_WITH_AS(write_all(full, bytes.data(), bytes.size(), "m.pintle"),
                       doctest::Contains("the disk is full"), Error);
  ::close(full);
}

}  // namespace
}  // namespace pintle::converter
