// SPDX-License-Identifier: Apache-2.0
#include "converter/run/steering_arguments.h"

#include <optional>

#include "converter/io/error.h"
#include "converter/io/text_file.h"
#include "converter/run/argument_text.h"
#include "converter/run/name_lookup.h"
#include "converter/run/steering_names.h"

namespace pintle::converter {
namespace {

constexpr char kFeaturePrefix[] = "feature:", kPresetPrefix[] = "preset:", kUnitPrefix[] = "p95:",
               kActiveSuffix[] = "@active";

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
  edit.value = parse_finite(*value, where);
  return edit;
}

void check_range(const Model& model, uint32_t knob, float strength, const std::string& where) {
  const pintle_knob_info info = require(model.knob(knob), "knob", knob);
  if (strength >= info.min_strength && strength <= info.max_strength) return;
  throw Error(where + ": " + short_number(strength) + " is outside the range of " + info.name +
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

// "NAME=STRENGTH"
pintle_edit parse_knob(const Model& model, const std::string& text) {
  const std::string where = "--knob " + text;
  const std::optional<NamedValue> parts = split_value(text);
  if (!parts) throw Error(where + ": write NAME=STRENGTH, such as Sci-Fi=+2");
  const uint32_t knob = require_knob(model, parts->name, where);
  const float strength = parse_finite(parts->value, where);
  check_range(model, knob, strength, where);
  return turn(knob, strength);
}

void add_edits(const Model& model, const std::string& text, std::vector<pintle_edit>* edits) {
  const std::string where = "--steer " + text;
  if (starts_with(text, kFeaturePrefix)) {
    edits->push_back(parse_feature_edit(model, text.substr(sizeof(kFeaturePrefix) - 1), where));
  } else if (starts_with(text, kPresetPrefix)) {
    add_preset(model, text.substr(sizeof(kPresetPrefix) - 1), where, edits);
  } else {
    throw Error(
        where + ": write feature:[SAE:]INDEX:OPERATION[=VALUE] or preset:NAME" +
        (model.find_knob(text.substr(0, text.rfind('='))) ? "; a knob is --knob " + text : ""));
  }
}

}  // namespace

const char kKnobHelp[] =
    "NAME=STRENGTH, such as Sci-Fi=+2: the median person's ten hold two items of it more. Repeat "
    "it for "
    "several; `pintle inspect` lists names and ranges";

const char kSteerHelp[] =
    "Repeat it for several edits, which take effect in their order, after --knob's. preset:NAME; "
    "or "
    "feature:[SAE:]INDEX:OPERATION[=VALUE], where SAE is a number or name, OPERATION is add, set, "
    "scale, ablate, clamp_min or clamp_max, and a VALUE written p95:NUMBER is in units of the 95th "
    "percentile of the feature's activation. @active behind it: only where the feature is active";

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
  for (const std::string& text : arguments.knobs) set.edits.push_back(parse_knob(model, text));
  for (const std::string& text : arguments.edits) add_edits(model, text, &set.edits);
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

}  // namespace pintle::converter
