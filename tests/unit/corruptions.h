// SPDX-License-Identifier: Apache-2.0
//
// Sound files made wrong in one place, and what opening them must say.
#ifndef PINTLE_TESTS_UNIT_CORRUPTIONS_H_
#define PINTLE_TESTS_UNIT_CORRUPTIONS_H_

#include <doctest/doctest.h>

#include <functional>
#include <string>
#include <vector>

#include "support/open_model.h"
#include "support/patch_model.h"

namespace pintle::test {

using Patch = std::function<void(ModelPatch& patch, const fb::Model& model)>;

enum When { kAlways, kVerifyAll };  // which opening sees it

struct Corruption {
  const char* name;
  When when;
  pintle_status status;
  const char* words;  // in the message
  Patch patch;
};

struct Opened {
  pintle_status status;
  std::string message;
};

inline Opened open(const std::vector<uint8_t>& file, uint32_t flags) {
  const AlignedBytes bytes(file);
  pintle_open_options options = PINTLE_OPEN_OPTIONS_INIT;
  options.flags = flags;
  pintle_model* model = nullptr;
  pintle_error error = {};
  const pintle_status status =
      pintle_model_open_memory(bytes.data(), bytes.size(), &options, &model, &error);
  CHECK((model != nullptr) == (status == PINTLE_OK));
  pintle_model_close(model);
  if (status != PINTLE_OK) CHECK(error.status == status);
  return {status, error.message};
}

inline void check_all(const std::vector<uint8_t>& sound,
                      const std::vector<Corruption>& corruptions) {
  REQUIRE(open(sound, PINTLE_OPEN_VERIFY_ALL).status == PINTLE_OK);
  for (const Corruption& corruption : corruptions) {
    CAPTURE(std::string(corruption.name));
    std::vector<uint8_t> file = sound;
    ModelPatch patch(&file);
    corruption.patch(patch, patch.root());
    REQUIRE(file != sound);
    const Opened quick = open(file, 0), whole = open(file, PINTLE_OPEN_VERIFY_ALL);
    CHECK(quick.status == (corruption.when == kAlways ? corruption.status : PINTLE_OK));
    CHECK(whole.status == corruption.status);
    CHECK_MESSAGE(whole.message.find(corruption.words) != std::string::npos, whole.message);
  }
}

}  // namespace pintle::test

#endif  // PINTLE_TESTS_UNIT_CORRUPTIONS_H_
