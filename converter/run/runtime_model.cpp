// SPDX-License-Identifier: Apache-2.0
#include "converter/run/runtime_model.h"

#include <charconv>
#include <cstring>

#include "converter/io/error.h"

namespace pintle::converter {

ModelPointer open_model(const std::string& path, uint32_t flags, const char* isa) {
  pintle_open_options options = PINTLE_OPEN_OPTIONS_INIT;
  options.flags = flags;
  options.isa = isa;
  pintle_error error{};
  pintle_model* model = nullptr;
  const pintle_status status = pintle_model_open_file(path.c_str(), &options, &model, &error);
  if (status != PINTLE_OK) {
    throw Error(path + ": " + pintle_status_name(status) + ": " + error.message);
  }
  return ModelPointer(model);
}

AlignedMemory allocate_aligned(size_t size_bytes) {
  return AlignedMemory(::operator new (size_bytes, std::align_val_t{PINTLE_SESSION_ALIGNMENT}));
}

MemoryModel::MemoryModel(const std::vector<uint8_t>& file, const char* isa)
    : memory_(allocate_aligned(file.size())) {
  std::memcpy(memory_.get(), file.data(), file.size());
  pintle_open_options options = PINTLE_OPEN_OPTIONS_INIT;
  options.isa = isa;
  pintle_error error{};
  pintle_model* model = nullptr;
  const pintle_status status =
      pintle_model_open_memory(memory_.get(), file.size(), &options, &model, &error);
  if (status != PINTLE_OK) {
    throw Error(std::string("the model in memory: ") + pintle_status_name(status) + ": " +
                error.message);
  }
  model_.reset(model);
}

void require_ok(pintle_status status, const std::string& what) {
  if (status != PINTLE_OK) throw Error(what + ": " + pintle_status_name(status));
}

pintle_model_info model_info(const pintle_model* model) {
  pintle_model_info info = PINTLE_MODEL_INFO_INIT;
  require_ok(pintle_model_get_info(model, &info), "cannot describe the model");
  return info;
}

pintle_item_info item_info(const pintle_model* model, uint32_t item) {
  pintle_item_info info = PINTLE_ITEM_INFO_INIT;
  require_ok(pintle_model_get_item(model, item, &info), "item " + std::to_string(item));
  return info;
}

std::string item_id(const pintle_model* model, uint32_t item) {
  const pintle_item_info info = item_info(model, item);
  return info.id_text != nullptr ? info.id_text : std::to_string(info.id);
}

bool find_item(const pintle_model* model, const std::string& id, uint32_t* item) {
  pintle_status status;
  if (model_info(model).has_text_ids) {
    status = pintle_model_find_text_id(model, id.data(), id.size(), item);
  } else {
    int64_t number = 0;
    const char* end = id.data() + id.size();
    const auto [parsed, code] = std::from_chars(id.data(), end, number);
    if (code != std::errc() || parsed != end) return false;
    status = pintle_model_find_integer_id(model, number, item);
  }
  if (status == PINTLE_ERR_UNKNOWN_ITEM) return false;
  require_ok(status, "cannot look up id " + id);
  return true;
}

std::vector<uint32_t> find_items(const pintle_model* model, const std::vector<std::string>& ids,
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

Session::Session(const pintle_model* model) {
  require_ok(pintle_session_memory(model, &memory_bytes_), "cannot size a session");
  memory_ = allocate_aligned(memory_bytes_);
  pintle_session* session = nullptr;
  require_ok(pintle_session_create(model, memory_.get(), memory_bytes_, &session),
             "cannot create a session");
  session_.reset(session);
}

void Session::reset() { require_ok(pintle_session_reset(get()), "cannot reset the session"); }

void Session::append(const uint32_t* items, size_t count) {
  require_ok(pintle_session_append(get(), items, count), "cannot append to the history");
}

std::vector<pintle_recommendation> Session::recommend(const pintle_request& request) {
  std::vector<pintle_recommendation> entries(request.k);
  uint32_t count = 0;
  require_ok(pintle_recommend(get(), &request, entries.data(), &count), "cannot recommend");
  entries.resize(count);
  return entries;
}

std::vector<float> Session::score(const std::vector<uint32_t>& items) {
  std::vector<float> scores(items.size());
  require_ok(pintle_score(get(), items.data(), items.size(), scores.data()), "cannot score");
  return scores;
}

}  // namespace pintle::converter
