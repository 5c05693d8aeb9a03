// SPDX-License-Identifier: Apache-2.0
//
// Sizes computed from what a file says: every product and sum that could overflow goes through
// here.
#ifndef PINTLE_SCHEMA_CHECKED_SIZE_H_
#define PINTLE_SCHEMA_CHECKED_SIZE_H_

#include <stdint.h>

namespace pintle::format {

// An unsigned 64-bit size that remembers whether any step overflowed.
class CheckedSize {
 public:
  CheckedSize(uint64_t value) : value_(value) {}
  CheckedSize operator*(CheckedSize other) const {
    CheckedSize result(0);
    result.overflow_ = overflow_ || other.overflow_ ||
                       __builtin_mul_overflow(value_, other.value_, &result.value_);
    return result;
  }
  CheckedSize operator+(CheckedSize other) const {
    CheckedSize result(0);
    result.overflow_ = overflow_ || other.overflow_ ||
                       __builtin_add_overflow(value_, other.value_, &result.value_);
    return result;
  }
  bool overflowed() const { return overflow_; }
  // REQUIRES: !overflowed()
  uint64_t value() const { return value_; }
  // True if the size is exact and equals `size`.
  bool equals(uint64_t size) const { return !overflow_ && value_ == size; }

 private:
  uint64_t value_;
  bool overflow_ = false;
};

inline constexpr uint64_t round_up(uint64_t value, uint64_t multiple) {
  return (value + multiple - 1) / multiple * multiple;
}

}  // namespace pintle::format

#endif  // PINTLE_SCHEMA_CHECKED_SIZE_H_
