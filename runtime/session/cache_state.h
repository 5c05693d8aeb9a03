// SPDX-License-Identifier: Apache-2.0
//
// What of a session's results belongs to its history: nobody else knows, and the methods are all
// that can happen to it. Of the newest event, and of the keys and values of the whole window:
//
//   phase           newest event's state and taps   keys and values
//   kBehind         no                              of the first reusable_rows() positions
//   kLastBlockDue   all but the last block          all
//   kCurrent        yes                             all, but see keyless_rows()
//   kOverwritten    yes                             none
//
//   kBehind -- computed --------------> kCurrent <-- restored -- kOverwritten
//      |                                 ^    \                      ^
//      | computed_to_last_block          |     ---- overwritten -----
//      v                                 |
//   kLastBlockDue -- last_block_computed /
//
// `appended` and `reset` lead to kBehind from everywhere. A steered run of the newest position alone
// puts back what it replaces, so it is no transition.
#ifndef PINTLE_RUNTIME_SESSION_CACHE_STATE_H_
#define PINTLE_RUNTIME_SESSION_CACHE_STATE_H_

#include <assert.h>
#include <stdint.h>

namespace pintle::internal {

class CacheState {
 public:
  enum class Phase : uint8_t { kBehind, kLastBlockDue, kCurrent, kOverwritten };

  // The history is forgotten. The pad slot's keys and values are the same for every history.
  void reset() {
    phase_ = Phase::kBehind;
    reusable_rows_ = keyless_rows_ = 0;
    has_log_z_ = false;
  }
  // Events came. is_renumbered: positions have changed place, and keys and values with them.
  void appended(bool is_renumbered) {
    if (is_renumbered) reusable_rows_ = 0;
    if (reusable_rows_ == 0) keyless_rows_ = 0;
    has_log_z_ = false;
    phase_ = Phase::kBehind;
  }

  // The unsteered run over all that reusable_rows() left to be done.
  // reusable_rows: the positions whose keys and values outlive an append; 0 in a model that is not
  // incremental. keyless_rows: the positions of which it left out the last block's, or 0.
  // REQUIRES: behind; no keyless rows if rows were reused: attention has read their keys.
  void computed(uint32_t reusable_rows, uint32_t keyless_rows) {
    assert(phase_ == Phase::kBehind && keyless_rows_ == 0);
    set_rows(reusable_rows, keyless_rows);
    phase_ = Phase::kCurrent;
  }
  // The same without the last block's output. REQUIRES: the same.
  void computed_to_last_block(uint32_t reusable_rows) {
    assert(phase_ == Phase::kBehind && keyless_rows_ == 0);
    set_rows(reusable_rows, 0);
    phase_ = Phase::kLastBlockDue;
  }
  void last_block_computed() {
    assert(phase_ == Phase::kLastBlockDue);
    phase_ = Phase::kCurrent;
  }
  // The last block's keys and values of the keyless rows were computed after all.
  void keys_completed() {
    assert(phase_ != Phase::kOverwritten && keyless_rows_ > 0);
    keyless_rows_ = 0;
  }
  // A run over the window that is not the unsteered one of the whole history has replaced the keys
  // and values. The newest event's state and taps are those of the unsteered run still.
  void overwritten() {
    assert(has_hidden());
    set_rows(0, 0);
    phase_ = Phase::kOverwritten;
  }
  // The unsteered run was made again. The hidden state stays what it was: see restore_cache.
  void restored(uint32_t reusable_rows, uint32_t keyless_rows) {
    assert(phase_ == Phase::kOverwritten);
    set_rows(reusable_rows, keyless_rows);
    phase_ = Phase::kCurrent;
  }

  void pads_computed() { has_pads_ = true; }
  // ScanBuffers.log_z is of this history's unsteered state.
  void log_z_computed() {
    assert(phase_ != Phase::kBehind);
    has_log_z_ = true;
  }

  bool is_behind() const { return phase_ == Phase::kBehind; }
  bool is_last_block_due() const { return phase_ == Phase::kLastBlockDue; }
  bool is_overwritten() const { return phase_ == Phase::kOverwritten; }
  // Whether the newest event's state and taps are there.
  bool has_hidden() const { return phase_ == Phase::kCurrent || phase_ == Phase::kOverwritten; }
  // Leading positions whose keys and values the next run need not compute.
  uint32_t reusable_rows() const { return reusable_rows_; }
  // Leading rows of which `states` holds what the last block's keys and values are computed from, and
  // those are not.
  uint32_t keyless_rows() const { return keyless_rows_; }
  bool has_pads() const { return has_pads_; }
  bool has_log_z() const { return has_log_z_; }

 private:
  void set_rows(uint32_t reusable_rows, uint32_t keyless_rows) {
    assert(reusable_rows == 0 || keyless_rows == 0 || reusable_rows == keyless_rows);
    reusable_rows_ = reusable_rows;
    keyless_rows_ = keyless_rows;
  }

  uint32_t reusable_rows_ = 0, keyless_rows_ = 0;
  Phase phase_ = Phase::kBehind;
  bool has_pads_ = false;
  bool has_log_z_ = false;
};

}  // namespace pintle::internal

#endif  // PINTLE_RUNTIME_SESSION_CACHE_STATE_H_
