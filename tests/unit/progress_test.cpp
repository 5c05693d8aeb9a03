// SPDX-License-Identifier: Apache-2.0
#include "converter/io/progress.h"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <stdlib.h>
#include <termios.h>
#include <unistd.h>

#include <chrono>
#include <string>
#include <thread>

namespace pintle::converter {
namespace {

// What goes to stderr meanwhile, which is `sink`.
template <typename Work>
std::string stderr_of(int sink, int source, const Work& work) {
  std::fflush(stderr);
  const int kept = ::dup(STDERR_FILENO);
  ::dup2(sink, STDERR_FILENO);
  work();
  std::fflush(stderr);
  ::dup2(kept, STDERR_FILENO);
  ::close(kept);
  ::fcntl(source, F_SETFL, O_NONBLOCK);
  std::string text(4096, '\0');
  const ssize_t count = ::read(source, text.data(), text.size());
  text.resize(count < 0 ? 0 : static_cast<size_t>(count));
  return text;
}

void work_for_longer_than_a_second() {
  Progress quick("at once", "steps", 2);
  quick.advance(2);
  Progress known("training", "steps", 40), unknown("timing", "rounds", 0);
  std::this_thread::sleep_for(std::chrono::milliseconds(1050));
  known.advance(10, "L0 8.0");
  unknown.advance(7);
}

TEST_CASE("silence where stderr is no terminal") {
  int ends[2];
  REQUIRE(::pipe(ends) == 0);
  CHECK(stderr_of(ends[1], ends[0], work_for_longer_than_a_second) == "");
  ::close(ends[0]);
  ::close(ends[1]);
}

TEST_CASE("bars on a terminal after a second, gone at the end") {
  const int screen = ::posix_openpt(O_RDWR | O_NOCTTY);
  REQUIRE(screen >= 0);
  REQUIRE(::grantpt(screen) == 0);
  REQUIRE(::unlockpt(screen) == 0);
  const int terminal = ::open(::ptsname(screen), O_RDWR | O_NOCTTY);
  REQUIRE(terminal >= 0);
  CHECK(stderr_of(terminal, screen, work_for_longer_than_a_second) ==
        "\rtraining [=======>                      ] 10 of 40 steps, L0 8.0\033[K"
        "\rtiming 7 rounds\033[K"
        "\r\033[K\r\033[K");
  ::close(terminal);
  ::close(screen);
}

}  // namespace
}  // namespace pintle::converter
