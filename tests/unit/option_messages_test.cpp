// SPDX-License-Identifier: Apache-2.0
//
// Advice names only options that exist where it is given. Every string of the converter's sources is
// searched for options; each must be one of every verb that can print it: the verb of
// commands/VERB.cpp, or those whose includes reach the file. In "`pintle VERB --option`" it must be
// that verb's. `build` has keys of build.json for options.
#include <doctest/doctest.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cctype>
#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <regex>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "converter/commands/commands.h"
#include "converter/io/error.h"
#include "converter/jobs/build.h"
#include "support/read_file.h"
#include "support/scratch_dir.h"

namespace pintle::converter {
namespace {

namespace fs = std::filesystem;

using Names = std::set<std::string>;
using Sources = std::map<std::string, std::string>;  // "io/items.cpp" -> its text

// Files whose includes are reached by verbs that never get to their messages.
struct Narrowed {
  const char* begin;  // of the file's name
  Names verbs;
};
const Names kLogVerbs = {"cold-start", "convert", "build",    "delta", "evaluate",
                         "label",      "report",  "simulate", "sweep", "train-sae"};
const std::vector<Narrowed> kNarrowed = {
    {"file/", {"convert", "build"}},                       // others read and rewrite finished files
    {"io/items.cpp", {"convert", "build", "delta"}},       // others include the tables' types
    {"network/interpretation.cpp", {"convert", "build"}},  // the counts that convert compares
    {"import/sae_", {"convert", "label", "build"}},        // train-sae only writes SAEs
    {"import/load_saes", {"convert", "build"}},            // label takes a name from it
    {"import/", {"convert", "build"}},                     // recipes only lists and prints
    // recommend and inspect have lists of ids and tables, no logs
    {"io/interactions.cpp", kLogVerbs},
    {"io/event_list", kLogVerbs},
    {"io/log_", kLogVerbs},
    {"io/time_column", kLogVerbs},
};
// Within run/steering_arguments.cpp only the words of --steer-mode and --steer-at are sweep's too, whose
// --knob is another.
const Names kListOptions = {"--knob", "--steer"};
const Names kListVerbs = {"recommend", "explain"};

Sources read_sources() {
  Sources sources;
  const fs::path root = fs::path(PINTLE_ROOT) / "converter";
  for (const fs::directory_entry& entry : fs::recursive_directory_iterator(root)) {
    const std::string kind = entry.path().extension().string();
    if (kind != ".cpp" && kind != ".h") continue;
    sources[fs::relative(entry.path(), root).generic_string()] =
        test::read_file(entry.path().string());
  }
  return sources;
}

// The string literals of a source, adjacent ones joined, as they are spelt.
std::vector<std::string> strings_of(const std::string& source) {
  std::vector<std::string> strings;
  bool is_joined = false;
  for (size_t i = 0; i < source.size(); ++i) {
    if (source.compare(i, 2, "//") == 0) {
      i = std::min(source.find('\n', i), source.size());
    } else if (source[i] == '\'' &&
               (i == 0 || std::isalnum(static_cast<unsigned char>(source[i - 1])) == 0)) {
      i += source[i + 1] == '\\' ? 3 : 2;
      is_joined = false;
    } else if (source[i] == '"') {
      std::string text;
      for (++i; i < source.size() && source[i] != '"'; ++i) {
        if (source[i] == '\\') text.push_back(source[i++]);
        text.push_back(source[i]);
      }
      if (!is_joined) strings.emplace_back();
      strings.back() += text;
      is_joined = true;
    } else if (std::isspace(static_cast<unsigned char>(source[i])) == 0) {
      is_joined = false;
    }
  }
  return strings;
}

struct Mention {
  std::string option, verb;  // verb: of "`pintle VERB"; empty: whoever prints it
};

std::vector<Mention> mentions_in(const std::string& text) {
  static const std::regex kPattern("`pintle ([a-z-]+)|`|(^|[^-A-Za-z0-9_])(--[a-z][a-z0-9-]*)");
  std::vector<Mention> mentions;
  std::string verb;
  for (std::sregex_iterator found(text.begin(), text.end(), kPattern), end; found != end; ++found) {
    if ((*found)[3].matched) {
      mentions.push_back({(*found)[3], verb});
    } else {
      verb = (*found)[1];  // empty at the closing mark
    }
  }
  return mentions;
}

Names includes_of(const std::string& source) {
  static const std::regex kInclude("#include \"converter/([^\"]+)\"");
  Names names;
  for (std::sregex_iterator found(source.begin(), source.end(), kInclude), end; found != end;
       ++found) {
    names.insert((*found)[1]);
  }
  return names;
}

std::string stem_of(const std::string& file) { return file.substr(0, file.rfind('.')); }
std::string folder_of(const std::string& file) { return file.substr(0, file.rfind('/') + 1); }

std::string verb_of(const std::string& file) {
  std::string verb = fs::path(file).stem().string();
  std::replace(verb.begin(), verb.end(), '_', '-');
  return verb;
}

// A verb's file; files of commands/ with a header of their own are shared by several.
bool is_command(const Sources& sources, const std::string& file) {
  return folder_of(file) == "commands/" && fs::path(file).extension() == ".cpp" &&
         sources.count(stem_of(file) + ".h") == 0;
}

// Header -> the files that define what it declares: of its own name or, for a file without a header
// of its own, those of its folder that it includes.
std::map<std::string, Names> definitions(const Sources& sources) {
  std::map<std::string, Names> files;
  for (const auto& [file, text] : sources) {
    if (is_command(sources, file) || fs::path(file).extension() != ".cpp") continue;
    if (sources.count(stem_of(file) + ".h") != 0) {
      files[stem_of(file) + ".h"].insert(file);
      continue;
    }
    for (const std::string& header : includes_of(text)) {
      if (folder_of(header) == folder_of(file)) files[header].insert(file);
    }
  }
  return files;
}

// File -> the verbs that its includes lead to.
std::map<std::string, Names> reach(const Sources& sources) {
  const std::map<std::string, Names> defined = definitions(sources);
  std::map<std::string, Names> verbs;
  for (const auto& [command, unused] : sources) {
    if (!is_command(sources, command)) continue;
    std::vector<std::string> open = {command};
    while (!open.empty()) {
      const std::string file = open.back();
      open.pop_back();
      const auto source = sources.find(file);
      if (source == sources.end() || !verbs[file].insert(verb_of(command)).second) continue;
      for (const std::string& header : includes_of(source->second)) open.push_back(header);
      const auto files = defined.find(file);
      if (files != defined.end())
        open.insert(open.end(), files->second.begin(), files->second.end());
    }
  }
  return verbs;
}

void add_all_commands(CLI::App* app) {
  add_convert_command(app);
  add_delta_command(app);
  add_recipes_command(app);
  add_inspect_command(app);
  add_verify_command(app);
  add_recommend_command(app);
  add_evaluate_command(app);
  add_simulate_command(app);
  add_cold_start_command(app);
  add_explain_command(app);
  add_sweep_command(app);
  add_concept_command(app);
  add_bench_command(app);
  add_train_sae_command(app);
  add_label_command(app);
  add_build_command(app);
  add_report_command(app);
}

// The keys of build.json, as the error for an unknown one lists them.
Names build_keys() {
  const test::ScratchDir dir;
  const auto listed = [&](const nlohmann::json& config, const std::string& begin) {
    std::string fault;
    try {
      read_build_config(dir.write("build.json", config.dump()));
    } catch (const Error& error) {
      fault = error.what();
    }
    const size_t at = fault.find("known are ");
    REQUIRE(at != std::string::npos);
    Names keys;
    std::istringstream list(fault.substr(at + 10));
    for (std::string key; std::getline(list >> std::ws, key, ',');) keys.insert(begin + key);
    return keys;
  };
  nlohmann::json config = {{"weights", "w"}, {"interactions", "i"}, {"out", "o"}, {"no_key", 1}};
  Names keys = listed(config, "");
  config.erase("no_key");
  config["saes"] = {{{"no_key", 1}}};
  keys.merge(listed(config, "saes[]."));
  return keys;
}

class Checker {
 public:
  Checker() : keys_(build_keys()) { add_all_commands(&app_); }

  // Null if there is none.
  const CLI::App* command(const std::string& verb) const {
    const auto has_name = [&](const CLI::App* app) { return app->get_name() == verb; };
    const std::vector<const CLI::App*> found = app_.get_subcommands(has_name);
    return found.empty() ? nullptr : found.front();
  }
  size_t command_count() const {
    return app_.get_subcommands([](const CLI::App*) { return true; }).size();
  }

  bool has(const std::string& verb, const std::string& option) const {
    const CLI::App* const found = command(verb);
    if (found == nullptr) return false;
    if (found->get_option_no_throw(option) != nullptr) return true;
    return verb == "build" && keys_.count(build_key_of(option)) != 0;
  }

  // What is wrong with a text that these verbs may print.
  std::vector<std::string> faults(const std::string& text, const Names& verbs) const {
    std::vector<std::string> faults;
    for (const Mention& mention : mentions_in(text)) {
      for (const std::string& verb : mention.verb.empty() ? verbs : Names{mention.verb}) {
        if (has(verb, mention.option)) continue;
        faults.push_back(verb + " has no " + mention.option + ": " + text);
      }
    }
    return faults;
  }

 private:
  CLI::App app_;
  Names keys_;
};

const Narrowed* narrowed(const std::string& file) {
  for (const Narrowed& entry : kNarrowed) {
    if (file.rfind(entry.begin, 0) == 0) return &entry;
  }
  return nullptr;
}

TEST_CASE("every option that a message names exists in every verb that may print it") {
  const Checker checker;
  const Sources sources = read_sources();
  const std::map<std::string, Names> reached = reach(sources);
  size_t mentions = 0;
  for (const auto& [file, source] : sources) {
    if (file == "main.cpp") continue;  // of no verb
    for (const std::string& text : strings_of(source)) {
      const std::vector<Mention> found = mentions_in(text);
      if (found.empty()) continue;
      mentions += found.size();
      CAPTURE(file);
      const auto verbs = reached.find(file);
      REQUIRE_MESSAGE(verbs != reached.end(), "no verb reaches it");
      Names printing = verbs->second;
      if (const Narrowed* entry = narrowed(file)) printing = entry->verbs;
      if (file == "run/steering_arguments.cpp" && kListOptions.count(found[0].option) != 0) {
        printing = kListVerbs;
      }
      for (const std::string& fault : checker.faults(text, printing)) FAIL_CHECK(fault);
    }
  }
  CHECK(mentions > 100);
}

TEST_CASE("what the check stands on") {
  const Sources sources = read_sources();
  const std::map<std::string, Names> reached = reach(sources);
  const Checker checker;
  size_t commands = 0;
  for (const auto& [file, unused] : sources) {
    if (!is_command(sources, file)) continue;
    ++commands;
    CAPTURE(file);
    CHECK(checker.command(verb_of(file)) != nullptr);
  }
  CHECK(checker.command_count() == commands);
  CHECK(reached.at("import/sae_fold.cpp").count("label") == 1);
  CHECK(reached.at("io/interactions.cpp").count("evaluate") == 1);
  CHECK(reached.at("import/architectures.cpp").count("evaluate") == 0);
  // An entry that no longer narrows anything has to go.
  for (const Narrowed& entry : kNarrowed) {
    CAPTURE(entry.begin);
    bool narrows = false;
    for (const auto& [file, verbs] : reached) {
      if (file.rfind(entry.begin, 0) != 0) continue;
      narrows = narrows || verbs != entry.verbs;
    }
    CHECK(narrows);
    for (const std::string& verb : entry.verbs) {
      CHECK(std::any_of(reached.begin(), reached.end(), [&](const auto& file) {
        return file.first.rfind(entry.begin, 0) == 0 && file.second.count(verb) != 0;
      }));
    }
  }
}

TEST_CASE("wrong advice is found") {
  const Checker checker;
  CHECK(checker.faults("give it with --hook block:N", {"convert", "label", "build"}).empty());
  CHECK(checker.faults("give it with --k", {"convert", "label", "build"}).empty());
  CHECK(checker.faults("give it with --hook block:N", {"recommend"}).size() == 1);
  CHECK(checker.faults("(--no-such names it)", {"convert", "build"}).size() == 2);
  CHECK(checker.faults("see `pintle label --train-users`; --heads", {"convert"}).empty());
  CHECK(checker.faults("see `pintle convert --train-users`", {"label"}).size() == 1);
  const std::vector<std::string> strings =
      strings_of("// \"--comment\"\nf(\"a --one \"\n  \"--two\", '\"', \"b \\\"--three\\\"\");");
  CHECK(strings == std::vector<std::string>{"a --one --two", "b \\\"--three\\\""});
}

}  // namespace
}  // namespace pintle::converter
