// SPDX-License-Identifier: Apache-2.0
//
// C++17 over pintle.h: ownership and Result, header-only, no exceptions. What a call does, its units
// and its errors are told in pintle.h.
#ifndef PINTLE_PINTLE_HPP_
#define PINTLE_PINTLE_HPP_

#include <cstdint>
#include <cstdlib>
#include <memory>
#include <new>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "pintle/pintle.h"

namespace pintle {

// A value, or the status that tells why there is none. `message` is set where the C call gives one.
template <typename T>
class Result {
 public:
  Result(T value) : value_(std::move(value)) {}
  Result(pintle_status status, std::string message = {})
      : status_(status), message_(std::move(message)) {}

  explicit operator bool() const { return status_ == PINTLE_OK; }
  pintle_status status() const { return status_; }
  const std::string& message() const { return message_; }
  // REQUIRES: *this
  T& operator*() { return value_; }
  const T& operator*() const { return value_; }
  T* operator->() { return &value_; }
  const T* operator->() const { return &value_; }

 private:
  pintle_status status_ = PINTLE_OK;
  std::string message_;
  T value_{};
};

// An open model. Movable; share it by reference: it is immutable and may be used by any thread.
class Model {
 public:
  Model() = default;

  static Result<Model> open(const std::string& path, const pintle_open_options* options = nullptr) {
    pintle_model* model = nullptr;
    pintle_error error = {};
    const pintle_status status = pintle_model_open_file(path.c_str(), options, &model, &error);
    return wrap(status, model, error);
  }
  static Result<Model> open_fd(int fd, uint64_t offset_bytes, uint64_t length_bytes,
                               const pintle_open_options* options = nullptr) {
    pintle_model* model = nullptr;
    pintle_error error = {};
    const pintle_status status =
        pintle_model_open_fd(fd, offset_bytes, length_bytes, options, &model, &error);
    return wrap(status, model, error);
  }
  // data: 64-byte aligned, and alive as long as the model.
  static Result<Model> open_memory(const void* data, size_t size_bytes,
                                   const pintle_open_options* options = nullptr) {
    pintle_model* model = nullptr;
    pintle_error error = {};
    const pintle_status status =
        pintle_model_open_memory(data, size_bytes, options, &model, &error);
    return wrap(status, model, error);
  }

  pintle_model* get() const { return model_.get(); }

  pintle_model_info info() const {
    pintle_model_info info = PINTLE_MODEL_INFO_INIT;
    (void)pintle_model_get_info(get(), &info);
    return info;
  }
  Result<uint32_t> find(int64_t id) const {
    uint32_t item = 0;
    const pintle_status status = pintle_model_find_integer_id(get(), id, &item);
    return status == PINTLE_OK ? Result<uint32_t>(item) : Result<uint32_t>(status);
  }
  Result<uint32_t> find(std::string_view id) const {
    uint32_t item = 0;
    const pintle_status status = pintle_model_find_text_id(get(), id.data(), id.size(), &item);
    return status == PINTLE_OK ? Result<uint32_t>(item) : Result<uint32_t>(status);
  }
  Result<pintle_item_info> item(uint32_t item) const {
    pintle_item_info info = PINTLE_ITEM_INFO_INIT;
    const pintle_status status = pintle_model_get_item(get(), item, &info);
    return status == PINTLE_OK ? Result<pintle_item_info>(info) : Result<pintle_item_info>(status);
  }

 private:
  struct Close {
    void operator()(pintle_model* model) const { pintle_model_close(model); }
  };
  static Result<Model> wrap(pintle_status status, pintle_model* opened, const pintle_error& error) {
    if (status != PINTLE_OK) return {status, error.message};
    Model model;
    model.model_.reset(opened);
    return model;
  }

  std::unique_ptr<pintle_model, Close> model_;
};

// One user's history, in a block that it owns. The model must outlive it. One thread at a time.
class Session {
 public:
  Session() = default;
  Session(Session&&) = default;
  Session& operator=(Session&& other) {
    session_ = std::move(other.session_);  // the old session goes before the memory it lies in
    memory_ = std::move(other.memory_);
    return *this;
  }

  static Result<Session> create(const Model& model) {
    size_t size_bytes = 0;
    pintle_status status = pintle_session_memory(model.get(), &size_bytes);
    if (status != PINTLE_OK) return status;
    Session session;
    session.memory_.reset(static_cast<unsigned char*>(
        ::operator new (size_bytes, std::align_val_t{PINTLE_SESSION_ALIGNMENT}, std::nothrow)));
    if (session.memory_ == nullptr) return PINTLE_ERR_OUT_OF_MEMORY;
    pintle_session* created = nullptr;
    status = pintle_session_create(model.get(), session.memory_.get(), size_bytes, &created);
    if (status != PINTLE_OK) return status;
    session.session_.reset(created);
    return session;
  }

  pintle_session* get() const { return session_.get(); }

  pintle_status append(uint32_t item) { return pintle_session_append(get(), &item, 1); }
  pintle_status append(const std::vector<uint32_t>& items) {
    return pintle_session_append(get(), items.data(), items.size());
  }
  pintle_status reset() { return pintle_session_reset(get()); }
  // For large catalogues; null takes it away.
  pintle_status set_executor(const pintle_executor* executor) {
    return pintle_session_set_executor(get(), executor);
  }

  Result<std::vector<pintle_recommendation>> recommend(uint32_t k) {
    pintle_request request = PINTLE_REQUEST_INIT;
    request.k = k;
    return recommend(request);
  }
  Result<std::vector<pintle_recommendation>> recommend(const pintle_request& request) {
    std::vector<pintle_recommendation> list(request.k);
    uint32_t count = 0;
    const pintle_status status = pintle_recommend(get(), &request, list.data(), &count);
    if (status != PINTLE_OK) return status;
    list.resize(count);
    return list;
  }
  Result<std::vector<float>> score(const std::vector<uint32_t>& items) {
    std::vector<float> scores(items.size());
    const pintle_status status = pintle_score(get(), items.data(), items.size(), scores.data());
    if (status != PINTLE_OK) return status;
    return scores;
  }

 private:
  struct Free {
    void operator()(unsigned char* memory) const {
      ::operator delete (memory, std::align_val_t{PINTLE_SESSION_ALIGNMENT});
    }
  };
  struct Destroy {
    void operator()(pintle_session* session) const { pintle_session_destroy(session); }
  };

  std::unique_ptr<unsigned char, Free> memory_;  // outlives session_: members go in reverse order
  std::unique_ptr<pintle_session, Destroy> session_;
};

// The app's threads: run(count, task) calls task(i) for every i below count, on any threads and in
// any order, and returns when all calls have. `run` must outlive every use of the executor.
template <typename Run>
pintle_executor make_executor(Run& run, uint32_t task_count) {
  const auto parallel_for = [](void* context, size_t count, pintle_task task, void* task_context) {
    (*static_cast<Run*>(context))(count, [=](size_t index) { task(task_context, index); });
  };
  return {sizeof(pintle_executor), task_count, parallel_for, &run};
}

// The lists of many histories, in their order, each session being one task's; an empty history has an
// empty list.
inline Result<std::vector<std::vector<pintle_recommendation>>> recommend_batch(
    const std::vector<Session>& sessions, const pintle_executor& executor,
    const std::vector<std::vector<uint32_t>>& histories, const pintle_request& request) {
  std::vector<pintle_session*> pointers;
  for (const Session& session : sessions) pointers.push_back(session.get());
  std::vector<uint32_t> items, counts(histories.size() + 1);  // + 1: never without an address
  std::vector<size_t> offsets = {0};
  for (const std::vector<uint32_t>& history : histories) {
    items.insert(items.end(), history.begin(), history.end());
    offsets.push_back(items.size());
  }
  std::vector<pintle_recommendation> out((histories.size() + 1) * request.k);
  size_t done = 0;
  const pintle_status status = pintle_recommend_batch_parallel(
      pointers.data(), pointers.size(), &executor, items.data(), offsets.data(), histories.size(),
      &request, out.data(), counts.data(), &done);
  if (status != PINTLE_OK) return status;
  std::vector<std::vector<pintle_recommendation>> lists;
  for (size_t h = 0; h < histories.size(); ++h) {
    const pintle_recommendation* row = out.data() + h * request.k;
    lists.emplace_back(row, row + counts[h]);
  }
  return lists;
}

}  // namespace pintle

#endif  // PINTLE_PINTLE_HPP_
