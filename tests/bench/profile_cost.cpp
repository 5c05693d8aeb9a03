// SPDX-License-Identifier: Apache-2.0
//
// What a profile costs, on a catalogue like MovieLens-1M's: learning one feedback more (bar: 10 us), and a list with
// a profile beside the list without (bar: 1.2 x).
//
//   profile_cost [--isa NAME]
//
// Times are the thread's CPU time. Lists are timed in pairs, in turns, so that what else the machine does falls on
// both; what is told of them is the ratio of each pair. Exit status 77: this build or CPU lacks the ISA.
#include <time.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <string>
#include <vector>

#include "bench/genre_model.h"
#include "bench/synthetic_model.h"
#include "pintle/pintle.h"

namespace pintle::bench {
namespace {

constexpr int64_t kWindow = 128;
constexpr uint32_t kGenres = 18, kTop = 10;
constexpr int64_t kStart = 1700000000, kHour = 3600;

void require(pintle_status status, const char* what) {
  if (status == PINTLE_OK) return;
  std::fprintf(stderr, "profile_cost: %s: %s\n", what, pintle_status_name(status));
  std::exit(status == PINTLE_ERR_UNKNOWN_ISA ? 77 : 1);
}

double now_us() {
  timespec time;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) * 1e6 + static_cast<double>(time.tv_nsec) * 1e-3;
}
double time_us(const std::function<void()>& run) {
  const double begin = now_us();
  run();
  return now_us() - begin;
}

// Quartiles, of a sorted copy.
struct Spread {
  explicit Spread(std::vector<double> values) {
    std::sort(values.begin(), values.end());
    low = values[values.size() / 4];
    median = values[values.size() / 2];
    high = values[values.size() * 3 / 4];
  }
  double low, median, high;
};

class Model {
 public:
  Model(const std::vector<uint8_t>& file, const char* isa, uint32_t flags) {
    pintle_open_options options = PINTLE_OPEN_OPTIONS_INIT;
    options.flags = flags | PINTLE_OPEN_COPY;
    options.isa = isa;
    require(pintle_model_open_memory(file.data(), file.size(), &options, &model_, nullptr), "open");
    pintle_model_info info = PINTLE_MODEL_INFO_INIT;
    require(pintle_model_get_info(model_, &info), "info");
    item_count_ = static_cast<uint32_t>(info.item_count);
  }
  ~Model() { pintle_model_close(model_); }
  Model(const Model&) = delete;
  Model& operator=(const Model&) = delete;
  pintle_model* get() const { return model_; }
  uint32_t item_count() const { return item_count_; }

 private:
  pintle_model* model_ = nullptr;
  uint32_t item_count_ = 0;
};

// A person with a window half full, and what they say: of every hundred feedbacks 40 like and 30 dislike, 10 want
// more like an item and 10 less, 10 name a genre; an hour apart, and a list every five.
class Person {
 public:
  explicit Person(const Model& model) : items_(model.item_count()) {
    require(pintle_session_new(model.get(), &session_, nullptr), "session");
    restart();
  }
  ~Person() { pintle_session_free(session_); }
  Person(const Person&) = delete;
  Person& operator=(const Person&) = delete;

  // Half a window of events anew; the profile stays.
  void restart() {
    require(pintle_session_reset(session_), "reset");
    events_ = SplitMix(7);
    for (int64_t i = 0; i < kWindow / 2; ++i) append();
    list();
  }
  void append() {
    const uint32_t item = below(&events_, items_);
    require(pintle_session_append(session_, &item, 1), "append");
  }
  void list() {
    const pintle_request request = PINTLE_REQUEST_INIT;
    size_t found = 0;
    require(pintle_recommend(session_, &request, list_, &found), "recommend");
  }

  pintle_feedback next() {
    const uint32_t draw = below(&feedbacks_, 100);
    const uint32_t kind = draw < 40   ? PINTLE_FEEDBACK_LIKE
                          : draw < 70 ? PINTLE_FEEDBACK_DISLIKE
                          : draw < 80 ? PINTLE_FEEDBACK_MORE_LIKE
                          : draw < 90 ? PINTLE_FEEDBACK_LESS_LIKE
                          : draw < 95 ? PINTLE_FEEDBACK_MORE_OF
                                      : PINTLE_FEEDBACK_LESS_OF;
    return of_kind(kind);
  }
  pintle_feedback of_kind(uint32_t kind) {
    const uint32_t target = draw_target(kind);
    return {kind, target, 1, 0, time_, 0};
  }
  uint64_t give(const pintle_feedback& feedback) {
    uint64_t number = 0;
    require(pintle_profile_give(session_, &feedback, &number), "give");
    return number;
  }
  void undo(uint64_t number) { require(pintle_profile_undo(session_, number), "undo"); }
  // What the next list would have to learn.
  void learn() {
    size_t parts = 0;
    require(pintle_profile_explain(session_, PINTLE_NO_DATE, nullptr, 0, &parts), "explain");
  }
  void pass(int64_t seconds) { time_ += seconds; }
  void talk(uint32_t count) {
    for (uint32_t i = 0; i < count; ++i) {
      if (i % 5 == 0) list();
      give(next());
      pass(kHour);
    }
    learn();
  }

 private:
  static uint32_t below(SplitMix* random, uint32_t end) {
    return static_cast<uint32_t>(random->next() >> 32) % end;
  }
  // Half of what is said of items is said of the list.
  uint32_t draw_target(uint32_t kind) {
    if (kind >= PINTLE_FEEDBACK_MORE_OF) return below(&feedbacks_, kGenres);
    if (below(&feedbacks_, 2) == 0) return list_[below(&feedbacks_, kTop)].item;
    return below(&feedbacks_, items_);
  }

  const uint32_t items_;
  pintle_session* session_ = nullptr;
  SplitMix events_{7}, feedbacks_{11};
  int64_t time_ = kStart;
  pintle_recommendation list_[kTop] = {};
};

void print_times(const char* what, uint32_t held, const std::vector<double>& us) {
  const Spread spread(us);
  std::printf("%-44s %4u  %8.2f %8.2f %8.2f\n", what, held, spread.low, spread.median, spread.high);
}

// Each feedback is given and taken back, so that the profile holds as many again.
void time_updates(const Model& model, uint32_t held) {
  constexpr int kRounds = 2000;
  Person person(model);
  person.talk(held == PINTLE_FEEDBACK_EVENTS ? held - 1 : held);
  person.pass(-kHour);  // at the newest one's step of time
  const struct {
    const char* name;
    uint32_t kind;
  } kinds[] = {{"like", PINTLE_FEEDBACK_LIKE},
               {"more like an item", PINTLE_FEEDBACK_MORE_LIKE},
               {"more of a genre", PINTLE_FEEDBACK_MORE_OF}};
  for (const auto& kind : kinds) {
    std::vector<double> give, undo;
    for (int round = 0; round < kRounds; ++round) {
      const pintle_feedback feedback = person.of_kind(kind.kind);
      uint64_t number = 0;
      give.push_back(time_us([&] {
        number = person.give(feedback);
        person.learn();
      }));
      undo.push_back(time_us([&] {
        person.undo(number);
        person.learn();
      }));
    }
    print_times((std::string(kind.name) + ", learned").c_str(), held, give);
    print_times((std::string(kind.name) + ", taken back").c_str(), held, undo);
  }
  // Every so often all of the profile fades by a step.
  std::vector<double> step;
  for (int round = 0; round < kRounds; ++round) {
    const pintle_feedback feedback = person.of_kind(PINTLE_FEEDBACK_LIKE);
    uint64_t number = 0;
    step.push_back(time_us([&] {
      number = person.give(feedback);
      person.learn();
    }));
    person.undo(number);
    person.learn();
    person.pass(90 * 24 * kHour / 512 + 1);
  }
  print_times("like, the first for four hours", held, step);
}

// events: one before each list, or none, so that the network does not run.
void compare_lists(const Model& without, const Model& with, uint32_t held, bool events) {
  constexpr int kPairs = 4000, kRestart = kWindow / 2;
  Person plain(without), profiled(with);
  profiled.talk(held);
  std::vector<double> ratios, plain_us, profiled_us;
  const auto run = [&](Person* person) {
    return time_us([&] {
      if (events) person->append();
      person->list();
    });
  };
  for (int pair = 0; pair < kPairs; ++pair) {
    if (events && pair % kRestart == 0) {
      plain.restart();
      profiled.restart();
    }
    // Each of them first as often.
    if (pair % 2 == 0) plain_us.push_back(run(&plain));
    profiled_us.push_back(run(&profiled));
    if (pair % 2 != 0) plain_us.push_back(run(&plain));
    ratios.push_back(profiled_us.back() / plain_us.back());
  }
  const Spread ratio(ratios);
  std::printf("%-44s %4u  %8.3f %8.3f %8.3f   %.2f us, %.2f without\n",
              events ? "an event and its top 10, ratio" : "the same top 10 again, ratio", held,
              ratio.low, ratio.median, ratio.high, Spread(profiled_us).median,
              Spread(plain_us).median);
}

int run(const char* isa) {
  const std::vector<uint8_t> file = genre_model(kWindow);
  const Model without(file, isa, 0), with(file, isa, PINTLE_OPEN_PROFILE);
  std::printf("%-44s %4s  %8s %8s %8s\n", "us of CPU time, and ratios", "held", "25 %", "median",
              "75 %");
  for (const uint32_t held : {50u, PINTLE_FEEDBACK_EVENTS}) time_updates(with, held);
  for (const uint32_t held : {20u, PINTLE_FEEDBACK_EVENTS}) {
    compare_lists(without, with, held, true);
    compare_lists(without, with, held, false);
  }
  return 0;
}

}  // namespace
}  // namespace pintle::bench

int main(int argc, char** argv) {
  const bool names_isa = argc == 3 && std::strcmp(argv[1], "--isa") == 0;
  if (argc != 1 && !names_isa) {
    std::fprintf(stderr, "usage: profile_cost [--isa NAME]\n");
    return 2;
  }
  return pintle::bench::run(names_isa ? argv[2] : nullptr);
}
