// SPDX-License-Identifier: Apache-2.0
#include "converter/io/progress.h"

#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <utility>

namespace pintle::converter {
namespace {

constexpr std::chrono::milliseconds kQuiet{1000}, kPeriod{100};
constexpr size_t kBarWidth = 30;

std::string bar(size_t done, size_t total) {
  const size_t filled = std::min(done, total) * kBarWidth / total;
  std::string text = std::string(filled, '=') + (filled < kBarWidth ? ">" : "");
  text.resize(kBarWidth, ' ');
  return " [" + text + "]";
}

}  // namespace

Progress::Progress(std::string label, std::string unit, size_t total)
    : label_(std::move(label)),
      unit_(std::move(unit)),
      total_(total),
      is_terminal_(::isatty(STDERR_FILENO) != 0),
      next_(Clock::now() + kQuiet) {}

Progress::~Progress() {
  if (shown_) std::fputs("\r\033[K", stderr);
}

void Progress::advance(size_t count, const std::string& note) {
  if (!is_terminal_) return;
  const std::lock_guard<std::mutex> lock(mutex_);
  done_ += count;
  const Clock::time_point now = Clock::now();
  if (now < next_) return;
  next_ = now + kPeriod;
  shown_ = true;
  std::string line = "\r" + label_ + (total_ != 0 ? bar(done_, total_) : "");
  line += " " + std::to_string(done_) + (total_ != 0 ? " of " + std::to_string(total_) : "");
  line += " " + unit_ + (note.empty() ? "" : ", " + note) + "\033[K";
  std::fputs(line.c_str(), stderr);
  std::fflush(stderr);
}

}  // namespace pintle::converter
