// SPDX-License-Identifier: Apache-2.0
#include <memory>

#include "api/status_table.h"
#include "support/patch_model.h"
#include "support/tiny_models.h"

namespace pintle::test {
namespace {

std::vector<uint8_t> text_file() { return steerable_model(plain_model().network).file(); }

// Opened without PINTLE_OPEN_VERIFY_ALL, damage is met where it is read.
std::vector<uint8_t> damaged(std::vector<uint8_t> file) {
  ModelPatch patch(&file);
  const fb::Catalogue& table = *patch.root().catalogue();
  patch.data(table.id_order(), 37 / 2, 1u << 30);  // where every search begins
  if (table.text_ids() == nullptr) return file;
  patch.data(table.titles()->offsets(), 8, 1u << 30);                         // items 7 and 8
  patch.data(table.attribute_item_offsets(), 1, 1u << 30);                    // attributes 0 and 1
  patch.data(patch.root().saes()->Get(0)->labels()->offsets(), 3, 1u << 30);  // features 2 and 3
  return file;
}

// With text ids, with integer ids, and both damaged.
struct Models {
  const OpenModel text{text_file()}, integers{plain_model().file()};
  const OpenModel damaged_text{damaged(text_file()), "", 0};
  const OpenModel damaged_integers{damaged(plain_model().file()), "", 0};
  const int64_t known_id = plain_model().catalogue.integer_ids[4];
};

template <typename Info>
pintle_status get(pintle_status (*call)(const pintle_model*, uint32_t, Info*),
                  const pintle_model* model, uint32_t number) {
  Info info = {};
  info.struct_size = sizeof(info);
  return call(model, number, &info);
}

pintle_status get_info(const pintle_model* model) {
  pintle_model_info info = PINTLE_MODEL_INFO_INIT;
  return pintle_model_get_info(model, &info);
}
pintle_status get_words(const pintle_model* model, uint32_t parameter) {
  const char* text;
  return pintle_model_get_main_parameter(model, parameter, &text);
}
pintle_status get_vector(const pintle_model* model, uint32_t item, size_t capacity) {
  std::vector<float> row(12);
  return pintle_model_get_item_vector(model, item, row.data(), capacity);
}
pintle_status get_feature(const pintle_model* model, uint32_t feature) {
  pintle_feature_info info = PINTLE_FEATURE_INFO_INIT;
  return pintle_model_get_feature(model, 0, feature, &info);
}
pintle_status get_edits(const pintle_model* model, uint32_t preset) {
  pintle_edit edits[2];
  return pintle_model_get_preset_edits(model, preset, edits, 2);
}

pintle_status find_integer(const pintle_model* model, int64_t id) {
  uint32_t item;
  return pintle_model_find_integer_id(model, id, &item);
}
pintle_status find_integers(const pintle_model* model) {
  const int64_t ids[] = {1, 2};
  uint32_t items[2];
  return pintle_model_find_integer_ids(model, ids, 2, items, nullptr);
}
pintle_status find_text(const pintle_model* model, const std::string& id) {
  uint32_t item;
  return pintle_model_find_text_id(model, id.data(), id.size(), &item);
}
pintle_status find_texts(const pintle_model* model) {
  const char* const ids[] = {"item-1", "none such"};
  uint32_t items[2];
  return pintle_model_find_text_ids(model, ids, 2, items, nullptr);
}
pintle_status find_attribute(const pintle_model* model, const char* name) {
  uint32_t attribute;
  return pintle_model_find_attribute(model, "genre", name, &attribute);
}
pintle_status find_named(pintle_status (*call)(const pintle_model*, const char*, uint32_t*),
                         const pintle_model* model, const char* name) {
  uint32_t number;
  return call(model, name, &number);
}

// A look-up by number that knows `known` and not `unknown`.
template <typename Info>
FunctionStatuses by_number(const char* function,
                           pintle_status (*call)(const pintle_model*, uint32_t, Info*),
                           const std::shared_ptr<Models>& m, uint32_t known, uint32_t unknown,
                           pintle_status lacks = PINTLE_ERR_UNKNOWN_NAME) {
  return {function,
          {{PINTLE_OK, [=] { return get(call, m->text.get(), known); }},
           {lacks, [=] { return get(call, m->text.get(), unknown); }},
           {PINTLE_ERR_INVALID_ARGUMENT, [=] { return get<Info>(call, nullptr, known); }}}};
}

FunctionStatuses by_name(const char* function,
                         pintle_status (*call)(const pintle_model*, const char*, uint32_t*),
                         const std::shared_ptr<Models>& m, const char* known) {
  return {function,
          {{PINTLE_OK, [=] { return find_named(call, m->text.get(), known); }},
           {PINTLE_ERR_UNKNOWN_NAME, [=] { return find_named(call, m->text.get(), "none such"); }},
           {PINTLE_ERR_INVALID_ARGUMENT, [=] { return find_named(call, nullptr, known); }}}};
}

}  // namespace

StatusTable model_statuses() {
  const auto m = std::make_shared<Models>();
  StatusTable table = {
      by_number("pintle_model_get_item", pintle_model_get_item, m, 36, 37, PINTLE_ERR_UNKNOWN_ITEM),
      by_number("pintle_model_get_attribute", pintle_model_get_attribute, m, 2, 3),
      by_number("pintle_model_get_group", pintle_model_get_group, m, 1, 2),
      by_number("pintle_model_get_sae", pintle_model_get_sae, m, 2, 3),
      by_number("pintle_model_get_knob", pintle_model_get_knob, m, 2, 3),
      by_number("pintle_model_get_preset", pintle_model_get_preset, m, 0, 1),
      by_name("pintle_model_find_knob", pintle_model_find_knob, m, "noir"),
      by_name("pintle_model_find_preset", pintle_model_find_preset, m, "evening")};
  table[0].cases.push_back(
      {PINTLE_ERR_CORRUPT, [=] { return get(pintle_model_get_item, m->damaged_text.get(), 7); }});
  table[1].cases.push_back({PINTLE_ERR_CORRUPT, [=] {
                              return get(pintle_model_get_attribute, m->damaged_text.get(), 0);
                            }});
  const StatusTable others = {
      {"pintle_model_get_info",
       {{PINTLE_OK, [=] { return get_info(m->text.get()); }},
        {PINTLE_ERR_INVALID_ARGUMENT, [] { return get_info(nullptr); }}}},
      {"pintle_model_get_main_parameter",
       {{PINTLE_OK, [=] { return get_words(m->text.get(), 1); }},
        {PINTLE_ERR_UNKNOWN_NAME, [=] { return get_words(m->text.get(), 2); }},
        {PINTLE_ERR_INVALID_ARGUMENT, [] { return get_words(nullptr, 0); }}}},
      {"pintle_model_get_item_vector",
       {{PINTLE_OK, [=] { return get_vector(m->text.get(), 36, 12); }},
        {PINTLE_ERR_UNKNOWN_ITEM, [=] { return get_vector(m->text.get(), 37, 12); }},
        {PINTLE_ERR_BUFFER_TOO_SMALL, [=] { return get_vector(m->text.get(), 36, 11); }},
        {PINTLE_ERR_INVALID_ARGUMENT, [] { return get_vector(nullptr, 36, 12); }}}},
      {"pintle_model_get_feature",
       {{PINTLE_OK, [=] { return get_feature(m->text.get(), 20); }},
        {PINTLE_ERR_UNKNOWN_NAME, [=] { return get_feature(m->text.get(), 21); }},
        {PINTLE_ERR_CORRUPT, [=] { return get_feature(m->damaged_text.get(), 2); }},
        {PINTLE_ERR_INVALID_ARGUMENT, [] { return get_feature(nullptr, 20); }}}},
      {"pintle_model_get_preset_edits",
       {{PINTLE_OK, [=] { return get_edits(m->text.get(), 0); }},
        {PINTLE_ERR_UNKNOWN_NAME, [=] { return get_edits(m->text.get(), 1); }},
        {PINTLE_ERR_INVALID_ARGUMENT, [] { return get_edits(nullptr, 0); }}}},
      {"pintle_model_find_integer_id",
       {{PINTLE_OK, [=] { return find_integer(m->integers.get(), m->known_id); }},
        {PINTLE_ERR_UNKNOWN_ITEM, [=] { return find_integer(m->integers.get(), INT64_MIN); }},
        {PINTLE_ERR_CORRUPT, [=] { return find_integer(m->damaged_integers.get(), 1); }},
        {PINTLE_ERR_INVALID_ARGUMENT, [=] { return find_integer(m->text.get(), 1); }}}},
      {"pintle_model_find_integer_ids",
       {{PINTLE_OK, [=] { return find_integers(m->integers.get()); }},
        {PINTLE_ERR_CORRUPT, [=] { return find_integers(m->damaged_integers.get()); }},
        {PINTLE_ERR_INVALID_ARGUMENT, [=] { return find_integers(m->text.get()); }}}},
      {"pintle_model_find_text_id",
       {{PINTLE_OK, [=] { return find_text(m->text.get(), "item-36"); }},
        {PINTLE_ERR_UNKNOWN_ITEM, [=] { return find_text(m->text.get(), "item-37"); }},
        {PINTLE_ERR_CORRUPT, [=] { return find_text(m->damaged_text.get(), "item-1"); }},
        {PINTLE_ERR_INVALID_ARGUMENT, [=] { return find_text(m->integers.get(), "item-1"); }}}},
      {"pintle_model_find_text_ids",
       {{PINTLE_OK, [=] { return find_texts(m->text.get()); }},
        {PINTLE_ERR_CORRUPT, [=] { return find_texts(m->damaged_text.get()); }},
        {PINTLE_ERR_INVALID_ARGUMENT, [=] { return find_texts(m->integers.get()); }}}},
      {"pintle_model_find_attribute",
       {{PINTLE_OK, [=] { return find_attribute(m->text.get(), "Noir"); }},
        {PINTLE_ERR_UNKNOWN_NAME, [=] { return find_attribute(m->text.get(), "Calm"); }},
        {PINTLE_ERR_INVALID_ARGUMENT, [] { return find_attribute(nullptr, "Noir"); }}}},
  };
  table.insert(table.end(), others.begin(), others.end());
  return table;
}

}  // namespace pintle::test
