// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cstdio>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <sstream>
#include <string>
#include <vector>

#include "converter/commands/commands.h"
#include "converter/commands/explained_list.h"
#include "converter/commands/learned_profile.h"
#include "converter/commands/request_options.h"
#include "converter/io/error.h"
#include "converter/io/interactions.h"
#include "converter/io/progress.h"
#include "converter/run/feedback_arguments.h"
#include "converter/run/runtime_model.h"
#include "converter/run/steering_names.h"

namespace pintle::converter {
namespace {

using Json = nlohmann::ordered_json;

struct RecommendArguments {
  std::string model_path, delta_path, history, sequences_path, candidates_path;
  RequestArguments request;
  std::vector<std::string> feedback;
  bool not_personal = false;
  bool skip_unknown = false, why = false, json = false;
};

constexpr char kNoPrior[] =
    "the model has no popularity prior, which `pintle convert --interactions` puts into it";

struct Ranked {
  uint32_t item;
  float score;
};

struct Answer {
  std::vector<Ranked> items;
  // Of knobs, wishes and rules, or with --why, if there is a list.
  std::optional<ExplainedList> explained;
  std::string why_none = {};  // of an empty history without a list
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

// One history at a time over one session.
class Recommender {
 public:
  Recommender(const Model& model, const RecommendArguments& arguments)
      : session_(new_session(model)),
        request_(list_request(model, arguments.request)),
        has_prior_(model.info().has_prior != 0),
        scores_candidates_(!arguments.candidates_path.empty()),
        with_why_(arguments.why) {
    request_.request.is_personal = !arguments.not_personal;
    set_examples(&session_, request_.examples);
    feedback_ = parse_feedback(model, arguments.feedback);
    if (!scores_candidates_) return;
    candidates_ =
        find_items(model, read_id_list(arguments.candidates_path), arguments.candidates_path);
  }

  const ListRequest& request() const { return request_; }
  // Of the feedback, with the history that was run last.
  std::vector<LearnedPart> learned(const Model& model) {
    if (feedback_.empty()) return {};
    return learned_parts(model, &session_, request_.request.now);
  }

  Answer run(const std::vector<uint32_t>& history) {
    require(session_.reset(), "cannot reset the session");
    if (!feedback_.empty()) require(session_.reset_profile(), "cannot reset the profile");
    require(session_.append(history), "cannot append to the history");
    if (history.empty()) {
      std::string why = why_no_list();
      if (!why.empty()) return {{}, std::nullopt, std::move(why)};
    }
    if (!feedback_.empty()) give_feedback();
    if (scores_candidates_) return {score_candidates(), std::nullopt};
    if (!request_.is_chosen() && !with_why_) {
      return {ranked(require(session_.recommend(request_.request), "cannot recommend")),
              std::nullopt};
    }
    ExplainedList explained = explain_list(&session_, request_, with_why_);
    return {ranked(explained.list.entries), std::move(explained)};
  }

 private:
  // Of an empty history; empty: there is a list.
  std::string why_no_list() {
    if (scores_candidates_) return "scores of --candidates need one";
    const auto list = session_.recommend(request_.request);
    if (list.status() != PINTLE_ERR_EMPTY_HISTORY) return "";
    return has_prior_ ? list.message() : kNoPrior;
  }

  // As beside the list that the person gets without it.
  void give_feedback() {
    require(session_.recommend(request_.request), "cannot recommend");
    for (const pintle_feedback& feedback : feedback_)
      require(session_.give(feedback), "--feedback");
  }

  template <typename Entry>
  static std::vector<Ranked> ranked(const std::vector<Entry>& list) {
    std::vector<Ranked> items;
    for (const Entry& entry : list) items.push_back({entry.item, entry.score});
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
  ListRequest request_;
  bool has_prior_, scores_candidates_, with_why_;
  std::vector<uint32_t> candidates_;
  std::vector<pintle_feedback> feedback_;
};

void print_json(const Model& model, size_t number, const History& history, const Answer& answer,
                const ListRequest& request, const std::vector<LearnedPart>& learned,
                const RecommendArguments& arguments) {
  Json items = Json::array();
  for (size_t i = 0; i < answer.items.size(); ++i) {
    const Ranked& entry = answer.items[i];
    items.push_back({{"id", item_id(model, entry.item)}, {"score", shortest(entry.score)}});
    if (arguments.why) add_why(model, request, *answer.explained, i, &items.back());
  }
  Json line{{"history", number}, {"items", std::move(items)}};
  if (request.is_chosen()) {  // null: there is no list of an empty history
    line["list"] = answer.explained ? summary_json(*answer.explained) : Json();
    line["rules"] = answer.explained ? rules_json(request, *answer.explained) : Json();
  }
  if (!arguments.feedback.empty()) line["profile"] = profile_json(model, learned);
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
  if (history.items.empty()) std::cout << "history " << number << ": nothing is left of it\n";
}

void print_table(const Model& model, size_t number, const Answer& answer,
                 const ListRequest& request, bool numbered) {
  if (numbered) std::cout << "history " << number << '\n';
  if (!answer.why_none.empty()) {
    std::cout << "no list, as the history is empty: " << answer.why_none << '\n';
    return;
  }
  if (answer.explained && request.is_chosen()) {
    std::cout << summary_text(request, *answer.explained);
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
  if (answer.explained && !answer.explained->reasons.empty()) {
    std::cout << '\n' << why_text(model, request, *answer.explained);
  }
}

std::vector<std::vector<std::string>> read_histories(const RecommendArguments& arguments) {
  if (!arguments.sequences_path.empty()) return read_sequences(arguments.sequences_path);
  std::istringstream words(arguments.history);
  std::vector<std::string> history;
  for (std::string id; words >> id;) history.push_back(id);
  return {history};
}

void run_recommend_command(const RecommendArguments& arguments) {
  const uint32_t flags =
      arguments.request.examples.open_flags() |
      (arguments.feedback.empty() ? 0u : static_cast<uint32_t>(PINTLE_OPEN_PROFILE));
  const Model model =
      open_model(arguments.model_path, flags, nullptr, arguments.delta_path.c_str());
  if (arguments.not_personal && model.info().has_prior == 0) {
    throw Error(std::string("--not-personal: ") + kNoPrior);
  }
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
    if (!answer.why_none.empty() && arguments.sequences_path.empty() && known[i].unknown.empty()) {
      throw Error("--history is empty: " + answer.why_none);
    }
    const std::vector<LearnedPart> learned = recommender.learned(model);
    if (arguments.json) {
      print_json(model, i + 1, known[i], answer, recommender.request(), learned, arguments);
    } else {
      print_unknown(i + 1, known[i]);
      print_table(model, i + 1, answer, recommender.request(), known.size() > 1);
      if (!arguments.feedback.empty()) std::cout << '\n' << profile_text(learned);
    }
    progress.advance();
  }
}

}  // namespace

void add_recommend_command(CLI::App* app) {
  const auto arguments = std::make_shared<RecommendArguments>();
  CLI::App* verb = app->add_subcommand("recommend", "Recommend items for histories");
  verb->add_option("--model", arguments->model_path, "The model file")->required();
  verb->add_option("--delta", arguments->delta_path, "A delta of its catalogue (pintle delta)");
  CLI::Option_group* source = verb->add_option_group("Histories");
  source->add_option(
      "--history", arguments->history,
      "One history: item ids, oldest first, separated by spaces. An empty one gets a list "
      "by popularity, if `pintle convert --interactions` told the model of it");
  source->add_option("--sequences", arguments->sequences_path,
                     "A file with one history a line, which may be empty");
  source->require_option(1);
  verb->add_flag("--skip-unknown", arguments->skip_unknown,
                 "Ids of a history that the model lacks are left out and counted, as in `pintle "
                 "evaluate`; without it they are an error");
  const std::vector<CLI::Option*> request = add_request_options(verb, &arguments->request);
  CLI::Option* feedback =
      verb->add_option("--feedback", arguments->feedback, kFeedbackHelp)->allow_extra_args(false);
  CLI::Option* not_personal =
      verb->add_flag("--not-personal", arguments->not_personal,
                     "The list that anybody would get, by popularity: the history has no part in "
                     "it, nor in what is left out")
          ->excludes(feedback);
  CLI::Option* why =
      verb->add_flag("--why", arguments->why,
                     "Also why each entry is there: its rank without wishes and rules, the "
                     "one that put it in, what left for it, and what it gains");
  CLI::Option* candidates = verb->add_option(
      "--candidates", arguments->candidates_path,
      "Score the ids listed in this file, all of them, seen or not, trained or not, "
      "and print them best first; --top-k and --include-seen do not apply, and options that change "
      "the list are refused");
  for (CLI::Option* option : request) candidates->excludes(option);
  for (CLI::Option* option : {feedback, not_personal, why}) candidates->excludes(option);
  verb->add_flag("--json", arguments->json,
                 "One line a history: {\"history\": 1, \"items\": [{\"id\": \"...\", \"score\": "
                 "1.25}, ...]}; histories are numbered from 1. " +
                     std::string(kListKeysHelp) + ". With --why " + kWhyKeysHelp +
                     ". With --feedback " + kProfileKeysHelp +
                     ". With --skip-unknown also unknown, the ids left out");
  verb->callback([arguments] { run_recommend_command(*arguments); });
}

}  // namespace pintle::converter
