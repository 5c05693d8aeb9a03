// SPDX-License-Identifier: Apache-2.0
#include "converter/run/evaluate.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>

#include "converter/io/error.h"
#include "converter/io/progress.h"
#include "converter/run/runtime_model.h"

namespace pintle::converter {
namespace {

constexpr uint32_t kUnknown = std::numeric_limits<uint32_t>::max();
constexpr uint32_t kMiss = std::numeric_limits<uint32_t>::max();
constexpr size_t kEvaluatedAtOnce = 512;  // a tenth of a second or less: what progress is told by

struct UserResult {
  uint32_t rank = kMiss;  // of the held-out item, from 0
  uint32_t unknown_events = 0;
  bool skipped = false, unknown_target = false, repeated_target = false;
};

// Lists of many histories at once, by `sessions` threads of the pool.
class BatchRecommender {
 public:
  BatchRecommender(const Model& model, ThreadPool* pool, size_t sessions,
                   const EvaluationOptions& options)
      : request_(std::min<size_t>(options.k, model.info().item_count)),
        run_([pool](size_t count, const Task& task) {
          pool->for_each(count, [&](size_t i, int) { task(i); });
        }),
        executor_(make_executor(run_, sessions)) {
    for (size_t i = 0; i < sessions; ++i) {
      sessions_.push_back(new_session(model));
      // A history appended in bulk leaves the window that its events one by one do.
      require(sessions_.back().set_window_policy(options.window_policy),
              "cannot set the window's policy");
    }
    request_.includes_seen = options.includes_seen;
  }

  // An empty history has an empty list.
  std::vector<std::vector<pintle_recommendation>> lists(
      const std::vector<std::vector<uint32_t>>& histories) {
    return require(recommend_batch(sessions_, &executor_, histories, request_), "cannot recommend");
  }

 private:
  using Task = std::function<void(size_t)>;
  Request request_;
  std::function<void(size_t count, const Task& task)> run_;
  pintle_executor executor_;  // points to run_
  std::vector<Session> sessions_;
};

class Evaluator {
 public:
  Evaluator(const Model& model, const Interactions& interactions)
      : interactions_(interactions), recommended_(model.info().item_count) {
    items_.reserve(interactions.item_names.size());
    for (const std::string& name : interactions.item_names) {
      uint32_t item = kUnknown;
      items_.push_back(find_item(model, name, &item) ? item : kUnknown);
    }
  }

  // The user's events before the last that the model knows.
  std::vector<uint32_t> history(size_t user) const {
    const std::vector<size_t>& events = interactions_.items[user];
    std::vector<uint32_t> history;
    for (size_t t = 0; t + 1 < events.size(); ++t) {
      if (items_[events[t]] != kUnknown) history.push_back(items_[events[t]]);
    }
    return history;
  }

  UserResult judge(size_t user, const std::vector<uint32_t>& history,
                   const std::vector<pintle_recommendation>& list) {
    const std::vector<size_t>& events = interactions_.items[user];
    UserResult result;
    result.skipped = events.size() < 2;
    if (result.skipped) return result;
    const uint32_t target = items_[events.back()];
    result.unknown_events = static_cast<uint32_t>(events.size() - 1 - history.size());
    result.unknown_target = target == kUnknown;
    result.repeated_target = !result.unknown_target &&
                             std::find(history.begin(), history.end(), target) != history.end();
    for (uint32_t rank = 0; rank < list.size(); ++rank) {
      recommended_[list[rank].item] = true;
      if (list[rank].item == target) result.rank = rank;
    }
    return result;
  }

  size_t covered_items() const {
    return static_cast<size_t>(std::count(recommended_.begin(), recommended_.end(), true));
  }

 private:
  const Interactions& interactions_;
  std::vector<uint32_t> items_;  // by index into item_names
  std::vector<bool> recommended_;
};

size_t trained_items(const Model& model) {
  const pintle_model_info info = model.info();
  size_t count = 0;
  for (uint32_t i = 0; i < info.item_count; ++i) {
    if (!has_item(info, i)) continue;
    count += require(model.item(i), "item", i).is_trained ? 1 : 0;
  }
  return count;
}

}  // namespace

Evaluation evaluate_leave_one_out(const Model& model, const Interactions& interactions,
                                  const EvaluationOptions& options, ThreadPool* pool) {
  size_t users = interactions.users.size();
  if (options.max_users != 0) users = std::min(users, options.max_users);
  Evaluator evaluator(model, interactions);
  const size_t sessions = std::clamp<size_t>(users, 1, static_cast<size_t>(pool->size()));
  BatchRecommender recommender(model, pool, sessions, options);
  std::vector<UserResult> results;
  Progress progress("evaluating", "users", users);
  for (size_t first = 0; first < users; first += kEvaluatedAtOnce) {
    std::vector<std::vector<uint32_t>> histories;
    for (size_t user = first; user < std::min(users, first + kEvaluatedAtOnce); ++user) {
      histories.push_back(evaluator.history(user));
    }
    const std::vector<std::vector<pintle_recommendation>> lists = recommender.lists(histories);
    for (size_t i = 0; i < lists.size(); ++i) {
      results.push_back(evaluator.judge(first + i, histories[i], lists[i]));
    }
    progress.advance(lists.size());
  }

  Evaluation sum;
  sum.k = options.k;
  for (const UserResult& user : results) {
    if (user.skipped) {
      ++sum.skipped_users;
      continue;
    }
    ++sum.users;
    sum.unknown_events += user.unknown_events;
    sum.unknown_targets += user.unknown_target ? 1 : 0;
    sum.repeated_targets += user.repeated_target ? 1 : 0;
    if (user.rank == kMiss) continue;
    sum.hit_rate += 1;
    sum.ndcg += 1 / std::log2(user.rank + 2.0);
    sum.mrr += 1 / (user.rank + 1.0);
  }
  if (sum.users == 0) throw Error("no user has two events or more: nothing can be held out");
  const size_t excluded = options.includes_seen ? 0 : sum.repeated_targets;
  if (sum.unknown_targets + excluded == sum.users) {
    throw Error("no held-out item could be ranked: of " + std::to_string(sum.users) + " users' " +
                std::to_string(sum.unknown_targets) + " are unknown to the model and " +
                std::to_string(excluded) +
                " are in the history before them; are the log's ids the model's? Where people "
                "choose items again, `pintle evaluate --include-seen` counts such items");
  }
  const double count = static_cast<double>(sum.users);
  sum.hit_rate /= count;
  sum.ndcg /= count;
  sum.mrr /= count;
  sum.coverage = static_cast<double>(evaluator.covered_items()) /
                 static_cast<double>(std::max<size_t>(1, trained_items(model)));
  return sum;
}

std::vector<std::pair<std::string, double>> evaluation_metrics(const Evaluation& evaluation) {
  const std::string at = "@" + std::to_string(evaluation.k);
  return {{"hr" + at, evaluation.hit_rate},
          {"ndcg" + at, evaluation.ndcg},
          {"mrr" + at, evaluation.mrr},
          {"coverage" + at, evaluation.coverage}};
}

}  // namespace pintle::converter
