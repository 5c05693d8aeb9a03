// SPDX-License-Identifier: Apache-2.0
#ifndef PINTLE_RUNTIME_CALLS_EXPLAIN_LIST_H_
#define PINTLE_RUNTIME_CALLS_EXPLAIN_LIST_H_

#include "runtime/session/session.h"
#include "runtime/support/status.h"

namespace pintle::internal {

// pintle_explain_list; see there. results, info: null for none.
Status explain_list(Session* session, const pintle_request& request, pintle_list_entry* entries,
                    size_t* count, pintle_rule_result* results, pintle_list_info* info);

// pintle_explain_entry; see there.
Status explain_entry(Session* session, const pintle_request& request, size_t rank,
                     pintle_reason* reasons, size_t capacity, size_t* count);

}  // namespace pintle::internal

#endif  // PINTLE_RUNTIME_CALLS_EXPLAIN_LIST_H_
