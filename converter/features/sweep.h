// SPDX-License-Identifier: Apache-2.0
//
// Control curves: what a list holds, and what it is worth, as a knob turns; and the same for the
// simpler ways to move an attribute's share.
#ifndef PINTLE_CONVERTER_FEATURES_SWEEP_H_
#define PINTLE_CONVERTER_FEATURES_SWEEP_H_

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "converter/features/score_lists.h"
#include "converter/features/sweep_summary.h"
#include "converter/features/swept_models.h"
#include "converter/io/thread_pool.h"
#include "converter/network/hook.h"
#include "converter/run/histories.h"
#include "converter/run/steered_lists.h"

namespace pintle::converter {

enum class SweepKind {
  kKnob,       // a knob of the model
  kScores,     // of ScoreMethod
  kFeature,    // adds to one SAE feature, in units of its 95th percentile
  kDirection,  // adds strength * (mean state where the event has the attribute - mean elsewhere)
};

struct SweepMethod {
  SweepKind kind = SweepKind::kKnob;
  std::string name = "knob";                    // as it is written
  uint32_t knob = 0;                            // kKnob
  ScoreMethod scores = ScoreMethod::kReweight;  // kScores
  uint32_t sae = 0, feature = 0;                // kFeature
};

// All that need no more than an attribute: bonus, reweight, reweight-ordered, quota.
std::vector<SweepMethod> score_methods();

// `count` strengths from `from` to `to`, both included, evenly spaced.
std::vector<float> even_strengths(float from, float to, size_t count);
// Both signs and 0, from where a method does nothing to where it does all that it can.
std::vector<float> usual_strengths(SweepKind kind, ScoreMethod scores);

struct SweepOptions {
  std::vector<uint32_t> attributes;  // that will be swept: their lists by scores take one pass
  uint32_t flags = 0;                // PINTLE_STEER_*: kKnob, kFeature
  Hook hook;                         // kDirection
  // kDirection: where the means are taken, and the attributes that need them.
  const Histories* direction_histories = nullptr;
  std::vector<uint32_t> direction_attributes;
};

// Of one model file and some users. The file must not change meanwhile; histories and pool outlive it.
class Sweeper {
 public:
  Sweeper(const std::string& path, const Histories& histories, const SweepOptions& options,
          ThreadPool* pool);

  // Lists at each strength, and, with an attribute, near where its share meets each SweepAim that the
  // strengths enclose. A knob is measured outside its range too. attribute: one of the options'; needed
  // by kScores and kDirection. The same for a pool of any size. Throws Error if the method cannot work.
  Sweep run(const SweepMethod& method, std::optional<uint32_t> attribute,
            const std::vector<float>& strengths);

 private:
  // Lists by edits of a model.
  struct SteeredMethod {
    SweptModel swept;
    uint32_t flags;
  };
  std::vector<ListMeasure> measure(const SweepMethod& method, const SteeredMethod* steered,
                                   std::optional<uint32_t> attribute,
                                   const std::vector<float>& strengths);
  SteeredMethod steered_method(const SweepMethod& method, std::optional<uint32_t> attribute);
  const ModelParts& parts();
  const ScoreLists& score_lists();
  const std::vector<float>& direction(uint32_t attribute);

  const std::string path_;
  const Model model_;
  const Histories& histories_;
  const SweepOptions options_;
  ThreadPool* const pool_;
  // Made when first needed.
  std::unique_ptr<ModelParts> parts_;
  std::unique_ptr<ScoreLists> score_lists_;
  std::map<uint32_t, std::vector<float>> directions_;
};

}  // namespace pintle::converter

#endif  // PINTLE_CONVERTER_FEATURES_SWEEP_H_
