// SPDX-License-Identifier: Apache-2.0
//
// Lists by the C API over catalogues of three sizes: the scan and its top 10. Nothing is appended between
// the calls, so that the network does not run.
#include <cstdio>
#include <cstdlib>
#include <iterator>
#include <memory>
#include <string>

#include "bench/suite.h"
#include "bench/synthetic_model.h"
#include "pintle/pintle.h"
#include "tensor.h"

namespace pintle::bench {
namespace {

constexpr uint32_t kTop = 10;

void require(pintle_status status, const char* what) {
  if (status == PINTLE_OK) return;
  std::fprintf(stderr, "bench_kernels: %s: %s\n", what, pintle_status_name(status));
  std::exit(1);
}

// A session with a short history that was listed once: its state is computed.
class Listed {
 public:
  explicit Listed(const std::string& path, const char* isa) {
    pintle_open_options options = PINTLE_OPEN_OPTIONS_INIT;
    options.isa = isa;
    require(pintle_model_open_file(path.c_str(), &options, &model_, nullptr), path.c_str());
    size_t size_bytes = 0;
    require(pintle_session_memory(model_, &size_bytes), "memory");
    memory_ = std::make_unique<Pages>(size_bytes);
    require(pintle_session_create(model_, memory_->data(), size_bytes, &session_), "session");
    const uint32_t events[] = {3, 1, 4, 15, 9, 2, 6};
    require(pintle_session_append(session_, events, std::size(events)), "append");
    list();
  }
  ~Listed() {
    pintle_session_destroy(session_);
    pintle_model_close(model_);
  }
  Listed(const Listed&) = delete;
  Listed& operator=(const Listed&) = delete;

  void list() {
    pintle_request request = PINTLE_REQUEST_INIT;
    request.k = kTop;
    uint32_t found = 0;
    require(pintle_recommend(session_, &request, list_, &found), "recommend");
    benchmark::DoNotOptimize(list_);
  }

 private:
  pintle_model* model_ = nullptr;
  pintle_session* session_ = nullptr;
  std::unique_ptr<Pages> memory_;
  pintle_recommendation list_[kTop];
};

void add_list(Suite* suite, uint32_t items, uint32_t dim, fb::DType precision) {
  SyntheticShape shape;
  shape.items = items;
  shape.dim = dim;
  shape.precision = precision;
  shape.has_titles = false;
  const size_t table_bytes =
      static_cast<size_t>(tensor_data_bytes(precision, fb::Layout_Panels, items, dim).value() +
                          tensor_scale_bytes(precision, fb::Layout_Panels, items, dim).value());
  const std::string name = std::string("top 10, ") + (precision == fb::DType_I8 ? "s8 " : "s4 ") +
                           std::to_string(items) + " x " + std::to_string(dim);
  const double weights = static_cast<double>(items) * dim;
  // Written at the first repetition, if at all.
  auto path = std::make_shared<std::string>();
  suite->add(name, {touches_file(table_bytes), multiplies_weights(weights)}, [=]() -> Call {
    if (path->empty()) {
      *path = suite->folder.path(name + ".pintle");
      write_synthetic_model(*path, shape);
    }
    auto listed = std::make_shared<Listed>(*path, suite->isa);
    return [=] { listed->list(); };
  });
}

}  // namespace

void add_list_benchmarks(Suite* suite) {
  for (const fb::DType precision : {fb::DType_I8, fb::DType_I4}) {
    add_list(suite, 3416, 64, precision);
    add_list(suite, 100000, 64, precision);
    add_list(suite, 1000000, 64, precision);
    add_list(suite, 1000000, 128, precision);
  }
}

}  // namespace pintle::bench
