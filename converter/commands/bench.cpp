// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <functional>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>
#include <random>
#include <string>
#include <vector>

#include "converter/commands/commands.h"
#include "converter/error.h"
#include "converter/progress.h"
#include "converter/runtime_model.h"

namespace pintle::converter {
namespace {

using Clock = std::chrono::steady_clock;

constexpr uint32_t kTop = 10;
constexpr uint64_t kSeed = 20250712;

struct Arguments {
  std::string model_path;
  double seconds = 0.5;
  bool json = false;
};

struct Timing {
  std::string path;
  double min_us, median_us, max_us;
  size_t rounds;
};

// Repeats `timed`, each round after an untimed `prepare`, until `seconds` of both have passed; 11
// rounds at least, 10,000 at most. The first round warms the caches and is not counted.
Timing measure(const std::string& path, double seconds, const std::function<void()>& prepare,
               const std::function<void()>& timed) {
  constexpr size_t kFewest = 11, kMost = 10000;
  std::vector<double> us;
  Progress progress("timing " + path + ",", "rounds", 0);
  prepare();
  timed();
  const Clock::time_point end = Clock::now() + std::chrono::duration_cast<Clock::duration>(
                                                   std::chrono::duration<double>(seconds));
  while (us.size() < kFewest || (us.size() < kMost && Clock::now() < end)) {
    prepare();
    const Clock::time_point start = Clock::now();
    timed();
    us.push_back(std::chrono::duration<double, std::micro>(Clock::now() - start).count());
    progress.advance();
  }
  std::sort(us.begin(), us.end());
  return {path, us.front(), us[us.size() / 2], us.back(), us.size()};
}

std::vector<Timing> run(const Arguments& arguments) {
  const ModelPointer model = open_model(arguments.model_path);
  const pintle_model_info info = model_info(model.get());
  std::mt19937_64 random(kSeed);
  const auto event = [&] { return static_cast<uint32_t>(random() % info.item_count); };
  const auto history = [&](size_t length) {
    std::vector<uint32_t> events(length);
    for (uint32_t& item : events) item = event();
    return events;
  };
  pintle_request request = PINTLE_REQUEST_INIT;
  request.k = std::min(kTop, info.item_count);
  std::vector<pintle_recommendation> list(request.k);
  uint32_t count = 0;
  Session session(model.get());
  const auto recommend = [&] {
    require_ok(pintle_recommend(session.get(), &request, list.data(), &count), "cannot recommend");
  };
  const auto append = [&](uint32_t item) { session.append(&item, 1); };
  const auto start_with = [&](size_t length) {
    session.reset();
    session.append(history(length));
    recommend();
  };
  // Keeps the history between half a window and a whole one.
  uint64_t length = 0;
  const auto leave_room = [&] {
    require_ok(pintle_session_event_count(session.get(), &length), "cannot count events");
    if (length < info.window / 2 || length + 1 > info.window) {
      start_with(std::max<size_t>(1, info.window / 2));
    }
  };
  uint32_t next = 0;
  float score = 0;

  std::vector<Timing> timings;
  const auto add = [&](const char* path, const std::function<void()>& prepare,
                       const std::function<void()>& timed) {
    timings.push_back(measure(path, arguments.seconds, prepare, timed));
  };
  add(
      "open", [] {}, [&] { open_model(arguments.model_path); });
  std::vector<uint32_t> events;
  add(
      "history", [&] { events = history(info.window); },
      [&] {
        session.reset();
        session.append(events);
        recommend();
      });
  session.reset();
  const auto prepare_append = [&] {
    leave_room();
    next = event();
  };
  add("append", prepare_append, [&] {
    append(next);
    require_ok(pintle_score(session.get(), &next, 1, &score), "cannot score");
  });
  add("recommend", leave_room, recommend);
  add("append_recommend", prepare_append, [&] {
    append(next);
    recommend();
  });
  start_with(info.window);
  add(
      "append_full_window", [&] { next = event(); },
      [&] {
        append(next);
        recommend();
      });
  return timings;
}

}  // namespace

void add_bench_command(CLI::App* app) {
  const auto arguments = std::make_shared<Arguments>();
  CLI::App* verb = app->add_subcommand(
      "bench", "Time what an app does, on one thread, with random histories from a fixed seed");
  verb->add_option("--model", arguments->model_path, "The model file")->required();
  verb->add_option("--seconds", arguments->seconds, "Time for each path")
      ->capture_default_str()
      ->check(CLI::Range(0.0, 3600.0));
  verb->add_flag(
      "--json", arguments->json,
      "Print one object: a path each, {\"min_us\", \"median_us\", \"max_us\", \"rounds\"}");
  verb->footer(
      "open: map and check the file, and close it. history: a new history of a whole window and "
      "its "
      "top 10. append: one event and the score of one item (an append alone computes nothing). "
      "recommend: the top 10 again, nothing new. append_recommend: one event and the top 10, the "
      "window between half and full. append_full_window: the same with a full window.");
  verb->callback([arguments] {
    const std::vector<Timing> timings = run(*arguments);
    nlohmann::ordered_json json;
    if (!arguments->json) {
      std::printf("%-20s %10s %10s %10s %8s\n", "path", "min us", "median us", "max us", "rounds");
    }
    for (const Timing& timing : timings) {
      json[timing.path] = {{"min_us", timing.min_us},
                           {"median_us", timing.median_us},
                           {"max_us", timing.max_us},
                           {"rounds", timing.rounds}};
      if (arguments->json) continue;
      std::printf("%-20s %10.1f %10.1f %10.1f %8zu\n", timing.path.c_str(), timing.min_us,
                  timing.median_us, timing.max_us, timing.rounds);
    }
    if (arguments->json) std::cout << json.dump() << '\n';
  });
}

}  // namespace pintle::converter
