// SPDX-License-Identifier: Apache-2.0
//
// The runtime's models and sessions with ownership, ids as text, and Error instead of status codes.
#ifndef PINTLE_CONVERTER_RUN_RUNTIME_MODEL_H_
#define PINTLE_CONVERTER_RUN_RUNTIME_MODEL_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>
#include <string>
#include <utility>
#include <vector>

#include "pintle/pintle.h"

namespace pintle::converter {

struct ModelCloser {
  void operator()(pintle_model* model) const { pintle_model_close(model); }
};
using ModelPointer = std::unique_ptr<pintle_model, ModelCloser>;

// flags: PINTLE_OPEN_*; isa: null for the best. Throws Error: "<path>: PINTLE_ERR_CORRUPT: <what>".
ModelPointer open_model(const std::string& path, uint32_t flags = 0, const char* isa = nullptr);

// Memory as aligned as models and sessions need it.
struct AlignedDelete {
  void operator()(void* memory) const {
    ::operator delete (memory, std::align_val_t{PINTLE_SESSION_ALIGNMENT});
  }
};
using AlignedMemory = std::unique_ptr<void, AlignedDelete>;
AlignedMemory allocate_aligned(size_t size_bytes);

// A model that no file holds.
class MemoryModel {
 public:
  // file: what a file would hold. isa: as in open_model. Throws Error if the runtime refuses it.
  explicit MemoryModel(const std::vector<uint8_t>& file, const char* isa = nullptr);
  MemoryModel(MemoryModel&&) = default;
  MemoryModel& operator=(MemoryModel&&) = delete;  // would free the memory below an open model
  const pintle_model* get() const { return model_.get(); }

 private:
  AlignedMemory memory_;
  ModelPointer model_;  // goes before the memory it lies in
};

// Throws Error "<what>: <status>" unless status is PINTLE_OK.
void require_ok(pintle_status status, const std::string& what);

pintle_model_info model_info(const pintle_model* model);
pintle_item_info item_info(const pintle_model* model, uint32_t item);
// The external id as text, whatever its kind.
std::string item_id(const pintle_model* model, uint32_t item);
// False if the catalogue has no such id; text that is no integer is unknown to a model of integers.
bool find_item(const pintle_model* model, const std::string& id, uint32_t* item);
// All of `ids`. Throws Error "<where>: ..." for the first that is unknown.
std::vector<uint32_t> find_items(const pintle_model* model, const std::vector<std::string>& ids,
                                 const std::string& where);

// A session in memory of its own. The model must outlive it.
class Session {
 public:
  explicit Session(const pintle_model* model);
  Session(Session&&) = default;
  Session& operator=(Session&& other) noexcept {
    session_ = std::move(other.session_);  // the old session goes before the memory it lies in
    memory_ = std::move(other.memory_);
    memory_bytes_ = other.memory_bytes_;
    return *this;
  }
  pintle_session* get() const { return session_.get(); }
  size_t memory_bytes() const { return memory_bytes_; }

  void reset();
  void append(const uint32_t* items, size_t count);
  void append(const std::vector<uint32_t>& items) { append(items.data(), items.size()); }
  // At most request.k entries, best first.
  std::vector<pintle_recommendation> recommend(const pintle_request& request);
  std::vector<float> score(const std::vector<uint32_t>& items);

 private:
  struct Destroy {
    void operator()(pintle_session* session) const { pintle_session_destroy(session); }
  };

  size_t memory_bytes_ = 0;
  AlignedMemory memory_;
  std::unique_ptr<pintle_session, Destroy> session_;
};

}  // namespace pintle::converter

#endif  // PINTLE_CONVERTER_RUN_RUNTIME_MODEL_H_
