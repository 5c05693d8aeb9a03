// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <deque>
#include <functional>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>
#include <random>
#include <string>
#include <vector>

#include "converter/commands/commands.h"
#include "converter/io/error.h"
#include "converter/io/progress.h"
#include "converter/run/runtime_model.h"

namespace pintle::converter {
namespace {

using Clock = std::chrono::steady_clock;

constexpr size_t kTop = 10;
constexpr uint64_t kSeed = 20250712;

struct BenchArguments {
  std::string model_path;
  double seconds = 0.5;
  bool json = false;
};

struct Path {
  std::string name;
  std::function<void()> prepare, timed;
  std::string base;    // the path that it is compared with, earlier in the same group; may be empty
  size_t repeats = 1;  // of what the path is named after, in one call of `timed`
};

struct Timing {
  std::string path;
  double min_us, median_us, max_us;
  size_t rounds;
  std::string base;
  double ratio;  // of the medians, to base's; 0 without one
};

// Runs the paths in turn, each after its untimed `prepare`, so that what else the machine does
// falls on all alike, until `seconds` a path have passed; 11 rounds at least, 10,000 at most. The
// first round warms the caches and is not counted.
void measure(const std::vector<Path>& group, double seconds, std::vector<Timing>* timings) {
  constexpr size_t kFewest = 11, kMost = 10000;
  std::vector<std::vector<double>> us(group.size());
  Progress progress("timing " + group[0].name + ",", "rounds", 0);
  const auto round = [&](bool counts) {
    for (size_t i = 0; i < group.size(); ++i) {
      group[i].prepare();
      const Clock::time_point start = Clock::now();
      group[i].timed();
      const auto spent = std::chrono::duration<double, std::micro>(Clock::now() - start);
      if (counts) us[i].push_back(spent.count() / static_cast<double>(group[i].repeats));
    }
  };
  round(false);
  const std::chrono::duration<double> budget(seconds * static_cast<double>(group.size()));
  const Clock::time_point end = Clock::now() + std::chrono::duration_cast<Clock::duration>(budget);
  while (us[0].size() < kFewest || (us[0].size() < kMost && Clock::now() < end)) {
    round(true);
    progress.advance();
  }
  for (size_t i = 0; i < group.size(); ++i) {
    std::sort(us[i].begin(), us[i].end());
    const double median = us[i][us[i].size() / 2];
    double ratio = 0;
    for (const Timing& timing : *timings) {
      if (timing.path == group[i].base) ratio = median / timing.median_us;
    }
    timings->push_back(
        {group[i].name, us[i].front(), median, us[i].back(), us[i].size(), group[i].base, ratio});
  }
}

class Bench {
 public:
  explicit Bench(const BenchArguments& arguments)
      : arguments_(arguments),
        model_(open_model(arguments.model_path)),
        info_(model_.info()),
        random_(kSeed),
        session_(new_session(model_)),
        full_session_(new_session(model_)),
        hop_session_(new_session(model_)) {
    request_.k = std::min(kTop, info_.item_count);
    list_.resize(request_.k);
  }

  std::vector<Timing> run() {
    std::vector<Timing> timings;
    const auto add = [&](const std::vector<Path>& group) {
      measure(group, arguments_.seconds, &timings);
    };
    add({{"open", [] {}, [this] { open_model(arguments_.model_path); }, ""}});
    add(full_window_paths());
    require(session_.reset(), "cannot reset the session");
    float score = 0;
    add({{"append", [this] { prepare_append(); },
          [&] {
            append();
            const pintle_status status = pintle_score(session_.get(), &next_, 1, &score);
            require(session_.done(status), "cannot score");
          },
          ""}});
    make_steering();
    add(cached_paths());
    add(appending_paths());
    return timings;
  }

 private:
  // A steering set to time, and the SAE whose hook it edits (or the knob's).
  struct Steered {
    std::string name;
    std::string hook;
    std::vector<pintle_edit> edits;
    pintle_steering steering;
  };

  uint32_t event() { return static_cast<uint32_t>(random_() % info_.item_count); }
  std::vector<uint32_t> history(size_t length) {
    std::vector<uint32_t> events(length);
    for (uint32_t& item : events) item = event();
    return events;
  }
  void recommend(Session* session, const pintle_steering* steering = nullptr) {
    size_t count = 0;
    request_.steering = steering;
    require(session->recommend(request_, list_.data(), &count), "cannot recommend");
  }
  void append() { append(&session_, next_); }
  static void append(Session* session, uint32_t item) {
    require(session->append(item), "cannot append to the history");
  }
  // A history, new to the session, and its list.
  void renew(Session* session, const std::vector<uint32_t>& events) {
    require(session->reset(), "cannot reset the session");
    require(session->append(events), "cannot append to the history");
    recommend(session);
  }
  void start_with(size_t length) { renew(&session_, history(length)); }
  // Keeps the history between half a window and a whole one.
  void leave_room() {
    const size_t length = session_.event_count();
    if (length < info_.window / 2 || length + 1 > info_.window) {
      start_with(std::max<size_t>(1, info_.window / 2));
    }
  }
  void prepare_append() {
    leave_room();
    next_ = event();
  }

  // A whole window, as a new history and as one event more; and, where the hop policy changes
  // anything, its events from one drop of the oldest quarter to the next.
  std::vector<Path> full_window_paths() {
    events_ = history(info_.window);
    renew(&full_session_, events_);
    std::vector<Path> group = {{"history", [this] { events_ = history(info_.window); },
                                [this] { renew(&session_, events_); }, ""},
                               {"append_full_window", [this] { next_ = event(); },
                                [this] {
                                  append(&full_session_, next_);
                                  recommend(&full_session_);
                                },
                                "history"}};
    if (!info_.is_incremental) return group;
    require(hop_session_.set_window_policy(PINTLE_WINDOW_HOP), "cannot set the window's policy");
    renew(&hop_session_, events_);
    // The first drops a quarter and stands in its place; the window is full again after a quarter
    // more.
    const size_t cycle = 1 + info_.window / 4;
    group.push_back({"append_hop", [this, cycle] { events_ = history(cycle); },
                     [this] {
                       for (const uint32_t item : events_) {
                         append(&hop_session_, item);
                         recommend(&hop_session_);
                       }
                     },
                     "history", cycle});
    return group;
  }

  // ADD on one feature and SET on eight of every SAE; and a knob.
  void make_steering() {
    const size_t saes = info_.sae_count;
    for (uint32_t sae = 0; sae < saes; ++sae) {
      const pintle_sae_info info = require(model_.sae(sae), "SAE", sae);
      std::string place = std::string("@") + info.hook;
      for (uint32_t other = 0; other < sae; ++other) {
        if (std::string(info.hook) == require(model_.sae(other), "SAE", other).hook) {
          place = std::string("@") + info.name;
        }
      }
      const auto any_feature = [&](pintle_edit_kind kind) {
        return edit(kind, sae, static_cast<uint32_t>(random_() % info.feature_count), 1);
      };
      steered_.push_back({"steer_add" + place, info.hook, {any_feature(PINTLE_EDIT_ADD)}, {}});
      steered_.push_back({"steer_set8" + place, info.hook, {}, {}});
      for (int i = 0; i < 8; ++i) steered_.back().edits.push_back(any_feature(PINTLE_EDIT_SET));
    }
    const size_t knobs = info_.knob_count;
    for (uint32_t knob = 0; knob < knobs; ++knob) {
      const float strength = require(model_.knob(knob), "knob", knob).max_strength / 2;
      if (!(strength > 0)) continue;
      steered_.push_back({"steer_knob", "", {turn(knob, strength)}, {}});
      break;
    }
    for (Steered& steered : steered_) steered.steering = steer(steered.edits);
  }

  // Nothing new has happened: what a slider costs.
  std::vector<Path> cached_paths() {
    const auto prepare = [this] { leave_room(); };
    std::vector<Path> group = {{"recommend", prepare, [this] { recommend(&session_); }, ""}};
    bool has_last = false;
    for (const Steered& steered : steered_) {
      if (steered.hook != "last" || has_last) continue;
      group.push_back({"rerank_last", prepare,
                       [this, &steered] { recommend(&session_, &steered.steering); }, "recommend"});
      has_last = true;
    }
    return group;
  }

  // One event, then a list: what a steered list costs where an unsteered one was asked for.
  std::vector<Path> appending_paths() {
    const auto prepare = [this] { prepare_append(); };
    const auto path = [&](const std::string& name, const pintle_steering* steering,
                          const std::string& base) {
      return Path{name, prepare,
                  [this, steering] {
                    append();
                    recommend(&session_, steering);
                  },
                  base};
    };
    std::vector<Path> group = {path("append_recommend", nullptr, "")};
    for (const Steered& steered : steered_) {
      group.push_back(path(steered.name, &steered.steering, "append_recommend"));
    }
    return group;
  }

  const BenchArguments& arguments_;
  const Model model_;
  const pintle_model_info info_;
  std::mt19937_64 random_;
  Session session_, full_session_, hop_session_;
  std::vector<uint32_t> events_;
  pintle_request request_ = PINTLE_REQUEST_INIT;
  std::vector<pintle_recommendation> list_;
  std::deque<Steered> steered_;
  uint32_t next_ = 0;
};

}  // namespace

void add_bench_command(CLI::App* app) {
  const auto arguments = std::make_shared<BenchArguments>();
  CLI::App* verb = app->add_subcommand(
      "bench", "Time what an app does, on one thread, with random histories from a fixed seed");
  verb->add_option("--model", arguments->model_path, "The model file")->required();
  verb->add_option("--seconds", arguments->seconds, "Time for each path")
      ->capture_default_str()
      ->check(CLI::Range(0.0, 3600.0));
  verb->add_flag("--json", arguments->json,
                 "Print one object: a path each, {\"min_us\", \"median_us\", \"max_us\", "
                 "\"rounds\"} and, where a path is compared with another, "
                 "\"ratio\" of the medians");
  verb->footer(
      "open: map and check the file, and close it. history: a new history of a whole window and "
      "its top 10. append: one event and the score of one item (an append alone computes nothing). "
      "recommend: the top 10 again, nothing new. append_recommend: one event and the top 10, the "
      "window between half and full. append_full_window: the same with a full window, its ratio to "
      "history. append_hop: the same under the hop policy, the mean from one drop of the oldest "
      "quarter to the next, for models that append incrementally. With SAEs, "
      "each timed in turn with the path that its ratio is to: steer_add@HOOK, steer_set8@HOOK: one "
      "event and a top 10 steered by ADD on one feature or SET on eight, to append_recommend. "
      "steer_knob: the same by the first knob. rerank_last: the top 10 again, steered at the hook "
      "last, to recommend.");
  verb->callback([arguments] {
    const std::vector<Timing> timings = Bench(*arguments).run();
    nlohmann::ordered_json json;
    int width = 0;
    for (const Timing& timing : timings) {
      width = std::max(width, static_cast<int>(timing.path.size()));
    }
    if (!arguments->json) {
      std::printf("%-*s %10s %10s %10s %8s\n", width, "path", "min us", "median us", "max us",
                  "rounds");
    }
    for (const Timing& timing : timings) {
      nlohmann::ordered_json& entry = json[timing.path];
      entry = {{"min_us", timing.min_us},
               {"median_us", timing.median_us},
               {"max_us", timing.max_us},
               {"rounds", timing.rounds}};
      if (timing.ratio > 0) entry["ratio"] = timing.ratio;
      if (arguments->json) continue;
      std::printf("%-*s %10.1f %10.1f %10.1f %8zu", width, timing.path.c_str(), timing.min_us,
                  timing.median_us, timing.max_us, timing.rounds);
      if (timing.ratio > 0) std::printf("  %.3f x %s", timing.ratio, timing.base.c_str());
      std::printf("\n");
    }
    if (arguments->json) std::cout << json.dump() << '\n';
  });
}

}  // namespace pintle::converter
