// SPDX-License-Identifier: Apache-2.0
//
// The README's formula of a session's memory, word for word.
#ifndef PINTLE_TESTS_UNIT_SESSION_FORMULA_H_
#define PINTLE_TESTS_UNIT_SESSION_FORMULA_H_

#include <algorithm>
#include <cstddef>

namespace pintle::test {

// clang-format off
// README: begin
inline size_t session_bytes(size_t items, size_t dim, size_t ffn, size_t layers, size_t window,
                            bool mask_token, size_t features /* of the largest SAE */,
                            bool examples /* PINTLE_OPEN_EXAMPLES */,
                            bool profiles /* PINTLE_OPEN_PROFILE */, size_t attributes) {
  const size_t positions = window + (mask_token ? 1 : 0), widest = std::max(2 * dim, ffn);
  const size_t block = 4 * std::min<size_t>(48, positions) * (4 * dim + ffn)  // a group of rows,
                       + 64 * (dim + 1 + positions);                          // attention
  const size_t list = 4 * std::min<size_t>(16384, items + 15) + 516 * dim     // scores, vectors,
                      + 157 * 1024;  // candidates and the search among them
  return 4 * dim * (1 + positions) * (1 + 2 * layers)  // states, keys and values
       + std::max(block, list)                         // the network, then a list under wishes
       + 64 * std::max(dim, ffn)                       // one panel of weights
       + 6 * widest + 4 * dim * (4 + 5 * layers)       // the newest position
       + items / 4 + 12 * window + 4096                // items seen; the scan
       + (items < 65536 ? 0 : 57344)                   // the scan in tasks
       + 9 * items / 8 + 9 * 1024                      // classes of items that wishes are about
       + 12 * features + features / 8
       + (examples ? 2 * items : 0)                    // groups by example
       + (profiles ? 33 * items / 4 + 77 * attributes + 53 * 1024 : 0)
       + 4096;  // at most: rounding of every buffer
}
// README: end
// clang-format on

}  // namespace pintle::test

#endif  // PINTLE_TESTS_UNIT_SESSION_FORMULA_H_
