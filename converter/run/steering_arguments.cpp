// SPDX-License-Identifier: Apache-2.0
#include "converter/run/steering_arguments.h"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <cmath>
#include <numeric>
#include <optional>
#include <utility>

#include "converter/io/error.h"
#include "converter/io/text_file.h"
#include "converter/run/steering_names.h"

namespace pintle::converter {
namespace {

constexpr char kFeaturePrefix[] = "feature:", kPresetPrefix[] = "preset:", kUnitPrefix[] = "p95:",
               kKnobPrefix[] = "knob:", kActiveSuffix[] = "@active";

// Cuts `suffix` off the end of `text`.
bool take_suffix(std::string* text, const std::string& suffix) {
  if (text->size() < suffix.size() ||
      text->compare(text->size() - suffix.size(), suffix.size(), suffix) != 0) {
    return false;
  }
  text->resize(text->size() - suffix.size());
  return true;
}

// A finite number, "+2" too.
float parse_number(const std::string& text, const std::string& where) {
  const char* begin = text.data() + (starts_with(text, "+") ? 1 : 0);
  const char* end = text.data() + text.size();
  float value = 0;
  const auto [parsed, code] = std::from_chars(begin, end, value);
  if (code != std::errc() || parsed != end || !std::isfinite(value) ||
      (begin != text.data() && starts_with(text, "+-"))) {
    throw Error(where + ": \"" + text + "\" is not a number");
  }
  return value;
}

std::optional<uint32_t> parse_index(const std::string& text) {
  uint32_t value = 0;
  const char* end = text.data() + text.size();
  const auto [parsed, code] = std::from_chars(text.data(), end, value);
  if (code != std::errc() || parsed != end) return std::nullopt;
  return value;
}

uint32_t find_sae(const Model& model, const std::string& text, const std::string& where) {
  const std::vector<std::string> names = sae_names(model);
  if (names.empty()) throw Error(where + ": the model has no SAE, so no features");
  for (uint32_t i = 0; i < names.size(); ++i) {
    if (names[i] == text) return i;
  }
  const std::optional<uint32_t> number = parse_index(text);
  if (number && *number < names.size()) return *number;
  throw Error(where + ": the model has no SAE \"" + text + "\". Its SAEs are numbered 0 to " +
              std::to_string(names.size() - 1) + ": " + nearest_names(names, text));
}

struct Operation {
  const char* name;
  pintle_edit_kind kind;
};
constexpr Operation kOperations[] = {{"add", PINTLE_EDIT_ADD},
                                     {"set", PINTLE_EDIT_SET},
                                     {"scale", PINTLE_EDIT_SCALE},
                                     {"ablate", PINTLE_EDIT_ABLATE},
                                     {"clamp_min", PINTLE_EDIT_CLAMP_MIN},
                                     {"clamp_max", PINTLE_EDIT_CLAMP_MAX}};

uint32_t parse_operation(const std::string& text, const std::string& where) {
  std::string known;
  for (const Operation& operation : kOperations) {
    if (text == operation.name) return operation.kind;
    known += (known.empty() ? "" : ", ") + std::string(operation.name);
  }
  throw Error(where + ": \"" + text + "\" is not an operation: use one of " + known);
}

void check_unit(const Model& model, const pintle_edit& edit, const std::string& where) {
  if (edit.kind == PINTLE_EDIT_SCALE) {
    throw Error(where + ": scale takes a plain factor, without p95:");
  }
  if (!(require(model.feature(edit.sae, edit.target), "feature", edit.target).p95 > 0)) {
    throw Error(where + ": feature " + std::to_string(edit.target) +
                " has no measured 95th percentile (label the SAE with `pintle label`, or the "
                "feature never fired): give the value without p95:");
  }
}

// "[SAE:]INDEX:OP[=VALUE][@active]"
pintle_edit parse_feature_edit(const Model& model, std::string text, const std::string& where) {
  pintle_edit edit{};
  if (take_suffix(&text, kActiveSuffix)) edit.flags |= PINTLE_EDIT_ONLY_ACTIVE;
  std::optional<std::string> value;
  const size_t equals = text.rfind('=');
  if (equals != std::string::npos) {
    value = text.substr(equals + 1);
    text.resize(equals);
  }
  const size_t colon = text.rfind(':');
  if (colon == std::string::npos) {
    throw Error(where + ": write feature:[SAE:]INDEX:OPERATION[=VALUE], such as feature:160:set=4");
  }
  edit.kind = parse_operation(text.substr(colon + 1), where);
  const FeatureName name = parse_feature(model, text.substr(0, colon), where);
  edit.sae = name.sae;
  edit.target = name.feature;
  if (edit.kind == PINTLE_EDIT_ABLATE) {
    if (value) throw Error(where + ": ablate takes no value");
    return edit;
  }
  if (!value) throw Error(where + ": " + text.substr(colon + 1) + " needs a value, such as =4");
  if (starts_with(*value, kUnitPrefix)) {
    edit.flags |= PINTLE_EDIT_CALIBRATED;
    check_unit(model, edit, where);
    *value = value->substr(sizeof(kUnitPrefix) - 1);
  }
  edit.value = parse_number(*value, where);
  return edit;
}

void check_range(const Model& model, uint32_t knob, float strength, const std::string& where) {
  const pintle_knob_info info = require(model.knob(knob), "knob", knob);
  if (strength >= info.min_strength && strength <= info.max_strength) return;
  throw Error(where + ": " + short_number(strength) + " is outside the safe range of " + info.name +
              ", " + short_number(info.min_strength) + " to " + short_number(info.max_strength));
}

void add_preset(const Model& model, const std::string& name, const std::string& where,
                std::vector<pintle_edit>* edits) {
  const Result<uint32_t> preset = model.find_preset(name);
  if (!preset) {
    const std::vector<std::string> names = preset_names(model);
    throw Error(where + ": the model has no preset \"" + name + "\". " +
                (names.empty() ? "It has none at all" : "It has " + nearest_names(names, name)));
  }
  for (const pintle_edit& edit : require(model.preset_edits(*preset), where)) {
    check_range(model, edit.target, edit.value, where);
    edits->push_back(edit);
  }
}

// "KNOB=NUMBER" or "knob:KNOB=NUMBER"; names may hold "=".
std::pair<uint32_t, float> parse_knob(const Model& model, std::string text,
                                      const std::string& where) {
  if (starts_with(text, kKnobPrefix)) text = text.substr(sizeof(kKnobPrefix) - 1);
  const size_t equals = text.rfind('=');
  if (equals == std::string::npos || equals == 0) {
    throw Error(where + ": write KNOB=NUMBER, such as Sci-Fi=+2");
  }
  const uint32_t knob = require_knob(model, text.substr(0, equals), where);
  return {knob, parse_number(text.substr(equals + 1), where)};
}

// If all of it but a number is the name of a knob, which the text's prefix hides.
std::string knob_hint(const Model& model, const std::string& text) {
  const bool is_hidden = starts_with(text, kFeaturePrefix) || starts_with(text, kPresetPrefix) ||
                         starts_with(text, kKnobPrefix);
  const std::string name = text.substr(0, text.rfind('='));
  if (!is_hidden || !model.find_knob(name)) return "";
  return ". A knob has that name: write " + std::string(kKnobPrefix) + name + "=STRENGTH";
}

void add_edits(const Model& model, const std::string& text, const std::string& where,
               std::vector<pintle_edit>* edits) {
  if (starts_with(text, kFeaturePrefix)) {
    edits->push_back(parse_feature_edit(model, text.substr(sizeof(kFeaturePrefix) - 1), where));
  } else if (starts_with(text, kPresetPrefix)) {
    add_preset(model, text.substr(sizeof(kPresetPrefix) - 1), where, edits);
  } else {
    const auto [knob, strength] = parse_knob(model, text, where);
    check_range(model, knob, strength, where);
    edits->push_back(turn(knob, strength));
  }
}

// Insertions, deletions and replacements between two names, case aside.
size_t edit_distance(const std::string& a, const std::string& b) {
  const auto lower = [](char c) { return std::tolower(static_cast<unsigned char>(c)); };
  std::vector<size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), size_t{0});
  for (size_t i = 0; i < a.size(); ++i) {
    size_t diagonal = row[0];
    row[0] = i + 1;
    for (size_t j = 0; j < b.size(); ++j) {
      const size_t replaced = diagonal + (lower(a[i]) == lower(b[j]) ? 0 : 1);
      diagonal = row[j + 1];
      row[j + 1] = std::min({replaced, row[j] + 1, row[j + 1] + 1});
    }
  }
  return row.back();
}

}  // namespace

const char kSteerHelp[] =
    "Repeat it for several edits, which take effect in their order. KNOB=STRENGTH, such as "
    "Sci-Fi=+2, or knob:KNOB=STRENGTH if the name begins with preset:, feature: or knob:; "
    "preset:NAME; or feature:[SAE:]INDEX:OPERATION[=VALUE], where SAE is a number or "
    "name, OPERATION is add, set, scale, ablate, clamp_min or clamp_max, and a VALUE written "
    "p95:NUMBER is in units of the 95th percentile of the feature's activation. @active behind it: "
    "only where the feature is active";

uint32_t parse_steering_flags(const std::string& mode, const std::string& at) {
  if (mode != "delta" && mode != "replace") {
    throw Error("--steer-mode " + mode + ": use delta or replace");
  }
  if (at != "last" && at != "all") throw Error("--steer-at " + at + ": use last or all");
  uint32_t flags = 0;
  if (mode == "replace") flags |= PINTLE_STEER_REPLACE;
  if (at == "all") flags |= PINTLE_STEER_ALL_POSITIONS;
  return flags;
}

SteeringSet parse_steering(const Model& model, const SteeringArguments& arguments) {
  SteeringSet set;
  set.flags = parse_steering_flags(arguments.mode, arguments.at);
  for (const std::string& text : arguments.edits) {
    const std::string where = "--steer " + text;
    try {
      add_edits(model, text, where, &set.edits);
    } catch (const Error& error) {
      throw Error(error.what() + knob_hint(model, text));
    }
  }
  return set;
}

FeatureName parse_feature(const Model& model, const std::string& text, const std::string& where) {
  const size_t colon = text.rfind(':');
  FeatureName name;
  name.sae = find_sae(model, colon == std::string::npos ? "0" : text.substr(0, colon), where);
  const std::string index = colon == std::string::npos ? text : text.substr(colon + 1);
  const std::optional<uint32_t> feature = parse_index(index);
  const size_t features = require(model.sae(name.sae), "SAE", name.sae).feature_count;
  if (!feature || *feature >= features) {
    throw Error(where + ": \"" + index + "\" is not a feature of SAE " + std::to_string(name.sae) +
                ", whose features are 0 to " + std::to_string(features - 1));
  }
  name.feature = *feature;
  return name;
}

ShareArgument parse_share(const Model& model, const std::string& text) {
  const std::string where = "--share " + text;
  const auto [knob, share] = parse_knob(model, text, where);
  if (!(share >= 0 && share <= 1)) {
    throw Error(where + ": a share is between 0 and 1; 30 % is 0.3");
  }
  const pintle_knob_info info = require(model.knob(knob), "knob", knob);
  if (!info.has_attribute) {
    throw Error(where + ": the knob " + info.name +
                " has no attribute of which a list could hold a share");
  }
  return {knob, share};
}

uint32_t require_knob(const Model& model, const std::string& name, const std::string& where) {
  const Result<uint32_t> knob = model.find_knob(name);
  if (knob) return *knob;
  const std::vector<std::string> names = knob_names(model);
  throw Error(where + ": the model has no knob \"" + name + "\". " +
              (names.empty() ? "It has none at all: make them with `pintle label`"
                             : "It has " + nearest_names(names, name)));
}

std::string nearest_names(std::vector<std::string> names, const std::string& wanted) {
  constexpr size_t kMost = 20;
  std::stable_sort(names.begin(), names.end(), [&](const std::string& a, const std::string& b) {
    return edit_distance(a, wanted) < edit_distance(b, wanted);
  });
  std::string list;
  for (size_t i = 0; i < names.size() && i < kMost; ++i) list += (i == 0 ? "" : ", ") + names[i];
  if (names.size() > kMost) list += " and " + std::to_string(names.size() - kMost) + " more";
  return list;
}

}  // namespace pintle::converter
