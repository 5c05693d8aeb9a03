// SPDX-License-Identifier: Apache-2.0
#include <memory>
#include <string>

#include "api/status_table.h"
#include "support/counting_allocator.h"
#include "support/tiny_models.h"

namespace pintle::test {
namespace {

constexpr uint32_t kUnknownAttribute = 99, kUnknownItem = 37, kUnknownKnob = 3, kUnknownSae = 3;
constexpr float kBeyondRange = 99;

pintle_executor one_thread() {
  pintle_executor executor = PINTLE_EXECUTOR_INIT;
  executor.parallel_for = [](void*, size_t count, pintle_task task, void* task_context) {
    for (size_t i = 0; i < count; ++i) task(task_context, i);
  };
  return executor;
}

struct Sessions {
  const OpenModel model{steerable_model(plain_model().network).file(), "",
                        PINTLE_OPEN_VERIFY_ALL | PINTLE_OPEN_EXAMPLES | PINTLE_OPEN_PROFILE};
  OpenSession session{model, {3, 1, 4}}, empty{model}, batch{model};
  pintle_session* get() const { return session.get(); }

  // A request with one fault; its parts live here.
  pintle_request request(pintle_status fault) {
    pintle_request request = PINTLE_REQUEST_INIT;
    if (fault == PINTLE_ERR_UNKNOWN_ITEM) {
      request.deny = &kUnknownItem;
      request.deny_count = 1;
    }
    if (fault == PINTLE_ERR_INVALID_ARGUMENT) request.k = 0;
    if (fault == PINTLE_ERR_UNKNOWN_NAME) edit = {PINTLE_EDIT_KNOB, kUnknownKnob, 0, 0, 1};
    if (fault == PINTLE_ERR_OUT_OF_RANGE) edit = {PINTLE_EDIT_KNOB, 0, 0, 0, kBeyondRange};
    if (fault == PINTLE_ERR_UNKNOWN_NAME || fault == PINTLE_ERR_OUT_OF_RANGE) {
      steering.edits = &edit;
      steering.edit_count = 1;
      request.steering = &steering;
    }
    return request;
  }
  pintle_session* with_history_unless(pintle_status fault) {
    return fault == PINTLE_ERR_EMPTY_HISTORY ? empty.get() : session.get();
  }

  pintle_edit edit;
  pintle_steering steering = PINTLE_STEERING_INIT;
  pintle_recommendation out[10];
  pintle_list_entry entries[10];
  pintle_reason reasons[4];
  size_t count = 0;
};
using Shared = std::shared_ptr<Sessions>;

// One case for each of `statuses`: call(status) is to give it.
template <typename Call>
std::vector<StatusCase> each(std::initializer_list<pintle_status> statuses, const Call& call) {
  std::vector<StatusCase> cases;
  for (const pintle_status status : statuses) {
    cases.push_back({status, [=] { return call(status); }});
  }
  return cases;
}

pintle_status memory_of(const pintle_model* model) {
  size_t size_bytes;
  return pintle_session_memory(model, &size_bytes);
}

pintle_status create(const OpenModel& model, size_t missing, size_t shift) {
  size_t size_bytes = 0;
  pintle_session_memory(model.get(), &size_bytes);
  const AlignedBytes memory(std::vector<uint8_t>(size_bytes), shift);
  pintle_session* session = nullptr;
  const pintle_status status =
      pintle_session_create(model.get(), memory.data(), size_bytes - missing, &session, nullptr);
  pintle_session_destroy(session);
  return status;
}

pintle_status make(pintle_status wanted) {
  CountingAllocator allocator;
  const pintle_open_options options = allocator.options();
  const AlignedBytes file(plain_model().file());
  pintle_model* model = nullptr;
  pintle_model_open_memory(file.data(), file.size(), &options, &model, nullptr);
  if (wanted == PINTLE_ERR_OUT_OF_MEMORY) allocator.refuse();
  if (wanted == PINTLE_ERR_MISALIGNED) allocator.misalign();
  pintle_session* session = nullptr;
  const pintle_status status = pintle_session_new(
      wanted == PINTLE_ERR_INVALID_ARGUMENT ? nullptr : model, &session, nullptr);
  pintle_session_free(session);
  pintle_model_close(model);
  return status;
}

pintle_status recommend_batch(Sessions* s, pintle_status fault, bool in_parallel) {
  const uint32_t items[] = {1, 2, 3};
  const size_t offsets[] = {0, 3};
  const pintle_request request = s->request(fault);
  size_t done;
  if (!in_parallel) {
    return pintle_recommend_batch(s->batch.get(), items, offsets, 1, &request, s->out, &s->count,
                                  &done);
  }
  pintle_session* const sessions[] = {s->batch.get()};
  const pintle_executor executor = one_thread();
  return pintle_recommend_batch_parallel(sessions, 1, &executor, items, offsets, 1, &request,
                                         s->out, &s->count, &done);
}

pintle_status recommend_flat(Sessions* s, pintle_status fault) {
  const uint32_t knob = fault == PINTLE_ERR_UNKNOWN_NAME ? kUnknownKnob : 0;
  const float strength = fault == PINTLE_ERR_OUT_OF_RANGE ? kBeyondRange : 1;
  uint32_t items[10];
  return pintle_recommend_flat(s->with_history_unless(fault),
                               fault == PINTLE_ERR_INVALID_ARGUMENT ? 0 : 10, 0, &knob, &strength,
                               1, items, nullptr, nullptr, &s->count);
}

StatusTable making_statuses(const Shared& s) {
  return {
      {"pintle_session_memory",
       {{PINTLE_OK, [=] { return memory_of(s->model.get()); }},
        {PINTLE_ERR_INVALID_ARGUMENT, [] { return memory_of(nullptr); }}}},
      {"pintle_session_create",
       {{PINTLE_OK, [=] { return create(s->model, 0, 0); }},
        {PINTLE_ERR_BUFFER_TOO_SMALL, [=] { return create(s->model, 1, 0); }},
        {PINTLE_ERR_MISALIGNED, [=] { return create(s->model, 0, 32); }},
        {PINTLE_ERR_INVALID_ARGUMENT,
         [] { return pintle_session_create(nullptr, nullptr, 0, nullptr, nullptr); }},
        {PINTLE_ERR_OUT_OF_MEMORY, {}, "only XNNPACK allocates: out_of_memory_test"}}},
      {"pintle_session_new", each({PINTLE_OK, PINTLE_ERR_INVALID_ARGUMENT, PINTLE_ERR_OUT_OF_MEMORY,
                                   PINTLE_ERR_MISALIGNED},
                                  make)},
      {"pintle_session_append",
       each({PINTLE_OK, PINTLE_ERR_UNKNOWN_ITEM, PINTLE_ERR_INVALID_ARGUMENT},
            [=](pintle_status wanted) {
              const uint32_t item = wanted == PINTLE_ERR_UNKNOWN_ITEM ? kUnknownItem : 5;
              return pintle_session_append(
                  s->get(), wanted == PINTLE_ERR_INVALID_ARGUMENT ? nullptr : &item, 1);
            })},
      {"pintle_session_append_timed",
       each({PINTLE_OK, PINTLE_ERR_UNKNOWN_ITEM, PINTLE_ERR_INVALID_ARGUMENT},
            [=](pintle_status wanted) {
              const uint32_t item = wanted == PINTLE_ERR_UNKNOWN_ITEM ? kUnknownItem : 5;
              const int64_t time = wanted == PINTLE_ERR_INVALID_ARGUMENT ? PINTLE_LATEST + 1 : 5;
              return pintle_session_append_timed(s->get(), &item, &time, 1);
            })},
      {"pintle_session_get_history",
       {{PINTLE_OK,
         [=] { return pintle_session_get_history(s->get(), nullptr, nullptr, 0, &s->count); }},
        {PINTLE_ERR_INVALID_ARGUMENT,
         [=] { return pintle_session_get_history(s->get(), nullptr, nullptr, 0, nullptr); }}}},
      {"pintle_session_reset",
       {{PINTLE_OK, [=] { return pintle_session_reset(s->empty.get()); }},
        {PINTLE_ERR_INVALID_ARGUMENT, [] { return pintle_session_reset(nullptr); }}}},
      {"pintle_session_set_window_policy",
       {{PINTLE_OK, [=] { return pintle_session_set_window_policy(s->get(), PINTLE_WINDOW_HOP); }},
        {PINTLE_ERR_INVALID_ARGUMENT,
         [] { return pintle_session_set_window_policy(nullptr, PINTLE_WINDOW_HOP); }}}},
      {"pintle_session_event_count",
       {{PINTLE_OK, [=] { return pintle_session_event_count(s->get(), &s->count); }},
        {PINTLE_ERR_INVALID_ARGUMENT,
         [=] { return pintle_session_event_count(s->get(), nullptr); }}}},
      {"pintle_session_set_executor", each({PINTLE_OK, PINTLE_ERR_INVALID_ARGUMENT},
                                           [=](pintle_status wanted) {
                                             pintle_executor executor = one_thread();
                                             if (wanted == PINTLE_ERR_INVALID_ARGUMENT)
                                               executor.task_count = 0;
                                             return pintle_session_set_executor(s->get(),
                                                                                &executor);
                                           })},
      {"pintle_session_set_example",
       each({PINTLE_OK, PINTLE_ERR_UNKNOWN_ITEM, PINTLE_ERR_INVALID_ARGUMENT},
            [=](pintle_status wanted) {
              const uint32_t item = wanted == PINTLE_ERR_UNKNOWN_ITEM ? kUnknownItem : 5;
              return pintle_session_set_example(
                  s->get(), wanted == PINTLE_ERR_INVALID_ARGUMENT ? PINTLE_EXAMPLES : 0, &item, 1,
                  nullptr, 0);
            })},
      {"pintle_session_get_example",
       each({PINTLE_OK, PINTLE_ERR_UNKNOWN_NAME, PINTLE_ERR_UNKNOWN_ITEM,
             PINTLE_ERR_INVALID_ARGUMENT},
            [=](pintle_status wanted) {
              const uint32_t item = wanted == PINTLE_ERR_UNKNOWN_ITEM ? kUnknownItem : 5;
              const uint32_t liked = 5;
              uint32_t membership;
              pintle_session_set_example(s->get(), 0, &liked, 1, nullptr, 0);
              return pintle_session_get_example(
                  s->get(), wanted == PINTLE_ERR_UNKNOWN_NAME ? 1 : 0, item,
                  wanted == PINTLE_ERR_INVALID_ARGUMENT ? nullptr : &membership);
            })},
      {"pintle_session_get_scan",
       each({PINTLE_OK, PINTLE_ERR_INVALID_ARGUMENT},
            [=](pintle_status wanted) {
              pintle_scan_info info = PINTLE_SCAN_INFO_INIT;
              return pintle_session_get_scan(
                  s->get(), wanted == PINTLE_ERR_INVALID_ARGUMENT ? nullptr : &info);
            })},
  };
}

pintle_status give(const Shared& s, pintle_status fault) {
  pintle_feedback feedback = {PINTLE_FEEDBACK_LIKE, 3, 1, 0, PINTLE_NO_DATE, 0};
  if (fault == PINTLE_ERR_UNKNOWN_ITEM) feedback.target = kUnknownItem;
  if (fault == PINTLE_ERR_UNKNOWN_NAME) feedback.kind = PINTLE_FEEDBACK_MORE_OF;
  if (fault == PINTLE_ERR_UNKNOWN_NAME) feedback.target = kUnknownAttribute;
  if (fault == PINTLE_ERR_INVALID_ARGUMENT) feedback.weight = 2;
  return pintle_profile_give(s->get(), &feedback, nullptr);
}

StatusTable profile_statuses(const Shared& s) {
  return {
      {"pintle_profile_give", each({PINTLE_OK, PINTLE_ERR_UNKNOWN_ITEM, PINTLE_ERR_UNKNOWN_NAME,
                                    PINTLE_ERR_INVALID_ARGUMENT},
                                   [=](pintle_status wanted) { return give(s, wanted); })},
      {"pintle_profile_undo",
       each({PINTLE_OK, PINTLE_ERR_UNKNOWN_NAME, PINTLE_ERR_INVALID_ARGUMENT},
            [=](pintle_status wanted) {
              const pintle_feedback like = {PINTLE_FEEDBACK_LIKE, 3, 1, 0, PINTLE_NO_DATE, 0};
              uint64_t number = 0;
              pintle_profile_give(s->get(), &like, &number);
              return pintle_profile_undo(wanted == PINTLE_ERR_INVALID_ARGUMENT ? nullptr : s->get(),
                                         wanted == PINTLE_ERR_UNKNOWN_NAME ? number + 1 : number);
            })},
      {"pintle_profile_get_feedback",
       {{PINTLE_OK, [=] { return pintle_profile_get_feedback(s->get(), nullptr, 0, &s->count); }},
        {PINTLE_ERR_INVALID_ARGUMENT,
         [=] { return pintle_profile_get_feedback(s->get(), nullptr, 1, &s->count); }}}},
      {"pintle_profile_reset",
       {{PINTLE_OK, [=] { return pintle_profile_reset(s->get()); }},
        {PINTLE_ERR_INVALID_ARGUMENT, [] { return pintle_profile_reset(nullptr); }}}},
      {"pintle_profile_set_options", each({PINTLE_OK, PINTLE_ERR_INVALID_ARGUMENT},
                                          [=](pintle_status wanted) {
                                            pintle_profile_options options =
                                                PINTLE_PROFILE_OPTIONS_INIT;
                                            if (wanted == PINTLE_ERR_INVALID_ARGUMENT)
                                              options.trust = 2;
                                            return pintle_profile_set_options(s->get(), &options);
                                          })},
      {"pintle_profile_get_options",
       each({PINTLE_OK, PINTLE_ERR_INVALID_ARGUMENT},
            [=](pintle_status wanted) {
              pintle_profile_options options = PINTLE_PROFILE_OPTIONS_INIT;
              return pintle_profile_get_options(
                  s->get(), wanted == PINTLE_ERR_INVALID_ARGUMENT ? nullptr : &options);
            })},
      {"pintle_profile_explain",
       {{PINTLE_OK,
         [=] { return pintle_profile_explain(s->get(), PINTLE_NO_DATE, nullptr, 0, &s->count); }},
        {PINTLE_ERR_INVALID_ARGUMENT,
         [=] { return pintle_profile_explain(s->get(), INT64_MAX, nullptr, 0, &s->count); }}}},
      {"pintle_profile_describe",
       each({PINTLE_OK, PINTLE_ERR_UNKNOWN_NAME, PINTLE_ERR_BUFFER_TOO_SMALL,
             PINTLE_ERR_INVALID_ARGUMENT},
            [=](pintle_status wanted) {
              pintle_profile_part part = {0, 1, 1, 0, PINTLE_NO_DATE};
              if (wanted == PINTLE_ERR_UNKNOWN_NAME) part.attribute = kUnknownAttribute;
              char text[100];
              return pintle_profile_describe(
                  s->get(), wanted == PINTLE_ERR_INVALID_ARGUMENT ? nullptr : &part, text,
                  wanted == PINTLE_ERR_BUFFER_TOO_SMALL ? 5 : sizeof(text), nullptr);
            })},
      {"pintle_profile_explain_item",
       each({PINTLE_OK, PINTLE_ERR_UNKNOWN_ITEM, PINTLE_ERR_INVALID_ARGUMENT},
            [=](pintle_status wanted) {
              float offset;
              return pintle_profile_explain_item(
                  s->get(), wanted == PINTLE_ERR_UNKNOWN_ITEM ? kUnknownItem : 5, PINTLE_NO_DATE,
                  nullptr, 0, &s->count, wanted == PINTLE_ERR_INVALID_ARGUMENT ? nullptr : &offset);
            })},
  };
}

std::string saved(const Shared& s) {
  size_t size = 0;
  pintle_session_save(s->get(), nullptr, 0, &size);
  std::string bytes(size, ' ');
  pintle_session_save(s->get(), bytes.data(), size, &size);
  return bytes;
}

// A snapshot with that fault.
std::string snapshot(const Shared& s, pintle_status fault) {
  std::string bytes = saved(s);
  if (fault == PINTLE_ERR_CHECKSUM) bytes[bytes.size() / 2] ^= 1;
  if (fault == PINTLE_ERR_CORRUPT) bytes.resize(bytes.size() / 2);
  if (fault == PINTLE_ERR_NEWER_FORMAT) bytes = "{\"pintle_snapshot\":2}";
  return bytes;
}

StatusTable snapshot_statuses(const Shared& s) {
  return {
      {"pintle_session_save",
       {{PINTLE_OK, [=] { return pintle_session_save(s->get(), nullptr, 0, &s->count); }},
        {PINTLE_ERR_BUFFER_TOO_SMALL,
         [=] {
           char byte;
           return pintle_session_save(s->get(), &byte, 1, &s->count);
         }},
        {PINTLE_ERR_CORRUPT, {}, "text ids of a damaged file: model_fuzz_test"},
        {PINTLE_ERR_INVALID_ARGUMENT,
         [=] { return pintle_session_save(s->get(), nullptr, 0, nullptr); }}}},
      {"pintle_session_restore",
       each({PINTLE_OK, PINTLE_ERR_CORRUPT, PINTLE_ERR_CHECKSUM, PINTLE_ERR_NEWER_FORMAT,
             PINTLE_ERR_INVALID_ARGUMENT},
            [=](pintle_status wanted) {
              const std::string bytes = snapshot(s, wanted);
              return pintle_session_restore(
                  s->get(), wanted == PINTLE_ERR_INVALID_ARGUMENT ? nullptr : bytes.data(),
                  bytes.size(), nullptr);
            })},
      {"pintle_snapshot_check", each({PINTLE_OK, PINTLE_ERR_CORRUPT, PINTLE_ERR_CHECKSUM,
                                      PINTLE_ERR_NEWER_FORMAT, PINTLE_ERR_INVALID_ARGUMENT},
                                     [=](pintle_status wanted) {
                                       const std::string bytes = snapshot(s, wanted);
                                       return pintle_snapshot_check(
                                           wanted == PINTLE_ERR_INVALID_ARGUMENT ? nullptr
                                                                                 : bytes.data(),
                                           bytes.size(), nullptr);
                                     })},
  };
}

StatusTable listing_statuses(const Shared& s) {
  return {
      {"pintle_recommend",
       each({PINTLE_OK, PINTLE_ERR_EMPTY_HISTORY, PINTLE_ERR_UNKNOWN_ITEM, PINTLE_ERR_UNKNOWN_NAME,
             PINTLE_ERR_OUT_OF_RANGE, PINTLE_ERR_INVALID_ARGUMENT},
            [=](pintle_status wanted) {
              const pintle_request request = s->request(wanted);
              return pintle_recommend(s->with_history_unless(wanted), &request, s->out, &s->count);
            })},
      {"pintle_recommend_flat",
       each({PINTLE_OK, PINTLE_ERR_EMPTY_HISTORY, PINTLE_ERR_UNKNOWN_NAME, PINTLE_ERR_OUT_OF_RANGE,
             PINTLE_ERR_INVALID_ARGUMENT},
            [=](pintle_status wanted) { return recommend_flat(s.get(), wanted); })},
      {"pintle_score",
       each({PINTLE_OK, PINTLE_ERR_EMPTY_HISTORY, PINTLE_ERR_UNKNOWN_ITEM,
             PINTLE_ERR_INVALID_ARGUMENT},
            [=](pintle_status wanted) {
              const uint32_t item = wanted == PINTLE_ERR_UNKNOWN_ITEM ? kUnknownItem : 5;
              float score;
              return pintle_score(s->with_history_unless(wanted), &item, 1,
                                  wanted == PINTLE_ERR_INVALID_ARGUMENT ? nullptr : &score);
            })},
      {"pintle_recommend_batch",
       each({PINTLE_OK, PINTLE_ERR_UNKNOWN_ITEM, PINTLE_ERR_UNKNOWN_NAME, PINTLE_ERR_OUT_OF_RANGE,
             PINTLE_ERR_INVALID_ARGUMENT},
            [=](pintle_status wanted) { return recommend_batch(s.get(), wanted, false); })},
      {"pintle_recommend_batch_parallel",
       each({PINTLE_OK, PINTLE_ERR_UNKNOWN_ITEM, PINTLE_ERR_UNKNOWN_NAME, PINTLE_ERR_OUT_OF_RANGE,
             PINTLE_ERR_INVALID_ARGUMENT},
            [=](pintle_status wanted) { return recommend_batch(s.get(), wanted, true); })},
  };
}

StatusTable explaining_statuses(const Shared& s) {
  const auto list_statuses = {PINTLE_OK,
                              PINTLE_ERR_EMPTY_HISTORY,
                              PINTLE_ERR_UNKNOWN_ITEM,
                              PINTLE_ERR_UNKNOWN_NAME,
                              PINTLE_ERR_OUT_OF_RANGE,
                              PINTLE_ERR_INVALID_ARGUMENT};
  return {
      {"pintle_explain_list", each(list_statuses,
                                   [=](pintle_status wanted) {
                                     const pintle_request request = s->request(wanted);
                                     return pintle_explain_list(s->with_history_unless(wanted),
                                                                &request, s->entries, &s->count,
                                                                nullptr, nullptr);
                                   })},
      {"pintle_explain_entry", each(list_statuses,
                                    [=](pintle_status wanted) {
                                      const pintle_request request = s->request(wanted);
                                      return pintle_explain_entry(s->with_history_unless(wanted),
                                                                  &request, 1, s->reasons, 4,
                                                                  &s->count);
                                    })},
      {"pintle_active_features",
       each({PINTLE_OK, PINTLE_ERR_EMPTY_HISTORY, PINTLE_ERR_UNKNOWN_NAME,
             PINTLE_ERR_INVALID_ARGUMENT},
            [=](pintle_status wanted) {
              const uint32_t sae = wanted == PINTLE_ERR_UNKNOWN_NAME ? kUnknownSae : 0;
              return pintle_active_features(
                  s->with_history_unless(wanted), sae, nullptr, 0,
                  wanted == PINTLE_ERR_INVALID_ARGUMENT ? nullptr : &s->count);
            })},
      {"pintle_explain_features",
       each({PINTLE_OK, PINTLE_ERR_EMPTY_HISTORY, PINTLE_ERR_UNKNOWN_NAME, PINTLE_ERR_UNKNOWN_ITEM,
             PINTLE_ERR_INVALID_ARGUMENT},
            [=](pintle_status wanted) {
              const uint32_t sae = wanted == PINTLE_ERR_UNKNOWN_NAME ? kUnknownSae : 0;
              const uint32_t item = wanted == PINTLE_ERR_UNKNOWN_ITEM ? kUnknownItem : 5;
              float score, rest;
              return pintle_explain_features(
                  s->with_history_unless(wanted), sae, item, nullptr, 0, &s->count, &score,
                  wanted == PINTLE_ERR_INVALID_ARGUMENT ? nullptr : &rest);
            })},
      {"pintle_explain_events",
       each({PINTLE_OK, PINTLE_ERR_EMPTY_HISTORY, PINTLE_ERR_UNKNOWN_ITEM,
             PINTLE_ERR_INVALID_ARGUMENT},
            [=](pintle_status wanted) {
              const uint32_t item = wanted == PINTLE_ERR_UNKNOWN_ITEM ? kUnknownItem : 5;
              return pintle_explain_events(
                  s->with_history_unless(wanted), item, nullptr, 0,
                  wanted == PINTLE_ERR_INVALID_ARGUMENT ? nullptr : &s->count);
            })},
      {"pintle_session_state", each({PINTLE_OK, PINTLE_ERR_EMPTY_HISTORY, PINTLE_ERR_UNKNOWN_NAME,
                                     PINTLE_ERR_BUFFER_TOO_SMALL, PINTLE_ERR_INVALID_ARGUMENT},
                                    [=](pintle_status wanted) {
                                      float state[12];
                                      return pintle_session_state(
                                          s->with_history_unless(wanted),
                                          wanted == PINTLE_ERR_UNKNOWN_NAME ? "block:2" : "block:1",
                                          wanted == PINTLE_ERR_INVALID_ARGUMENT ? nullptr : state,
                                          wanted == PINTLE_ERR_BUFFER_TOO_SMALL ? 11 : 12);
                                    })},
  };
}

}  // namespace

StatusTable session_statuses() {
  const auto s = std::make_shared<Sessions>();
  StatusTable table;
  for (const StatusTable& part : {making_statuses(s), profile_statuses(s), snapshot_statuses(s),
                                  listing_statuses(s), explaining_statuses(s)}) {
    table.insert(table.end(), part.begin(), part.end());
  }
  return table;
}

}  // namespace pintle::test
