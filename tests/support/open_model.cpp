// SPDX-License-Identifier: Apache-2.0
#include "support/open_model.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <numeric>

#include "runtime/kernels/dispatch.h"

namespace pintle::test {

AlignedBytes::AlignedBytes(const std::vector<uint8_t>& bytes, size_t shift) : size_(bytes.size()) {
  void* memory = nullptr;
  REQUIRE(posix_memalign(&memory, 64, shift + std::max<size_t>(bytes.size(), 1)) == 0);
  memory_.reset(memory);
  data_ = static_cast<uint8_t*>(memory) + shift;
  if (!bytes.empty()) std::memcpy(data_, bytes.data(), bytes.size());
}

void AlignedBytes::Free::operator()(void* memory) const { free(memory); }

std::vector<std::string> isas_under_test() {
  if (const char* forced = std::getenv("PINTLE_FORCE_ISA")) return {forced};
  std::vector<const char*> names(internal::available_isas(nullptr, 0));
  internal::available_isas(names.data(), names.size());
  return {names.begin(), names.end()};
}

OpenModel::OpenModel(const std::vector<uint8_t>& file, const std::string& isa, uint32_t flags,
                     const std::vector<uint8_t>& delta, const pintle_allocator* allocator)
    : bytes_(file), delta_(delta) {
  pintle_open_options options = PINTLE_OPEN_OPTIONS_INIT;
  options.flags = flags;
  options.allocator = allocator;
  options.isa = isa.empty() ? nullptr : isa.c_str();
  if (!delta.empty()) {
    options.delta = delta_.data();
    options.delta_size_bytes = delta_.size();
  }
  pintle_model* model = nullptr;
  pintle_error error = {};
  const pintle_status status =
      pintle_model_open_memory(bytes_.data(), bytes_.size(), &options, &model, &error);
  REQUIRE_MESSAGE(status == PINTLE_OK, error.message);
  model_.reset(model);
}

pintle_model_info OpenModel::info() const {
  pintle_model_info info = PINTLE_MODEL_INFO_INIT;
  REQUIRE(pintle_model_get_info(get(), &info) == PINTLE_OK);
  return info;
}

namespace {

// Not zeros: a session must not rely on what its block holds.
AlignedBytes session_memory(const OpenModel& model) {
  size_t size = 0;
  REQUIRE(pintle_session_memory(model.get(), &size) == PINTLE_OK);
  return AlignedBytes(std::vector<uint8_t>(size, 0xA5));
}

}  // namespace

OpenSession::OpenSession(const OpenModel& model)
    : item_count_(model.info().item_count), dim_(model.info().dim), memory_(session_memory(model)) {
  pintle_session* session = nullptr;
  REQUIRE(pintle_session_create(model.get(), memory_.data(), memory_.size(), &session, nullptr) ==
          PINTLE_OK);
  session_.reset(session);
}

void OpenSession::append(const std::vector<uint32_t>& items) {
  REQUIRE(pintle_session_append(get(), items.data(), items.size()) == PINTLE_OK);
}

void OpenSession::reset() { REQUIRE(pintle_session_reset(get()) == PINTLE_OK); }

std::vector<float> OpenSession::scores(const std::vector<uint32_t>& items) {
  std::vector<float> scores(items.size());
  REQUIRE(pintle_score(get(), items.data(), items.size(), scores.data()) == PINTLE_OK);
  return scores;
}

std::vector<float> OpenSession::all_scores() {
  std::vector<uint32_t> items(item_count_);
  std::iota(items.begin(), items.end(), 0u);
  return scores(items);
}

std::vector<pintle_recommendation> OpenSession::recommend(const pintle_request& request) {
  std::vector<pintle_recommendation> list(request.k);
  size_t count = 0;
  REQUIRE(pintle_recommend(get(), &request, list.data(), &count) == PINTLE_OK);
  REQUIRE(count <= request.k);
  list.resize(count);
  return list;
}

std::vector<pintle_recommendation> OpenSession::recommend(uint32_t k, uint32_t flags,
                                                          const pintle_steering* steering) {
  pintle_request request = PINTLE_REQUEST_INIT;
  request.k = k;
  request.flags = flags;
  request.steering = steering;
  return recommend(request);
}

std::vector<float> OpenSession::state(const char* hook) {
  std::vector<float> state(dim_);
  REQUIRE(pintle_session_state(get(), hook, state.data(), state.size()) == PINTLE_OK);
  return state;
}

std::vector<float> steered_scores(OpenSession* session, uint32_t items,
                                  const pintle_steering* steering) {
  std::vector<float> scores(items, NAN);
  for (const pintle_recommendation& entry :
       session->recommend(items, PINTLE_INCLUDE_SEEN, steering)) {
    scores[entry.item] = entry.score;
  }
  return scores;
}

double relative_difference(const std::vector<float>& found, const std::vector<double>& expected) {
  REQUIRE(found.size() == expected.size());
  double difference = 0, largest = 0;
  for (size_t i = 0; i < found.size(); ++i) {
    if (!std::isfinite(found[i])) return INFINITY;
    difference = std::max(difference, std::fabs(found[i] - expected[i]));
    largest = std::max(largest, std::fabs(expected[i]));
  }
  return difference / largest;
}

bool same_list(const std::vector<pintle_recommendation>& a,
               const std::vector<pintle_recommendation>& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](const auto& x, const auto& y) {
    return x.item == y.item && std::memcmp(&x.score, &y.score, sizeof(float)) == 0;
  });
}

}  // namespace pintle::test
