// SPDX-License-Identifier: Apache-2.0
#include "converter/run/list_batch.h"

#include <algorithm>
#include <condition_variable>
#include <exception>
#include <map>
#include <mutex>
#include <thread>
#include <tuple>
#include <utility>
#include <vector>

namespace pintle::converter {
namespace {

// Ends a search whose batch is broken off.
struct BrokenOff {};

// What one search waits for.
struct ListQuestion {
  size_t search;
  const Model& model;
  const Histories& histories;
  const std::vector<ListVariant>& variants;
  const std::vector<float>& item_values;
  std::vector<ListMeasure> measures = {};
  bool is_answered = false;

  bool shares_run(const ListQuestion& other) const {
    const bool same_values =
        &item_values == &other.item_values || (item_values.empty() && other.item_values.empty());
    return &model == &other.model && &histories == &other.histories && same_values;
  }
};

size_t lists_of(const ListQuestion& question) {
  size_t lists = 0;
  for (const ListVariant& variant : question.variants) {
    const std::vector<Gets>& who = variant.who;
    const auto made = std::count(who.begin(), who.end(), Gets::kList);
    lists += who.empty() ? question.histories.users.size() : static_cast<size_t>(made);
  }
  return lists;
}

// Of one variant, in measure_lists.
size_t bytes_of_variant(const ListQuestion& question, size_t workers) {
  const pintle_model_info info = question.model.info();
  const size_t user = question.item_values.empty() ? 3 : 11;
  return question.histories.users.size() * user +
         workers * (info.item_count / 8 + info.attribute_count * sizeof(size_t));
}

class SearchBatch {
 public:
  SearchBatch(ThreadPool* pool, const ListSearch& search, const ListReport& report)
      : pool_(pool), search_(search), report_(report) {}

  ~SearchBatch() {
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      break_off();
    }
    for (std::thread& thread : threads_) thread.join();
  }

  void run(size_t count, size_t at_once) {
    {
      std::unique_lock<std::mutex> lock(mutex_);
      size_t next = 0;
      for (;;) {
        while (next < count && live_ < at_once && failures_.empty()) start(next++);
        all_wait_.wait(lock, [&] { return waiting_.size() == live_; });
        if (ended_ != 0) report_(std::exchange(ended_, 0), 0);
        if (!failures_.empty()) break_off();
        if (live_ == 0 && (next == count || !failures_.empty())) break;
        if (next < count && live_ < at_once && failures_.empty()) continue;
        if (!waiting_.empty()) answer(&lock);
      }
    }
    if (!failures_.empty()) std::rethrow_exception(failures_.begin()->second);
  }

 private:
  // REQUIRES of all but `thread_of` and `ask`: the lock.
  void start(size_t number) {
    ++live_;
    try {
      threads_.emplace_back([this, number] { thread_of(number); });
    } catch (...) {  // the system has no thread for it
      --live_;
      failures_.emplace(number, std::current_exception());
    }
  }

  void thread_of(size_t number) {
    std::exception_ptr failure;
    try {
      search_(number,
              [&](const Model& model, const Histories& histories,
                  const std::vector<ListVariant>& variants, const std::vector<float>& item_values) {
                ListQuestion question{number, model, histories, variants, item_values};
                return ask(&question);
              });
    } catch (const BrokenOff&) {
    } catch (...) {
      failure = std::current_exception();
    }
    const std::lock_guard<std::mutex> lock(mutex_);
    if (failure) failures_.emplace(number, failure);
    --live_;
    ++ended_;
    if (waiting_.size() == live_) all_wait_.notify_one();
  }

  std::vector<ListMeasure> ask(ListQuestion* question) {
    std::unique_lock<std::mutex> lock(mutex_);
    if (is_broken_off_) throw BrokenOff();
    waiting_.push_back(question);
    if (waiting_.size() == live_) all_wait_.notify_one();
    answered_.wait(lock, [&] { return question->is_answered || is_broken_off_; });
    if (!question->is_answered) throw BrokenOff();
    return std::move(question->measures);
  }

  void break_off() {
    is_broken_off_ = true;
    waiting_.clear();
    answered_.notify_all();
  }

  // The most that can share a run and fit into kBatchBytes; the others wait on.
  std::vector<ListQuestion*> take_questions() {
    // A fixed order, whichever thread was faster.
    std::sort(waiting_.begin(), waiting_.end(),
              [](const ListQuestion* a, const ListQuestion* b) { return a->search < b->search; });
    std::vector<ListQuestion*> best;
    for (const ListQuestion* first : waiting_) {
      std::vector<ListQuestion*> sharing;
      size_t bytes = 0;
      for (ListQuestion* question : waiting_) {
        if (!question->shares_run(*first)) continue;
        bytes += question->variants.size() *
                 bytes_of_variant(*question, static_cast<size_t>(pool_->size()));
        if (!sharing.empty() && bytes > kBatchBytes) break;
        sharing.push_back(question);
      }
      if (sharing.size() > best.size()) best = std::move(sharing);
    }
    for (const ListQuestion* question : best) {
      waiting_.erase(std::find(waiting_.begin(), waiting_.end(), question));
    }
    return best;
  }

  void answer(std::unique_lock<std::mutex>* lock) {
    const std::vector<ListQuestion*> questions = take_questions();
    lock->unlock();  // all searches wait meanwhile, and no one else starts any
    std::exception_ptr failure;
    try {
      std::vector<ListVariant> variants;
      size_t lists = 0;
      for (const ListQuestion* question : questions) {
        variants.insert(variants.end(), question->variants.begin(), question->variants.end());
        lists += lists_of(*question);
      }
      const ListQuestion& first = *questions[0];
      std::vector<ListMeasure> measures = measure_lists(first.model, first.histories, variants,
                                                        pool_, first.item_values, ListBar::kNone);
      auto measure = measures.begin();
      for (ListQuestion* question : questions) {
        const auto end = measure + static_cast<std::ptrdiff_t>(question->variants.size());
        question->measures.assign(std::make_move_iterator(measure), std::make_move_iterator(end));
        measure = end;
      }
      report_(0, lists);
    } catch (...) {
      failure = std::current_exception();
    }
    lock->lock();
    if (failure) {
      failures_.emplace(questions[0]->search, failure);
      break_off();
      return;
    }
    for (ListQuestion* question : questions) question->is_answered = true;
    answered_.notify_all();
  }

  ThreadPool* const pool_;
  const ListSearch& search_;
  const ListReport& report_;
  std::mutex mutex_;
  std::condition_variable all_wait_, answered_;
  std::vector<std::thread> threads_;
  std::vector<ListQuestion*> waiting_;
  size_t live_ = 0, ended_ = 0;  // searches under way; ended since the last report
  bool is_broken_off_ = false;
  std::map<size_t, std::exception_ptr> failures_;  // by search
};

}  // namespace

void run_searches(size_t count, ThreadPool* pool, const ListSearch& search,
                  const ListReport& report, size_t at_once) {
  SearchBatch(pool, search, report).run(count, at_once);
}

}  // namespace pintle::converter
