// SPDX-License-Identifier: Apache-2.0
#ifndef PINTLE_CONVERTER_IO_THREAD_POOL_H_
#define PINTLE_CONVERTER_IO_THREAD_POOL_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>

namespace Eigen {
class ThreadPoolInterface;
}

namespace pintle::converter {

inline constexpr int kDefaultThreads = 2, kMostThreads = 256;

// What --threads asks for: a verb makes one and hands it to all that computes. Eigen's pool; the
// calling thread works too. Neither function may be called from a job of the same pool.
class ThreadPool {
 public:
  // Throws Error unless 1 <= size <= kMostThreads.
  explicit ThreadPool(int size);
  ~ThreadPool();
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;

  int size() const { return size_; }

  // Runs job(worker) once for every worker below size() and returns when all are done. Of their
  // exceptions the lowest worker's is thrown on here.
  void run(const std::function<void(int worker)>& job);

  // Runs job(i, worker) once for every i below count; a worker does one at a time. Which worker
  // gets which i is left to chance: what jobs of one worker add up must not depend on the order.
  // Where one throws, others may not run.
  void for_each(size_t count, const std::function<void(size_t i, int worker)>& job);

 private:
  const int size_;
  const std::unique_ptr<Eigen::ThreadPoolInterface> others_;  // all but the calling thread
};

// The part [begin, end) of n things that falls to one worker of `workers`: contiguous, sizes differ
// by one at most.
struct Share {
  int64_t begin, end;
};
inline Share share_of(int64_t n, int worker, int workers) {
  return {n * worker / workers, n * (worker + 1) / workers};
}

}  // namespace pintle::converter

#endif  // PINTLE_CONVERTER_IO_THREAD_POOL_H_
