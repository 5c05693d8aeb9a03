// SPDX-License-Identifier: Apache-2.0
#include "converter/features/temperature.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <functional>
#include <numeric>

#include "converter/features/evidence.h"
#include "converter/run/list_tally.h"
#include "converter/run/runtime_model.h"

namespace pintle::converter {
namespace {

// Log-spaced from 1/4 to 4; between them the likelihood is taken to be a parabola.
constexpr int kCandidates = 33;
double candidate(double i) { return std::exp2((i - 16) / 8); }

// The place of the least of the losses, between two where it is there.
double least(const std::array<double, kCandidates>& losses) {
  // Nothing was lost anywhere: nobody counted. The middle is a temperature of 1.
  if (losses[0] == 0) return (kCandidates - 1) / 2.0;
  const auto lowest = std::min_element(losses.begin(), losses.end());
  const double place = static_cast<double>(lowest - losses.begin());
  if (lowest == losses.begin() || lowest == losses.end() - 1) return place;
  const double curvature = lowest[-1] - 2 * lowest[0] + lowest[1];
  return curvature > 0 ? place + (lowest[-1] - lowest[1]) / (2 * curvature) : place;
}

// Scores of all items after all but the last event, for each user who has two.
void each_user(const Model& model, const Histories& histories,
               const std::function<void(const std::vector<uint32_t>& events,
                                        const std::vector<float>& scores)>& visit) {
  std::vector<uint32_t> items(model.info().item_count);
  std::iota(items.begin(), items.end(), 0u);
  Session session = new_session(model);
  for (const std::vector<uint32_t>& events : histories.items) {
    if (!is_measured(events)) continue;
    require(session.reset(), "cannot score");
    require(session.append(events.data(), events.size() - 1), "cannot score");
    visit(events, require(session.score(items), "cannot score"));
  }
}

}  // namespace

std::vector<bool> trained_items(const Model& model) {
  std::vector<bool> trained;
  for (uint32_t i = 0; i < model.info().item_count; ++i) {
    trained.push_back(require(model.item(i), "item", i).is_trained != 0);
  }
  return trained;
}

std::vector<double> softmax(const std::vector<float>& scores, const std::vector<bool>& trained,
                            double temperature) {
  double largest = -INFINITY, sum = 0;
  for (size_t i = 0; i < scores.size(); ++i) {
    if (trained[i]) largest = std::max(largest, static_cast<double>(scores[i]));
  }
  std::vector<double> values(scores.size(), 0.0);
  for (size_t i = 0; i < scores.size(); ++i) {
    if (!trained[i]) continue;
    values[i] = std::exp((static_cast<double>(scores[i]) - largest) / temperature);
    sum += values[i];
  }
  for (double& value : values) value /= sum;
  return values;
}

float fit_temperature(const Model& model, const Histories& histories) {
  const std::vector<bool> trained = trained_items(model);
  std::array<double, kCandidates> loss{};
  each_user(model, histories,
            [&](const std::vector<uint32_t>& events, const std::vector<float>& scores) {
              std::vector<bool> eligible = trained;
              for (size_t t = 0; t + 1 < events.size(); ++t) eligible[events[t]] = false;
              if (!eligible[events.back()]) return;
              float largest = -INFINITY;
              for (size_t i = 0; i < scores.size(); ++i) {
                if (eligible[i]) largest = std::max(largest, scores[i]);
              }
              for (int i = 0; i < kCandidates; ++i) {
                const float inverse = static_cast<float>(1 / candidate(i));
                float sum = 0;
                for (size_t item = 0; item < scores.size(); ++item) {
                  if (eligible[item]) sum += std::exp((scores[item] - largest) * inverse);
                }
                loss[i] += std::log(static_cast<double>(sum)) -
                           static_cast<double>((scores[events.back()] - largest) * inverse);
              }
            });
  return static_cast<float>(candidate(least(loss)));
}

float worth_of_last_entry(const Model& model, const Histories& histories, float temperature) {
  const std::vector<bool> trained = trained_items(model);
  std::vector<float> worths;
  each_user(
      model, histories, [&](const std::vector<uint32_t>& events, const std::vector<float>& scores) {
        std::vector<double> values = softmax(scores, trained, static_cast<double>(temperature));
        for (size_t t = 0; t + 1 < events.size(); ++t) values[events[t]] = 0;
        if (values.size() < kTopTen) return;
        const auto last = values.begin() + (kTopTen - 1);
        std::nth_element(values.begin(), last, values.end(), std::greater<>());
        worths.push_back(static_cast<float>(*last / std::log2(kTopTen + 1.0)));
      });
  if (worths.empty()) return 0;
  std::sort(worths.begin(), worths.end());
  return quantile(worths, 0.5);
}

}  // namespace pintle::converter
