// SPDX-License-Identifier: Apache-2.0
#ifndef PINTLE_CONVERTER_RUN_HISTORIES_H_
#define PINTLE_CONVERTER_RUN_HISTORIES_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "converter/io/interactions.h"
#include "pintle/pintle.hpp"

namespace pintle::converter {

// Users' events as items of a model, oldest first. Events whose item the model lacks are left out.
struct Histories {
  std::vector<std::string> users;
  std::vector<std::vector<uint32_t>> items;
  size_t unknown_events = 0;
};

Histories map_histories(const Model& model, const Interactions& interactions);

// The log's notes with one about ids that the model lacks. Throws Error if it lacks most, unless
// `force`.
std::vector<std::string> fitting_notes(const Model& model, const Interactions& interactions,
                                       bool force);

// Only the users that the file at `path` names, ids separated by white space, in the order of
// `interactions`. Throws Error if it names one that the interactions lack.
Interactions select_users(const Interactions& interactions, const std::string& path);

// Only the users i with i % parts == part, part < parts.
Histories take_part(const Histories& histories, size_t part, size_t parts);

// At most so many of the users that have events, evenly over all: logs are often sorted by something.
Histories sample_users_with_events(const Histories& histories, size_t users);

}  // namespace pintle::converter

#endif  // PINTLE_CONVERTER_RUN_HISTORIES_H_
