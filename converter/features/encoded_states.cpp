// SPDX-License-Identifier: Apache-2.0
#include "converter/features/encoded_states.h"

#include <algorithm>

namespace pintle::converter {
namespace {

// Rows that are multiplied together, and those that are held at once: the first bounds a worker's dense
// activations, [kEncodedTogether][dict].
constexpr size_t kEncodedTogether = 64, kEncodedAtOnce = 4096;

}  // namespace

void encode_states(const SaeWeights& sae, const ActivationSet& set, ThreadPool* pool,
                   const std::function<void(const EncodedStates&)>& visit) {
  check_sae_fits(sae, set.dim(), sae.hook.index + 1, "the SAE");
  const size_t dim = static_cast<size_t>(sae.dim), dict = static_cast<size_t>(sae.dict);
  std::vector<std::vector<float>> pre(static_cast<size_t>(pool->size()));
  for (auto& values : pre) values.resize(kEncodedTogether * dict);
  EncodedStates part;
  const size_t rows = static_cast<size_t>(set.rows());
  for (size_t first = 0; first < rows; first += kEncodedAtOnce) {
    const size_t count = std::min(kEncodedAtOnce, rows - first);
    part.items.resize(count);
    part.states.resize(count * dim);
    part.features.resize(count);
    set.read(static_cast<int64_t>(first), static_cast<int64_t>(count), part.states.data(),
             part.items.data());
    const size_t blocks = (count + kEncodedTogether - 1) / kEncodedTogether;
    pool->for_each(blocks, [&](size_t b, int worker) {
      float* const values = pre[static_cast<size_t>(worker)].data();
      const size_t begin = b * kEncodedTogether, end = std::min(begin + kEncodedTogether, count);
      pre_activations(sae, &part.states[begin * dim], static_cast<int64_t>(end - begin), values);
      for (size_t t = begin; t < end; ++t) {
        part.features[t] = activate(sae, values + (t - begin) * dict);
      }
    });
    visit(part);
  }
}

}  // namespace pintle::converter
