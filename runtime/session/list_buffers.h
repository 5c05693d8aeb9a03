// SPDX-License-Identifier: Apache-2.0
//
// What lists under wishes and rules write (lists/).
#ifndef PINTLE_RUNTIME_SESSION_LIST_BUFFERS_H_
#define PINTLE_RUNTIME_SESSION_LIST_BUFFERS_H_

#include "runtime/choice/choose.h"
#include "runtime/choice/objective.h"
#include "runtime/model/model.h"
#include "runtime/support/arena.h"

namespace pintle::internal {

// Items whose scores are kept at once: 64 KB. Of a catalogue that fits, all probabilities are known
// before the first candidate is chosen.
inline constexpr uint32_t kListScores = 16384;
// Classes of interchangeable items (lists/classes.h), and items kept of all of them together.
inline constexpr uint32_t kListClasses = 255;
inline constexpr uint32_t kMaxKept = 512;
// Classes of so few items are gone through item by item, while all of them together are no more than these.
inline constexpr uint32_t kSmallClass = 256, kMaxSmall = 1024;
// With them, the list without wishes and the items that wishes and rules name.
inline constexpr uint32_t kListCandidates =
    kMaxKept + PINTLE_LIST_K + PINTLE_LIST_WISHES + PINTLE_LIST_RULES;
static_assert(kListCandidates <= kMaxCandidates);
// With diversity: each has its vector.
inline constexpr uint32_t kMaxDiverse = 128;

// An item that a list may hold. score: what lists are ordered by; own_score: the network's, without
// exploration's noise.
struct ScoredItem {
  uint32_t item;
  float score, own_score;
};

// What the classes of the items were made for, as long as the wishes stay the same.
struct ClassKey {
  uint32_t group_count = UINT32_MAX;  // none yet
  uint32_t attributes[PINTLE_LIST_ATTRIBUTES];
  int64_t now_minutes;
  double half_life_minutes;
};

struct ListBuffers {
  Buffer<uint8_t> classes;  // [items]
  // Of the items that are in no small class, nor in class 0, which is all that no wish is about: bitmap.
  Buffer<uint64_t> touched;
  Buffer<uint32_t> small;    // [kMaxSmall], ascending: the items of small classes
  Buffer<double> discounts;  // [PINTLE_LIST_K]: 1 / log2(r + 2), of ranks from 0
  // [items], four bits a group by example, of a model that has likeness; else empty.
  Buffer<uint16_t> example_levels;
  // Of one call, after its run of the network, whose scratch they share:
  Buffer<float> scores;                 // [min(items padded to 16, kListScores)]
  Buffer<ScoredItem> kept;              // [kMaxKept]: of each class its best
  Buffer<ScoredItem> items;             // [kListCandidates]
  Buffer<Candidate> candidates;         // [kListCandidates], sorted
  Buffer<pintle_recommendation> plain;  // [PINTLE_LIST_K]: the list without wishes and rules
  Buffer<pintle_recommendation> own;    // [PINTLE_LIST_K]: and without a profile
  Buffer<float> vectors;                // [kMaxDiverse][dim]
  Buffer<float> inverse_norms;          // [kMaxDiverse]
  Buffer<float> vector_sum;             // [dim]
  Buffer<ChooseScratch> choose;         // [1]
  // Of `classes`.
  ClassKey key;
  uint32_t class_count = 0;
  uint8_t levels[kListClasses][PINTLE_LIST_ATTRIBUTES];  // memberships of a class's items
  uint32_t sizes[kListClasses];                          // its items in the catalogue
  bool is_small[kListClasses];                           // its items are in `small`
  uint32_t small_count;
  bool is_soft[PINTLE_LIST_ATTRIBUTES];  // some membership is not whole
  bool has_all_classes;                  // or there are more than kListClasses
  uint32_t examples_set = 0;             // bit s: there is a group by example s

  uint8_t example_level(uint32_t slot, uint32_t item) const {
    return *example_levels.at(item, 1) >> (4 * slot) & 15;
  }
  void set_example_level(uint32_t slot, uint32_t item, uint32_t level) {
    uint16_t& all = *example_levels.at(item, 1);
    all = static_cast<uint16_t>((all & ~(15u << (4 * slot))) | level << (4 * slot));
  }

  // What outlives a call, and what does not.
  void lay_out(const Model& model, Arena* arena);
  void lay_out_scratch(const Model& model, Arena* arena);
  // What stays the same for the whole life of a session. REQUIRES: laid out.
  void start(const Model& model);
};

}  // namespace pintle::internal

#endif  // PINTLE_RUNTIME_SESSION_LIST_BUFFERS_H_
