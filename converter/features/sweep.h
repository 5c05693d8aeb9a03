// SPDX-License-Identifier: Apache-2.0
//
// Control curves: what a list holds, and what it is worth, as a knob turns; and the same for the
// simpler ways to move an attribute's share.
#ifndef PINTLE_CONVERTER_FEATURES_SWEEP_H_
#define PINTLE_CONVERTER_FEATURES_SWEEP_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "converter/io/thread_pool.h"
#include "converter/network/hook.h"
#include "converter/run/histories.h"
#include "converter/run/steered_lists.h"

namespace pintle::converter {

enum class SweepKind {
  kKnob,       // a knob of the model
  kReweight,   // adds the strength to the score of every item that has the attribute
  kFeature,    // adds to one SAE feature, in units of its 95th percentile
  kDirection,  // adds strength * (mean state where the event has the attribute - mean elsewhere)
};

struct SweepMethod {
  SweepKind kind = SweepKind::kKnob;
  std::string name;               // as it was written
  uint32_t knob = 0;              // kKnob
  uint32_t sae = 0, feature = 0;  // kFeature
};

// "knob", "reweight", "direction" or "feature:[SAE:]INDEX"; knob is left 0. Throws Error.
SweepMethod parse_sweep_method(const Model& model, const std::string& text);

struct SweepOptions {
  std::optional<uint32_t> attribute;  // whose share is steered; kReweight and kDirection need it
  std::vector<float> strengths;
  uint32_t flags = 0;                              // PINTLE_STEER_*
  Hook hook;                                       // kDirection
  const Histories* direction_histories = nullptr;  // kDirection: where the means are taken
};

struct SweepPoint {
  float strength = 0;
  ListMeasure measure;
};

// `count` strengths from `from` to `to`, both included, evenly spaced.
std::vector<float> even_strengths(float from, float to, size_t count);

struct Sweep {
  ListMeasure base;  // unsteered
  std::vector<SweepPoint> points;
};

// Of the model file at `path`. A knob is measured outside its safe range too. The same for a pool of
// any size. Throws Error if the method cannot work with these options.
Sweep run_sweep(const std::string& path, const Histories& histories, const SweepMethod& method,
                const SweepOptions& options, ThreadPool* pool);

// Of the points with strength >= 0, linear between neighbours: where the attribute's share first
// reaches its target.
struct SweepSummary {
  double start_share = 0, target_share = 0;
  double strength = 0;
  double ndcg_loss = 0;        // relative to the unsteered list: 0.02 is 2 %
  std::vector<double> change;  // by attribute: of its share
};

// Twice the start below 0.25, else 0.15 more.
double sweep_target(double start_share);
// None if the points never reach the target.
std::optional<SweepSummary> summarize_sweep(const Sweep& sweep, uint32_t attribute);

}  // namespace pintle::converter

#endif  // PINTLE_CONVERTER_FEATURES_SWEEP_H_
