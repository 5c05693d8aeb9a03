// SPDX-License-Identifier: Apache-2.0
//
// What simulated people do with a list: which entries they look at, and what they say of them.
#ifndef PINTLE_CONVERTER_SIMULATION_REACTIONS_H_
#define PINTLE_CONVERTER_SIMULATION_REACTIONS_H_

#include <cstdint>
#include <vector>

#include "converter/sae_training/random.h"
#include "converter/simulation/persons.h"
#include "pintle/pintle.h"

namespace pintle::converter {

struct ReactionOptions {
  double flips = 0.1;   // of what people say, the opposite of what they mean
  bool states = false;  // their first word names the attribute: MORE_OF, LESS_OF
};

// One person's reactions, in the order of their lists. The entry of rank r is looked at with probability
// 1 / log2(r + 1), r from 1 (position bias).
class Reactions {
 public:
  Reactions(const ItemFacts& facts, Persona persona, const Person& person,
            const ReactionOptions& options);

  // Feedback on a list; none is about a target, nor about an item that had some before.
  std::vector<pintle_feedback> react(const std::vector<uint32_t>& list);
  // kChanged: no more is to come.
  bool is_over() const { return persona_ == Persona::kChanged && next_ == person_.taken.size(); }

 private:
  bool would_like(uint32_t item) const;
  bool says(uint32_t item, bool likes, std::vector<pintle_feedback>* said);
  void look(uint32_t item, std::vector<pintle_feedback>* said);

  const ItemFacts& facts_;
  const Persona persona_;
  const Person& person_;
  const ReactionOptions options_;
  Random random_;
  double least_likeness_ = 1;
  std::vector<uint32_t> found_;  // kWants: what they come upon elsewhere
  std::vector<bool> is_done_;    // targets, and what feedback was about
  size_t next_ = 0;
  bool has_stated_ = false;
};

}  // namespace pintle::converter

#endif  // PINTLE_CONVERTER_SIMULATION_REACTIONS_H_
