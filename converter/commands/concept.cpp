// SPDX-License-Identifier: Apache-2.0
//
// Groups by example: which items are in one, and as a table for the file.
#include <algorithm>
#include <cstdio>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "converter/commands/commands.h"
#include "converter/file/catalogue.h"
#include "converter/io/error.h"
#include "converter/io/interactions.h"
#include "converter/io/memberships.h"
#include "converter/io/output_file.h"
#include "converter/io/text_file.h"
#include "converter/run/examples.h"
#include "converter/run/runtime_model.h"

namespace pintle::converter {
namespace {

using ConceptJson = nlohmann::ordered_json;

struct ConceptArguments {
  std::string model_path, like, unlike, sequences_path, out_path;
  std::string group = "by example", name;
  size_t top = 20;
  bool json = false;
};

double whole_items(uint8_t fifteenths) { return fifteenths / double{kWholeMembership}; }

struct Member {
  uint32_t item;
  uint8_t fifteenths;
  bool is_liked;
};

class ConceptGroup {
 public:
  ConceptGroup(const Model& model, const NamedExample& example) : model_(model) {
    Session session = new_session(model);
    set_examples(&session, {example});
    for (uint32_t item = 0; item < model.info().item_count; ++item) {
      const uint32_t level = require(session.example(0, item), "membership of item", item);
      levels_.push_back(static_cast<uint8_t>(level));
      if (level == 0) continue;
      const bool is_liked =
          std::find(example.like.begin(), example.like.end(), item) != example.like.end();
      members_.push_back({item, levels_.back(), is_liked});
    }
    std::stable_sort(members_.begin(), members_.end(),
                     [](const Member& a, const Member& b) { return a.fifteenths > b.fifteenths; });
  }

  const std::vector<Member>& members() const { return members_; }  // strongest first
  double size() const {
    double sum = 0;
    for (const Member& member : members_) sum += whole_items(member.fifteenths);
    return sum;
  }
  // The part of the events of histories that is of the group; ids that the model lacks count as others.
  double share_of_events(const std::string& path) const {
    double inside = 0, all = 0;
    for (const std::vector<std::string>& history : read_sequences(path)) {
      for (const std::string& id : history) {
        uint32_t item = 0;
        if (find_item(model_, id, &item)) inside += whole_items(levels_[item]);
        ++all;
      }
    }
    if (all == 0) throw Error(path + ": has no events");
    return inside / all;
  }

 private:
  const Model& model_;
  std::vector<uint8_t> levels_;  // by item
  std::vector<Member> members_;
};

void print_concept_json(const Model& model, const ConceptGroup& group,
                        const std::optional<double>& share) {
  ConceptJson items = ConceptJson::array();
  for (const Member& member : group.members()) {
    items.push_back({{"id", item_id(model, member.item)},
                     {"title", item_title(model, member.item)},
                     {"fifteenths", member.fifteenths},
                     {"liked", member.is_liked}});
  }
  ConceptJson object{{"size", group.size()}};
  if (share) object["share_of_events"] = *share;
  object["items"] = std::move(items);
  std::cout << object.dump(-1, ' ', false, ConceptJson::error_handler_t::replace) << '\n';
}

void print_concept(const Model& model, const ConceptGroup& group,
                   const std::optional<double>& share, size_t top) {
  char line[160];
  std::snprintf(line, sizeof(line),
                "%zu of %s items belong to it in part or wholly, as many as %.1f whole ones\n",
                group.members().size(), count_text(model.info().item_count).c_str(), group.size());
  std::cout << line;
  if (share) {
    std::snprintf(line, sizeof(line), "%.1f %% of the events are of it\n", 100 * *share);
    std::cout << line;
  }
  std::cout << "membership  id, title: the strongest beside those that it is like\n";
  size_t printed = 0;
  for (const Member& member : group.members()) {
    if (member.is_liked || printed == top) continue;
    std::snprintf(line, sizeof(line), "%10.2f  ", whole_items(member.fifteenths));
    std::cout << line << item_id(model, member.item) << "  " << item_title(model, member.item)
              << '\n';
    ++printed;
  }
}

void write_concept(const Model& model, const ConceptGroup& group,
                   const ConceptArguments& arguments) {
  std::vector<Membership> rows;
  for (const Member& member : group.members()) {
    rows.push_back(
        {item_id(model, member.item), arguments.group, arguments.name, member.fifteenths, 0});
  }
  const std::string text = memberships_text(rows);
  OutputFile file(arguments.out_path);
  file.write({text.begin(), text.end()});
  file.commit();
}

void run_concept_command(const ConceptArguments& arguments) {
  const Model model = open_model(arguments.model_path, PINTLE_OPEN_EXAMPLES);
  NamedExample example;
  example.name = arguments.like;  // what errors quote
  example.like = find_items(model, split_ids(arguments.like, "--like"), "--like");
  if (!arguments.unlike.empty()) {
    example.unlike = find_items(model, split_ids(arguments.unlike, "--unlike"), "--unlike");
  }
  const ConceptGroup group(model, example);
  std::optional<double> share;
  if (!arguments.sequences_path.empty()) share = group.share_of_events(arguments.sequences_path);
  if (!arguments.out_path.empty()) write_concept(model, group, arguments);
  if (arguments.json) {
    print_concept_json(model, group, share);
  } else {
    print_concept(model, group, share, arguments.top);
  }
}

}  // namespace

void add_concept_command(CLI::App* app) {
  const auto arguments = std::make_shared<ConceptArguments>();
  CLI::App* verb = app->add_subcommand(
      "concept", "Make a group of items by example: more like these, not like those");
  verb->add_option("--model", arguments->model_path, "The model file")->required();
  verb->add_option("--like", arguments->like,
                   "ID,ID,...: items of the group; 5 to 20 are a good number")
      ->required();
  verb->add_option("--unlike", arguments->unlike, "ID,ID,...: items that are not of it");
  verb->add_option(
      "--sequences", arguments->sequences_path,
      "A file with one history a line: also tell what part of its events the group is");
  verb->add_option("--top", arguments->top, "Items to print")->capture_default_str();
  CLI::Option* out = verb->add_option("--out", arguments->out_path,
                                      "Also write all memberships to this file, a table for "
                                      "`pintle convert --memberships`: the group "
                                      "then is an attribute of the model");
  CLI::Option* name =
      verb->add_option("--name", arguments->name, "With --out: the attribute's name")
          ->needs(out)
          ->check(CLI::Validator(
              [](std::string& text) { return text.empty() ? "a name is wanted" : std::string(); },
              ""));
  verb->add_option("--group", arguments->group, "With --out: the name of the attribute's group")
      ->needs(out)
      ->capture_default_str();
  out->needs(name);
  verb->add_flag(
      "--json", arguments->json,
      "One object: size (memberships summed), share_of_events with --sequences, items: all "
      "members, strongest first, each with id, title, fifteenths (its membership) and liked");
  verb->footer(
      "On the device pintle_session_set_example makes the same group, and `pintle recommend --like "
      "NAME=ID,ID,... --wish NAME=1` tries it.");
  verb->callback([arguments] { run_concept_command(*arguments); });
}

}  // namespace pintle::converter
