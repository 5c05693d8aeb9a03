// SPDX-License-Identifier: Apache-2.0
//
// Memory that runs out at every single allocation: a clean status, nothing kept, and all is well at
// the next try. And, once a session exists, nothing allocates at all.
#include <doctest/doctest.h>
#include <fcntl.h>
#include <unistd.h>

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "support/allocations.h"
#include "support/scratch_dir.h"
#include "support/split_model.h"
#include "support/tiny_models.h"
#include "unit/random_network.h"

namespace pintle::test {
namespace {

// Calls `attempt`, with one more allocation each time, until none is refused. It releases what it
// made.
void refuse_each(const std::function<pintle_status()>& attempt, long least) {
  for (const bool refuse_on : {false, true}) {
    long number = 1;
    for (;; ++number) {
      AllocationWatch watch(number, refuse_on);
      const pintle_status status = attempt();
      watch.stop();
      CAPTURE(number);
      CAPTURE(refuse_on);
      CHECK(watch.kept() == 0);
      if (watch.refused() == 0) {
        CHECK(status == PINTLE_OK);
        break;
      }
      CHECK(status == PINTLE_ERR_OUT_OF_MEMORY);
      REQUIRE(number < 1000);
    }
    CHECK(number > least);
  }
}

TEST_CASE("opening a model") {
  const std::vector<uint8_t> file = steerable_model(plain_model().network).file();
  const AlignedBytes bytes(file);
  pintle_open_options options = PINTLE_OPEN_OPTIONS_INIT;
  options.flags = PINTLE_OPEN_EXAMPLES;
  refuse_each(
      [&] {
        pintle_model* model = nullptr;
        const pintle_status status =
            pintle_model_open_memory(bytes.data(), bytes.size(), &options, &model, nullptr);
        pintle_model_close(model);
        return status;
      },
      5);  // the model, its blocks, SAEs and knobs, the likeness of items
  const AlignedBytes delta(delta_file(
      file,
      delta_of(part_of_model(steerable_model(plain_model(2).network), 0, 5), {0, 1, 2, 3, 4})));
  options.flags = PINTLE_OPEN_COPY;
  options.delta = delta.data();
  options.delta_size_bytes = delta.size();
  refuse_each(
      [&] {
        pintle_model* model = nullptr;
        const pintle_status status =
            pintle_model_open_memory(bytes.data(), bytes.size(), &options, &model, nullptr);
        pintle_model_close(model);
        return status;
      },
      7);  // the copies, and which items are left
  ScratchDir folder;
  const std::string path = folder.write("m", "x" + std::string(file.begin(), file.end()));
  const int fd = ::open(path.c_str(), O_RDONLY);
  refuse_each(
      [&] {
        pintle_model* model = nullptr;
        const pintle_status status =
            pintle_model_open_fd(fd, 1, file.size(), nullptr, &model, nullptr);
        pintle_model_close(model);
        return status;
      },
      5);  // and the copy
  ::close(fd);
}

TEST_CASE("creating a session") {
  const OpenModel model(steerable_model(plain_model().network).file());
  size_t size = 0;
  REQUIRE(pintle_session_memory(model.get(), &size) == PINTLE_OK);
  const AlignedBytes memory((std::vector<uint8_t>(size)));
  OpenSession first(model);  // what the process sets up once is not a session's
  refuse_each(
      [&] {
        pintle_session* session = nullptr;
        const pintle_status status =
            pintle_session_create(model.get(), memory.data(), size, &session, nullptr);
        CHECK((session != nullptr) == (status == PINTLE_OK));
        pintle_session_destroy(session);
        return status;
      },
      0);
}

TEST_CASE("nothing allocates once a session exists") {
  for (const uint32_t seed : {0u, 3u, 6u, 9u, 11u, 96u, 107u}) {
    const TinyModel tiny = steerable_model(any_model(seed).network);
    for (const fb::DType precision : {fb::DType_F32, fb::DType_I8}) {
      CAPTURE(describe(tiny.network));
      const OpenModel model(tiny.file(precision), "", PINTLE_OPEN_EXAMPLES);
      OpenSession owner(model);
      pintle_session* session = owner.get();
      const std::vector<uint32_t> history = random_history(40, tiny.network.items.rows, seed);
      const std::vector<pintle_edit> edits = {{PINTLE_EDIT_KNOB, 0, 0, 0, 1},
                                              {PINTLE_EDIT_KNOB, 1, 0, 0, 1},
                                              {PINTLE_EDIT_SET, 3, 1, 0, 1},
                                              {PINTLE_EDIT_SCALE, 4, 2, 0, 3}};
      const uint32_t some[] = {0, 1, 2, 1};
      const size_t offsets[] = {0, 1, 14, 40};
      pintle_recommendation out[30];
      size_t count, counts[3];
      float scores[4], score, rest;
      size_t effects;
      std::vector<float> state(static_cast<size_t>(tiny.network.dim));
      pintle_feature_value features[5];
      pintle_event_effect events[5];
      const pintle_wish asked[] = {{PINTLE_WISH_ATTRIBUTE, 0, 1},
                                   {PINTLE_WISH_ITEM, 2, 1},
                                   {PINTLE_WISH_DIVERSE, 0, 0.3f},
                                   {PINTLE_WISH_EXPLORE, 0, 0.5f},
                                   {PINTLE_WISH_ATTRIBUTE, PINTLE_EXAMPLE_ATTRIBUTE, 1}};
      const pintle_rule rules[] = {{PINTLE_RULE_EXACTLY, 1, 0, 0.3f},
                                   {PINTLE_RULE_CAP_EACH, 0, 3, 0},
                                   {PINTLE_RULE_RUN, 2, 2, 0},
                                   {PINTLE_RULE_PIN, 4, 1, 0}};
      pintle_wishes wishes = PINTLE_WISHES_INIT;
      wishes.wishes = asked;
      wishes.wish_count = 5;
      wishes.rules = rules;
      wishes.rule_count = 4;
      pintle_list_entry entries[10];
      pintle_rule_result results[4];
      pintle_list_info list_info = PINTLE_LIST_INFO_INIT;
      pintle_reason reasons[8];
      bool ok = true;
      const auto run = [&](pintle_status status) { ok = ok && status == PINTLE_OK; };

      AllocationWatch watch;
      for (const size_t appended : {1, 1, 9, 1, 28}) {
        run(pintle_session_append(session, history.data(), appended));
        run(pintle_session_set_example(session, 0, some, 2, some + 2, 1));
        pintle_request request = PINTLE_REQUEST_INIT;
        run(pintle_recommend(session, &request, out, &count));
        request.flags |= PINTLE_ONLY_ALLOWED;
        request.allow = some;
        request.allow_count = 4;
        run(pintle_recommend(session, &request, out, &count));
        run(pintle_score(session, some, 4, scores));
        for (uint32_t flags = 0; flags < 4; ++flags) {
          const pintle_steering steering = steering_of(edits, flags);
          request.steering = &steering;
          run(pintle_recommend(session, &request, out, &count));
        }
        request = PINTLE_REQUEST_INIT;
        request.k = 4;
        request.flags = PINTLE_INCLUDE_SEEN;  // of small catalogues nothing else is left
        request.wishes = &wishes;
        run(pintle_recommend(session, &request, out, &count));
        run(pintle_explain_list(session, &request, entries, &count, results, &list_info));
        run(pintle_explain_entry(session, &request, 1, reasons, 8, &effects));
        for (uint32_t sae = 0; sae < 3; ++sae) {
          run(pintle_active_features(session, sae, features, 5, &effects));
          run(pintle_explain_features(session, sae, 1, features, 5, &effects, &score, &rest));
        }
        run(pintle_explain_events(session, 1, events, 5, &effects));
        run(pintle_session_state(session, "last", state.data(), state.size()));
      }
      pintle_request request = PINTLE_REQUEST_INIT;
      size_t done;
      run(pintle_recommend_batch(session, history.data(), offsets, 3, &request, out, counts,
                                 &done));
      run(pintle_session_reset(session));
      watch.stop();
      CHECK(ok);
      CHECK(watch.count() == 0);
    }
  }
}

TEST_CASE("tasks allocate nothing, and the memory of their lists is part of the session's size") {
  const auto open = [](uint32_t items) {
    TinyModel tiny;
    tiny.network = converter::random_network({items, 4, 1, 4, 4, 1});
    tiny.catalogue = integer_catalogue(items);
    return OpenModel(tiny.file(fb::DType_I8), "", 0);
  };
  const auto session_bytes = [](const OpenModel& model) {
    size_t size_bytes = 0;
    REQUIRE(pintle_session_memory(model.get(), &size_bytes) == PINTLE_OK);
    return size_bytes;
  };
  const OpenModel model = open(PINTLE_PARALLEL_ITEMS), smaller = open(PINTLE_PARALLEL_ITEMS - 1);
  const size_t lists_bytes = session_bytes(model) - session_bytes(smaller);
  const size_t stated_bytes = PINTLE_PARALLEL_TASKS * (PINTLE_PARALLEL_K * 24 + 4096);
  CHECK(lists_bytes >= stated_bytes);
  CHECK(lists_bytes < stated_bytes + 256);

  OpenSession sessions[3] = {OpenSession(model), OpenSession(model), OpenSession(model)};
  pintle_session* const pointers[] = {sessions[0].get(), sessions[1].get(), sessions[2].get()};
  const auto run = [](void* calls, size_t count, pintle_task task, void* task_context) {
    ++*static_cast<int*>(calls);
    while (count > 0) task(task_context, --count);
  };
  int calls = 0;
  pintle_executor executor = PINTLE_EXECUTOR_INIT;
  executor.task_count = 4;
  executor.parallel_for = run;
  executor.context = &calls;
  const std::vector<uint32_t> items = random_history(9, PINTLE_PARALLEL_ITEMS, 1);
  const size_t offsets[] = {0, 1, 3, 3, 7, 9};
  const pintle_request request = PINTLE_REQUEST_INIT;
  pintle_recommendation out[50];
  size_t counts[5];
  size_t done;
  AllocationWatch watch;
  bool ok = pintle_recommend_batch_parallel(pointers, 3, &executor, items.data(), offsets, 5,
                                            &request, out, counts, &done) == PINTLE_OK;
  ok = ok && pintle_session_set_executor(pointers[0], &executor) == PINTLE_OK;
  ok = ok && pintle_session_append(pointers[0], items.data(), 9) == PINTLE_OK;
  ok = ok && pintle_recommend(pointers[0], &request, out, counts) == PINTLE_OK;
  watch.stop();
  CHECK(ok);
  CHECK(calls == 2);
  CHECK(watch.count() == 0);
}

// An app's memory, given out from the front and taken back by count alone.
struct Pool {
  alignas(64) uint8_t bytes[1 << 20];
  size_t used = 0, live = 0;

  static void* allocate(void* context, size_t size_bytes, size_t alignment_bytes) {
    Pool& pool = *static_cast<Pool*>(context);
    const size_t begin = (pool.used + alignment_bytes - 1) / alignment_bytes * alignment_bytes;
    if (begin + size_bytes > sizeof(pool.bytes)) return nullptr;
    pool.used = begin + size_bytes;
    ++pool.live;
    return pool.bytes + begin;
  }
  static void release(void* context, void*, size_t) { --static_cast<Pool*>(context)->live; }
};

TEST_CASE("with an app's allocator the C library's gives nothing") {
  const AlignedBytes bytes(steerable_model(plain_model().network).file());
  const auto pool = std::make_unique<Pool>();
  pintle_allocator allocator = PINTLE_ALLOCATOR_INIT;
  allocator.context = pool.get();
  allocator.allocate = Pool::allocate;
  allocator.release = Pool::release;
  pintle_open_options options = PINTLE_OPEN_OPTIONS_INIT;
  options.flags = PINTLE_OPEN_COPY | PINTLE_OPEN_VERIFY_ALL;
  options.allocator = &allocator;
  pintle_model* model = nullptr;
  AllocationWatch opening;
  const pintle_status opened =
      pintle_model_open_memory(bytes.data(), bytes.size(), &options, &model, nullptr);
  opening.stop();
  REQUIRE(opened == PINTLE_OK);
  CHECK(opening.count() == 0);
  const size_t of_model = pool->live;

  // Beside a session in the caller's own memory: what XNNPACK packs is in neither.
  size_t size_bytes = 0;
  REQUIRE(pintle_session_memory(model, &size_bytes) == PINTLE_OK);
  const AlignedBytes memory((std::vector<uint8_t>(size_bytes)));
  const auto make = [&](bool is_new) {
    pintle_session* session = nullptr;
    AllocationWatch making;
    const pintle_status made =
        is_new ? pintle_session_new(model, &session, nullptr)
               : pintle_session_create(model, memory.data(), size_bytes, &session, nullptr);
    making.stop();
    CHECK(made == PINTLE_OK);
    CHECK(pool->live == (is_new ? 1 : 0) + of_model);
    pintle_session_free(is_new ? session : nullptr);
    pintle_session_destroy(is_new ? nullptr : session);
    return making.count();
  };
  make(false);  // what the process sets up once is not a session's
  CHECK(make(true) == make(false));
  pintle_model_close(model);
  CHECK(pool->live == 0);
}

TEST_CASE("the watch sees allocations") {
  AllocationWatch watch;
  ::operator delete(::operator new(10));
  watch.stop();
  CHECK(watch.count() == 1);
  CHECK(watch.kept() == 0);
}

}  // namespace
}  // namespace pintle::test
