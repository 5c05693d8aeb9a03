// SPDX-License-Identifier: Apache-2.0
#include "converter/io/progress.h"

#include <unistd.h>

#include <cstdio>
#include <utility>

namespace pintle::converter {
namespace {

constexpr std::chrono::milliseconds kQuiet{1000}, kTerminalPeriod{100}, kLogPeriod{3000};

}  // namespace

Progress::Progress(std::string label, std::string unit, size_t total)
    : label_(std::move(label)),
      unit_(std::move(unit)),
      total_(total),
      is_terminal_(::isatty(STDERR_FILENO) != 0),
      next_(Clock::now() + kQuiet) {}

Progress::~Progress() {
  if (shown_ && is_terminal_) std::fputs("\r\033[K", stderr);
}

void Progress::advance(size_t count) {
  const std::lock_guard<std::mutex> lock(mutex_);
  done_ += count;
  const Clock::time_point now = Clock::now();
  if (now < next_) return;
  next_ = now + (is_terminal_ ? kTerminalPeriod : kLogPeriod);
  shown_ = true;
  if (is_terminal_) std::fputc('\r', stderr);
  std::fprintf(stderr, "%s %zu", label_.c_str(), done_);
  if (total_ != 0) std::fprintf(stderr, " of %zu", total_);
  std::fprintf(stderr, " %s%s", unit_.c_str(), is_terminal_ ? "\033[K" : "\n");
  std::fflush(stderr);
}

}  // namespace pintle::converter
