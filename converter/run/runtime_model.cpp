// SPDX-License-Identifier: Apache-2.0
#include "converter/run/runtime_model.h"

#include <charconv>

#include "converter/io/error.h"

namespace pintle::converter {

void require(const Status& status, std::string_view what) {
  if (!status) throw Error(std::string(what) + ": " + status.name() + ": " + status.message());
}

Model open_model(const std::string& path, uint32_t flags, const char* isa, const char* delta) {
  pintle_open_options options = PINTLE_OPEN_OPTIONS_INIT;
  options.flags = flags;
  options.isa = isa;
  if (delta != nullptr && *delta != '\0') options.delta_path = delta;
  return require(Model::open(path, &options), path);
}

Model open_in_memory(const std::vector<uint8_t>& file, const char* isa) {
  pintle_open_options options = PINTLE_OPEN_OPTIONS_INIT;
  options.flags = PINTLE_OPEN_COPY;
  options.isa = isa;
  return require(Model::open_memory(file.data(), file.size(), &options), "the model in memory");
}

Session new_session(const Model& model) {
  return require(Session::create(model), "cannot make a session");
}

std::string item_id(const Model& model, uint32_t item) {
  const pintle_item_info info = require(model.item(item), "item", item);
  return info.id_text != nullptr ? info.id_text : std::to_string(info.id);
}

std::string item_title(const Model& model, uint32_t item) {
  const char* title = require(model.item(item), "item", item).title;
  return title == nullptr ? "" : title;
}

bool find_item(const Model& model, const std::string& id, uint32_t* item) {
  Result<uint32_t> found(0);
  if (model.info().has_text_ids) {
    found = model.find(std::string_view(id));
  } else {
    int64_t number = 0;
    const char* end = id.data() + id.size();
    const auto [parsed, code] = std::from_chars(id.data(), end, number);
    if (code != std::errc() || parsed != end) return false;
    found = model.find(number);
  }
  if (found.status() == PINTLE_ERR_UNKNOWN_ITEM) return false;
  *item = require(std::move(found), "cannot look up id " + id);
  return true;
}

std::vector<uint32_t> find_items(const Model& model, const std::vector<std::string>& ids,
                                 const std::string& where) {
  std::vector<uint32_t> items;
  items.reserve(ids.size());
  for (const std::string& id : ids) {
    uint32_t item = 0;
    if (!find_item(model, id, &item)) {
      throw Error(where + ": the model has no item with the id \"" + id + "\"");
    }
    items.push_back(item);
  }
  return items;
}

}  // namespace pintle::converter
