// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>

#include "converter/features/knobs.h"
#include "converter/run/runtime_model.h"

namespace pintle::converter {
namespace {

// Log-spaced from 1/4 to 4; the likelihood is flat near its best.
constexpr int kCandidates = 33;

std::array<double, kCandidates> candidate_temperatures() {
  std::array<double, kCandidates> candidates;
  for (int i = 0; i < kCandidates; ++i) candidates[i] = std::exp2((i - 16) / 8.0);
  return candidates;
}

}  // namespace

float fit_temperature(const Model& model, const Histories& histories) {
  const std::array<double, kCandidates> candidates = candidate_temperatures();
  std::array<double, kCandidates> loss{};
  std::vector<uint32_t> items(model.info().item_count);
  std::iota(items.begin(), items.end(), 0u);
  Session session = new_session(model);
  for (const std::vector<uint32_t>& history : histories.items) {
    if (history.size() < 2) continue;
    require(session.reset(), "cannot score");
    require(session.append(history.data(), history.size() - 1), "cannot score");
    const std::vector<float> scores = require(session.score(items), "cannot score");
    const float largest = *std::max_element(scores.begin(), scores.end());
    for (int i = 0; i < kCandidates; ++i) {
      const float inverse = static_cast<float>(1 / candidates[i]);
      float sum = 0;
      for (float score : scores) sum += std::exp((score - largest) * inverse);
      loss[i] += std::log(static_cast<double>(sum)) -
                 static_cast<double>((scores[history.back()] - largest) * inverse);
    }
  }
  const auto best = std::min_element(loss.begin(), loss.end()) - loss.begin();
  return static_cast<float>(candidates[static_cast<size_t>(best)]);
}

}  // namespace pintle::converter
