// SPDX-License-Identifier: Apache-2.0
//
// The C entry points of groups by example: check arguments, call the core, nothing else.
#include "runtime/api/session_call.h"
#include "runtime/lists/example.h"

namespace internal = pintle::internal;
using internal::begin_call;
using internal::Session;

pintle_status pintle_session_set_example(pintle_session* handle, uint32_t example,
                                         const uint32_t* like, size_t like_count,
                                         const uint32_t* unlike, size_t unlike_count) {
  Session* session = begin_call(handle);
  if (session == nullptr) return PINTLE_ERR_INVALID_ARGUMENT;
  if ((like == nullptr && like_count > 0) || (unlike == nullptr && unlike_count > 0)) {
    return internal::null_argument(*session, "like or unlike");
  }
  return internal::set_example(session, example, {like, like_count}, {unlike, unlike_count});
}

pintle_status pintle_session_get_example(const pintle_session* handle, uint32_t example,
                                         uint32_t item, uint32_t* membership) {
  const Session* session = begin_call(handle);
  if (session == nullptr) return PINTLE_ERR_INVALID_ARGUMENT;
  if (membership == nullptr) return internal::null_argument(*session, "membership");
  if (example >= PINTLE_EXAMPLES || (session->list.examples_set >> example & 1) == 0) {
    return session->fault()(PINTLE_ERR_UNKNOWN_NAME, "example %u is not set", example);
  }
  if (item >= session->model->item_count) {
    return session->fault()(PINTLE_ERR_UNKNOWN_ITEM, "item %u, of a catalogue of %u", item,
                            session->model->item_count);
  }
  *membership = session->list.example_level(example, item);
  return PINTLE_OK;
}
