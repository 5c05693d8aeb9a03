// SPDX-License-Identifier: Apache-2.0
#ifndef PINTLE_CONVERTER_COMMANDS_THREADS_OPTION_H_
#define PINTLE_CONVERTER_COMMANDS_THREADS_OPTION_H_

#include <CLI/CLI.hpp>
#include <string>

#include "converter/io/thread_pool.h"

namespace pintle::converter {

// The size of the verb's ThreadPool.
inline CLI::Option* add_threads_option(
    CLI::App* verb, int* threads,
    const std::string& help = "Threads; the result does not depend on them") {
  return verb->add_option("--threads", *threads, help)
      ->capture_default_str()
      ->check(CLI::Range(1, kMostThreads));
}

}  // namespace pintle::converter

#endif  // PINTLE_CONVERTER_COMMANDS_THREADS_OPTION_H_
