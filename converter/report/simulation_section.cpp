// SPDX-License-Identifier: Apache-2.0
#include "converter/report/simulation_section.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

#include "converter/io/error.h"
#include "converter/io/json_file.h"
#include "converter/report/report_numbers.h"
#include "converter/simulation/persons.h"

namespace pintle::converter {
namespace {

using nlohmann::json;
using nlohmann::ordered_json;

const std::string kWriter =
    ": the report's simulation is a file as `pintle simulate --json` writes it";

// Reads the file's parts. `where` says which part it is that is wrong.
class SimulationReader {
 public:
  explicit SimulationReader(const std::string& path) : path_(path) {}

  [[noreturn]] void refuse(const std::string& what) const {
    throw Error(path_ + ": " + what + kWriter);
  }

  const json& part(const json& of, const char* key, const std::string& where) const {
    if (!of.is_object()) refuse(where + " is not an object");
    const auto found = of.find(key);
    if (found == of.end()) refuse(where + " lacks \"" + key + "\"");
    return *found;
  }
  const json& list(const json& of, const char* key, const std::string& where) const {
    const json& found = part(of, key, where);
    if (!found.is_array()) refuse(where + ": \"" + key + "\" is not an array");
    return found;
  }
  std::string text(const json& value, const std::string& where) const {
    if (!value.is_string()) refuse(where + " is not a text");
    return value.get<std::string>();
  }
  // JSON has no word for a number that is not finite: writers put null.
  double number(const json& value, const std::string& where) const {
    if (!value.is_number() || !std::isfinite(value.get<double>())) {
      refuse(where + " is not a finite number");
    }
    return value.get<double>();
  }
  int64_t count(const json& value, const std::string& where) const {
    if (!value.is_number_integer() || value.get<int64_t>() < 0) {
      refuse(where + " is not a whole number");
    }
    return value.get<int64_t>();
  }
  ordered_json with_interval(const json& value, const json& interval,
                             const std::string& where) const {
    if (!interval.is_array() || interval.size() != 2) {
      refuse(where + ": the interval is not two numbers");
    }
    const double middle = number(value, where);
    const double low = number(interval[0], where + ": the interval's lower end");
    const double high = number(interval[1], where + ": the interval's upper end");
    if (low > high) refuse(where + ": the interval's lower end is above its upper end");
    return rounded_json({middle, low, high});
  }

 private:
  const std::string& path_;
};

std::vector<int64_t> feedback_numbers(const SimulationReader& read, const json& simulation) {
  std::vector<int64_t> numbers;
  for (const json& number : read.list(simulation, "feedback", "the file")) {
    numbers.push_back(read.count(number, "a number of \"feedback\""));
    if (numbers.size() > 1 && numbers.back() <= numbers[numbers.size() - 2]) {
      read.refuse("\"feedback\" is not ascending");
    }
  }
  if (numbers.empty()) read.refuse("\"feedback\" has no numbers");
  return numbers;
}

ordered_json trial_json(const SimulationReader& read, const json& trial, size_t count,
                        const std::string& where) {
  const std::string name = read.text(read.part(trial, "method", where), where + ": \"method\"");
  const json& measured = read.list(trial, "ndcg@10", where);
  if (measured.size() != count) {
    read.refuse(where + ": \"ndcg@10\" has " + std::to_string(measured.size()) +
                " entries, \"feedback\" " + std::to_string(count));
  }
  ordered_json ndcg = ordered_json::array();
  for (size_t i = 0; i < count; ++i) {
    const std::string entry = where + ": entry " + std::to_string(i + 1) + " of \"ndcg@10\"";
    ndcg.push_back(read.with_interval(read.part(measured[i], "mean", entry),
                                      read.part(measured[i], "interval", entry), entry));
  }
  return {{"name", name},
          {"ndcg", ndcg},
          {"share", read.with_interval(read.part(trial, "share_after_five", where),
                                       read.part(trial, "share_interval", where),
                                       where + ": \"share_after_five\"")}};
}

// Of every persona that somebody was measured of, without methods yet.
ordered_json personas_json(const SimulationReader& read, const json& simulation) {
  const json& persons = read.part(simulation, "persons", "the file");
  if (!persons.is_object()) read.refuse("\"persons\" is not an object");
  ordered_json personas = ordered_json::array();
  for (const Persona persona : kPersonas) {
    const auto people = persons.find(persona_name(persona));
    if (people == persons.end()) continue;
    personas.push_back({{"name", people.key()},
                        {"people", read.count(*people, "\"persons\": \"" + people.key() + "\"")},
                        {"methods", ordered_json::array()}});
  }
  return personas;
}

}  // namespace

ordered_json simulation_section(const json& simulation, const std::string& path) {
  const SimulationReader read(path);
  // Not shown, but what every such file has: without it, it is another's.
  read.list(simulation, "pairs", "the file");
  const std::vector<int64_t> feedback = feedback_numbers(read, simulation);
  ordered_json personas = personas_json(read, simulation);
  const json& trials = read.list(simulation, "trials", "the file");
  for (size_t i = 0; i < trials.size(); ++i) {
    const std::string where = "trial " + std::to_string(i + 1);
    const std::string name =
        read.text(read.part(trials[i], "persona", where), where + ": \"persona\"");
    const auto persona =
        std::find_if(personas.begin(), personas.end(),
                     [&](const ordered_json& one) { return one.at("name") == name; });
    if (persona == personas.end()) {
      read.refuse(where + " is of the persona \"" + name + "\", of which there are no \"persons\"");
    }
    (*persona)["methods"].push_back(trial_json(read, trials[i], feedback.size(), where));
  }
  for (const ordered_json& persona : personas) {
    if (persona.at("methods").empty()) {
      read.refuse("the file has no trial of the persona " + persona.at("name").dump());
    }
  }
  if (personas.empty()) read.refuse("the file has no trials");
  ordered_json notes = ordered_json::array();
  for (const json& note : read.list(simulation, "notes", "the file")) {
    notes.push_back(read.text(note, "a note"));
  }
  return {{"feedback", feedback}, {"personas", personas}, {"notes", notes}};
}

ordered_json read_simulation_section(const std::string& path) {
  json simulation;
  try {
    simulation = read_json_file(path);
  } catch (const Error& error) {  // simulate's text, say
    throw Error(error.what() + kWriter);
  }
  return simulation_section(simulation, path);
}

}  // namespace pintle::converter
