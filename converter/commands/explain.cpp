// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cstdio>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>
#include <vector>

#include "converter/commands/commands.h"
#include "converter/commands/explained_list.h"
#include "converter/commands/request_options.h"
#include "converter/io/error.h"
#include "converter/run/runtime_model.h"
#include "converter/run/steering_names.h"

namespace pintle::converter {
namespace {

using Json = nlohmann::ordered_json;

struct ExplainArguments {
  std::string model_path, delta_path, history, item;
  size_t features = 10, events = 10;
  RequestArguments request;
  bool json = false;
};

Json describe_item(const Model& model, uint32_t item) {
  return {{"id", item_id(model, item)}, {"title", item_title(model, item)}};
}

// "value": the activation, or the contribution to the score.
Json describe_features(const Model& model, uint32_t sae,
                       const std::vector<pintle_feature_value>& features) {
  Json list = Json::array();
  for (const pintle_feature_value& entry : features) {
    const uint32_t number = entry.feature;
    const pintle_feature_info info = require(model.feature(sae, number), "feature", number);
    Json feature{{"feature", number}, {"label", info.label}};
    feature["value"] = shortest(entry.value);
    list.push_back(std::move(feature));
  }
  return list;
}

// Adds what the value is in units of the feature's 95th percentile, where that was measured.
void add_calibrated(const Model& model, uint32_t sae, Json* features) {
  for (Json& feature : *features) {
    const auto number = feature["feature"].get<uint32_t>();
    const float p95 = require(model.feature(sae, number), "feature", number).p95;
    feature["p95_units"] =
        p95 > 0 ? Json(shortest(static_cast<float>(feature["value"].get<double>()) / p95)) : Json();
  }
}

Json explain_sae(const Model& model, uint32_t sae, uint32_t item, size_t capacity,
                 Session* session) {
  const std::string what = "cannot explain by SAE " + std::to_string(sae);
  size_t count = 0;
  const auto active = require(session->active_features(sae, capacity, &count), what);
  const pintle_sae_info info = require(model.sae(sae), what);
  Json result{{"name", info.name}, {"hook", info.hook}, {"active_count", count}};
  result["active"] = describe_features(model, sae, active);
  add_calibrated(model, sae, &result["active"]);

  // With room for all, the remainder is the score without any feature.
  FeatureExplanation gave = require(session->explain_features(sae, item, count), what);
  double others = 0;
  for (size_t i = std::min(capacity, count); i < count; ++i) {
    others += static_cast<double>(gave.features[i].value);
  }
  gave.features.resize(std::min(capacity, count));
  result["contributions"] = describe_features(model, sae, gave.features);
  result["other_features"] = shortest(static_cast<float>(others));
  result["without_features"] = shortest(gave.remainder);
  return result;
}

Json explain_events(const Model& model, uint32_t item, size_t capacity, Session* session) {
  Json list = Json::array();
  for (const pintle_event_effect& event :
       require(session->explain_events(item, capacity), "cannot explain by events")) {
    Json entry = describe_item(model, event.item);
    entry["age"] = event.age;
    entry["effect"] = shortest(event.effect);
    list.push_back(std::move(entry));
  }
  return list;
}

// What `recommend --why` tells of the list.
Json explain_entries(const Model& model, const ListRequest& request,
                     const ExplainedList& explained) {
  Json list{{"items", Json::array()}};
  for (size_t i = 0; i < explained.list.entries.size(); ++i) {
    const pintle_list_entry& entry = explained.list.entries[i];
    list["items"].push_back({{"id", item_id(model, entry.item)}, {"score", shortest(entry.score)}});
    add_why(model, request, explained, i, &list["items"].back());
  }
  list["list"] = summary_json(explained);
  list["rules"] = rules_json(request, explained);
  return list;
}

struct Explanation {
  Json json;
  std::string list_text;  // of a list under knobs, wishes or rules
};

Explanation explain(const ExplainArguments& arguments) {
  const Model model = open_model(arguments.model_path, arguments.request.examples.open_flags(),
                                 nullptr, arguments.delta_path.c_str());
  std::istringstream words(arguments.history);
  std::vector<std::string> ids;
  for (std::string id; words >> id;) ids.push_back(id);
  if (ids.empty()) throw Error("--history is empty: there is nothing to explain");
  Session session = new_session(model);
  require(session.append(find_items(model, ids, "--history")), "--history");
  const ListRequest request = list_request(model, arguments.request);
  set_examples(&session, request.examples);
  const ExplainedList explained = explain_list(&session, request, request.is_chosen());

  uint32_t item = 0;
  if (!arguments.item.empty()) {
    item = find_items(model, {arguments.item}, "--item")[0];
  } else if (!explained.list.entries.empty()) {
    item = explained.list.entries[0].item;
  } else {
    throw Error("nothing can be recommended: name an item with --item");
  }
  Explanation result;
  Json& json = result.json;
  json["item"] = describe_item(model, item);
  json["item"]["score"] = shortest(require(session.score({item}), "cannot score")[0]);
  if (request.is_chosen()) {
    json["recommended"] = explain_entries(model, request, explained);
    result.list_text =
        summary_text(request, explained) + why_text(model, request, explained) + "\n";
  }
  json["saes"] = Json::array();
  for (uint32_t sae = 0; sae < model.info().sae_count; ++sae) {
    json["saes"].push_back(explain_sae(model, sae, item, arguments.features, &session));
  }
  json["events"] = explain_events(model, item, arguments.events, &session);
  return result;
}

std::string name_of(const Json& item) {
  const std::string title = item["title"].get<std::string>();
  return item["id"].get<std::string>() + (title.empty() ? "" : "  " + title);
}

void print_features(const Json& features, const char* value_name) {
  std::printf("  %7s  %12s  label\n", "feature", value_name);
  for (const Json& feature : features) {
    std::printf("  %7u  %12.4f  %s\n", feature["feature"].get<uint32_t>(),
                feature["value"].get<double>(), feature["label"].get<std::string>().c_str());
  }
}

// What the listed contributions leave of the score, and what part of it the features explain.
void print_sums(const Json& sae, double score) {
  const double others = sae["other_features"].get<double>(),
               without = sae["without_features"].get<double>();
  const size_t active = sae["active_count"].get<size_t>(), listed = sae["contributions"].size();
  if (listed < active) {
    std::printf("  %7s  %12.4f  the %zu other active features\n", "", others, active - listed);
  }
  std::printf("  %7s  %12.4f  the score with all of them off\n", "", without);
  std::printf("features explain %.4f of the score's %.4f", score - without, score);
  // A part of it only where nothing was added that had to be taken away again.
  const double share = (score - without) / score;
  if (share >= 0 && share <= 1) std::printf(", %.0f %%", 100 * share);
  std::printf("\n");
}

void print_explanation(const Json& result) {
  const Json& item = result["item"];
  std::printf("item %s, score %.4f\n", name_of(item).c_str(), item["score"].get<double>());
  if (result["saes"].empty()) std::printf("\nthe model has no SAE: no features to tell\n");
  for (const Json& sae : result["saes"]) {
    std::printf("\nSAE %s at %s: %zu features are active, the strongest:\n",
                sae["name"].get<std::string>().c_str(), sae["hook"].get<std::string>().c_str(),
                sae["active_count"].get<size_t>());
    print_features(sae["active"], "activation");
    std::printf("what features gave to the item's score:\n");
    print_features(sae["contributions"], "contribution");
    print_sums(sae, item["score"].get<double>());
  }
  std::printf("\nevents that mattered most: the score less the score without the event\n");
  std::printf("  %7s  %12s  item\n", "age", "effect");
  for (const Json& event : result["events"]) {
    std::printf("  %7u  %12.4f  %s\n", event["age"].get<uint32_t>(), event["effect"].get<double>(),
                name_of(event).c_str());
  }
}

}  // namespace

void add_explain_command(CLI::App* app) {
  const auto arguments = std::make_shared<ExplainArguments>();
  CLI::App* verb = app->add_subcommand("explain",
                                       "Explain a history's state, an item's score by features and "
                                       "events, and a list under wishes and rules entry by entry");
  verb->add_option("--model", arguments->model_path, "The model file")->required();
  verb->add_option("--delta", arguments->delta_path, "A delta of its catalogue (pintle delta)");
  verb->add_option("--history", arguments->history, "Item ids, oldest first, separated by spaces")
      ->required();
  verb->add_option("--item", arguments->item,
                   "The item whose score is explained (default: the first of the list)");
  add_request_options(verb, &arguments->request);
  verb->add_option("--features", arguments->features, "Features to tell of every SAE")
      ->capture_default_str()
      ->check(CLI::Range(1, 100000));
  verb->add_option("--events", arguments->events, "Events to tell")
      ->capture_default_str()
      ->check(CLI::Range(1, 100000));
  verb->add_flag(
      "--json", arguments->json,
      "Print one JSON object. With knobs, wishes or rules also recommended: items, list and "
      "rules as of `pintle recommend --why --json`");
  verb->footer(
      "At the hook last a contribution is exact: activation x (decoder row . item). At other hooks "
      "it is the feature's share of what the active features change together: the mean change of "
      "the score as they are switched off and on again, one after the other. An SAE's "
      "contributions, those of its other features and the score without features (the SAE's "
      "decoder bias and what it misses of the state) add up to the score. age 0 is the newest "
      "event. Scores are the network's own: wishes and rules choose among them.");
  verb->callback([arguments] {
    const Explanation result = explain(*arguments);
    if (arguments->json) {
      std::cout << result.json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace)
                << '\n';
    } else {
      std::cout << result.list_text << std::flush;
      print_explanation(result.json);
    }
  });
}

}  // namespace pintle::converter
