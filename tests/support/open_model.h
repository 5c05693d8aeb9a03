// SPDX-License-Identifier: Apache-2.0
//
// Owners of opened models and sessions that fail the test on any error.
#ifndef PINTLE_TESTS_SUPPORT_OPEN_MODEL_H_
#define PINTLE_TESTS_SUPPORT_OPEN_MODEL_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "pintle/pintle.h"

namespace pintle::test {

// A copy of bytes that starts `shift` bytes past a 64-byte boundary and ends where its block of the
// heap ends, so that a sanitizer sees reads past the end.
class AlignedBytes {
 public:
  explicit AlignedBytes(const std::vector<uint8_t>& bytes, size_t shift = 0);
  uint8_t* data() const { return data_; }
  size_t size() const { return size_; }

 private:
  struct Free {
    void operator()(void* memory) const;
  };
  std::unique_ptr<void, Free> memory_;
  uint8_t* data_;
  size_t size_;
};

// The ISAs to test: PINTLE_FORCE_ISA's alone if it is set, else all that this machine has.
std::vector<std::string> isas_under_test();

class OpenModel {
 public:
  // isa: "" for the environment's or the best.
  // delta: empty for none. allocator: outlives the model; null for the library's.
  explicit OpenModel(const std::vector<uint8_t>& file, const std::string& isa = "",
                     uint32_t flags = PINTLE_OPEN_VERIFY_ALL,
                     const std::vector<uint8_t>& delta = {},
                     const pintle_allocator* allocator = nullptr);
  pintle_model* get() const { return model_.get(); }
  pintle_model_info info() const;

 private:
  struct Close {
    void operator()(pintle_model* model) const { pintle_model_close(model); }
  };
  AlignedBytes bytes_, delta_;
  std::unique_ptr<pintle_model, Close> model_;
};

class OpenSession {
 public:
  explicit OpenSession(const OpenModel& model);
  OpenSession(const OpenModel& model, const std::vector<uint32_t>& history) : OpenSession(model) {
    append(history);
  }
  pintle_session* get() const { return session_.get(); }
  void append(const std::vector<uint32_t>& items);
  void reset();
  std::vector<float> scores(const std::vector<uint32_t>& items);
  std::vector<float> all_scores();
  std::vector<pintle_recommendation> recommend(const pintle_request& request);
  std::vector<pintle_recommendation> recommend(uint32_t k = 10, uint32_t flags = 0,
                                               const pintle_steering* steering = nullptr);
  std::vector<float> state(const char* hook);

 private:
  struct Destroy {
    void operator()(pintle_session* session) const { pintle_session_destroy(session); }
  };
  size_t item_count_, dim_;
  AlignedBytes memory_;
  std::unique_ptr<pintle_session, Destroy> session_;
};

// Every item's score as a steered call gives it, by item.
std::vector<float> steered_scores(OpenSession* session, uint32_t items,
                                  const pintle_steering* steering);
inline pintle_steering steering_of(const std::vector<pintle_edit>& edits, uint32_t flags = 0) {
  return {sizeof(pintle_steering), flags, edits.data(), edits.size()};
}

// max |found - expected| / max |expected|.
double relative_difference(const std::vector<float>& found, const std::vector<double>& expected);
bool same_list(const std::vector<pintle_recommendation>& a,
               const std::vector<pintle_recommendation>& b);  // items and bits of scores

}  // namespace pintle::test

#endif  // PINTLE_TESTS_SUPPORT_OPEN_MODEL_H_
