// SPDX-License-Identifier: Apache-2.0
#ifndef PINTLE_CONVERTER_SAE_TRAINING_RANDOM_H_
#define PINTLE_CONVERTER_SAE_TRAINING_RANDOM_H_

#include <cstdint>
#include <random>
#include <utility>
#include <vector>

namespace pintle::converter {

// A generator whose numbers are the same everywhere (the standard's distributions are not).
class Random {
 public:
  explicit Random(uint64_t seed) : engine_(seed) {}
  uint64_t below(uint64_t bound);  // uniform in [0, bound)
  double uniform();                // in (0, 1)
  double normal();

 private:
  std::mt19937_64 engine_;
};

template <typename T>
void shuffle(std::vector<T>* values, Random* random) {
  for (size_t i = values->size(); i > 1; --i)
    std::swap((*values)[i - 1], (*values)[random->below(i)]);
}

}  // namespace pintle::converter

#endif  // PINTLE_CONVERTER_SAE_TRAINING_RANDOM_H_
