// SPDX-License-Identifier: Apache-2.0
//
// Candidates of one kind: what may be told apart in them is alike but for the score.
#ifndef PINTLE_RUNTIME_CHOICE_KINDS_H_
#define PINTLE_RUNTIME_CHOICE_KINDS_H_

#include <stdint.h>

namespace pintle::internal {

inline constexpr uint32_t kNoCandidate = UINT32_MAX;

// The candidates of a kind, best score first, are first[kind], next[that] and so on until kNoCandidate.
struct Kinds {
  uint32_t *of, *next;     // [candidate_count]: its kind; see above
  uint32_t *first, *last;  // [count]
  uint32_t *groups;        // [count]: bit g: members of group g
  uint32_t count;

  // Candidates come in order of score. kind: one that there is, or `count` for a new one.
  void add(uint32_t candidate, uint32_t kind) {
    of[candidate] = kind;
    next[candidate] = kNoCandidate;
    if (kind == count) {
      first[count++] = candidate;
    } else {
      next[last[kind]] = candidate;
    }
    last[kind] = candidate;
  }
  // The kind whose first candidate is_like(candidate) accepts; `count` if there is none. Kinds beyond the first
  // 64 are not compared with: two alike may be two kinds, which costs time alone.
  template <typename IsLike>
  uint32_t find(const IsLike &is_like) const {
    const uint32_t compared = count < 64 ? count : 64;
    uint32_t kind = 0;
    while (kind < compared && !is_like(first[kind])) ++kind;
    return kind == compared ? count : kind;
  }
};

template <uint32_t kCandidates>
struct KindBuffers {
  uint32_t of[kCandidates], next[kCandidates];
  uint32_t first[kCandidates], last[kCandidates], groups[kCandidates];

  // No kinds yet.
  Kinds start() { return {of, next, first, last, groups, 0}; }
};

}  // namespace pintle::internal

#endif  // PINTLE_RUNTIME_CHOICE_KINDS_H_
