// SPDX-License-Identifier: Apache-2.0
//
// The baselines that need no more than the network's scores: what knobs are compared with. m is an
// item's membership of the attribute, p its probability at the model's temperature.
#ifndef PINTLE_CONVERTER_FEATURES_SCORE_LISTS_H_
#define PINTLE_CONVERTER_FEATURES_SCORE_LISTS_H_

#include <cstdint>
#include <map>
#include <vector>

#include "converter/io/thread_pool.h"
#include "converter/run/histories.h"
#include "converter/run/list_tally.h"
#include "pintle/pintle.hpp"

namespace pintle::converter {

enum class ScoreMethod {
  kReweight,         // the best by score + strength * m: the probability times a factor
  kReweightOrdered,  // the same items in the order of their scores
  kBonus,            // the best by p + strength * m: most expected hits for a mean share
  kQuota,  // `strength` members more for everybody, the most probable, in place of the last others
           // (below 0: fewer, the last members leave for the most probable others); whole numbers
};

// Keeps, of each user and attribute, the ten best of every level of membership: lists of ten by any
// of the methods and strengths hold no other items, since within a level the score alone decides.
class ScoreLists {
 public:
  // One pass over the users. The histories outlive this. Throws Error if the runtime fails.
  ScoreLists(const Model& model, const Histories& histories,
             const std::vector<uint32_t>& attributes, ThreadPool* pool);

  // One measure a strength. REQUIRES: the attribute is one of the constructor's.
  std::vector<ListMeasure> measure(ScoreMethod method, uint32_t attribute,
                                   const std::vector<float>& strengths, ThreadPool* pool) const;

 private:
  struct Candidate {
    uint32_t item;
    float score;
    double probability;
    uint32_t level;  // of the attribute, in fifteenths
  };
  using Candidates = std::vector<Candidate>;  // best score first

  void collect(size_t user, Session* session, const std::vector<uint32_t>& all_items);
  static std::vector<uint32_t> list_by(const Candidates& candidates, ScoreMethod method,
                                       double strength);
  static std::vector<uint32_t> quota_list(const Candidates& candidates, int64_t members);

  const Model model_;
  const Histories& histories_;
  const std::vector<bool> trained_;  // [item]
  const double temperature_;
  std::vector<std::vector<uint8_t>> levels_;  // [attribute's place][item]
  std::map<uint32_t, size_t> places_;         // attribute -> its place
  std::vector<std::vector<Candidates>> candidates_;  // [attribute's place][user]
};

}  // namespace pintle::converter

#endif  // PINTLE_CONVERTER_FEATURES_SCORE_LISTS_H_
