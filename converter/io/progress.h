// SPDX-License-Identifier: Apache-2.0
#ifndef PINTLE_CONVERTER_IO_PROGRESS_H_
#define PINTLE_CONVERTER_IO_PROGRESS_H_

#include <chrono>
#include <cstddef>
#include <mutex>
#include <string>

namespace pintle::converter {

// "evaluating [====>     ] 1200 of 6040 users" on stderr, once the work has taken a second; gone
// when it is done. Nothing where stderr is no terminal. Any thread may call advance.
class Progress {
 public:
  // total 0: not known, so no bar.
  Progress(std::string label, std::string unit, size_t total);
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  // note: what else to tell, behind the bar.
  void advance(size_t count = 1, const std::string& note = "");

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
