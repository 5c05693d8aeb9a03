// SPDX-License-Identifier: Apache-2.0
//
// Deltas that are wrong in one place, cut anywhere, or have random bits turned: refused, or a model that can be
// used.
#include <doctest/doctest.h>

#include <cstring>
#include <functional>
#include <random>
#include <string>
#include <vector>

#include "support/patch_model.h"
#include "support/split_model.h"

namespace pintle::test {
namespace {

struct Opened {
  pintle_status status;
  std::string message;
};

Opened open(const AlignedBytes& base, const std::vector<uint8_t>& delta, uint32_t flags,
            pintle_model** model = nullptr) {
  const AlignedBytes bytes(delta);
  pintle_open_options options = PINTLE_OPEN_OPTIONS_INIT;
  options.flags = flags | PINTLE_OPEN_COPY;
  options.delta = bytes.data();
  options.delta_size_bytes = bytes.size();
  pintle_model* opened = nullptr;
  pintle_error error = {};
  const pintle_status status =
      pintle_model_open_memory(base.data(), base.size(), &options, &opened, &error);
  CHECK((opened != nullptr) == (status == PINTLE_OK));
  if (model != nullptr) {
    *model = opened;
  } else {
    pintle_model_close(opened);
  }
  return {status, error.message};
}

// A base of 21 text items with untied output and biases, and a delta of 16 with everything.
struct Case {
  Case() {
    TinyModel tiny = plain_model();
    converter::Matrix output = tiny.network.items;
    for (float& value : output.values) value *= -0.5f;
    tiny.network.output_items = output;
    tiny.network.item_bias.assign(37, 0.25f);
    tiny.catalogue = soft_catalogue(37);
    base = part_of_model(tiny, 0, 21).file(fb::DType_I8);
    delta = delta_file(base, delta_of(part_of_model(tiny, 21, 37), {2, 5, 20}));
  }
  std::vector<uint8_t> base, delta;
};

const fb::Delta& root_of(const std::vector<uint8_t>& file) {
  return *flatbuffers::GetSizePrefixedRoot<fb::Delta>(file.data());
}

enum When { kAlways, kVerifyAll };
struct Fault {
  const char* name;
  When when;
  pintle_status status;
  const char* words;
  std::function<void(ModelPatch& patch, const fb::Delta& delta)> patch;
};

TEST_CASE("each fault is refused in words") {
  const Case one;
  const AlignedBytes base(one.base);
  REQUIRE(open(base, one.delta, PINTLE_OPEN_VERIFY_ALL).status == PINTLE_OK);
  const std::vector<Fault> faults = {
      {"a model in its place", kAlways, PINTLE_ERR_NOT_A_MODEL, "PNTD",
       [](ModelPatch& p, const fb::Delta&) { std::memcpy(p.identifier(), "PNTL", 4); }},
      {"cut metadata", kAlways, PINTLE_ERR_CORRUPT, "cut short",
       [](ModelPatch& p, const fb::Delta&) { p.prefix(1u << 30); }},
      {"a newer format", kAlways, PINTLE_ERR_NEWER_FORMAT, "format 9",
       [](ModelPatch& p, const fb::Delta& d) {
         p.set(&d, fb::Delta::VT_FORMAT_MAJOR, uint16_t{9});
       }},
      {"an unknown feature", kAlways, PINTLE_ERR_NEWER_FORMAT, "features",
       [](ModelPatch& p, const fb::Delta& d) {
         p.set(&d, fb::Delta::VT_REQUIRED_FEATURES, uint64_t{1} << 40);
       }},
      {"another size", kAlways, PINTLE_ERR_CORRUPT, "bytes",
       [](ModelPatch& p, const fb::Delta& d) {
         p.set(&d, fb::Delta::VT_FILE_SIZE, d.file_size() + 64);
       }},
      {"another hash", kAlways, PINTLE_ERR_OTHER_MODEL, "hash",
       [](ModelPatch& p, const fb::Delta& d) {
         p.set(&d, fb::Delta::VT_BASE_HASH, d.base_hash() ^ 1u);
       }},
      {"another number of items", kAlways, PINTLE_ERR_OTHER_MODEL, "22 items",
       [](ModelPatch& p, const fb::Delta& d) { p.set(&d, fb::Delta::VT_BASE_ITEM_COUNT, 22u); }},
      {"another size of the base", kAlways, PINTLE_ERR_OTHER_MODEL, "make it again",
       [](ModelPatch& p, const fb::Delta& d) {
         p.set(&d, fb::Delta::VT_BASE_FILE_SIZE, d.base_file_size() + 64);
       }},
      {"no rows", kAlways, PINTLE_ERR_CORRUPT, "items: missing",
       [](ModelPatch& p, const fb::Delta& d) { p.remove(&d, fb::Delta::VT_ITEMS); }},
      {"no output rows", kAlways, PINTLE_ERR_CORRUPT, "output_items: missing",
       [](ModelPatch& p, const fb::Delta& d) { p.remove(&d, fb::Delta::VT_OUTPUT_ITEMS); }},
      {"no biases", kAlways, PINTLE_ERR_CORRUPT, "item_bias: missing",
       [](ModelPatch& p, const fb::Delta& d) { p.remove(&d, fb::Delta::VT_ITEM_BIAS); }},
      {"rows of another type", kAlways, PINTLE_ERR_CORRUPT, "items",
       [](ModelPatch& p, const fb::Delta& d) {
         p.set(d.items(), fb::Tensor::VT_DTYPE, fb::DType_F16);
       }},
      {"too few rows", kAlways, PINTLE_ERR_CORRUPT, "items: shape",
       [](ModelPatch& p, const fb::Delta& d) { p.set(d.items(), fb::Tensor::VT_ROWS, 3u); }},
      {"no items", kAlways, PINTLE_ERR_UNSUPPORTED, "0 items",
       [](ModelPatch& p, const fb::Delta& d) {
         p.set(d.catalogue(), fb::Catalogue::VT_ITEM_COUNT, 0u);
       }},
      {"more items than numbers", kAlways, PINTLE_ERR_UNSUPPORTED, "the limit",
       [](ModelPatch& p, const fb::Delta& d) {
         p.set(d.catalogue(), fb::Catalogue::VT_ITEM_COUNT, 0xfffffff0u);
       }},
      {"rows beyond the file", kAlways, PINTLE_ERR_CORRUPT, "outside the file",
       [](ModelPatch& p, const fb::Delta& d) {
         p.segment(d.items()->data(), d.file_size(), d.items()->data()->size());
       }},
      {"a retired item that the base lacks", kAlways, PINTLE_ERR_CORRUPT, "retired",
       [](ModelPatch& p, const fb::Delta& d) { p.data(d.retired(), 2, 21u); }},
      {"retired items out of order", kAlways, PINTLE_ERR_CORRUPT, "retired",
       [](ModelPatch& p, const fb::Delta& d) { p.data(d.retired(), 1, 2u); }},
      {"half a retired item", kAlways, PINTLE_ERR_CORRUPT, "retired",
       [](ModelPatch& p, const fb::Delta& d) {
         p.segment(d.retired(), d.retired()->offset(), 10);
       }},
      {"retired items that are damaged", kVerifyAll, PINTLE_ERR_CHECKSUM, "delta: retired",
       [](ModelPatch& p, const fb::Delta& d) { p.data(d.retired(), 0, 1u, false); }},
      {"rows that are damaged", kVerifyAll, PINTLE_ERR_CHECKSUM, "delta: items",
       [](ModelPatch& p, const fb::Delta& d) { p.data(d.items()->data(), 0, uint8_t{77}, false); }},
      {"a bias that is not finite", kVerifyAll, PINTLE_ERR_CORRUPT, "delta: item_bias",
       [](ModelPatch& p, const fb::Delta& d) { p.data(d.item_bias()->data(), 3, 0x7f800000u); }},
      {"an attribute that the base lacks", kVerifyAll, PINTLE_ERR_CORRUPT, "item_attributes",
       [](ModelPatch& p, const fb::Delta& d) { p.data(d.catalogue()->item_attributes(), 0, 99u); }},
      {"a title outside its table", kVerifyAll, PINTLE_ERR_CORRUPT, "titles",
       [](ModelPatch& p, const fb::Delta& d) {
         p.data(d.catalogue()->titles()->offsets(), 3, 1u << 20);
       }},
      {"ids out of order", kVerifyAll, PINTLE_ERR_CORRUPT, "id_order",
       [](ModelPatch& p, const fb::Delta& d) { p.data(d.catalogue()->id_order(), 0, 15u); }},
  };
  for (const Fault& fault : faults) {
    CAPTURE(std::string(fault.name));
    std::vector<uint8_t> file = one.delta;
    ModelPatch patch(&file);
    fault.patch(patch, root_of(file));
    REQUIRE(file != one.delta);
    const Opened quick = open(base, file, 0), whole = open(base, file, PINTLE_OPEN_VERIFY_ALL);
    CHECK(quick.status == (fault.when == kAlways ? fault.status : PINTLE_OK));
    CHECK(whole.status == fault.status);
    CHECK_MESSAGE(whole.message.find(fault.words) != std::string::npos, whole.message);
    CHECK(whole.message.rfind("delta: ", 0) == 0);
  }
}

TEST_CASE("an id of both, where the base's item stays, is refused by a full check") {
  const TinyModel tiny = plain_model();
  const std::vector<uint8_t> file = tiny.file();
  const AlignedBytes base(file);
  const TinyModel again = part_of_model(tiny, 4, 5);
  CHECK(open(base, delta_file(file, delta_of(again, {4})), PINTLE_OPEN_VERIFY_ALL).status ==
        PINTLE_OK);
  const Opened twice = open(base, delta_file(file, delta_of(again)), PINTLE_OPEN_VERIFY_ALL);
  CHECK(twice.status == PINTLE_ERR_CORRUPT);
  CHECK(twice.message.find("which stays") != std::string::npos);
}

TEST_CASE("two deltas, or the size of none, are refused") {
  const Case one;
  const AlignedBytes base(one.base), delta(one.delta);
  pintle_open_options options = PINTLE_OPEN_OPTIONS_INIT;
  pintle_model* model = nullptr;
  options.delta_size_bytes = 5;
  CHECK(pintle_model_open_memory(base.data(), base.size(), &options, &model, nullptr) ==
        PINTLE_ERR_INVALID_ARGUMENT);
  options.delta = delta.data();
  options.delta_size_bytes = delta.size();
  options.delta_path = "m.delta";
  CHECK(pintle_model_open_memory(base.data(), base.size(), &options, &model, nullptr) ==
        PINTLE_ERR_INVALID_ARGUMENT);
  options.delta = nullptr;
  options.delta_size_bytes = 0;
  options.delta_path = "/absent/m.delta";
  pintle_error error = {};
  CHECK(pintle_model_open_memory(base.data(), base.size(), &options, &model, &error) ==
        PINTLE_ERR_IO);
  CHECK(std::string(error.message).rfind("delta: ", 0) == 0);
}

TEST_CASE("a delta cut at any length is refused") {
  const Case one;
  const AlignedBytes base(one.base);
  for (size_t length = 0; length < one.delta.size(); ++length) {
    const std::vector<uint8_t> cut(one.delta.begin(), one.delta.begin() + length);
    const pintle_status status = open(base, cut, 0).status;
    const bool refused = status == PINTLE_ERR_NOT_A_MODEL || status == PINTLE_ERR_CORRUPT;
    if (!refused) FAIL_CHECK("length " << length << ": " << status);
  }
}

// Statuses may be any.
void use(const pintle_model* model) {
  pintle_model_info info = PINTLE_MODEL_INFO_INIT;
  REQUIRE(pintle_model_get_info(model, &info) == PINTLE_OK);
  uint32_t found;
  for (uint32_t item = 0; item < info.item_count; ++item) {
    pintle_item_info entry = PINTLE_ITEM_INFO_INIT;
    if (pintle_model_get_item(model, item, &entry) != PINTLE_OK) continue;
    (void)pintle_model_find_text_id(model, entry.id_text, std::strlen(entry.id_text), &found);
  }
  for (uint32_t attribute = 0; attribute < info.attribute_count; ++attribute) {
    pintle_attribute_info entry = PINTLE_ATTRIBUTE_INFO_INIT;
    (void)pintle_model_get_attribute(model, attribute, &entry);
  }
  size_t size = 0;
  REQUIRE(pintle_session_memory(model, &size) == PINTLE_OK);
  if (size > 16u << 20) return;
  const AlignedBytes memory((std::vector<uint8_t>(size, 0xA5)));
  pintle_session* session = nullptr;
  REQUIRE(pintle_session_create(model, memory.data(), size, &session, nullptr) == PINTLE_OK);
  const uint32_t items[] = {0, static_cast<uint32_t>(info.item_count - 1)};
  REQUIRE(pintle_session_append(session, items, 2) == PINTLE_OK);
  pintle_recommendation out[10];
  size_t count;
  pintle_request request = PINTLE_REQUEST_INIT;
  REQUIRE(pintle_recommend(session, &request, out, &count) == PINTLE_OK);
  (void)pintle_session_set_example(session, 0, items, 2, nullptr, 0);
  const pintle_wish wishes[] = {{PINTLE_WISH_ATTRIBUTE, 0, 1},
                                {PINTLE_WISH_DIVERSE, 0, 0.3f},
                                {PINTLE_WISH_FRESH, 0, 1},
                                {PINTLE_WISH_ATTRIBUTE, PINTLE_EXAMPLE_ATTRIBUTE, 1}};
  const pintle_rule rules[] = {{PINTLE_RULE_EXACTLY, 1, 0, 0.8f}, {PINTLE_RULE_CAP_EACH, 0, 2, 0}};
  pintle_wishes asked = PINTLE_WISHES_INIT;
  asked.wishes = wishes;
  asked.wish_count = 4;
  asked.rules = rules;
  asked.rule_count = 2;
  asked.now = 1350000000;
  asked.half_life_seconds = 1e7;
  request.wishes = &asked;
  pintle_list_entry entries[10];
  pintle_rule_result results[2];
  pintle_list_info list = PINTLE_LIST_INFO_INIT;
  (void)pintle_explain_list(session, &request, entries, &count, results, &list);
  pintle_session_destroy(session);
}

TEST_CASE("turned bits never crash what uses the model") {
  const Case one;
  const AlignedBytes base(one.base);
  std::mt19937 random(20240608);
  constexpr int kMutations = 6000;
  int opened = 0;
  for (int round = 0; round < kMutations; ++round) {
    std::vector<uint8_t> file = one.delta;
    uint32_t metadata;
    std::memcpy(&metadata, file.data(), 4);
    const size_t range = random() % 2 == 0 ? metadata : file.size();
    for (auto flips = 1 + random() % 3; flips > 0; --flips) {
      const size_t place = random() % range;
      file[place] =
          static_cast<uint8_t>(random() % 4 == 0 ? random() : file[place] ^ (1u << random() % 8));
    }
    pintle_model* model = nullptr;
    const uint32_t verify = random() % 8 == 0 ? PINTLE_OPEN_VERIFY_ALL : 0;
    if (open(base, file, verify | PINTLE_OPEN_EXAMPLES, &model).status != PINTLE_OK) continue;
    ++opened;
    use(model);
    pintle_model_close(model);
  }
  MESSAGE(opened << " of " << kMutations << " still opened");
  CHECK(opened > kMutations / 10);
}

}  // namespace
}  // namespace pintle::test
