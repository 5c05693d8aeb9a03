// SPDX-License-Identifier: Apache-2.0
#include "converter/run/harvest.h"

#include <algorithm>

#include "converter/io/error.h"
#include "converter/io/progress.h"
#include "converter/run/runtime_model.h"

namespace pintle::converter {
namespace {

// Users whose states are held at once: enough to keep every thread busy between two visits.
constexpr size_t kUsersAtOnce = 256;

void run_user(const Histories& histories, size_t user, const pintle_model_info& info,
              const std::string& hook, Session* session, UserStates* result) {
  const std::vector<uint32_t>& items = histories.items[user];
  const size_t kept = std::min<size_t>(items.size(), info.window);
  result->user = user;
  result->items.assign(items.end() - static_cast<std::ptrdiff_t>(kept), items.end());
  result->states.resize(kept * info.dim);
  const std::string what = "reading the state at hook " + hook;
  require(session->reset(), what);
  for (size_t t = 0; t < kept; ++t) {
    require(session->append(result->items[t]), what);
    const std::vector<float> state = require(session->state(hook), what);
    std::copy(state.begin(), state.end(), &result->states[t * info.dim]);
  }
}

}  // namespace

void harvest_states(const Model& model, const Histories& histories, const Hook& hook,
                    ThreadPool* pool, const std::function<void(const UserStates&)>& visit) {
  const pintle_model_info info = model.info();
  const std::string name = hook_name(hook);
  if (hook.place != HookPlace::kLast && hook.index >= static_cast<int64_t>(info.layer_count)) {
    throw Error("the hook " + name + " does not exist: the model has " +
                std::to_string(info.layer_count) + " blocks, counted from 0");
  }
  std::vector<Session> sessions;
  for (int i = 0; i < pool->size(); ++i) sessions.push_back(new_session(model));
  Progress progress("running the model over", "users", histories.users.size());
  std::vector<UserStates> results(kUsersAtOnce);
  for (size_t first = 0; first < histories.users.size(); first += kUsersAtOnce) {
    const size_t count = std::min(kUsersAtOnce, histories.users.size() - first);
    pool->for_each(count, [&](size_t i, int worker) {
      run_user(histories, first + i, info, name, &sessions[static_cast<size_t>(worker)],
               &results[i]);
    });
    for (size_t i = 0; i < count; ++i) visit(results[i]);
    progress.advance(count);
  }
}

}  // namespace pintle::converter
