// SPDX-License-Identifier: Apache-2.0
#ifndef PINTLE_CONVERTER_IO_PROGRESS_H_
#define PINTLE_CONVERTER_IO_PROGRESS_H_

#include <chrono>
#include <cstddef>
#include <mutex>
#include <string>

namespace pintle::converter {

// "evaluating 1200 of 6040 users" on stderr, once the work has taken a second: rewritten in place
// on a terminal, else a line every few seconds. Any thread may call advance.
class Progress {
 public:
  // total 0: not known.
  Progress(std::string label, std::string unit, size_t total);
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  void advance(size_t count = 1);

 private:
  using Clock = std::chrono::steady_clock;

  const std::string label_, unit_;
  const size_t total_;
  const bool is_terminal_;
  std::mutex mutex_;
  size_t done_ = 0;
  bool shown_ = false;
  Clock::time_point next_;
};

}  // namespace pintle::converter

#endif  // PINTLE_CONVERTER_IO_PROGRESS_H_
