// SPDX-License-Identifier: Apache-2.0
//
// The caller's threads: large catalogues and batches give the same lists as one thread. Built with
// -fsanitize=thread, also that tasks share nothing that is written.
#include <doctest/doctest.h>

#include <algorithm>
#include <atomic>
#include <memory>
#include <thread>
#include <vector>

#include "platforms/pthreads/pintle_pthreads.h"
#include "support/tiny_models.h"
#include "unit/random_network.h"

namespace pintle::test {
namespace {

// Counts its calls, and runs tasks in the order that is asked for.
struct Tasks {
  enum Order { kThreads, kForwards, kBackwards } order = kThreads;
  size_t calls = 0, most = 0;

  static void run(void* context, size_t count, pintle_task task, void* task_context) {
    Tasks& tasks = *static_cast<Tasks*>(context);
    ++tasks.calls;
    tasks.most = std::max(tasks.most, count);
    if (tasks.order == kThreads) {
      std::vector<std::thread> threads;
      for (size_t i = 0; i < count; ++i) threads.emplace_back(task, task_context, i);
      for (std::thread& thread : threads) thread.join();
      return;
    }
    for (size_t i = 0; i < count; ++i) {
      task(task_context, tasks.order == kForwards ? i : count - 1 - i);
    }
  }
  pintle_executor executor(size_t task_count) {
    pintle_executor executor = PINTLE_EXECUTOR_INIT;
    executor.task_count = task_count;
    executor.parallel_for = run;
    executor.context = this;
    return executor;
  }
};

// Equal rows, and so ties, in every stretch of the catalogue; untrained items; a knob for items with
// an attribute.
TinyModel model_of(int64_t items) {
  TinyModel tiny;
  tiny.network = converter::random_network({items, 4, 1, 4, 4, 1}, 7);
  tiny.catalogue = text_catalogue(items);
  tiny.network.item_bias.assign(static_cast<size_t>(items), 0.25f);
  for (int64_t i = 0; i < items; ++i) {
    tiny.catalogue.trained.push_back(i % 7 != 3);
    if (i % 997 == 5) std::copy_n(tiny.network.items.row(2), 4, tiny.network.items.row(i));
  }
  converter::Knob space;
  space.name = "space";
  space.attribute_group = "genre";
  space.attribute_name = "Space";
  space.rewards = {{-4, 0.2f}, {0, 0}, {4, 0.2f}};
  space.min_strength = -4;
  space.max_strength = 4;
  tiny.interpretation.knobs = {space};
  return tiny;
}

TEST_CASE("lists over a large catalogue are the same however many tasks make them") {
  constexpr uint32_t kItems = PINTLE_PARALLEL_ITEMS + 4321;
  const TinyModel tiny = model_of(kItems);
  std::vector<uint32_t> allow = random_history(30000, kItems, 5), few = {7, 65000, 7, 5, 1002};
  const std::vector<uint32_t> deny = random_history(500, kItems, 6), history = {2, 5, 60000};
  const std::vector<pintle_edit> edits = {{PINTLE_EDIT_KNOB, 0, 0, 0, 3}};
  const pintle_steering steering = steering_of(edits);
  for (const fb::DType precision : fb::EnumValuesDType()) {
    CAPTURE(std::string(fb::EnumNameDType(precision)));
    const OpenModel model(tiny.file(precision), "", 0);
    OpenSession alone(model, history), shared(model, history);
    for (const Tasks::Order order : {Tasks::kThreads, Tasks::kForwards, Tasks::kBackwards}) {
      for (const uint32_t task_count : {1u, 2u, 3u, PINTLE_PARALLEL_TASKS, 100u}) {
        CAPTURE(task_count);
        Tasks tasks = {order};
        const pintle_executor executor = tasks.executor(task_count);
        REQUIRE(pintle_session_set_executor(shared.get(), &executor) == PINTLE_OK);
        size_t in_tasks = 0;
        const auto check = [&](uint32_t k, const std::vector<uint32_t>* allowed, bool steered) {
          CAPTURE(k);
          CAPTURE(steered);
          pintle_request request = PINTLE_REQUEST_INIT;
          request.k = k;
          request.deny = deny.data();
          request.deny_count = deny.size();
          request.steering = steered ? &steering : nullptr;
          if (allowed != nullptr) {
            request.flags |= PINTLE_ONLY_ALLOWED;
            request.allow = allowed->data();
            request.allow_count = allowed->size();
          }
          CHECK(same_list(shared.recommend(request), alone.recommend(request)));
          // A list under wishes is scanned on the calling thread.
          in_tasks +=
              task_count > 1 && k <= PINTLE_PARALLEL_K && allowed != &few && !steered ? 1 : 0;
          CHECK(tasks.calls == in_tasks);
        };
        for (const uint32_t k : {1u, 10u, PINTLE_PARALLEL_K, PINTLE_PARALLEL_K + 1}) {
          check(k, nullptr, false);
        }
        check(10, nullptr, true);
        check(10, &allow, false);
        check(10, &few, true);
        CHECK(tasks.most <= std::min(task_count, PINTLE_PARALLEL_TASKS));
      }
    }
    REQUIRE(pintle_session_set_executor(shared.get(), nullptr) == PINTLE_OK);
    CHECK(same_list(shared.recommend(), alone.recommend()));  // not on tasks that are gone
  }
}

TEST_CASE("a small catalogue never leaves its thread") {
  const OpenModel model(plain_model().file());
  OpenSession session(model, {1, 2});
  Tasks tasks;
  const pintle_executor executor = tasks.executor(4);
  REQUIRE(pintle_session_set_executor(session.get(), &executor) == PINTLE_OK);
  CHECK(session.recommend().size() == 10);
  CHECK(tasks.calls == 0);
}

// Histories of a batch; every fourth is empty.
struct Histories {
  explicit Histories(size_t count, int64_t item_count) {
    for (uint32_t h = 0; h < count; ++h) {
      const auto history = random_history(h % 4 == 3 ? 0 : 1 + h % 11, item_count, h);
      items.insert(items.end(), history.begin(), history.end());
      offsets.push_back(items.size());
    }
  }
  size_t count() const { return offsets.size() - 1; }
  std::vector<uint32_t> items;
  std::vector<size_t> offsets = {0};
};

struct Rows {
  explicit Rows(const Histories& histories, size_t k)
      : out(histories.count() * k), counts(histories.count(), 99) {}
  std::vector<pintle_recommendation> out;
  std::vector<size_t> counts;
  size_t done = 99;
};

class Sessions {
 public:
  Sessions(const OpenModel& model, size_t count) {
    for (size_t i = 0; i < count; ++i) {
      owned_.push_back(std::make_unique<OpenSession>(model));
      pointers_.push_back(owned_.back()->get());
    }
  }
  pintle_session* const* data() const { return pointers_.data(); }
  size_t size() const { return pointers_.size(); }

 private:
  std::vector<std::unique_ptr<OpenSession>> owned_;
  std::vector<pintle_session*> pointers_;
};

TEST_CASE("a batch gives the same rows however many sessions share it") {
  const OpenModel model(plain_model().file(fb::DType_I8));
  const Histories histories(101, 37);
  pintle_request request = PINTLE_REQUEST_INIT;
  request.k = 7;
  Rows expected(histories, request.k);
  OpenSession single(model);
  REQUIRE(pintle_recommend_batch(single.get(), histories.items.data(), histories.offsets.data(),
                                 histories.count(), &request, expected.out.data(),
                                 expected.counts.data(), &expected.done) == PINTLE_OK);
  for (const Tasks::Order order : {Tasks::kThreads, Tasks::kForwards, Tasks::kBackwards}) {
    for (const size_t session_count : {1, 2, 5, 16}) {
      CAPTURE(session_count);
      const Sessions sessions(model, session_count);
      Tasks tasks = {order};
      const pintle_executor executor = tasks.executor(2);
      Rows rows(histories, request.k);
      REQUIRE(pintle_recommend_batch_parallel(sessions.data(), sessions.size(), &executor,
                                              histories.items.data(), histories.offsets.data(),
                                              histories.count(), &request, rows.out.data(),
                                              rows.counts.data(), &rows.done) == PINTLE_OK);
      CHECK(rows.done == histories.count());
      CHECK(rows.counts == expected.counts);
      CHECK(tasks.calls == (session_count > 1 ? 1 : 0));
      for (size_t h = 0; h < histories.count(); ++h) {
        const auto row = [&](const Rows& from) {
          const auto begin = from.out.begin() + static_cast<ptrdiff_t>(h * request.k);
          return std::vector<pintle_recommendation>(
              begin, begin + static_cast<ptrdiff_t>(expected.counts[h]));
        };
        CHECK(same_list(row(rows), row(expected)));
      }
      for (size_t i = 0; i < sessions.size(); ++i) {
        size_t events = 9;
        CHECK(pintle_session_event_count(sessions.data()[i], &events) == PINTLE_OK);
        CHECK(events == 0);
      }
    }
  }
}

TEST_CASE("of several failing histories the first is told, with all rows before it") {
  const OpenModel model(plain_model().file());
  Histories histories(60, 37);
  histories.items[histories.offsets[21]] = 37;
  histories.items[histories.offsets[22]] = 99;
  histories.items[histories.offsets[50]] = 99;
  pintle_request request = PINTLE_REQUEST_INIT;
  for (const Tasks::Order order : {Tasks::kThreads, Tasks::kForwards, Tasks::kBackwards}) {
    const Sessions sessions(model, 3);
    Tasks tasks = {order};
    const pintle_executor executor = tasks.executor(3);
    Rows rows(histories, request.k);
    CHECK(pintle_recommend_batch_parallel(
              sessions.data(), sessions.size(), &executor, histories.items.data(),
              histories.offsets.data(), histories.count(), &request, rows.out.data(),
              rows.counts.data(), &rows.done) == PINTLE_ERR_UNKNOWN_ITEM);
    CHECK(rows.done == 21);
    for (size_t h = 0; h < 21; ++h) CHECK(rows.counts[h] == (h % 4 == 3 ? 0 : 10));
  }
}

TEST_CASE("the threads of platforms/pthreads give the same lists, call after call") {
  const OpenModel model(model_of(PINTLE_PARALLEL_ITEMS).file(fb::DType_I8));
  CHECK(pintle_pthreads_create(0) == nullptr);
  CHECK(pintle_pthreads_create(65) == nullptr);
  for (const size_t threads : {1, 2, 7}) {
    CAPTURE(threads);
    pintle_pthreads* pool = pintle_pthreads_create(threads);
    REQUIRE(pool != nullptr);
    const pintle_executor executor = pintle_pthreads_executor(pool);
    CHECK(executor.task_count == threads);
    OpenSession alone(model), shared(model);
    REQUIRE(pintle_session_set_executor(shared.get(), &executor) == PINTLE_OK);
    for (uint32_t item = 0; item < 50; ++item) {
      alone.append({item});
      shared.append({item});
      CHECK(same_list(shared.recommend(), alone.recommend()));
    }
    // Every task once, in rounds of any size.
    for (const size_t count : {0, 1, 3, 100}) {
      std::vector<std::atomic<int>> runs(count);
      executor.parallel_for(
          executor.context, count,
          [](void* context, size_t index) {
            ++(*static_cast<std::vector<std::atomic<int>>*>(context))[index];
          },
          &runs);
      for (const std::atomic<int>& run : runs) CHECK(run == 1);
    }
    pintle_pthreads_destroy(pool);
  }
  pintle_pthreads_destroy(nullptr);
}

TEST_CASE("arguments are checked") {
  const OpenModel model(plain_model().file()), other(plain_model(2).file());
  Tasks tasks;
  const Histories histories(3, 37);
  pintle_request request = PINTLE_REQUEST_INIT;
  Rows rows(histories, request.k);
  const Sessions sessions(model, 2), others(other, 1);
  const pintle_executor good = tasks.executor(2);
  std::vector<pintle_executor> bad(3, good);
  bad[0].struct_size = 4;
  bad[1].task_count = 0;
  bad[2].parallel_for = nullptr;
  bad.push_back(PINTLE_EXECUTOR_INIT);
  CHECK(pintle_session_set_executor(nullptr, &good) == PINTLE_ERR_INVALID_ARGUMENT);
  for (const pintle_executor& executor : bad) {
    CHECK(pintle_session_set_executor(sessions.data()[0], &executor) ==
          PINTLE_ERR_INVALID_ARGUMENT);
  }
  const auto batch = [&](pintle_session* const* given, size_t count,
                         const pintle_executor* executor) {
    return pintle_recommend_batch_parallel(given, count, executor, histories.items.data(),
                                           histories.offsets.data(), histories.count(), &request,
                                           rows.out.data(), rows.counts.data(), &rows.done);
  };
  pintle_session* const twice[] = {sessions.data()[0], sessions.data()[1], sessions.data()[0]};
  pintle_session* const mixed[] = {sessions.data()[0], others.data()[0]};
  pintle_session* const missing[] = {sessions.data()[0], nullptr};
  CHECK(batch(nullptr, 2, &good) == PINTLE_ERR_INVALID_ARGUMENT);
  CHECK(batch(sessions.data(), 0, &good) == PINTLE_ERR_INVALID_ARGUMENT);
  const auto words = [&] { return std::string(pintle_session_last_error(sessions.data()[0])); };
  CHECK(batch(twice, 3, &good) == PINTLE_ERR_INVALID_ARGUMENT);
  CHECK(words() == "sessions 0 and 2 are the same");
  CHECK(batch(mixed, 2, &good) == PINTLE_ERR_INVALID_ARGUMENT);
  CHECK(words() == "session 1 is none, or of another model than session 0");
  CHECK(batch(missing, 2, &good) == PINTLE_ERR_INVALID_ARGUMENT);
  CHECK(batch(sessions.data(), 2, nullptr) == PINTLE_ERR_INVALID_ARGUMENT);
  for (const pintle_executor& executor : bad) {
    CHECK(batch(sessions.data(), 2, &executor) == PINTLE_ERR_INVALID_ARGUMENT);
  }
  CHECK(rows.done == 99);
  CHECK(tasks.calls == 0);
  const size_t none = 0;
  size_t done = 99;
  CHECK(pintle_recommend_batch_parallel(sessions.data(), 2, &good, nullptr, &none, 0, &request,
                                        nullptr, nullptr, &done) == PINTLE_OK);
  CHECK(done == 0);
  const int calls = static_cast<int>(tasks.calls);
  CHECK(batch(sessions.data(), 2, &good) == PINTLE_OK);
  CHECK(tasks.calls == calls + 1);
}

}  // namespace
}  // namespace pintle::test
