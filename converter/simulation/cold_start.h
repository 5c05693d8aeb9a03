// SPDX-License-Identifier: Apache-2.0
//
// What people get of whom little is known yet: after their first events, or when they were asked what they like.
#ifndef PINTLE_CONVERTER_SIMULATION_COLD_START_H_
#define PINTLE_CONVERTER_SIMULATION_COLD_START_H_

#include <cstddef>
#include <string>
#include <vector>

#include "converter/io/thread_pool.h"
#include "converter/run/histories.h"

namespace pintle::converter {

// Numbers of events that a device knows of.
inline constexpr size_t kKnownEvents[] = {0, 1, 3, 5, 10};
inline constexpr size_t kKnownCount = 5;

struct ColdStartOptions {
  size_t least_items = 100;  // of an attribute that people are asked about
};

// One way of making lists of ten.
struct ColdStartMethod {
  std::string name;
  // [place in kKnownEvents][person]: whether the next item is in the list.
  std::vector<std::vector<double>> hits;
};

struct ColdStart {
  size_t people = 0;  // reported; as many others chose the weights
  // For every place of kKnownEvents the weight of the log of popularity, added to the network's logits, with which the
  // others' lists come out best; at no events there is no network's list, and it is 1.
  std::vector<double> prior_weights;
  double tilt =
      0;  // nats of the odds of the attributes asked for, that suits lists by popularity best
  std::vector<ColdStartMethod> methods;  // the first two: by popularity, by the network as it is
};

// The next item is each history's last, and the device knows of those right before it; what the person had before these
// says which three attributes and which five well-known items they name when asked. Nothing that they had is listed.
// model: opened with PINTLE_OPEN_PROFILE. Throws Error if it has no popularity, or if nobody has enough events.
ColdStart measure_cold_start(const Model& model, const Histories& histories,
                             const ColdStartOptions& options, ThreadPool* pool);

}  // namespace pintle::converter

#endif  // PINTLE_CONVERTER_SIMULATION_COLD_START_H_
