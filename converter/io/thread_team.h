// SPDX-License-Identifier: Apache-2.0
#ifndef PINTLE_CONVERTER_IO_THREAD_TEAM_H_
#define PINTLE_CONVERTER_IO_THREAD_TEAM_H_

#include <condition_variable>
#include <exception>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace pintle::converter {

// A fixed set of threads that do one job together, again and again. The calling thread is worker 0.
class ThreadTeam {
 public:
  explicit ThreadTeam(int size);
  ~ThreadTeam();
  ThreadTeam(const ThreadTeam&) = delete;
  ThreadTeam& operator=(const ThreadTeam&) = delete;

  int size() const { return static_cast<int>(threads_.size()) + 1; }

  // Runs job(worker) for every worker and returns when all are done. An exception of a worker is
  // thrown on here.
  void run(const std::function<void(int)>& job);

 private:
  void work(int worker);

  std::vector<std::thread> threads_;
  std::mutex mutex_;
  std::condition_variable start_, done_;
  const std::function<void(int)>* job_ = nullptr;
  unsigned long round_ = 0;
  int running_ = 0;
  bool stop_ = false;
  std::exception_ptr failure_;
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

#endif  // PINTLE_CONVERTER_IO_THREAD_TEAM_H_
