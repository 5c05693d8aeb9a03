// SPDX-License-Identifier: Apache-2.0
//
// What an app could do with feedback: the profile, and what it is compared with.
#ifndef PINTLE_CONVERTER_SIMULATION_LEARNERS_H_
#define PINTLE_CONVERTER_SIMULATION_LEARNERS_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "converter/simulation/item_facts.h"
#include "pintle/pintle.hpp"

namespace pintle::converter {

// Whether feedback is for its item (1), against it (-1), or says nothing of others (0).
int side_of(uint32_t kind);

class Learner {
 public:
  virtual ~Learner() = default;
  // Somebody new.
  virtual void begin(const std::vector<uint32_t>& history) = 0;
  // The list that they are shown: ten without `denied` items.
  virtual std::vector<uint32_t> show(const std::vector<uint32_t>& denied) = 0;
  // The same, for measuring: the learner does not know of it.
  virtual std::vector<uint32_t> peek(const std::vector<uint32_t>& denied) = 0;
  virtual void learn(const pintle_feedback& feedback) = 0;
};

// Of a model opened with PINTLE_OPEN_PROFILE. appends: items that feedback is for become events.
std::unique_ptr<Learner> session_learner(const Model& model, bool appends, bool has_profile);

// The network's scores plus offsets that an app makes of the feedback so far by itself. Appends as above.
using OffsetRule = std::function<std::vector<double>(const ItemFacts& facts,
                                                     const std::vector<pintle_feedback>& feedback)>;
std::unique_ptr<Learner> offset_learner(const Model& model, const ItemFacts& facts, bool appends,
                                        OffsetRule rule);
// An attribute's offset: gain * (for - against) / (for + against + prior). What is said of the attribute itself counts as
// kStated items.
inline constexpr double kStated = 20;
OffsetRule reweight_attributes(double gain, double prior);
// An item's: gain for it or against it, and of its nearest by how much their cosine is above one half.
OffsetRule bias_items(double gain);

}  // namespace pintle::converter

#endif  // PINTLE_CONVERTER_SIMULATION_LEARNERS_H_
