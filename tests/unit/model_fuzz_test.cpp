// SPDX-License-Identifier: Apache-2.0
//
// Files cut anywhere, and files with random bits turned: opening either refuses them or gives a
// model that can be used. Sanitizers see what goes wrong.
#include <doctest/doctest.h>

#include <cstring>
#include <random>
#include <vector>

#include "support/tiny_models.h"

namespace pintle::test {
namespace {

constexpr int kMutations = 20000;
constexpr size_t kLargestSession = 16u << 20;

// Everything that an app could ask of a model; statuses may be any.
void use(const pintle_model* model) {
  pintle_model_info info = PINTLE_MODEL_INFO_INIT;
  REQUIRE(pintle_model_get_info(model, &info) == PINTLE_OK);
  for (uint32_t i = 0; i < info.main_parameter_count; ++i) {
    const char* text = nullptr;
    REQUIRE(pintle_model_get_main_parameter(model, i, &text) == PINTLE_OK);
    (void)std::strlen(text);
  }
  uint32_t found;
  for (uint32_t item = 0; item < info.item_count; item += 3) {
    pintle_item_info entry = PINTLE_ITEM_INFO_INIT;
    if (pintle_model_get_item(model, item, &entry) != PINTLE_OK) continue;
    if (entry.id_text != nullptr) {
      (void)pintle_model_find_text_id(model, entry.id_text, std::strlen(entry.id_text), &found);
    } else {
      (void)pintle_model_find_integer_id(model, entry.id, &found);
    }
  }
  size_t size = 0;
  REQUIRE(pintle_session_memory(model, &size) == PINTLE_OK);
  if (size > kLargestSession) return;
  const AlignedBytes memory((std::vector<uint8_t>(size, 0xA5)));
  pintle_session* session = nullptr;
  REQUIRE(pintle_session_create(model, memory.data(), size, &session, nullptr) == PINTLE_OK);
  const uint32_t item_count = static_cast<uint32_t>(info.item_count);
  const uint32_t items[] = {0, item_count - 1, item_count / 2};
  REQUIRE(pintle_session_append(session, items, 3) == PINTLE_OK);
  pintle_recommendation out[10];
  size_t count;
  pintle_request request = PINTLE_REQUEST_INIT;
  REQUIRE(pintle_recommend(session, &request, out, &count) == PINTLE_OK);
  const std::vector<pintle_edit> edits = {{PINTLE_EDIT_KNOB, 0, 0, 0, 0.5f},
                                          {PINTLE_EDIT_KNOB, 1, 0, 0, 0.5f},
                                          {PINTLE_EDIT_SCALE, 2, 1, 0, 2}};
  for (const uint32_t flags : {0u, 3u}) {
    const pintle_steering steering = steering_of(edits, flags);
    request.steering = &steering;
    (void)pintle_recommend(session, &request, out, &count);
  }
  request.steering = nullptr;
  pintle_feature_value features[4];
  pintle_event_effect events[4];
  size_t effects;
  float score, rest;
  (void)pintle_explain_features(session, 1, 0, features, 4, &effects, &score, &rest);
  (void)pintle_explain_events(session, 0, events, 4, &effects);
  (void)pintle_session_set_example(session, 0, items, 2, items + 2, 1);
  const pintle_wish wishes[] = {{PINTLE_WISH_ATTRIBUTE, 0, 1},
                                {PINTLE_WISH_DIVERSE, 0, 0.3f},
                                {PINTLE_WISH_ATTRIBUTE, PINTLE_EXAMPLE_ATTRIBUTE, 1}};
  const pintle_rule rules[] = {{PINTLE_RULE_EXACTLY, 1, 0, 0.8f}, {PINTLE_RULE_CAP_EACH, 0, 2, 0}};
  pintle_wishes asked = PINTLE_WISHES_INIT;
  asked.wishes = wishes;
  asked.wish_count = 3;
  asked.rules = rules;
  asked.rule_count = 2;
  request.wishes = &asked;
  pintle_list_entry entries[10];
  pintle_rule_result results[2];
  pintle_list_info list = PINTLE_LIST_INFO_INIT;
  (void)pintle_explain_list(session, &request, entries, &count, results, &list);
  pintle_reason reasons[8];
  (void)pintle_explain_entry(session, &request, 1, reasons, 8, &count);
  pintle_session_destroy(session);
}

pintle_status open(const AlignedBytes& bytes, uint32_t flags, pintle_model** model) {
  pintle_open_options options = PINTLE_OPEN_OPTIONS_INIT;
  options.flags = flags;
  return pintle_model_open_memory(bytes.data(), bytes.size(), &options, model, nullptr);
}

TEST_CASE("a file cut at any length is refused") {
  const std::vector<uint8_t> file = steerable_model(plain_model().network).file(fb::DType_I4);
  MESSAGE("file of " << file.size() << " bytes");
  for (size_t length = 0; length < file.size(); ++length) {
    const AlignedBytes cut(std::vector<uint8_t>(file.begin(), file.begin() + length));
    pintle_model* model = nullptr;
    const pintle_status status = open(cut, 0, &model);
    const bool refused = status == PINTLE_ERR_NOT_A_MODEL || status == PINTLE_ERR_CORRUPT;
    if (!refused || model != nullptr) FAIL_CHECK("length " << length << ": " << status);
  }
}

TEST_CASE("turned bits never crash what uses the model") {
  const TinyModel networks[] = {steerable_model(plain_model().network),
                                steerable_model(any_model(3 * 3).network),       // bidirectional
                                steerable_model(any_model(3 * 2 + 1).network)};  // evolving pads
  std::vector<std::vector<uint8_t>> files;
  for (const TinyModel& tiny : networks) {
    files.push_back(tiny.file(fb::DType_I8));
    files.push_back(tiny.file(fb::DType_I4));
  }
  std::mt19937 random(20240601);
  int opened = 0;
  for (int round = 0; round < kMutations; ++round) {
    std::vector<uint8_t> file = files[random() % files.size()];
    uint32_t metadata;
    std::memcpy(&metadata, file.data(), 4);
    // Half of them in the metadata, where most of what is checked lies.
    const size_t range = random() % 2 == 0 ? metadata : file.size();
    for (auto flips = 1 + random() % 3; flips > 0; --flips) {
      const size_t place = random() % range;
      file[place] =
          static_cast<uint8_t>(random() % 4 == 0 ? random() : file[place] ^ (1u << random() % 8));
    }
    const AlignedBytes bytes(file);
    pintle_model* model = nullptr;
    const uint32_t verify = random() % 8 == 0 ? PINTLE_OPEN_VERIFY_ALL : 0;
    if (open(bytes, verify | PINTLE_OPEN_EXAMPLES, &model) != PINTLE_OK) continue;
    ++opened;
    use(model);
    pintle_model_close(model);
  }
  MESSAGE(opened << " of " << kMutations << " still opened");
  CHECK(opened > kMutations / 10);
}

}  // namespace
}  // namespace pintle::test
