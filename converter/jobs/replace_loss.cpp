// SPDX-License-Identifier: Apache-2.0
#include "converter/jobs/replace_loss.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <vector>

#include "converter/file/model_parts.h"
#include "converter/io/progress.h"
#include "converter/run/runtime_model.h"

namespace pintle::converter {
namespace {

constexpr size_t kListed = 10;
// Of the held-out items, so many are in the history before them where people take items again.
constexpr double kRepeatingShare = 0.05;

double ndcg_of(const std::vector<pintle_recommendation>& list, uint32_t target) {
  for (size_t rank = 0; rank < list.size(); ++rank) {
    if (list[rank].item == target) return 1 / std::log2(static_cast<double>(rank) + 2);
  }
  return 0;
}

bool repeats(const std::vector<uint32_t>& items) {
  return std::find(items.begin(), items.end() - 1, items.back()) != items.end() - 1;
}

}  // namespace

ReplaceLoss measure_replace_loss(const std::string& model_path, const SaeWeights& sae,
                                 const Histories& histories, ThreadPool* pool) {
  std::vector<size_t> known;
  size_t repeated = 0;
  for (size_t u = 0; u < histories.items.size(); ++u) {
    if (histories.items[u].size() < 2) continue;
    known.push_back(u);
    repeated += repeats(histories.items[u]) ? 1 : 0;
  }
  ReplaceLoss loss;
  loss.users = std::min(kMostReplaced, known.size());
  loss.includes_seen =
      static_cast<double>(repeated) > kRepeatingShare * static_cast<double>(known.size());
  Interpretation steerable;
  steerable.saes.emplace_back();
  steerable.saes[0].name = "sae";
  steerable.saes[0].weights = sae;
  const Model model = open_in_memory(join_parts(read_model_parts(model_path), steerable));
  Request base(std::min<size_t>(kListed, model.info().item_count));
  base.includes_seen = loss.includes_seen;
  Request replaced = base;
  replaced.edits = {{PINTLE_EDIT_ADD, 0, 0, 0, 0.0f}};  // names the SAE and changes nothing
  replaced.steering_flags = PINTLE_STEER_REPLACE;

  std::vector<Session> sessions;
  for (int i = 0; i < pool->size(); ++i) sessions.push_back(new_session(model));
  std::vector<double> base_ndcg(loss.users), ndcg(loss.users);
  constexpr size_t kAtOnce = 256;
  Progress progress("replacing states of", "users", loss.users);
  for (size_t first = 0; first < loss.users; first += kAtOnce) {
    const size_t count = std::min(kAtOnce, loss.users - first);
    pool->for_each(count, [&](size_t i, int worker) {
      const size_t at = first + i;
      std::vector<uint32_t> history = histories.items[known[at * known.size() / loss.users]];
      const uint32_t target = history.back();
      history.pop_back();
      Session& session = sessions[static_cast<size_t>(worker)];
      require(session.reset(), "cannot score");
      require(session.append(history), "cannot score");
      base_ndcg[at] = ndcg_of(require(session.recommend(base), "cannot recommend"), target);
      ndcg[at] = ndcg_of(require(session.recommend(replaced), "cannot replace the state"), target);
    });
    progress.advance(count);
  }
  if (loss.users == 0) return loss;
  const double users = static_cast<double>(loss.users);
  loss.base_ndcg = std::accumulate(base_ndcg.begin(), base_ndcg.end(), 0.0) / users;
  loss.ndcg = std::accumulate(ndcg.begin(), ndcg.end(), 0.0) / users;
  if (loss.base_ndcg > 0) loss.lost = 1 - loss.ndcg / loss.base_ndcg;
  loss.interval = loss_interval(base_ndcg, ndcg);
  return loss;
}

}  // namespace pintle::converter
