// SPDX-License-Identifier: Apache-2.0
#include "converter/features/feature_effects.h"

#include <Eigen/Cholesky>
#include <algorithm>
#include <cmath>
#include <numeric>

#include "converter/run/harvest.h"
#include "converter/run/steered_lists.h"

namespace pintle::converter {
namespace {

// Against the effects' own scale: enough to keep weights from answering noise with noise.
constexpr double kRidge = 0.02;

Eigen::VectorXd solve_ridge(const Eigen::MatrixXd& effects, const Eigen::VectorXd& column_weights,
                            Eigen::Index target) {
  // minimise sum_c weight_c (effects^T w - e_target)_c^2 + ridge |w|^2
  const Eigen::MatrixXd weighted = effects * column_weights.asDiagonal();
  Eigen::MatrixXd normal = weighted * effects.transpose();
  const double mean_diagonal = normal.trace() / static_cast<double>(normal.rows());
  normal.diagonal().array() += kRidge * mean_diagonal + 1e-12;
  return normal.ldlt().solve(weighted.col(target));
}

Eigen::MatrixXd rows_of(const Eigen::MatrixXd& matrix, const std::vector<uint32_t>& rows) {
  Eigen::MatrixXd taken(static_cast<Eigen::Index>(rows.size()), matrix.cols());
  for (size_t i = 0; i < rows.size(); ++i)
    taken.row(static_cast<Eigen::Index>(i)) = matrix.row(rows[i]);
  return taken;
}

}  // namespace

FeatureEffects measure_feature_effects(const Model& model, uint32_t sae,
                                       const InterpretedSae& interpreted,
                                       const Histories& histories,
                                       const std::vector<float>& popularity, ThreadPool* pool) {
  const size_t features = interpreted.statistics.size();
  FeatureEffects effects;
  std::vector<ListVariant> variants(1);  // the unsteered lists
  std::vector<size_t> measured;
  for (size_t f = 0; f < features; ++f) {
    effects.dose.push_back(kDoseOfP95 * interpreted.statistics[f].p95);
    if (!(effects.dose[f] > 0)) continue;
    measured.push_back(f);
    variants.push_back({{{PINTLE_EDIT_ADD, static_cast<uint32_t>(f), sae, 0, effects.dose[f]}}, 0});
  }
  const std::vector<ListMeasure> measures =
      measure_lists(model, histories, variants, pool, popularity);
  const ListMeasure& base = measures[0];
  const Eigen::Index attributes = static_cast<Eigen::Index>(base.shares.size());
  effects.changes.setZero(static_cast<Eigen::Index>(features), attributes + 2);
  for (size_t i = 0; i < measured.size(); ++i) {
    const ListMeasure& measure = measures[i + 1];
    const Eigen::Index row = static_cast<Eigen::Index>(measured[i]);
    for (Eigen::Index a = 0; a < attributes; ++a) {
      const size_t attribute = static_cast<size_t>(a);
      effects.changes(row, a) = measure.shares[attribute] - base.shares[attribute];
    }
    effects.changes(row, effects.popularity()) = measure.mean_value - base.mean_value;
    effects.changes(row, effects.ndcg()) = base.ndcg > 0 ? measure.ndcg / base.ndcg - 1 : 0;
  }
  return effects;
}

std::vector<std::pair<uint32_t, float>> choose_features(const FeatureEffects& effects,
                                                        Eigen::Index target,
                                                        const Eigen::VectorXd& spared,
                                                        std::vector<uint32_t> candidates,
                                                        size_t size) {
  if (candidates.empty()) {
    candidates.resize(effects.dose.size());
    std::iota(candidates.begin(), candidates.end(), 0u);
  }
  candidates.erase(std::remove_if(candidates.begin(), candidates.end(),
                                  [&](uint32_t f) { return !(effects.dose[f] > 0); }),
                   candidates.end());
  if (candidates.empty()) return {};
  Eigen::VectorXd column_weights = spared;
  column_weights(target) = 1;
  const Eigen::VectorXd all =
      solve_ridge(rows_of(effects.changes, candidates), column_weights, target);
  std::vector<size_t> order(candidates.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) {
    return std::abs(all(static_cast<Eigen::Index>(a))) >
           std::abs(all(static_cast<Eigen::Index>(b)));
  });
  std::vector<uint32_t> chosen;
  for (size_t i = 0; i < std::min(size, order.size()); ++i) chosen.push_back(candidates[order[i]]);
  std::sort(chosen.begin(), chosen.end());
  const Eigen::VectorXd weights =
      solve_ridge(rows_of(effects.changes, chosen), column_weights, target);
  std::vector<std::pair<uint32_t, float>> result;
  for (size_t i = 0; i < chosen.size(); ++i) {
    const double weight = weights(static_cast<Eigen::Index>(i));
    result.emplace_back(chosen[i], static_cast<float>(weight) * effects.dose[chosen[i]]);
  }
  return result;
}

std::vector<float> item_popularity(const Histories& histories, size_t item_count) {
  std::vector<size_t> events(item_count, 0);
  for (const auto& items : histories.items) {
    for (uint32_t item : items) ++events[item];
  }
  std::vector<size_t> sorted = events;
  std::sort(sorted.begin(), sorted.end());
  std::vector<float> popularity;
  for (size_t count : events) {
    const auto less = std::lower_bound(sorted.begin(), sorted.end(), count) - sorted.begin();
    popularity.push_back(static_cast<float>(less) / static_cast<float>(item_count));
  }
  return popularity;
}

std::vector<double> popularity_contrast(const Model& model, const InterpretedSae& sae,
                                        const Histories& histories,
                                        const std::vector<float>& popularity, ThreadPool* pool) {
  const size_t features = static_cast<size_t>(sae.weights.dict);
  std::vector<std::vector<double>> means;        // [user][feature]
  std::vector<std::pair<double, size_t>> users;  // mean popularity of the user's events
  harvest_states(model, histories, sae.weights.hook, pool, [&](const UserStates& user) {
    if (user.items.empty()) return;
    std::vector<double> mean(features, 0.0);
    double popular = 0;
    for (size_t t = 0; t < user.items.size(); ++t) {
      const SparseFeatures active =
          encode(sae.weights, &user.states[t * static_cast<size_t>(sae.weights.dim)]);
      for (size_t i = 0; i < active.index.size(); ++i) {
        mean[active.index[i]] += static_cast<double>(active.value[i]);
      }
      popular += static_cast<double>(popularity[user.items[t]]);
    }
    const double count = static_cast<double>(user.items.size());
    for (double& value : mean) value /= count;
    users.emplace_back(popular / count, means.size());
    means.push_back(std::move(mean));
  });
  std::sort(users.begin(), users.end());
  const size_t fifth = users.size() / 5;
  std::vector<double> contrast(features, 0.0);
  if (fifth < 2) return contrast;
  for (size_t f = 0; f < features; ++f) {
    double sum[2] = {0, 0}, square[2] = {0, 0};
    for (size_t i = 0; i < fifth; ++i) {
      const double low = means[users[i].second][f];
      const double high = means[users[users.size() - 1 - i].second][f];
      sum[0] += low;
      sum[1] += high;
      square[0] += low * low;
      square[1] += high * high;
    }
    const double n = static_cast<double>(fifth);
    const auto variance = [&](int side) {
      return std::max(0.0, (square[side] - sum[side] * sum[side] / n) / (n - 1));
    };
    const double pooled = std::sqrt((variance(0) + variance(1)) / 2);
    if (pooled > 0) contrast[f] = (sum[1] - sum[0]) / n / pooled;
  }
  return contrast;
}

}  // namespace pintle::converter
