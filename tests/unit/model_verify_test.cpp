// SPDX-License-Identifier: Apache-2.0
//
// Files that are wrong in one place: each fault has its status, and words that name it.
#include <doctest/doctest.h>

#include <cmath>
#include <cstdint>
#include <cstring>
#include <vector>

#include "support/tiny_models.h"
#include "unit/corruptions.h"
#include "unit/random_network.h"

namespace pintle::test {
namespace {

using A = fb::Architecture;

TinyModel every_part() {
  uint32_t seed = 3;  // positions None, pads Reset
  TinyModel tiny = any_model(seed);
  while (!tiny.network.head_dense || !tiny.network.output_items || tiny.network.item_bias.empty() ||
         tiny.network.blocks.size() < 2 || !tiny.network.final_norm) {
    tiny = any_model(seed += kArchitectureCount);
  }
  return steerable_model(tiny.network);
}

Patch set_architecture(flatbuffers::voffset_t field, uint32_t value) {
  return [=](ModelPatch& p, const fb::Model& m) { p.set(m.architecture(), field, value); };
}
Patch set_switch(flatbuffers::voffset_t field, uint8_t value) {
  return [=](ModelPatch& p, const fb::Model& m) { p.set(m.architecture(), field, value); };
}

TEST_CASE("the frame: identifier, sizes, version") {
  check_all(every_part().file(fb::DType_I8),
            {{"bad identifier", kAlways, PINTLE_ERR_NOT_A_MODEL, "PNTL",
              [](ModelPatch& p, const fb::Model&) { p.identifier()[0] = 'Q'; }},
             {"size prefix beyond the file", kAlways, PINTLE_ERR_CORRUPT, "cut short",
              [](ModelPatch& p, const fb::Model&) { p.prefix(0x7FFFFFFF); }},
             {"size prefix of all ones", kAlways, PINTLE_ERR_CORRUPT, "cut short",
              [](ModelPatch& p, const fb::Model&) { p.prefix(0xFFFFFFFF); }},
             {"size prefix too small", kAlways, PINTLE_ERR_CORRUPT, "FlatBuffer",
              [](ModelPatch& p, const fb::Model&) { p.prefix(64); }},
             {"newer major version", kAlways, PINTLE_ERR_NEWER_FORMAT, "format 2",
              [](ModelPatch& p, const fb::Model& m) {
                p.set(&m, fb::Model::VT_FORMAT_MAJOR, uint16_t{2});
              }},
             {"unknown required feature", kAlways, PINTLE_ERR_NEWER_FORMAT, "0x8000",
              [](ModelPatch& p, const fb::Model& m) {
                p.set(&m, fb::Model::VT_REQUIRED_FEATURES, uint64_t{0x8000});
              }},
             {"wrong file_size", kAlways, PINTLE_ERR_CORRUPT, "it was written with",
              [](ModelPatch& p, const fb::Model& m) {
                p.set(&m, fb::Model::VT_FILE_SIZE, m.file_size() + 64);
              }},
             {"no architecture", kAlways, PINTLE_ERR_CORRUPT, "missing",
              [](ModelPatch& p, const fb::Model& m) { p.remove(&m, fb::Model::VT_ARCHITECTURE); }},
             {"no blocks", kAlways, PINTLE_ERR_CORRUPT, "missing",
              [](ModelPatch& p, const fb::Model& m) { p.remove(&m, fb::Model::VT_BLOCKS); }},
             {"no catalogue", kAlways, PINTLE_ERR_CORRUPT, "missing",
              [](ModelPatch& p, const fb::Model& m) { p.remove(&m, fb::Model::VT_CATALOGUE); }}});
  std::vector<uint8_t> file = plain_model().file();
  ModelPatch newer(&file);
  newer.set(&newer.root(), fb::Model::VT_FORMAT_MINOR, uint16_t{9});
  CHECK(open(file, PINTLE_OPEN_VERIFY_ALL).status == PINTLE_OK);
  file.push_back(0);
  CHECK(open(file, 0).status == PINTLE_ERR_CORRUPT);
}

TEST_CASE("main parameters that are no strings of the file") {
  const auto first = [](const fb::Model& m) { return m.provenance()->main_parameters()->Get(0); };
  check_all(plain_model().file(),
            {{"a string beyond the file", kAlways, PINTLE_ERR_CORRUPT, "FlatBuffer",
              [](ModelPatch& p, const fb::Model& m) {
                p.element(m.provenance()->main_parameters(), 1,
                          flatbuffers::Offset<flatbuffers::String>(0x7FFFFFF0));
              }},
             {"a string longer than the file", kAlways, PINTLE_ERR_CORRUPT, "FlatBuffer",
              [&](ModelPatch&, const fb::Model& m) {
                const uint32_t length = 0x7FFFFFF0;
                std::memcpy(const_cast<uint8_t*>(first(m)->Data()) - sizeof(length), &length,
                            sizeof(length));
              }},
             {"a string without an end", kAlways, PINTLE_ERR_CORRUPT, "FlatBuffer",
              [&](ModelPatch& p, const fb::Model& m) {
                p.element<char>(first(m), first(m)->size(), 'x');
              }}});
}

TEST_CASE("a session of more than 4 GiB: refused where size_t could not count it") {
  converter::NetworkShape shape;
  shape.dim = 128;
  shape.layers = 1;
  TinyModel tiny = plain_model();
  tiny.network = converter::random_network(shape);
  tiny.network.window = 1 << 16;
  tiny.network.position_origin = fb::PositionOrigin_None;
  tiny.network.positions = {};
  tiny.network.blocks.assign(64, converter::Block(tiny.network.blocks[0]));
  const std::vector<uint8_t> file = tiny.file(fb::DType_I8);
  if (sizeof(size_t) < 8) {
    CHECK(open(file, 0).status == PINTLE_ERR_UNSUPPORTED);
    return;
  }
  const OpenModel model(file);
  size_t size_bytes = 0;
  REQUIRE(pintle_session_memory(model.get(), &size_bytes) == PINTLE_OK);
  CHECK(size_bytes > UINT32_MAX);
}

TEST_CASE("the architecture: dimensions, limits, switches") {
  check_all(
      every_part().file(),
      {{"dim 0", kAlways, PINTLE_ERR_CORRUPT, "above 0", set_architecture(A::VT_DIM, 0)},
       {"no heads", kAlways, PINTLE_ERR_CORRUPT, "above 0", set_architecture(A::VT_HEADS, 0)},
       {"no FFN", kAlways, PINTLE_ERR_CORRUPT, "above 0", set_architecture(A::VT_FFN_DIM, 0)},
       {"no window", kAlways, PINTLE_ERR_CORRUPT, "above 0", set_architecture(A::VT_WINDOW, 0)},
       {"no items", kAlways, PINTLE_ERR_CORRUPT, "above 0",
        [](ModelPatch& p, const fb::Model& m) {
          p.set(m.catalogue(), fb::Catalogue::VT_ITEM_COUNT, 0u);
        }},
       {"heads that do not divide dim", kAlways, PINTLE_ERR_CORRUPT, "divide",
        set_architecture(A::VT_HEADS, 7)},
       {"dim beyond the limit", kAlways, PINTLE_ERR_UNSUPPORTED, "limits",
        set_architecture(A::VT_DIM, 1u << 20)},
       {"FFN beyond the limit", kAlways, PINTLE_ERR_UNSUPPORTED, "limits",
        set_architecture(A::VT_FFN_DIM, UINT32_MAX)},
       {"window beyond the limit", kAlways, PINTLE_ERR_UNSUPPORTED, "limits",
        set_architecture(A::VT_WINDOW, UINT32_MAX)},
       {"items beyond the limit", kAlways, PINTLE_ERR_UNSUPPORTED, "limits",
        [](ModelPatch& p, const fb::Model& m) {
          p.set(m.catalogue(), fb::Catalogue::VT_ITEM_COUNT, UINT32_MAX);
        }},
       {"another dim", kAlways, PINTLE_ERR_CORRUPT, "shape", set_architecture(A::VT_DIM, 4)},
       {"another FFN", kAlways, PINTLE_ERR_CORRUPT, "shape", set_architecture(A::VT_FFN_DIM, 99)},
       {"scale that is not a number", kAlways, PINTLE_ERR_CORRUPT, "does not define",
        [](ModelPatch& p, const fb::Model& m) { p.set(m.architecture(), A::VT_ITEM_SCALE, NAN); }},
       {"unknown position origin", kAlways, PINTLE_ERR_CORRUPT, "does not define",
        set_switch(A::VT_POSITION_ORIGIN, 3)},
       {"unknown pad keys", kAlways, PINTLE_ERR_CORRUPT, "does not define",
        set_switch(A::VT_PAD_KEYS, 3)},
       {"unknown mask", kAlways, PINTLE_ERR_CORRUPT, "does not define",
        set_switch(A::VT_MASK, 200)},
       {"unknown norm placement", kAlways, PINTLE_ERR_CORRUPT, "does not define",
        set_switch(A::VT_NORM_PLACEMENT, 2)},
       {"unknown norm form", kAlways, PINTLE_ERR_CORRUPT, "does not define",
        set_switch(A::VT_NORM_FORM, 2)},
       {"unknown source", kAlways, PINTLE_ERR_CORRUPT, "does not define",
        set_switch(A::VT_KEY_VALUE_SOURCE, 2)},
       {"unknown residual", kAlways, PINTLE_ERR_CORRUPT, "does not define",
        set_switch(A::VT_FFN_RESIDUAL, 255)},
       {"unknown activation", kAlways, PINTLE_ERR_CORRUPT, "does not define",
        set_switch(A::VT_FFN_ACTIVATION, 5)},
       {"unknown head activation", kAlways, PINTLE_ERR_CORRUPT, "does not define",
        [](ModelPatch& p, const fb::Model& m) {
          p.set(&m, fb::Model::VT_HEAD_ACTIVATION, uint8_t{9});
        }},
       {"bidirectional with visible pads", kAlways, PINTLE_ERR_CORRUPT, "visible pads",
        set_switch(A::VT_MASK, fb::AttentionMask_Bidirectional)},
       {"the same without a mask token", kAlways, PINTLE_ERR_CORRUPT, "visible pads",
        set_switch(A::VT_MASK, fb::AttentionMask_BidirectionalNewest)},
       {"skipping items of a causal model", kAlways, PINTLE_ERR_CORRUPT, "skip",
        set_architecture(A::VT_SKIP_OLDEST, 1)},
       {"positions that are not there", kAlways, PINTLE_ERR_CORRUPT, "positions",
        set_switch(A::VT_POSITION_ORIGIN, 1)}});
}

TEST_CASE("tensors: place, shape, type, values") {
  TinyModel tiny = every_part();
  tiny.interpretation = {};  // else the first thing noticed is that SAEs belong to other tensors
  check_all(
      tiny.file(fb::DType_I8),
      {{"segment past the end", kAlways, PINTLE_ERR_CORRUPT, "items",
        [](ModelPatch& p, const fb::Model& m) {
          p.segment(m.items()->data(), m.file_size(), m.items()->data()->size());
        }},
       {"segment at the end of 64 bits", kAlways, PINTLE_ERR_CORRUPT, "items",
        [](ModelPatch& p, const fb::Model& m) {
          p.segment(m.items()->data(), UINT64_MAX - 63, m.items()->data()->size());
        }},
       {"segment inside the metadata", kAlways, PINTLE_ERR_CORRUPT, "items",
        [](ModelPatch& p, const fb::Model& m) {
          p.segment(m.items()->data(), 64, m.items()->data()->size());
        }},
       {"misaligned segment", kAlways, PINTLE_ERR_CORRUPT, "ffn_out",
        [](ModelPatch& p, const fb::Model& m) {
          const fb::Segment* s = m.blocks()->Get(1)->ffn_out()->weight()->data();
          p.segment(s, s->offset() + 32, s->size());
        }},
       {"segment of another size", kAlways, PINTLE_ERR_CORRUPT, "its shape needs",
        [](ModelPatch& p, const fb::Model& m) {
          const fb::Segment* s = m.blocks()->Get(0)->query()->weight()->data();
          p.segment(s, s->offset(), s->size() - 16);
        }},
       {"scales of another size", kAlways, PINTLE_ERR_CORRUPT, "its shape needs",
        [](ModelPatch& p, const fb::Model& m) {
          p.segment(m.items()->scales(), m.items()->scales()->offset(), 4);
        }},
       {"other rows", kAlways, PINTLE_ERR_CORRUPT, "shape",
        [](ModelPatch& p, const fb::Model& m) {
          p.set(m.output_items(), fb::Tensor::VT_ROWS, m.output_items()->rows() + 1);
        }},
       {"no columns", kAlways, PINTLE_ERR_CORRUPT, "shape",
        [](ModelPatch& p, const fb::Model& m) {
          p.set(m.head_dense()->weight(), fb::Tensor::VT_COLS, 0u);
        }},
       {"unknown type", kAlways, PINTLE_ERR_CORRUPT, "unknown type",
        [](ModelPatch& p, const fb::Model& m) {
          p.set(m.items(), fb::Tensor::VT_DTYPE, uint8_t{4});
        }},
       {"another type", kAlways, PINTLE_ERR_CORRUPT, "its shape needs",
        [](ModelPatch& p, const fb::Model& m) {
          p.set(m.items(), fb::Tensor::VT_DTYPE, uint8_t{fb::DType_F32});
        }},
       {"another layout", kAlways, PINTLE_ERR_CORRUPT, "layout",
        [](ModelPatch& p, const fb::Model& m) {
          p.set(m.items(), fb::Tensor::VT_LAYOUT, uint8_t{fb::Layout_Rows});
        }},
       {"a vector that is not f32", kAlways, PINTLE_ERR_CORRUPT, "final_norm",
        [](ModelPatch& p, const fb::Model& m) {
          const fb::Tensor* gain = m.final_norm()->gain();
          p.set(gain, fb::Tensor::VT_DTYPE, uint8_t{fb::DType_F16});
          p.segment(gain->data(), gain->data()->offset(), gain->data()->size() / 2);
        }},
       {"norm without a bias", kAlways, PINTLE_ERR_CORRUPT, "missing",
        [](ModelPatch& p, const fb::Model& m) { p.remove(m.final_norm(), fb::Norm::VT_BIAS); }},
       {"negative eps", kAlways, PINTLE_ERR_CORRUPT, "eps",
        [](ModelPatch& p, const fb::Model& m) { p.set(m.final_norm(), fb::Norm::VT_EPS, -1e-5f); }},
       {"eps that is not a number", kAlways, PINTLE_ERR_CORRUPT, "eps",
        [](ModelPatch& p, const fb::Model& m) { p.set(m.final_norm(), fb::Norm::VT_EPS, NAN); }},
       {"pad embedding that is not there", kAlways, PINTLE_ERR_CORRUPT, "pad_embedding",
        [](ModelPatch& p, const fb::Model& m) { p.remove(&m, fb::Model::VT_PAD_EMBEDDING); }},
       {"damaged weights", kVerifyAll, PINTLE_ERR_CHECKSUM, "ffn_in",
        [](ModelPatch& p, const fb::Model& m) {
          p.data(m.blocks()->Get(1)->ffn_in()->weight()->data(), 3, uint8_t{0x55}, false);
        }},
       {"scale that is not a number", kVerifyAll, PINTLE_ERR_CORRUPT, "NaN",
        [](ModelPatch& p, const fb::Model& m) { p.data(m.items()->scales(), 1, NAN); }},
       {"infinite item bias", kVerifyAll, PINTLE_ERR_CORRUPT, "item_bias",
        [](ModelPatch& p, const fb::Model& m) { p.data(m.item_bias()->data(), 0, INFINITY); }}});
}

}  // namespace
}  // namespace pintle::test
