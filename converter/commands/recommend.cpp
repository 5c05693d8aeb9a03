// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cstdio>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>
#include <numeric>
#include <optional>
#include <sstream>
#include <string>
#include <vector>

#include "converter/commands/commands.h"
#include "converter/commands/steering_options.h"
#include "converter/io/error.h"
#include "converter/io/interactions.h"
#include "converter/io/progress.h"
#include "converter/run/runtime_model.h"
#include "converter/run/steering_arguments.h"
#include "converter/run/steering_names.h"

namespace pintle::converter {
namespace {

struct RecommendArguments {
  std::string model_path, history, sequences_path, allow_path, deny_path, candidates_path;
  uint32_t top_k = 10;
  bool include_seen = false, skip_unknown = false, json = false;
  SteeringArguments steering;
  std::string share;
  float min_overlap = 0.5f;
};

struct Ranked {
  uint32_t item;
  float score;
};

struct Answer {
  std::vector<Ranked> items;
  std::optional<pintle_share_solution> solution;  // with --share, unless the history is empty
};

struct History {
  std::vector<uint32_t> items;
  std::vector<std::string> unknown;  // left out, by --skip-unknown
};

History find_history(const Model& model, const std::vector<std::string>& ids, size_t number,
                     bool skip_unknown) {
  History history;
  for (const std::string& id : ids) {
    uint32_t item = 0;
    if (find_item(model, id, &item)) {
      history.items.push_back(item);
    } else if (skip_unknown) {
      history.unknown.push_back(id);
    } else {
      throw Error("history " + std::to_string(number) + ": the model has no item with the id \"" +
                  id + "\"; --skip-unknown leaves such ids out");
    }
  }
  return history;
}

std::vector<uint32_t> read_items_of(const Model& model, const std::string& path) {
  if (path.empty()) return {};
  return find_items(model, read_id_list(path), path);
}

// One history at a time over one session.
class Recommender {
 public:
  Recommender(const Model& model, const RecommendArguments& arguments)
      : session_(new_session(model)),
        candidates_(read_items_of(model, arguments.candidates_path)),
        scores_candidates_(!arguments.candidates_path.empty()),
        min_overlap_(arguments.min_overlap) {
    if (!arguments.share.empty()) share_ = parse_share(model, arguments.share);
    request_.k = std::min<size_t>(arguments.top_k, model.info().item_count);
    request_.includes_seen = arguments.include_seen;
    request_.only_allowed = !arguments.allow_path.empty();  // an empty list allows nothing
    request_.allow = read_items_of(model, arguments.allow_path);
    request_.deny = read_items_of(model, arguments.deny_path);
    const SteeringSet set = parse_steering(model, arguments.steering);
    if (set.edits.empty()) return;
    request_.edits = set.edits;
    request_.steering_flags = set.flags;
  }

  Answer run(const std::vector<uint32_t>& history) {
    if (history.empty()) return {};
    require(session_.reset(), "cannot reset the session");
    require(session_.append(history), "cannot append to the history");
    Answer answer;
    if (scores_candidates_) {
      answer.items = score_candidates();
    } else if (share_) {
      const ShareSolution solved =
          require(session_.solve_share(request_, share_->knob, share_->share, min_overlap_),
                  "cannot solve for the share");
      answer.items = ranked(solved.list);
      answer.solution = solved.solution;
    } else {
      answer.items = ranked(require(session_.recommend(request_), "cannot recommend"));
    }
    return answer;
  }

 private:
  static std::vector<Ranked> ranked(const std::vector<pintle_recommendation>& list) {
    std::vector<Ranked> items;
    for (const pintle_recommendation& entry : list) items.push_back({entry.item, entry.score});
    return items;
  }

  std::vector<Ranked> score_candidates() {
    std::vector<Ranked> items;
    const std::vector<float> scores = require(session_.score(candidates_), "cannot score");
    for (size_t i = 0; i < scores.size(); ++i) items.push_back({candidates_[i], scores[i]});
    std::stable_sort(items.begin(), items.end(), [](const Ranked& a, const Ranked& b) {
      return a.score != b.score ? a.score > b.score : a.item < b.item;
    });
    return items;
  }

  Session session_;
  std::vector<uint32_t> candidates_;
  bool scores_candidates_;
  std::optional<ShareArgument> share_;
  float min_overlap_;
  Request request_;
};

const char* stop_name(int32_t stop) {
  if (stop == PINTLE_SHARE_AT_RANGE) return "range";
  return stop == PINTLE_SHARE_AT_OVERLAP ? "overlap" : "reached";
}

const char* stop_text(int32_t stop) {
  if (stop == PINTLE_SHARE_AT_RANGE) return "the knob's safe range ended first";
  return stop == PINTLE_SHARE_AT_OVERLAP ? "more would leave less of the list than --min-overlap"
                                         : "share reached";
}

void print_json(const Model& model, size_t number, const History& history, const Answer& answer,
                const RecommendArguments& arguments) {
  nlohmann::ordered_json items = nlohmann::ordered_json::array();
  for (const Ranked& entry : answer.items) {
    items.push_back({{"id", item_id(model, entry.item)}, {"score", shortest(entry.score)}});
  }
  nlohmann::ordered_json line{{"history", number}, {"items", items}};
  if (answer.solution) {
    line["strength"] = shortest(answer.solution->strength);
    line["share"] = shortest(answer.solution->share);
    line["overlap"] = shortest(answer.solution->overlap);
    line["stop"] = stop_name(answer.solution->stop);
  } else if (!arguments.share.empty()) {
    for (const char* key : {"strength", "share", "overlap", "stop"}) line[key] = nullptr;
  }
  if (arguments.skip_unknown) line["unknown"] = history.unknown;
  // An id that is not UTF-8 is printed with the replacement character.
  std::cout << line.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) << '\n';
}

// What of a history is not in the model.
void print_unknown(size_t number, const History& history) {
  constexpr size_t kExamples = 5;
  if (history.unknown.empty()) return;
  const size_t count = history.unknown.size();
  std::cout << "history " << number << ": " << count << (count == 1 ? " id" : " ids")
            << " unknown to the model, left out: ";
  for (size_t i = 0; i < std::min(count, kExamples); ++i) {
    std::cout << (i == 0 ? "" : ", ") << history.unknown[i];
  }
  std::cout << (count > kExamples ? ", ..." : "") << '\n';
  if (history.items.empty()) {
    std::cout << "history " << number << ": nothing is left to recommend from\n";
  }
}

void print_table(const Model& model, size_t number, const Answer& answer, bool numbered) {
  if (numbered) std::cout << "history " << number << '\n';
  if (answer.solution) {
    const pintle_share_solution& solution = *answer.solution;
    char shares[80];
    std::snprintf(shares, sizeof(shares), "share %.2f, overlap with the list without it %.2f",
                  static_cast<double>(solution.share), static_cast<double>(solution.overlap));
    std::cout << "strength " << short_number(solution.strength) << ", " << shares << ": "
              << stop_text(solution.stop) << '\n';
  }
  const std::vector<Ranked>& ranked = answer.items;
  size_t id_width = 2;
  for (const Ranked& entry : ranked) {
    id_width = std::max(id_width, item_id(model, entry.item).size());
  }
  char line[64];
  std::snprintf(line, sizeof(line), "%4s  %9s  ", "rank", "score");
  std::cout << line << "id" << std::string(id_width - 2, ' ') << "  title\n";
  for (size_t i = 0; i < ranked.size(); ++i) {
    const std::string id = item_id(model, ranked[i].item);
    const char* title = require(model.item(ranked[i].item), "item", ranked[i].item).title;
    std::snprintf(line, sizeof(line), "%4zu  %9.4f  ", i + 1, static_cast<double>(ranked[i].score));
    std::cout << line << id << std::string(id_width - id.size(), ' ');
    if (title != nullptr) std::cout << "  " << title;
    std::cout << '\n';
  }
}

std::vector<std::vector<std::string>> read_histories(const RecommendArguments& arguments) {
  if (!arguments.sequences_path.empty()) return read_sequences(arguments.sequences_path);
  std::istringstream words(arguments.history);
  std::vector<std::string> history;
  for (std::string id; words >> id;) history.push_back(id);
  if (history.empty()) throw Error("--history is empty: there is nothing to recommend from");
  return {history};
}

void run_recommend_command(const RecommendArguments& arguments) {
  const Model model = open_model(arguments.model_path);
  const std::vector<std::vector<std::string>> histories = read_histories(arguments);
  // All ids are looked up first: an unknown one ends the run before anything is printed, unless it
  // is skipped.
  std::vector<History> known;
  for (size_t i = 0; i < histories.size(); ++i) {
    known.push_back(find_history(model, histories[i], i + 1, arguments.skip_unknown));
  }
  Recommender recommender(model, arguments);
  Progress progress("recommending", "histories", known.size());
  for (size_t i = 0; i < known.size(); ++i) {
    const Answer answer = recommender.run(known[i].items);
    if (arguments.json) {
      print_json(model, i + 1, known[i], answer, arguments);
    } else {
      print_unknown(i + 1, known[i]);
      print_table(model, i + 1, answer, known.size() > 1);
    }
    progress.advance();
  }
}

}  // namespace

void add_recommend_command(CLI::App* app) {
  const auto arguments = std::make_shared<RecommendArguments>();
  CLI::App* verb = app->add_subcommand("recommend", "Recommend items for histories");
  verb->add_option("--model", arguments->model_path, "The model file")->required();
  CLI::Option_group* source = verb->add_option_group("Histories");
  source->add_option("--history", arguments->history,
                     "One history: item ids, oldest first, separated by spaces");
  source->add_option("--sequences", arguments->sequences_path,
                     "A file with one history a line; an empty line gets an empty list");
  source->require_option(1);
  verb->add_option("--top-k", arguments->top_k, "Items to recommend")
      ->capture_default_str()
      ->check(CLI::PositiveNumber);
  verb->add_flag("--include-seen", arguments->include_seen,
                 "Items of the history may be recommended again");
  verb->add_flag("--skip-unknown", arguments->skip_unknown,
                 "Ids of a history that the model lacks are left out and counted, as in `pintle "
                 "evaluate`; without it they are an error");
  CLI::Option* allow =
      verb->add_option("--allow", arguments->allow_path, "Only the ids listed in this file");
  CLI::Option* deny =
      verb->add_option("--deny", arguments->deny_path, "None of the ids listed in this file");
  CLI::Option* steer =
      verb->add_option("--steer", arguments->steering.edits, kSteerHelp)->allow_extra_args(false);
  add_steering_options(verb, &arguments->steering);
  CLI::Option* share =
      verb->add_option("--share", arguments->share,
                       "KNOB=SHARE, such as Sci-Fi=0.3 (knob:KNOB=SHARE too, as in --steer): find "
                       "the knob's strength at which so much "
                       "of the list has the knob's attribute, or as near as the bounds allow");
  verb->add_option("--min-overlap", arguments->min_overlap,
                   "With --share: how much of the list without it must stay")
      ->capture_default_str()
      ->check(CLI::Range(0.0, 1.0))
      ->needs(share);
  verb->add_option("--candidates", arguments->candidates_path,
                   "Score the ids listed in this file, all of them, seen or not, trained or not, "
                   "and print them best first; --top-k and --include-seen do not apply")
      ->excludes(allow)
      ->excludes(deny)
      ->excludes(steer)
      ->excludes(share);
  verb->add_flag(
      "--json", arguments->json,
      "One line a history: {\"history\": 1, \"items\": [{\"id\": \"...\", \"score\": "
      "1.25}, ...]}; histories are numbered from 1. With --share also strength, share, overlap "
      "and stop: reached, range or overlap. With --skip-unknown also unknown, the ids left out");
  verb->callback([arguments] { run_recommend_command(*arguments); });
}

}  // namespace pintle::converter
