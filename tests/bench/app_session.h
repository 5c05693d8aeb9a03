// SPDX-License-Identifier: Apache-2.0
//
// A model file opened and one session of it, by the C API, as an app holds them.
#ifndef PINTLE_TESTS_BENCH_APP_SESSION_H_
#define PINTLE_TESTS_BENCH_APP_SESSION_H_

#include <benchmark/benchmark.h>

#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

#include "bench/ceilings.h"
#include "pintle/pintle.h"

namespace pintle::bench {

class AppSession {
 public:
  AppSession(const std::string& path, const char* isa, uint32_t flags = 0) {
    pintle_open_options options = PINTLE_OPEN_OPTIONS_INIT;
    options.flags = flags;
    options.isa = isa;
    require(pintle_model_open_file(path.c_str(), &options, &model_, nullptr), path.c_str());
    size_t size_bytes = 0;
    require(pintle_session_memory(model_, &size_bytes), "memory");
    memory_ = std::make_unique<Pages>(size_bytes);
    require(pintle_session_create(model_, memory_->data(), size_bytes, &session_, nullptr),
            "session");
  }
  ~AppSession() {
    pintle_session_destroy(session_);
    pintle_model_close(model_);
  }
  AppSession(const AppSession&) = delete;
  AppSession& operator=(const AppSession&) = delete;

  void reset() { require(pintle_session_reset(session_), "reset"); }
  void append(const std::vector<uint32_t>& items) {
    require(pintle_session_append(session_, items.data(), items.size()), "append");
  }
  // Of a model opened with PINTLE_OPEN_EXAMPLES.
  void set_example(const std::vector<uint32_t>& like) {
    require(pintle_session_set_example(session_, 0, like.data(), like.size(), nullptr, 0),
            "example");
  }
  // The top 10.
  void list() {
    const pintle_request request = PINTLE_REQUEST_INIT;
    list(request);
  }
  // k: 10 at most.
  void list(const pintle_request& request) {
    size_t found = 0;
    require(pintle_recommend(session_, &request, list_, &found), "recommend");
    benchmark::DoNotOptimize(list_);
  }

 private:
  static void require(pintle_status status, const char* what) {
    if (status == PINTLE_OK) return;
    std::fprintf(stderr, "bench_kernels: %s: %s\n", what, pintle_status_name(status));
    std::exit(1);
  }

  pintle_model* model_ = nullptr;
  pintle_session* session_ = nullptr;
  std::unique_ptr<Pages> memory_;
  pintle_recommendation list_[10];
};

}  // namespace pintle::bench

#endif  // PINTLE_TESTS_BENCH_APP_SESSION_H_
