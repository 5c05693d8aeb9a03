// SPDX-License-Identifier: Apache-2.0
//
// For every function of pintle.h that returns a status, each of its statuses and a call that gives it.
#ifndef PINTLE_TESTS_API_STATUS_TABLE_H_
#define PINTLE_TESTS_API_STATUS_TABLE_H_

#include <functional>
#include <string>
#include <vector>

#include "pintle/pintle.h"

namespace pintle::test {

struct StatusCase {
  pintle_status status;
  std::function<pintle_status()> provoke;
  std::string why_not = {};  // provoke is empty: nothing here can provoke it
};

struct FunctionStatuses {
  std::string function;
  std::vector<StatusCase> cases;
};
using StatusTable = std::vector<FunctionStatuses>;

// Opening models, what a model holds, and sessions with all that they do. The calls own what they need.
StatusTable opening_statuses();
StatusTable model_statuses();
StatusTable session_statuses();

}  // namespace pintle::test

#endif  // PINTLE_TESTS_API_STATUS_TABLE_H_
