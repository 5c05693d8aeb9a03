// SPDX-License-Identifier: Apache-2.0
#include "converter/run/examples.h"

#include <algorithm>

#include "converter/io/error.h"
#include "converter/run/runtime_model.h"
#include "converter/run/steering_names.h"

namespace pintle::converter {
namespace {

struct NamedIds {
  std::string name;
  std::vector<std::string> ids;
};

NamedIds parse_named_ids(const std::string& text, const std::string& where) {
  const size_t equals = text.find('=');
  if (equals == std::string::npos || equals == 0) {
    throw Error(where + ": write NAME=ID,ID,..., such as cosy=318,50");
  }
  return {text.substr(0, equals), split_ids(text.substr(equals + 1), where)};
}

// Wishes and rules name both in the same way.
void check_name(const Model& model, const std::string& name, const std::string& where) {
  for (uint32_t i = 0; i < model.info().attribute_count; ++i) {
    const auto [group, attribute] = attribute_name(model, i);
    if (name == attribute || name == group || name == std::string(group) + "/" + attribute) {
      throw Error(where + ": the model has an attribute or group \"" + name +
                  "\": choose another name");
    }
  }
}

}  // namespace

std::vector<std::string> split_ids(const std::string& text, const std::string& where) {
  std::vector<std::string> ids;
  for (size_t begin = 0; begin <= text.size();) {
    const size_t end = std::min(text.find(',', begin), text.size());
    ids.push_back(text.substr(begin, end - begin));
    if (ids.back().empty()) throw Error(where + ": an id is empty; write ID,ID,...");
    begin = end + 1;
  }
  return ids;
}

std::vector<NamedExample> parse_examples(const Model& model, const ExampleArguments& arguments) {
  std::vector<NamedExample> examples;
  const auto find = [&](const std::string& name) {
    return std::find_if(examples.begin(), examples.end(),
                        [&](const NamedExample& example) { return example.name == name; });
  };
  for (const std::string& text : arguments.like) {
    const std::string where = "--like " + text;
    const NamedIds named = parse_named_ids(text, where);
    check_name(model, named.name, where);
    if (find(named.name) != examples.end()) {
      throw Error(where + ": there is \"" + named.name + "\" already: give all its items at once");
    }
    if (examples.size() == PINTLE_EXAMPLES) {
      throw Error(where + ": there are " + std::to_string(PINTLE_EXAMPLES) +
                  " groups by example already, which is the most");
    }
    examples.push_back({named.name, find_items(model, named.ids, where), {}});
  }
  for (const std::string& text : arguments.unlike) {
    const std::string where = "--unlike " + text;
    const NamedIds named = parse_named_ids(text, where);
    const auto example = find(named.name);
    if (example == examples.end() || !example->unlike.empty()) {
      throw Error(where + ": write it once for a NAME that --like has");
    }
    example->unlike = find_items(model, named.ids, where);
  }
  return examples;
}

void set_examples(Session* session, const std::vector<NamedExample>& examples) {
  for (uint32_t i = 0; i < examples.size(); ++i) {
    require(session->set_example(i, examples[i].like, examples[i].unlike),
            "--like " + examples[i].name);
  }
}

}  // namespace pintle::converter
