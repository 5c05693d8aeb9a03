// SPDX-License-Identifier: Apache-2.0
#include "converter/run/name_lookup.h"

#include <algorithm>
#include <cctype>
#include <map>
#include <numeric>
#include <optional>

#include "converter/io/error.h"
#include "converter/run/steering_names.h"

namespace pintle::converter {
namespace {

constexpr char kEach[] = "/*";  // behind a group's name

std::string qualified_name(const Model& model, uint32_t attribute) {
  const auto [group, name] = attribute_name(model, attribute);
  return std::string(group) + "/" + name;
}

// What names each attribute, in their order: its own name if no other has it.
std::vector<std::string> attribute_arguments(const Model& model) {
  std::map<std::string, size_t> counts;
  const size_t count = model.info().attribute_count;
  for (uint32_t i = 0; i < count; ++i) ++counts[attribute_name(model, i).name];
  std::vector<std::string> names;
  for (uint32_t i = 0; i < count; ++i) {
    const std::string name = attribute_name(model, i).name;
    names.push_back(counts[name] == 1 ? name : qualified_name(model, i));
  }
  return names;
}

// None if there is no such attribute. "GROUP/NAME" goes before a name that holds a "/", as that has a
// group to be named by.
std::optional<uint32_t> attribute_named(const Model& model, const std::string& text,
                                        const std::string& where) {
  std::vector<uint32_t> qualified, plain;
  for (uint32_t i = 0; i < model.info().attribute_count; ++i) {
    if (text == attribute_name(model, i).name) plain.push_back(i);
    if (text == qualified_name(model, i)) qualified.push_back(i);
  }
  const std::vector<uint32_t>& found = qualified.empty() ? plain : qualified;
  if (found.empty()) return std::nullopt;
  if (found.size() == 1) return found[0];
  std::string choices;
  for (const uint32_t i : found) {
    choices += (choices.empty() ? "" : " or ") + qualified_name(model, i);
  }
  throw Error(where + ": several groups have \"" + text + "\": write " + choices);
}

std::optional<uint32_t> group_named(const Model& model, const std::string& name) {
  for (uint32_t i = 0; i < model.info().group_count; ++i) {
    if (name == require(model.group(i), "group", i).name) return i;
  }
  return std::nullopt;
}

std::vector<std::string> group_arguments(const Model& model) {
  std::vector<std::string> names;
  for (uint32_t i = 0; i < model.info().group_count; ++i) {
    const std::string name = require(model.group(i), "group", i).name;
    names.push_back(name.empty() ? kEach : name);
  }
  return names;
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

uint32_t require_knob(const Model& model, const std::string& name, const std::string& where) {
  const Result<uint32_t> knob = model.find_knob(name);
  if (knob) return *knob;
  const std::vector<std::string> names = knob_names(model);
  throw Error(where + ": the model has no knob \"" + name + "\". " +
              (names.empty() ? "It has none at all: make them with `pintle label`"
                             : "It has " + nearest_names(names, name)));
}

uint32_t require_attribute(const Model& model, const std::string& text, const std::string& where) {
  if (const std::optional<uint32_t> found = attribute_named(model, text, where)) return *found;
  const std::vector<std::string> names = attribute_arguments(model);
  throw Error(where + ": the model's items have no attribute \"" + text + "\". They have " +
              (names.empty() ? "none at all" : nearest_names(names, text)));
}

AttributeOrGroup require_attribute_or_group(const Model& model, const std::string& text,
                                            const std::string& where) {
  const size_t length = text.size() - std::min(text.size(), sizeof(kEach) - 1);
  const bool is_each = text.compare(length, std::string::npos, kEach) == 0;
  const std::optional<uint32_t> group = group_named(model, is_each ? text.substr(0, length) : text);
  if (is_each && group) return {true, *group};
  const std::optional<uint32_t> attribute = attribute_named(model, text, where);
  if (group && attribute) {
    throw Error(where + ": \"" + text + "\" is a group and an attribute: write " + text + kEach +
                " for each attribute of the group, " + qualified_name(model, *attribute) +
                " for the attribute");
  }
  if (group) return {true, *group};
  if (attribute) return {false, *attribute};
  std::vector<std::string> names = group_arguments(model);
  for (std::string& name : attribute_arguments(model)) names.push_back(std::move(name));
  throw Error(where + ": the model's items have no attribute or group \"" + text +
              "\". They have " + (names.empty() ? "none at all" : nearest_names(names, text)));
}

std::string nearest_names(std::vector<std::string> names, const std::string& wanted) {
  constexpr size_t kMost = 20;
  std::vector<std::pair<size_t, std::string>> ranked;
  for (std::string& name : names) {
    const size_t distance = edit_distance(name, wanted);
    ranked.emplace_back(distance, std::move(name));
  }
  std::stable_sort(ranked.begin(), ranked.end(),
                   [](const auto& a, const auto& b) { return a.first < b.first; });
  std::string list;
  for (size_t i = 0; i < ranked.size() && i < kMost; ++i) {
    list += (i == 0 ? "" : ", ") + ranked[i].second;
  }
  if (ranked.size() > kMost) list += " and " + std::to_string(ranked.size() - kMost) + " more";
  return list;
}

}  // namespace pintle::converter
