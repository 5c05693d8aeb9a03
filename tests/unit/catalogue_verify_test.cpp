// SPDX-License-Identifier: Apache-2.0
//
// As model_verify_test, for the catalogue, SAEs, knobs and presets.
#include <doctest/doctest.h>

#include <cmath>
#include <vector>

#include "support/tiny_models.h"
#include "unit/corruptions.h"

namespace pintle::test {
namespace {

using C = fb::Catalogue;
using K = fb::Knob;
using S = fb::Sae;

TEST_CASE("ids, titles, attributes") {
  check_all(
      steerable_model(plain_model().network).file(),
      {{"unknown kind of ids", kAlways, PINTLE_ERR_CORRUPT, "kind of ids",
        [](ModelPatch& p, const fb::Model& m) { p.set(m.catalogue(), C::VT_ID_KIND, uint8_t{2}); }},
       {"ids of the kind that is missing", kAlways, PINTLE_ERR_CORRUPT, "integer_ids",
        [](ModelPatch& p, const fb::Model& m) { p.set(m.catalogue(), C::VT_ID_KIND, uint8_t{0}); }},
       {"no text ids", kAlways, PINTLE_ERR_CORRUPT, "text_ids",
        [](ModelPatch& p, const fb::Model& m) { p.remove(m.catalogue(), C::VT_TEXT_IDS); }},
       {"no id_order", kAlways, PINTLE_ERR_CORRUPT, "id_order",
        [](ModelPatch& p, const fb::Model& m) { p.remove(m.catalogue(), C::VT_ID_ORDER); }},
       {"attribute lists of other lengths", kAlways, PINTLE_ERR_CORRUPT, "attribute_items",
        [](ModelPatch& p, const fb::Model& m) {
          const fb::Segment* s = m.catalogue()->attribute_items();
          p.segment(s, s->offset(), s->size() - 4);
        }},
       {"attributes that are no list of u32", kAlways, PINTLE_ERR_CORRUPT, "item_attributes",
        [](ModelPatch& p, const fb::Model& m) {
          const fb::Segment* s = m.catalogue()->item_attributes();
          p.segment(s, s->offset(), s->size() - 1);
        }},
       {"id_order that repeats", kVerifyAll, PINTLE_ERR_CORRUPT, "id_order",
        [](ModelPatch& p, const fb::Model& m) { p.data(m.catalogue()->id_order(), 1, 0u); }},
       {"id_order past the items", kVerifyAll, PINTLE_ERR_CORRUPT, "id_order",
        [](ModelPatch& p, const fb::Model& m) { p.data(m.catalogue()->id_order(), 5, 37u); }},
       {"string without its end", kVerifyAll, PINTLE_ERR_CORRUPT, "text_ids",
        [](ModelPatch& p, const fb::Model& m) {
          p.data(m.catalogue()->text_ids()->bytes(), 6, 'x');  // "item-0" and its NUL
        }},
       {"string past its table", kVerifyAll, PINTLE_ERR_CORRUPT, "titles",
        [](ModelPatch& p, const fb::Model& m) {
          p.data(m.catalogue()->titles()->offsets(), 37, 1u << 30);
        }},
       {"attribute out of range", kVerifyAll, PINTLE_ERR_CORRUPT, "item_attributes",
        [](ModelPatch& p, const fb::Model& m) { p.data(m.catalogue()->item_attributes(), 2, 3u); }},
       {"attributes of an item that end before they begin", kVerifyAll, PINTLE_ERR_CORRUPT,
        "item_attributes",
        [](ModelPatch& p, const fb::Model& m) {
          p.data(m.catalogue()->item_attribute_offsets(), 10, 0u);
        }},
       {"damaged titles", kVerifyAll, PINTLE_ERR_CHECKSUM, "titles",
        [](ModelPatch& p, const fb::Model& m) {
          p.data(m.catalogue()->titles()->bytes(), 3, 'Q', false);
        }}});
  TinyModel integers = plain_model();
  integers.catalogue.trained.assign(37, true);
  const int64_t first_id = integers.catalogue.integer_ids[0];
  check_all(integers.file(),
            {{"two equal ids", kVerifyAll, PINTLE_ERR_CORRUPT, "equal or out of order",
              [first_id](ModelPatch& p, const fb::Model& m) {
                p.data(m.catalogue()->integer_ids(), 1, first_id);
              }},
             {"trained bitmap of another size", kAlways, PINTLE_ERR_CORRUPT, "trained",
              [](ModelPatch& p, const fb::Model& m) {
                p.segment(m.catalogue()->trained(), m.catalogue()->trained()->offset(), 4);
              }}});
}

TEST_CASE("SAEs, knobs and presets") {
  check_all(
      steerable_model(plain_model().network).file(fb::DType_I8),
      {{"SAE of another network", kAlways, PINTLE_ERR_OTHER_NETWORK, "train it again",
        [](ModelPatch& p, const fb::Model& m) {
          p.set(m.saes()->Get(1), S::VT_NETWORK_HASH, m.saes()->Get(1)->network_hash() ^ 1u);
        }},
       {"SAE without features", kAlways, PINTLE_ERR_CORRUPT, "0 features",
        [](ModelPatch& p, const fb::Model& m) {
          p.set(m.saes()->Get(0), S::VT_FEATURE_COUNT, 0u);
        }},
       {"SAE of other features", kAlways, PINTLE_ERR_CORRUPT, "saes.0.encoder.weight",
        [](ModelPatch& p, const fb::Model& m) {
          p.set(m.saes()->Get(0), S::VT_FEATURE_COUNT, 22u);
        }},
       {"unknown hook", kAlways, PINTLE_ERR_CORRUPT, "hook 3",
        [](ModelPatch& p, const fb::Model& m) { p.set(m.saes()->Get(0), S::VT_HOOK, uint8_t{3}); }},
       {"hook behind the last block", kAlways, PINTLE_ERR_CORRUPT, "block 2",
        [](ModelPatch& p, const fb::Model& m) { p.set(m.saes()->Get(0), S::VT_LAYER, 2u); }},
       {"unknown SAE activation", kAlways, PINTLE_ERR_CORRUPT, "not valid",
        [](ModelPatch& p, const fb::Model& m) {
          p.set(m.saes()->Get(0), S::VT_ACTIVATION, uint8_t{3});
        }},
       {"k of 0", kAlways, PINTLE_ERR_CORRUPT, "k 0",
        [](ModelPatch& p, const fb::Model& m) { p.set(m.saes()->Get(1), S::VT_K, 0u); }},
       {"k above the features", kAlways, PINTLE_ERR_CORRUPT, "k 22",
        [](ModelPatch& p, const fb::Model& m) { p.set(m.saes()->Get(1), S::VT_K, 22u); }},
       {"jump without thresholds", kAlways, PINTLE_ERR_CORRUPT, "threshold",
        [](ModelPatch& p, const fb::Model& m) {
          p.set(m.saes()->Get(0), S::VT_ACTIVATION, uint8_t{fb::SaeActivation_JumpRelu});
        }},
       {"decoder in panels", kAlways, PINTLE_ERR_CORRUPT, "saes.2.decoder",
        [](ModelPatch& p, const fb::Model& m) {
          p.set(m.saes()->Get(2)->decoder(), fb::Tensor::VT_LAYOUT, uint8_t{0});
        }},
       {"damaged decoder", kVerifyAll, PINTLE_ERR_CHECKSUM, "saes.2.decoder",
        [](ModelPatch& p, const fb::Model& m) {
          p.data(m.saes()->Get(2)->decoder()->data(), 0, uint8_t{1}, false);
        }},
       {"statistics that are not numbers", kVerifyAll, PINTLE_ERR_CORRUPT, "saes.0.statistics",
        [](ModelPatch& p, const fb::Model& m) {
          p.data(m.saes()->Get(0)->statistics()->data(), 7, NAN);
        }},
       {"label past its table", kVerifyAll, PINTLE_ERR_CORRUPT, "saes.0.labels",
        [](ModelPatch& p, const fb::Model& m) {
          p.data(m.saes()->Get(0)->labels()->offsets(), 3, 0u);
        }},
       {"knob of a missing feature", kAlways, PINTLE_ERR_CORRUPT, "feature 21 does not exist",
        [](ModelPatch& p, const fb::Model& m) {
          p.element(m.knobs()->Get(0)->features(), 1, 21u);
        }},
       {"knob of a missing SAE", kAlways, PINTLE_ERR_CORRUPT, "knob \"noir\"",
        [](ModelPatch& p, const fb::Model& m) { p.set(m.knobs()->Get(0), K::VT_SAE, 3u); }},
       {"knob of a missing attribute", kAlways, PINTLE_ERR_CORRUPT, "knob \"space\"",
        [](ModelPatch& p, const fb::Model& m) { p.set(m.knobs()->Get(1), K::VT_ATTRIBUTE, 3); }},
       {"knob of attribute -2", kAlways, PINTLE_ERR_CORRUPT, "knob \"space\"",
        [](ModelPatch& p, const fb::Model& m) { p.set(m.knobs()->Get(1), K::VT_ATTRIBUTE, -2); }},
       {"knob's weight that is not a number", kAlways, PINTLE_ERR_CORRUPT, "weight",
        [](ModelPatch& p, const fb::Model& m) { p.element(m.knobs()->Get(2)->weights(), 0, NAN); }},
       {"knob's temperature of 0", kAlways, PINTLE_ERR_CORRUPT, "range",
        [](ModelPatch& p, const fb::Model& m) {
          p.set(m.knobs()->Get(1), K::VT_TEMPERATURE, 0.0f);
        }},
       {"knob's range without 0", kAlways, PINTLE_ERR_CORRUPT, "range",
        [](ModelPatch& p, const fb::Model& m) {
          p.set(m.knobs()->Get(1), K::VT_MIN_STRENGTH, 1.0f);
        }},
       {"knob without a name", kAlways, PINTLE_ERR_CORRUPT, "knob",
        [](ModelPatch& p, const fb::Model& m) { p.remove(m.knobs()->Get(1), K::VT_NAME); }},
       {"preset of a missing knob", kAlways, PINTLE_ERR_CORRUPT, "preset",
        [](ModelPatch& p, const fb::Model& m) { p.element(m.presets()->Get(0)->knobs(), 0, 3u); }},
       {"preset's strength that is not a number", kAlways, PINTLE_ERR_CORRUPT, "preset",
        [](ModelPatch& p, const fb::Model& m) {
          p.element(m.presets()->Get(0)->strengths(), 1, NAN);
        }}});
}

TEST_CASE("what is read later is checked when it is read") {
  std::vector<uint8_t> file = steerable_model(plain_model().network).file();
  ModelPatch patch(&file);
  const C& table = *patch.root().catalogue();
  patch.data(table.text_ids()->bytes(), 6, 'x');       // item 0
  patch.data(table.titles()->offsets(), 8, 1u << 30);  // items 7 and 8
  patch.data(table.item_attributes(), 0, 99u);         // item 0
  patch.data(table.attribute_item_offsets(), 1, 1u << 30);
  patch.data(patch.root().saes()->Get(0)->labels()->offsets(), 3, 1u << 30);
  const OpenModel model(file, "", 0);
  pintle_item_info info = PINTLE_ITEM_INFO_INIT;
  CHECK(pintle_model_get_item(model.get(), 0, &info) == PINTLE_ERR_CORRUPT);
  CHECK(pintle_model_get_item(model.get(), 7, &info) == PINTLE_ERR_CORRUPT);
  CHECK(pintle_model_get_item(model.get(), 1, &info) == PINTLE_OK);
  pintle_feature_info feature = PINTLE_FEATURE_INFO_INIT;
  CHECK(pintle_model_get_feature(model.get(), 0, 2, &feature) == PINTLE_ERR_CORRUPT);
  OpenSession session(model, {3, 4});
  const std::vector<pintle_edit> edits = {{PINTLE_EDIT_KNOB, 0, 0, 0, 2},
                                          {PINTLE_EDIT_KNOB, 1, 0, 0, 2}};
  const pintle_steering steering = steering_of(edits);
  for (const pintle_recommendation& entry : session.recommend(37, 0, &steering)) {
    CHECK((entry.id_text == nullptr) == (entry.item == 0));
  }
}

}  // namespace
}  // namespace pintle::test
