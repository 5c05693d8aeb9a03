// SPDX-License-Identifier: Apache-2.0
//
// People of a log whose taste is changed on purpose.
#ifndef PINTLE_CONVERTER_SIMULATION_PERSONS_H_
#define PINTLE_CONVERTER_SIMULATION_PERSONS_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "converter/run/histories.h"
#include "converter/simulation/item_facts.h"

namespace pintle::converter {

enum class Persona {
  // Has had enough of an attribute that is common in their list: they like what they really went on to, as far as
  // it is without it.
  kAvoids,
  // Takes to an attribute that they hardly had: they like what people of a similar state who have it liked of it.
  kWants,
  // Really changed: their later half differs from the first by its attributes more than most people's. What they
  // went on to is what they say, in order.
  kChanged,
  // Says anything of anything.
  kRandom
};
inline constexpr Persona kPersonas[] = {Persona::kAvoids, Persona::kWants, Persona::kChanged,
                                        Persona::kRandom};
const char* persona_name(Persona persona);

struct Person {
  uint64_t seed;  // of all that is random about them
  std::vector<uint32_t> history;
  std::vector<uint32_t> liked;  // kAvoids, kWants: what they would like, that feedback may be about
  std::vector<uint32_t> taken;  // kChanged: what they take next, in order
  std::vector<uint32_t> targets;  // what lists are measured by; no feedback is about them
  uint32_t attribute = 0;         // kAvoids, kWants
};

struct PersonOptions {
  size_t most = 600;         // people a persona
  size_t least_events = 60;  // of a history; 30 at least
  size_t least_items = 100;  // of an attribute that tastes change by
  uint64_t seed = 1;
};

// The same for the same seed. Throws Error if there is nobody of that kind.
std::vector<Person> make_persons(const Model& model, const ItemFacts& facts,
                                 const Histories& histories, Persona persona,
                                 const PersonOptions& options);

}  // namespace pintle::converter

#endif  // PINTLE_CONVERTER_SIMULATION_PERSONS_H_
