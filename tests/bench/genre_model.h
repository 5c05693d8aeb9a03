// SPDX-License-Identifier: Apache-2.0
//
// A model whose catalogue is like MovieLens-1M's: 3,416 items, 18 overlapping genres of its sizes, and a
// series or director for each item. Seeded weights of GPT-2's form, int8.
#ifndef PINTLE_TESTS_BENCH_GENRE_MODEL_H_
#define PINTLE_TESTS_BENCH_GENRE_MODEL_H_

#include <cstdint>
#include <vector>

namespace pintle::bench {

std::vector<uint8_t> genre_model(int64_t window);

}  // namespace pintle::bench

#endif  // PINTLE_TESTS_BENCH_GENRE_MODEL_H_
