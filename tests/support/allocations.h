// SPDX-License-Identifier: Apache-2.0
//
// Counts every allocation of the process, of shared libraries too, and refuses them on demand. A
// program that links allocations.cpp has it; one thread at a time may use it.
#ifndef PINTLE_TESTS_SUPPORT_ALLOCATIONS_H_
#define PINTLE_TESTS_SUPPORT_ALLOCATIONS_H_

namespace pintle::test {

// Between construction and destruction.
class AllocationWatch {
 public:
  // refuse_at: the first allocation has number 1; 0 refuses none. refuse_on: all after it, too.
  explicit AllocationWatch(long refuse_at = 0, bool refuse_on = false);
  ~AllocationWatch() { stop(); }
  AllocationWatch(const AllocationWatch&) = delete;
  AllocationWatch& operator=(const AllocationWatch&) = delete;

  void stop();
  // Until now, or until stop().
  long count() const;    // allocations asked for
  long refused() const;  // of these
  long kept() const;     // allocations less releases
};

}  // namespace pintle::test

#endif  // PINTLE_TESTS_SUPPORT_ALLOCATIONS_H_
