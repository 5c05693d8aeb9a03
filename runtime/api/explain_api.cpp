// SPDX-License-Identifier: Apache-2.0
//
// The C entry points that explain: check arguments, call the core, nothing else.
#include <string.h>

#include "runtime/api/request.h"
#include "runtime/api/session_call.h"
#include "runtime/calls/explain.h"
#include "runtime/calls/explain_list.h"
#include "runtime/network/transformer.h"
#include "schema/hooks.h"

namespace internal = pintle::internal;
using internal::begin_call;
using internal::Session;

namespace {

pintle_status check_sae(const Session& session, uint32_t sae) {
  if (sae < session.model->sae_count) return PINTLE_OK;
  return session.fault()(PINTLE_ERR_UNKNOWN_NAME, "SAE %u, of a model with %u", sae,
                         session.model->sae_count);
}

}  // namespace

pintle_status pintle_explain_list(pintle_session* handle, const pintle_request* given,
                                  pintle_list_entry* entries, size_t* count,
                                  pintle_rule_result* results, pintle_list_info* info) {
  Session* session = begin_call(handle);
  if (session == nullptr) return PINTLE_ERR_INVALID_ARGUMENT;
  if (entries == nullptr || count == nullptr || (info != nullptr && !internal::is_sized(info))) {
    return internal::null_argument(*session, "entries, count, or the info's struct_size");
  }
  internal::Request request;
  PINTLE_TRY(request.read(given, session->fault()));
  pintle_list_info result = PINTLE_LIST_INFO_INIT;
  PINTLE_TRY(internal::explain_list(session, request.get(), entries, count, results, &result));
  if (info != nullptr) internal::write_struct(result, info);
  return PINTLE_OK;
}

pintle_status pintle_explain_entry(pintle_session* handle, const pintle_request* given, size_t rank,
                                   pintle_reason* reasons, size_t capacity, size_t* count) {
  Session* session = begin_call(handle);
  if (session == nullptr) return PINTLE_ERR_INVALID_ARGUMENT;
  if (count == nullptr || (reasons == nullptr && capacity > 0)) {
    return internal::null_argument(*session, "reasons or count");
  }
  internal::Request request;
  PINTLE_TRY(request.read(given, session->fault()));
  return internal::explain_entry(session, request.get(), rank, reasons, capacity, count);
}

pintle_status pintle_active_features(pintle_session* handle, uint32_t sae,
                                     pintle_feature_value* out, size_t capacity, size_t* count) {
  Session* session = begin_call(handle);
  if (session == nullptr) return PINTLE_ERR_INVALID_ARGUMENT;
  if (count == nullptr || (out == nullptr && capacity > 0)) {
    return internal::null_argument(*session, "out or count");
  }
  PINTLE_TRY(internal::check_history(*session));
  PINTLE_TRY(check_sae(*session, sae));
  internal::active_features(session, sae, out, capacity, count);
  return PINTLE_OK;
}

pintle_status pintle_explain_features(pintle_session* handle, uint32_t sae, uint32_t item,
                                      pintle_feature_value* out, size_t capacity, size_t* count,
                                      float* score, float* remainder) {
  Session* session = begin_call(handle);
  if (session == nullptr) return PINTLE_ERR_INVALID_ARGUMENT;
  if (count == nullptr || score == nullptr || remainder == nullptr ||
      (out == nullptr && capacity > 0)) {
    return internal::null_argument(*session, "out, count, score or remainder");
  }
  PINTLE_TRY(internal::check_history(*session));
  PINTLE_TRY(check_sae(*session, sae));
  return internal::explain_features(session, sae, item, out, capacity, count, score, remainder);
}

pintle_status pintle_explain_events(pintle_session* handle, uint32_t item, pintle_event_effect* out,
                                    size_t capacity, size_t* count) {
  Session* session = begin_call(handle);
  if (session == nullptr) return PINTLE_ERR_INVALID_ARGUMENT;
  if (count == nullptr || (out == nullptr && capacity > 0)) {
    return internal::null_argument(*session, "out or count");
  }
  PINTLE_TRY(internal::check_history(*session));
  return internal::explain_events(session, item, out, capacity, count);
}

pintle_status pintle_session_state(pintle_session* handle, const char* hook, float* state,
                                   size_t capacity) {
  Session* session = begin_call(handle);
  if (session == nullptr) return PINTLE_ERR_INVALID_ARGUMENT;
  if (hook == nullptr || state == nullptr)
    return internal::null_argument(*session, "hook or state");
  PINTLE_TRY(internal::check_history(*session));
  const internal::Model& model = *session->model;
  pintle::fb::HookKind kind = pintle::fb::HookKind_Last;
  uint32_t layer = 0;
  if (!pintle::format::parse_hook(hook, &kind, &layer) || layer >= model.layer_count) {
    return session->fault()(
        PINTLE_ERR_UNKNOWN_NAME,
        "the hooks are block:0 to block:%u, mlp:0 to mlp:%u and last; none is called \"%s\"",
        model.layer_count - 1, model.layer_count - 1, hook);
  }
  if (capacity < model.dim) {
    return session->fault()(PINTLE_ERR_BUFFER_TOO_SMALL, "the state has %u floats, room is for %zu",
                            model.dim, capacity);
  }
  internal::update_hidden(session);
  memcpy(state, internal::hook_state(*session, kind, layer), model.dim * sizeof(float));
  return PINTLE_OK;
}
