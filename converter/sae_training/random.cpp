// SPDX-License-Identifier: Apache-2.0
#include "converter/sae_training/random.h"

#include <cmath>
#include <limits>

namespace pintle::converter {

uint64_t Random::below(uint64_t bound) {
  // Values past the last full multiple of `bound` are thrown away: no bias.
  const uint64_t limit =
      std::numeric_limits<uint64_t>::max() - std::numeric_limits<uint64_t>::max() % bound;
  uint64_t value = engine_();
  while (value >= limit) value = engine_();
  return value % bound;
}

double Random::uniform() { return (static_cast<double>(engine_() >> 11) + 0.5) * 0x1p-53; }

double Random::normal() {
  const double radius = std::sqrt(-2 * std::log(uniform()));
  return radius * std::cos(6.283185307179586 * uniform());
}

}  // namespace pintle::converter
