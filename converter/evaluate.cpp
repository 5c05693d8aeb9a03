// SPDX-License-Identifier: Apache-2.0
#include "converter/evaluate.h"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <exception>
#include <limits>
#include <mutex>
#include <thread>

#include "converter/error.h"
#include "converter/progress.h"
#include "converter/runtime_model.h"

namespace pintle::converter {
namespace {

constexpr uint32_t kEvaluatedTop = 10;
constexpr uint32_t kUnknown = std::numeric_limits<uint32_t>::max();
constexpr uint32_t kMiss = kEvaluatedTop;

struct UserResult {
  uint32_t rank = kMiss;  // of the held-out item, from 0
  uint32_t unknown_events = 0;
  bool skipped = false, unknown_target = false, repeated_target = false;
};

class Evaluator {
 public:
  Evaluator(const pintle_model* model, const Interactions& interactions, size_t users)
      : model_(model),
        interactions_(interactions),
        results_(users),
        progress_("evaluating", "users", users) {
    items_.reserve(interactions.item_names.size());
    for (const std::string& name : interactions.item_names) {
      uint32_t item = kUnknown;
      items_.push_back(find_item(model, name, &item) ? item : kUnknown);
    }
  }

  // One thread's share of the users; marks what it recommends in `recommended`.
  void run(std::vector<uint8_t>* recommended) {
    Session session(model_);
    for (;;) {
      const size_t user = next_.fetch_add(1);
      if (user >= results_.size()) return;
      results_[user] = evaluate_user(interactions_.items[user], &session, recommended);
      progress_.advance();
    }
  }

  const std::vector<UserResult>& results() const { return results_; }

 private:
  UserResult evaluate_user(const std::vector<size_t>& events, Session* session,
                           std::vector<uint8_t>* recommended) const {
    UserResult result;
    result.skipped = events.size() < 2;
    if (result.skipped) return result;
    const uint32_t target = items_[events.back()];
    std::vector<uint32_t> history;
    for (size_t t = 0; t + 1 < events.size(); ++t) {
      const uint32_t item = items_[events[t]];
      if (item == kUnknown) {
        ++result.unknown_events;
      } else {
        history.push_back(item);
      }
    }
    result.unknown_target = target == kUnknown;
    result.repeated_target = !result.unknown_target &&
                             std::find(history.begin(), history.end(), target) != history.end();
    if (history.empty()) return result;
    session->reset();
    session->append(history);
    pintle_request request = PINTLE_REQUEST_INIT;
    request.k = kEvaluatedTop;
    const std::vector<pintle_recommendation> list = session->recommend(request);
    for (uint32_t rank = 0; rank < list.size(); ++rank) {
      (*recommended)[list[rank].item] = 1;
      if (list[rank].item == target) result.rank = rank;
    }
    return result;
  }

  const pintle_model* model_;
  const Interactions& interactions_;
  std::vector<uint32_t> items_;  // by index into item_names
  std::vector<UserResult> results_;
  std::atomic<size_t> next_{0};
  Progress progress_;
};

size_t trained_items(const pintle_model* model, uint32_t item_count) {
  size_t count = 0;
  for (uint32_t i = 0; i < item_count; ++i) count += item_info(model, i).is_trained ? 1 : 0;
  return count;
}

}  // namespace

Evaluation evaluate_leave_one_out(const pintle_model* model, const Interactions& interactions,
                                  const EvaluationOptions& options) {
  const uint32_t item_count = model_info(model).item_count;
  size_t users = interactions.users.size();
  if (options.max_users != 0) users = std::min(users, options.max_users);
  Evaluator evaluator(model, interactions, users);

  const size_t threads = std::max<size_t>(1, std::min(options.threads, users));
  std::vector<std::vector<uint8_t>> recommended(threads, std::vector<uint8_t>(item_count, 0));
  std::mutex failure_mutex;
  std::exception_ptr failure;
  std::vector<std::thread> workers;
  for (size_t t = 0; t < threads; ++t) {
    workers.emplace_back([&, t] {
      try {
        evaluator.run(&recommended[t]);
      } catch (...) {
        const std::lock_guard<std::mutex> lock(failure_mutex);
        if (!failure) failure = std::current_exception();
      }
    });
  }
  for (std::thread& worker : workers) worker.join();
  if (failure) std::rethrow_exception(failure);

  Evaluation sum;
  for (const UserResult& user : evaluator.results()) {  // in the users' order: the same sums always
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
  const double count = static_cast<double>(sum.users);
  sum.hit_rate /= count;
  sum.ndcg /= count;
  sum.mrr /= count;
  size_t covered = 0;
  for (uint32_t i = 0; i < item_count; ++i) {
    covered += std::any_of(recommended.begin(), recommended.end(),
                           [&](const std::vector<uint8_t>& marks) { return marks[i] != 0; })
                   ? 1
                   : 0;
  }
  sum.coverage = static_cast<double>(covered) /
                 static_cast<double>(std::max<size_t>(1, trained_items(model, item_count)));
  return sum;
}

std::vector<std::pair<std::string, double>> evaluation_metrics(const Evaluation& evaluation) {
  return {{"hr@10", evaluation.hit_rate},
          {"ndcg@10", evaluation.ndcg},
          {"mrr@10", evaluation.mrr},
          {"coverage@10", evaluation.coverage}};
}

}  // namespace pintle::converter
