// SPDX-License-Identifier: Apache-2.0
#include "converter/run/histories.h"

#include <algorithm>
#include <unordered_set>

#include "converter/io/error.h"
#include "converter/io/log_ids.h"
#include "converter/run/runtime_model.h"

namespace pintle::converter {

Histories map_histories(const Model& model, const Interactions& interactions) {
  std::vector<int64_t> item_of(interactions.item_names.size(), -1);
  for (size_t i = 0; i < item_of.size(); ++i) {
    uint32_t item = 0;
    if (find_item(model, interactions.item_names[i], &item)) item_of[i] = item;
  }
  Histories histories;
  histories.users = interactions.users;
  for (const std::vector<size_t>& events : interactions.items) {
    std::vector<uint32_t>& items = histories.items.emplace_back();
    for (size_t event : events) {
      if (item_of[event] < 0) {
        ++histories.unknown_events;
      } else {
        items.push_back(static_cast<uint32_t>(item_of[event]));
      }
    }
  }
  return histories;
}

std::vector<std::string> fitting_notes(const Model& model, const Interactions& interactions,
                                       bool force) {
  std::vector<std::string> model_ids;
  const pintle_model_info info = model.info();
  for (uint32_t item = 0; item < info.item_count; ++item) {
    if (has_item(info, item)) model_ids.push_back(item_id(model, item));
  }
  const LogIds ids = compare_ids(interactions, model_ids);
  ids.require_fit(force);
  std::vector<std::string> notes = interactions.notes;
  if (!ids.note.empty()) notes.push_back(ids.note);
  return notes;
}

Interactions select_users(const Interactions& interactions, const std::string& path) {
  const std::vector<std::string> names = read_id_list(path);
  std::unordered_set<std::string> wanted(names.begin(), names.end());
  Interactions selected;
  selected.item_names = interactions.item_names;
  selected.notes = interactions.notes;
  selected.typed_header = interactions.typed_header;
  for (size_t u = 0; u < interactions.users.size(); ++u) {
    if (wanted.erase(interactions.users[u]) == 0) continue;
    selected.users.push_back(interactions.users[u]);
    selected.items.push_back(interactions.items[u]);
    selected.event_count += interactions.items[u].size();
  }
  if (!wanted.empty()) {
    throw Error(path + ": names the user " + *wanted.begin() + ", who is not in the interactions");
  }
  return selected;
}

Histories take_part(const Histories& histories, size_t part, size_t parts) {
  Histories taken;
  for (size_t u = part; u < histories.users.size(); u += parts) {
    taken.users.push_back(histories.users[u]);
    taken.items.push_back(histories.items[u]);
  }
  return taken;
}

Histories sample_users_with_events(const Histories& histories, size_t users) {
  std::vector<size_t> known;
  for (size_t u = 0; u < histories.items.size(); ++u) {
    if (!histories.items[u].empty()) known.push_back(u);
  }
  const size_t count = std::min(users, known.size());
  Histories taken;
  for (size_t i = 0; i < count; ++i) {
    const size_t user = known[i * known.size() / count];
    taken.users.push_back(histories.users[user]);
    taken.items.push_back(histories.items[user]);
  }
  return taken;
}

}  // namespace pintle::converter
