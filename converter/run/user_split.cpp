// SPDX-License-Identifier: Apache-2.0
#include "converter/run/user_split.h"

#include <unordered_set>

#include "converter/io/error.h"

namespace pintle::converter {
namespace {

using Names = std::unordered_set<std::string>;

Names names_of(const Histories& histories) {
  return {histories.users.begin(), histories.users.end()};
}

Histories all_but(const Histories& histories, const Names& names) {
  Histories rest;
  for (size_t u = 0; u < histories.users.size(); ++u) {
    if (names.count(histories.users[u]) != 0) continue;
    rest.users.push_back(histories.users[u]);
    rest.items.push_back(histories.items[u]);
  }
  return rest;
}

std::string count_text(const Histories& histories) {
  return std::to_string(histories.users.size()) + " users";
}

}  // namespace

UserSplit split_users(const Model& model, const Interactions& interactions,
                      const std::string& train_path, const std::string& held_out_path) {
  const auto named = [&](const std::string& path) {
    return map_histories(model, select_users(interactions, path));
  };
  UserSplit split;
  std::string train_how, held_out_how;
  if (train_path.empty() && held_out_path.empty()) {
    const Histories all = map_histories(model, interactions);
    split.train = take_part(all, 0, 2);
    split.held_out = take_part(all, 1, 2);
    train_how = "every second one from the first";
    held_out_how = "every second one from the second";
  } else {
    if (!train_path.empty()) split.train = named(train_path);
    if (!held_out_path.empty()) split.held_out = named(held_out_path);
    train_how = train_path.empty() ? "all others" : train_path;
    held_out_how = held_out_path.empty() ? "all others" : held_out_path;
    if (train_path.empty() || held_out_path.empty()) {
      const Histories all = map_histories(model, interactions);
      if (train_path.empty()) split.train = all_but(all, names_of(split.held_out));
      if (held_out_path.empty()) split.held_out = all_but(all, names_of(split.train));
    }
  }
  const Names train = names_of(split.train);
  for (const std::string& user : split.held_out.users) {
    if (train.count(user) == 0) continue;
    throw Error("the user " + user + " is named by both " + train_path + " and " + held_out_path +
                ": nothing can be held out of what was trained on it");
  }
  if (split.train.users.empty()) throw Error("no user is left to train on");
  if (split.held_out.users.empty()) throw Error("no user is left to measure on");
  split.description = "train: " + count_text(split.train) + " (" + train_how +
                      "); held out: " + count_text(split.held_out) + " (" + held_out_how + ")";
  return split;
}

}  // namespace pintle::converter
