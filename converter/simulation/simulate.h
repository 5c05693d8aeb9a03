// SPDX-License-Identifier: Apache-2.0
//
// Held-out people whose taste is changed on purpose, and what each way of learning makes of their feedback.
#ifndef PINTLE_CONVERTER_SIMULATION_SIMULATE_H_
#define PINTLE_CONVERTER_SIMULATION_SIMULATE_H_

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "converter/features/bootstrap.h"
#include "converter/io/thread_pool.h"
#include "converter/simulation/persons.h"
#include "converter/simulation/reactions.h"

namespace pintle::converter {

// Numbers of feedback after which lists are measured.
inline constexpr size_t kCheckpoints[] = {0, 1, 3, 5, 10, 20};
inline constexpr size_t kCheckpointCount = 6, kFive = 3, kTwenty = 5;  // places of 5 and 20

struct SimulationOptions {
  PersonOptions persons;
  double flips = 0.1;
};

// One way of learning with the people of one persona.
struct MethodTrial {
  Persona persona;
  std::string method;
  bool has_profile = false;
  // [checkpoint][person]: NDCG@10 of a list of ten with the person's targets.
  std::vector<std::vector<double>> ndcg;

  // (NDCG after 5 - before) / (after 20 - before), with its interval over people.
  double share_after_five() const;
  Interval share_interval() const;
};

struct Simulation {
  size_t users = 0;  // of the interactions
  std::map<Persona, size_t>
      persons;  // measured, of each persona; others chose the baselines' constants
  std::vector<MethodTrial> trials;
  std::vector<std::string> notes;  // which constants were chosen, who could not be simulated

  // Pairs of one persona, a method with the profile before one without.
  std::vector<std::pair<const MethodTrial*, const MethodTrial*>> pairs_against_profile() const;
};

// model: opened with PINTLE_OPEN_PROFILE. The same for the same options, whatever the pool.
Simulation simulate(const Model& model, const Histories& histories,
                    const SimulationOptions& options, ThreadPool* pool);

}  // namespace pintle::converter

#endif  // PINTLE_CONVERTER_SIMULATION_SIMULATE_H_
