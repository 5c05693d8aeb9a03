// SPDX-License-Identifier: Apache-2.0
#include "converter/commands/request_options.h"

#include <algorithm>

#include "converter/commands/steering_options.h"
#include "converter/io/error.h"
#include "converter/io/interactions.h"
#include "converter/run/runtime_model.h"
#include "converter/run/steering_names.h"

namespace pintle::converter {
namespace {

const std::string kScoreWords = "expected DCG", kProfileWords = "profile";

std::vector<uint32_t> read_items_of(const Model& model, const std::string& path) {
  if (path.empty()) return {};
  return find_items(model, read_id_list(path), path);
}

// Throws Error for a group by example that changes nothing.
void check_examples_used(const ListRequest& request) {
  for (uint32_t i = 0; i < request.examples.size(); ++i) {
    const auto is_for = [&](const auto& asked) { return asked.target == example_attribute(i); };
    const std::vector<pintle_wish>& wishes = request.request.wishes;
    const std::vector<pintle_rule>& rules = request.request.rules;
    if (std::none_of(wishes.begin(), wishes.end(), is_for) &&
        std::none_of(rules.begin(), rules.end(), is_for)) {
      const std::string& name = request.examples[i].name;
      throw Error("--like " + name + ": no wish or rule is about it; add --wish " + name + "=1");
    }
  }
}

std::string words_of(const Model& model, const pintle_edit& edit) {
  if (edit.kind != PINTLE_EDIT_KNOB) return "feature " + std::to_string(edit.target);
  return std::string("knob ") + require(model.knob(edit.target), "knob", edit.target).name + "=" +
         short_number(edit.value);
}

}  // namespace

std::vector<CLI::Option*> add_request_options(CLI::App* verb, RequestArguments* arguments) {
  verb->add_option("--top-k", arguments->top_k, "Items to recommend")
      ->capture_default_str()
      ->check(CLI::PositiveNumber);
  verb->add_flag("--include-seen", arguments->include_seen,
                 "Items of the history may be recommended again");
  std::vector<CLI::Option*> options = {
      verb->add_option("--allow", arguments->allow_path, "Only the ids listed in this file"),
      verb->add_option("--deny", arguments->deny_path, "None of the ids listed in this file"),
      verb->add_option("--knob", arguments->steering.knobs, kKnobHelp)->allow_extra_args(false),
      verb->add_option(
              "--like", arguments->examples.like,
              "NAME=ID,ID,..., such as cosy=318,50: a group by example, the items that are "
              "like these (5 to 20 are a good number). Wishes and rules name it as they name "
              "attributes: --wish cosy=1.5. `pintle concept` shows what is in it")
          ->allow_extra_args(false),
      verb->add_option("--unlike", arguments->examples.unlike,
                       "NAME=ID,ID,...: items that the group of --like NAME is not to be like")
          ->allow_extra_args(false)};
  CLI::Option* fresh = nullptr;
  for (const WishOption& option : wish_options()) {
    // Each time that it is met, for the options' own order counts.
    const auto add = [arguments, name = option.name](const std::string& text) {
      arguments->wishes.given.push_back({name, text});
    };
    options.push_back(
        verb->add_option_function<std::string>(option.name, add, option.help)->trigger_on_parse());
    if (option.name == kFreshOption) fresh = options.back();
  }
  verb->add_option("--now", arguments->wishes.now,
                   "With --fresh: the date from which ages count, such as 2024-07-14 (default: the "
                   "clock's)")
      ->needs(fresh);
  options.push_back(
      verb->add_option("--steer", arguments->steering.edits, kSteerHelp)->allow_extra_args(false));
  add_steering_options(verb, &arguments->steering);
  return options;
}

bool ListRequest::is_chosen() const {
  const auto is_knob = [](const pintle_edit& edit) { return edit.kind == PINTLE_EDIT_KNOB; };
  return !wish_words.empty() || !rule_words.empty() ||
         std::any_of(request.edits.begin(), request.edits.end(), is_knob);
}

const std::string& ListRequest::source_words(uint32_t source) const {
  if (source == PINTLE_SOURCE_SCORE) return kScoreWords;
  if (source >= PINTLE_SOURCE_PROFILE) return kProfileWords;
  if (source >= PINTLE_SOURCE_RULES) return rule_words.at(source - PINTLE_SOURCE_RULES);
  if (source >= PINTLE_SOURCE_WISHES) return wish_words.at(source - PINTLE_SOURCE_WISHES);
  return edit_words.at(source - PINTLE_SOURCE_KNOBS);
}

size_t ListRequest::source_count() const {
  return 2 + edit_words.size() + wish_words.size() + rule_words.size();
}

ListRequest list_request(const Model& model, const RequestArguments& arguments) {
  ListRequest result;
  Request& request = result.request;
  request.k = std::min<size_t>(arguments.top_k, model.info().item_count);
  request.includes_seen = arguments.include_seen;
  request.only_allowed = !arguments.allow_path.empty();  // an empty list allows nothing
  request.allow = read_items_of(model, arguments.allow_path);
  request.deny = read_items_of(model, arguments.deny_path);
  const SteeringSet steering = parse_steering(model, arguments.steering);
  request.edits = steering.edits;
  if (!steering.edits.empty()) request.steering_flags = steering.flags;
  for (const pintle_edit& edit : request.edits) result.edit_words.push_back(words_of(model, edit));

  result.examples = parse_examples(model, arguments.examples);
  const WishSet set = parse_wishes({model, request.k, result.examples}, arguments.wishes);
  for (const NamedWish& wish : set.wishes) {
    request.wishes.push_back(wish.wish);
    result.wish_words.push_back(wish.words);
  }
  for (const NamedRule& rule : set.rules) {
    request.rules.push_back(rule.rule);
    result.rule_words.push_back(rule.words);
  }
  request.now = set.now;
  request.half_life_seconds = set.half_life_seconds;
  request.seed = set.seed;
  check_examples_used(result);
  return result;
}

}  // namespace pintle::converter
