// SPDX-License-Identifier: Apache-2.0
//
// One model in two ways: whole, and as a base and a delta that adds its last items.
#ifndef PINTLE_TESTS_SUPPORT_SPLIT_MODEL_H_
#define PINTLE_TESTS_SUPPORT_SPLIT_MODEL_H_

#include <cstdint>
#include <vector>

#include "converter/file/write_delta.h"
#include "support/tiny_models.h"

namespace pintle::test {

// The rows [begin, end) alone.
TinyModel part_of_model(const TinyModel& tiny, int64_t begin, int64_t end);

// A delta of the items of `rest`, all trained, that takes out `retired` of the base, whose file is `base`.
converter::Delta delta_of(const TinyModel& rest, const std::vector<uint32_t>& retired = {});
std::vector<uint8_t> delta_file(const std::vector<uint8_t>& base, const converter::Delta& delta);

}  // namespace pintle::test

#endif  // PINTLE_TESTS_SUPPORT_SPLIT_MODEL_H_
