// SPDX-License-Identifier: Apache-2.0
#include "converter/features/item_effects.h"

#include <Eigen/QR>
#include <algorithm>
#include <cmath>

#include "converter/features/feature_effects.h"
#include "converter/io/progress.h"
#include "converter/run/runtime_model.h"

namespace pintle::converter {
namespace {

// Of a larger catalogue, so many items evenly taken are candidates for probes.
constexpr size_t kProbeCandidates = 8192;
// Users: as many as make so many steered lists, within these bounds. On ML-1M's GPT-2 that is 512 users
// (2.7 s), and of two samples of so many the ten items that a feature raises most are the same but for one
// in twenty (with 128 users, one in eight).
constexpr size_t kSteeredLists = size_t{1} << 18, kFewestUsers = 16, kMostUsers = 512;

// Rows of the table that scores come from, as the runtime reads them, of the trained items.
struct ScoredItems {
  std::vector<uint32_t> items;
  Matrix rows;  // in the order of `items`
};

ScoredItems scored_items(const Model& model) {
  ScoredItems scored;
  const pintle_model_info info = model.info();
  for (uint32_t i = 0; i < info.item_count; ++i) {
    if (require(model.item(i), "item", i).is_trained != 0) scored.items.push_back(i);
  }
  const int64_t rows = static_cast<int64_t>(scored.items.size()),
                dim = static_cast<int64_t>(info.dim);
  scored.rows = {rows, dim, std::vector<float>(static_cast<size_t>(rows * dim))};
  for (int64_t r = 0; r < rows; ++r) {
    const uint32_t item = scored.items[static_cast<size_t>(r)];
    const std::vector<float> row = require(model.item_vector(item), "item", item);
    std::copy(row.begin(), row.end(), scored.rows.row(r));
  }
  return scored;
}

// Scores are linear in the state that items are scored with, so that as many items as their vectors have
// dimensions tell what all others' scores do: a short list instead of the catalogue for every feature and
// history.
class Probes {
 public:
  explicit Probes(const ScoredItems& scored) {
    const size_t dim = static_cast<size_t>(scored.rows.cols), all = scored.items.size();
    const size_t count = std::min(all, std::max(kProbeCandidates, 2 * dim));
    Eigen::MatrixXd columns(static_cast<Eigen::Index>(dim), static_cast<Eigen::Index>(count));
    for (size_t c = 0; c < count; ++c) {
      const float* row = scored.rows.row(static_cast<int64_t>(c * all / count));
      columns.col(static_cast<Eigen::Index>(c)) =
          Eigen::Map<const Eigen::VectorXf>(row, columns.rows()).cast<double>();
    }
    // The next pivot is the column that those before explain least.
    const Eigen::ColPivHouseholderQR<Eigen::MatrixXd> pivots(columns);
    std::vector<size_t> chosen;
    for (Eigen::Index k = 0; k < pivots.rank(); ++k) {
      chosen.push_back(static_cast<size_t>(pivots.colsPermutation().indices()(k)));
    }
    std::sort(chosen.begin(), chosen.end());
    Eigen::MatrixXd rows(static_cast<Eigen::Index>(chosen.size()), columns.rows());
    for (size_t p = 0; p < chosen.size(); ++p) {
      items_.push_back(scored.items[chosen[p] * all / count]);
      rows.row(static_cast<Eigen::Index>(p)) =
          columns.col(static_cast<Eigen::Index>(chosen[p])).transpose();
    }
    solver_.compute(rows);
  }

  size_t size() const { return items_.size(); }

  // Of every probe under an ADD of `dose` on a feature of SAE 0; dose 0: unsteered.
  Eigen::VectorXd scores(Session* session, uint32_t feature, float dose) const {
    Request request(size());
    request.includes_seen = request.only_allowed = true;
    request.allow = items_;
    if (dose != 0) request.edits = {{PINTLE_EDIT_ADD, feature, 0, 0, dose}};
    Eigen::VectorXd scores(static_cast<Eigen::Index>(size()));
    for (const auto& entry : require(session->recommend(request), "cannot score under an edit")) {
      const auto place = std::lower_bound(items_.begin(), items_.end(), entry.item);
      scores(place - items_.begin()) = static_cast<double>(entry.score);
    }
    return scores;
  }

  // The change of the state from the changes of the probes' scores.
  Eigen::VectorXd state_change(const Eigen::VectorXd& score_changes) const {
    return solver_.solve(score_changes);
  }

 private:
  std::vector<uint32_t> items_;  // ascending
  Eigen::CompleteOrthogonalDecomposition<Eigen::MatrixXd> solver_;
};

// What a unit of each feature's activation adds to the state that items are scored with, on average over
// histories: by steering them. A column a feature; zeros where the dose is 0.
Eigen::MatrixXd measure_directions(const Model& model, const Probes& probes,
                                   const std::vector<float>& doses, const Histories& histories,
                                   ThreadPool* pool) {
  const Eigen::Index features = static_cast<Eigen::Index>(doses.size());
  Eigen::MatrixXd changes =
      Eigen::MatrixXd::Zero(static_cast<Eigen::Index>(probes.size()), features);
  const size_t at_once = static_cast<size_t>(pool->size()), count = histories.items.size();
  std::vector<Session> sessions;
  for (size_t i = 0; i < at_once; ++i) sessions.push_back(new_session(model));
  std::vector<Eigen::MatrixXd> of_history(at_once, changes);
  Progress progress("measuring items' scores of", "users", count);
  for (size_t first = 0; first < count; first += at_once) {
    const size_t taken = std::min(at_once, count - first);
    pool->for_each(taken, [&](size_t i, int worker) {
      Session* const session = &sessions[static_cast<size_t>(worker)];
      require(session->reset(), "cannot score");
      require(session->append(histories.items[first + i]), "cannot score");
      const Eigen::VectorXd base = probes.scores(session, 0, 0);
      for (Eigen::Index f = 0; f < features; ++f) {
        const float dose = doses[static_cast<size_t>(f)];
        if (!(dose > 0)) continue;
        of_history[i].col(f) = (probes.scores(session, static_cast<uint32_t>(f), dose) - base) /
                               static_cast<double>(dose);
      }
    });
    // In the order of the histories, for the same sums by any number of threads.
    for (size_t i = 0; i < taken; ++i) changes += of_history[i];
    progress.advance(taken);
  }
  changes /= static_cast<double>(count);
  Eigen::MatrixXd directions(static_cast<Eigen::Index>(model.info().dim), features);
  for (Eigen::Index f = 0; f < features; ++f) {
    directions.col(f) = probes.state_change(changes.col(f));
  }
  return directions;
}

Eigen::MatrixXd find_directions(const ModelParts& parts, const SaeWeights& sae,
                                const ScoredItems& scored, ThreadPool* pool,
                                const LabelReport& report) {
  if (sae.hook.place == HookPlace::kLast) {
    return Eigen::Map<const Eigen::MatrixXf>(sae.decoder.values.data(), sae.dim, sae.dict)
        .cast<double>();
  }
  std::vector<float> doses;
  size_t measured = 0;
  for (const FeatureEvidence& feature : report.features) {
    doses.push_back(kDoseOfP95 * feature.statistics.p95);
    measured += doses.back() > 0 ? 1 : 0;
  }
  const size_t users =
      std::clamp(kSteeredLists / std::max<size_t>(measured, 1), kFewestUsers, kMostUsers);
  Interpretation steerable;
  steerable.saes.emplace_back();
  steerable.saes[0].name = "sae";
  steerable.saes[0].weights = sae;
  return measure_directions(open_in_memory(join_parts(parts, steerable)), Probes(scored), doses,
                            sample_users_with_events(report.histories, users), pool);
}

void list_items(const ScoredItems& scored, const Eigen::VectorXd& direction, size_t listed,
                FeatureEvidence* evidence) {
  std::vector<ItemEffect> effects;
  effects.reserve(scored.items.size());
  for (size_t i = 0; i < scored.items.size(); ++i) {
    const float* row = scored.rows.row(static_cast<int64_t>(i));
    double effect = 0;
    for (int64_t d = 0; d < scored.rows.cols; ++d) {
      effect += static_cast<double>(row[d]) * direction(static_cast<Eigen::Index>(d));
    }
    effects.push_back({scored.items[i], effect});
  }
  const size_t count = std::min(listed, effects.size());
  const auto end = effects.begin() + static_cast<std::ptrdiff_t>(count);
  std::partial_sort(effects.begin(), end, effects.end(),
                    [](const ItemEffect& a, const ItemEffect& b) { return a.effect > b.effect; });
  evidence->promoted.assign(effects.begin(), end);
  std::partial_sort(effects.begin(), end, effects.end(),
                    [](const ItemEffect& a, const ItemEffect& b) { return a.effect < b.effect; });
  evidence->demoted.assign(effects.begin(), end);
}

}  // namespace

void measure_item_effects(const Model& model, const ModelParts& parts, const SaeWeights& sae,
                          size_t listed, ThreadPool* pool, LabelReport* report) {
  const ScoredItems scored = scored_items(model);
  if (scored.items.empty()) return;
  const Eigen::MatrixXd directions = find_directions(parts, sae, scored, pool, *report);
  pool->for_each(report->features.size(), [&](size_t f, int) {
    if (report->features[f].fired == 0) return;
    list_items(scored, directions.col(static_cast<Eigen::Index>(f)), listed, &report->features[f]);
  });
}

}  // namespace pintle::converter
