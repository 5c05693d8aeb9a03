// SPDX-License-Identifier: Apache-2.0
//
// Finding items by external id, and reading what the catalogue says about them.
#include <doctest/doctest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "runtime/model/catalogue.h"
#include "runtime/model/model.h"
#include "support/patch_model.h"
#include "support/tiny_models.h"

namespace pintle::test {
using namespace pintle::internal;  // what this tests is not public
namespace {

TEST_CASE("main parameters come in their order, and older files have none") {
  std::vector<uint8_t> file = plain_model().file();
  const OpenModel model(file);
  REQUIRE(model.info().main_parameter_count == 2);
  const char* text = nullptr;
  REQUIRE(pintle_model_get_main_parameter(model.get(), 0, &text) == PINTLE_OK);
  CHECK(std::string(text) == "It follows the history.");
  REQUIRE(pintle_model_get_main_parameter(model.get(), 1, &text) == PINTLE_OK);
  CHECK(std::string(text) == "Caf\xC3\xA9");
  const char* const before = text;
  for (const uint32_t none : {2u, UINT32_MAX}) {
    CHECK(pintle_model_get_main_parameter(model.get(), none, &text) == PINTLE_ERR_UNKNOWN_NAME);
    CHECK(text == before);
  }
  ModelPatch patch(&file);
  patch.remove(patch.root().provenance(), fb::Provenance::VT_MAIN_PARAMETERS);
  CHECK(OpenModel(file).info().main_parameter_count == 0);
  patch.remove(&patch.root(), fb::Model::VT_PROVENANCE);
  const OpenModel without(file);
  CHECK(without.info().main_parameter_count == 0);
  CHECK(pintle_model_get_main_parameter(without.get(), 0, &text) == PINTLE_ERR_UNKNOWN_NAME);
}

TEST_CASE("every integer id is found, and no other") {
  TinyModel tiny = plain_model();
  tiny.catalogue.integer_ids[tiny.catalogue.id_order.front()] = INT64_MIN;
  tiny.catalogue.integer_ids[tiny.catalogue.id_order.back()] = INT64_MAX;
  const OpenModel model(tiny.file());
  for (uint32_t i = 0; i < 37; ++i) {
    uint32_t item = 99;
    CHECK(pintle_model_find_integer_id(model.get(), tiny.catalogue.integer_ids[i], &item) ==
          PINTLE_OK);
    CHECK(item == i);
    pintle_item_info info = PINTLE_ITEM_INFO_INIT;
    REQUIRE(pintle_model_get_item(model.get(), i, &info) == PINTLE_OK);
    CHECK(info.id == tiny.catalogue.integer_ids[i]);
    CHECK(info.id_text == nullptr);
    CHECK(info.title == nullptr);
    CHECK(info.is_trained == 1);
    CHECK(info.attribute_count == 0);
  }
  uint32_t item = 99;
  for (const int64_t unknown : {INT64_MIN + 1, INT64_MAX - 1, int64_t{12345}}) {
    CHECK(pintle_model_find_integer_id(model.get(), unknown, &item) == PINTLE_ERR_UNKNOWN_ITEM);
  }
  CHECK(pintle_model_find_text_id(model.get(), "1", 1, &item) == PINTLE_ERR_INVALID_ARGUMENT);
  CHECK(item == 99);
}

TEST_CASE("every text id is found by its bytes and length, and no other") {
  TinyModel tiny = steerable_model(plain_model().network);
  // "item-1" is a prefix of "item-10"; an empty id, and one beyond ASCII.
  tiny.catalogue.text_ids[0] = "";
  tiny.catalogue.text_ids[36] = "\xE2\x82\xAC";
  std::sort(tiny.catalogue.id_order.begin(), tiny.catalogue.id_order.end(),
            [&](uint32_t a, uint32_t b) {
              return tiny.catalogue.text_ids[a] < tiny.catalogue.text_ids[b];
            });
  const OpenModel model(tiny.file());
  const auto find = [&](const std::string& id, uint32_t* item) {
    const std::string longer = id + "0 and more";  // the id need not end in NUL
    return pintle_model_find_text_id(model.get(), longer.data(), id.size(), item);
  };
  for (uint32_t i = 0; i < 37; ++i) {
    uint32_t item = 99;
    CHECK(find(tiny.catalogue.text_ids[i], &item) == PINTLE_OK);
    CHECK(item == i);
  }
  uint32_t item = 99;
  for (const char* unknown : {"item", "item-", "item-99", "item-100", "z", "item-1 ", "Item-1"}) {
    CHECK(find(unknown, &item) == PINTLE_ERR_UNKNOWN_ITEM);
  }
  CHECK(find(std::string("item-1\0", 7), &item) == PINTLE_ERR_UNKNOWN_ITEM);
  CHECK(pintle_model_find_integer_id(model.get(), 1, &item) == PINTLE_ERR_INVALID_ARGUMENT);
  CHECK(item == 99);
}

TEST_CASE(
    "titles, attributes, memberships and dates are those of the item, and turn back into items") {
  TinyModel tiny = steerable_model(plain_model().network);
  tiny.catalogue = soft_catalogue(37);
  const OpenModel model(tiny.file());
  CHECK(model.info().has_dates == 1);
  const size_t attributes = tiny.catalogue.attributes.size();
  REQUIRE(model.info().attribute_count == attributes);
  std::vector<std::vector<uint32_t>> items(attributes);
  std::vector<std::vector<uint8_t>> memberships(attributes);
  for (uint32_t i = 0; i < 37; ++i) {
    pintle_item_info info = PINTLE_ITEM_INFO_INIT;
    REQUIRE(pintle_model_get_item(model.get(), i, &info) == PINTLE_OK);
    CHECK(std::string(info.title) == tiny.catalogue.titles[i]);
    CHECK(std::string(info.id_text) == tiny.catalogue.text_ids[i]);
    CHECK(std::vector<uint32_t>(info.attributes, info.attributes + info.attribute_count) ==
          tiny.catalogue.item_attributes[i]);
    REQUIRE((info.memberships == nullptr) == (info.attribute_count == 0));
    CHECK(std::vector<uint8_t>(info.memberships, info.memberships + info.attribute_count) ==
          tiny.catalogue.item_memberships[i]);
    for (size_t n = 0; n < info.attribute_count; ++n) {
      items[info.attributes[n]].push_back(i);
      memberships[info.attributes[n]].push_back(info.memberships[n]);
    }
    const int32_t minutes = tiny.catalogue.dates[i];
    CHECK(info.date ==
          (minutes == converter::kUnknownDate ? PINTLE_NO_DATE : int64_t{60} * minutes));
  }
  for (uint32_t a = 0; a < attributes; ++a) {
    pintle_attribute_info info = PINTLE_ATTRIBUTE_INFO_INIT;
    pintle_group_info group = PINTLE_GROUP_INFO_INIT;
    REQUIRE(pintle_model_get_attribute(model.get(), a, &info) == PINTLE_OK);
    REQUIRE(pintle_model_get_group(model.get(), info.group, &group) == PINTLE_OK);
    CHECK(tiny.catalogue.attributes[a] ==
          std::make_pair(std::string(group.name), std::string(info.name)));
    CHECK(std::vector<uint32_t>(info.items, info.items + info.item_count) == items[a]);
    REQUIRE(info.memberships != nullptr);
    CHECK(std::vector<uint8_t>(info.memberships, info.memberships + info.item_count) ==
          memberships[a]);
  }
}

TEST_CASE("a catalogue without memberships and dates has whole ones and none") {
  const OpenModel model(steerable_model(plain_model().network).file());
  CHECK(model.info().has_dates == 0);
  pintle_item_info item = PINTLE_ITEM_INFO_INIT;
  REQUIRE(pintle_model_get_item(model.get(), 3, &item) == PINTLE_OK);
  CHECK(item.memberships == nullptr);
  CHECK(item.date == PINTLE_NO_DATE);
  pintle_attribute_info attribute = PINTLE_ATTRIBUTE_INFO_INIT;
  REQUIRE(pintle_model_get_attribute(model.get(), 0, &attribute) == PINTLE_OK);
  CHECK(attribute.memberships == nullptr);
}

TEST_CASE("the trained bitmap is read bit by bit") {
  TinyModel tiny = plain_model();
  for (int64_t i = 0; i < 37; ++i) tiny.catalogue.trained.push_back(i * i % 5 == 1);
  const OpenModel model(tiny.file());
  for (uint32_t i = 0; i < 37; ++i) {
    pintle_item_info info = PINTLE_ITEM_INFO_INIT;
    REQUIRE(pintle_model_get_item(model.get(), i, &info) == PINTLE_OK);
    CHECK((info.is_trained == 1) == (i * i % 5 == 1));
  }
}

}  // namespace
}  // namespace pintle::test
