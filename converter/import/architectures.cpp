// SPDX-License-Identifier: Apache-2.0
#include "converter/import/architectures.h"

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <fstream>
#include <memory>
#include <sstream>

#include "converter/import/build_network.h"
#include "converter/import/builtin_recipes.h"
#include "converter/import/recipe.h"
#include "converter/import/recipe_binding.h"
#include "converter/import/recipe_settings.h"
#include "converter/io/error.h"

namespace pintle::converter {
namespace {

using nlohmann::json;

std::string read_text(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream text;
  if (in) text << in.rdbuf();
  if (!in || !text) throw Error(path + ": cannot be read; check the path and its permissions");
  return text.str();
}

std::string file_name(const std::string& path) {
  return std::filesystem::path(path).filename().string();
}

Configuration read_configuration(const Checkpoint& checkpoint, const ImportOptions& options) {
  Configuration configuration;
  if (checkpoint.config.is_object()) configuration.checkpoint = checkpoint.config;
  configuration.heads = options.heads;
  if (options.config_path.empty()) return configuration;
  configuration.user_name = file_name(options.config_path);
  try {
    configuration.user = json::parse(read_text(options.config_path));
  } catch (const json::exception& fault) {
    throw Error(options.config_path + ": not JSON: " + fault.what());
  }
  if (!configuration.user.is_object()) {
    throw Error(options.config_path +
                ": not a JSON object; expected {\"heads\": 2, ...} or a "
                "Hugging Face config.json");
  }
  return configuration;
}

std::string lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text;
}

const json* configured(const Configuration& configuration, const std::string& key) {
  const json* value = find_configured(configuration.user, key);
  return value != nullptr ? value : find_configured(configuration.checkpoint, key);
}

// Empty if the configuration does not speak against the recipe, else what it says.
std::string config_contradiction(const Recipe& recipe, const Configuration& configuration) {
  for (const auto& [key, accepted] : recipe.recognize_config) {
    const json* value = configured(configuration, key);
    if (value == nullptr) continue;
    if (value->is_array() && !value->empty()) value = &value->front();
    if (!value->is_string()) continue;
    const std::string told = lower(value->get<std::string>());
    const bool fits = std::any_of(accepted.begin(), accepted.end(),
                                  [&](const std::string& a) { return lower(a) == told; });
    if (!fits) return "the configuration says " + key + " = " + value->get<std::string>();
  }
  return {};
}

// Whether the first row of the position table, which only some frameworks keep at zero, fits.
std::string position_contradiction(const Recipe& recipe, const Binding& binding) {
  if (!recipe.first_position_is_zero || binding.positions == nullptr) return {};
  CheckpointTensor first = *binding.positions->tensor;
  first.shape[0] = 1;
  const std::vector<float> row = first.to_f32();
  const bool zero = std::all_of(row.begin(), row.end(), [](float x) { return x == 0; });
  if (zero == *recipe.first_position_is_zero) return {};
  return "row 0 of " + binding.positions->name + " is " + (zero ? "" : "not ") + "zero";
}

void refuse(const Recipe& recipe, const Binding& binding, const Configuration& configuration,
            const std::string& origin) {
  for (const Refusal& refusal : recipe.refuse) {
    std::string sign;
    if (!refusal.tensor.empty()) {
      const auto found = binding.index.find(refusal.tensor);
      if (!found.empty()) sign = "tensor " + found.front()->name;
    } else if (const json* value = configured(configuration, refusal.config_key)) {
      const bool hit = (!refusal.equals.is_null() && *value == refusal.equals) ||
                       (!refusal.not_equals.is_null() && *value != refusal.not_equals);
      if (hit) sign = refusal.config_key + " = " + value->dump();
    }
    if (!sign.empty()) throw Error(origin + ": " + sign + ": " + refusal.because);
  }
}

Network import_with(const Recipe& recipe, const Binding& binding, const Checkpoint& checkpoint,
                    const Configuration& configuration, const std::string& how) {
  const std::string& origin = checkpoint.path;
  refuse(recipe, binding, configuration, origin);
  if (!binding.problems.empty()) {
    std::string list;
    const size_t shown = std::min<size_t>(binding.problems.size(), 8);
    for (size_t i = 0; i < shown; ++i) list += "\n  " + binding.problems[i];
    if (shown < binding.problems.size()) {
      list += "\n  and " + std::to_string(binding.problems.size() - shown) + " more";
    }
    throw Error(origin + ": does not fit recipe " + recipe.name + " (" + how + "):" + list +
                "\nPass another --arch NAME (see `pintle recipes`) or --recipe FILE.");
  }
  const Settings settings =
      resolve_settings(recipe, configuration, binding.dim, binding.item_rows, origin);
  Network network = build_network(recipe, binding, settings, origin);
  network.assumptions.insert(network.assumptions.begin(),
                             "architecture = " + recipe.name + " (" + how + ")");
  return network;
}

struct Candidate {
  RecipeFile file;
  const Recipe* recipe = nullptr;
  std::unique_ptr<Binding> binding;
  std::vector<std::string> contradictions;
};

std::string describe_nearest(const std::vector<Candidate>& candidates) {
  const auto share = [](const Candidate* c) {
    return static_cast<double>(c->binding->bound_count) /
           static_cast<double>(std::max<size_t>(c->binding->required_count, 1));
  };
  std::vector<const Candidate*> nearest;
  for (const Candidate& c : candidates) nearest.push_back(&c);
  std::stable_sort(nearest.begin(), nearest.end(),
                   [&](const Candidate* a, const Candidate* b) { return share(a) > share(b); });
  std::string text;
  for (size_t i = 0; i < std::min<size_t>(nearest.size(), 3); ++i) {
    const Candidate& c = *nearest[i];
    text += "\n  " + c.recipe->name + " (" + std::to_string(c.binding->bound_count) + " of " +
            std::to_string(c.binding->required_count) + " tensors fit)";
    std::vector<std::string> faults = c.binding->problems;
    faults.insert(faults.begin(), c.contradictions.begin(), c.contradictions.end());
    for (size_t k = 0; k < std::min<size_t>(faults.size(), 3); ++k) text += "\n    " + faults[k];
    if (faults.size() > 3) text += "\n    and " + std::to_string(faults.size() - 3) + " more";
  }
  return text;
}

Network import_recognized(const Checkpoint& checkpoint, const Configuration& configuration) {
  std::vector<Candidate> candidates;
  candidates.reserve(kBuiltinRecipeCount);  // pointers into elements are kept
  std::vector<const Candidate*> fitting;
  for (size_t i = 0; i < kBuiltinRecipeCount; ++i) {
    candidates.push_back(
        {RecipeFile(kBuiltinRecipes[i].text, kBuiltinRecipes[i].name), nullptr, nullptr, {}});
    Candidate& c = candidates.back();
    c.recipe = &c.file.select(checkpoint);
    c.binding = bind_recipe(*c.recipe, checkpoint);
    for (const std::string& fault : {config_contradiction(*c.recipe, configuration),
                                     position_contradiction(*c.recipe, *c.binding)}) {
      if (!fault.empty()) c.contradictions.push_back(fault);
    }
    if (c.binding->problems.empty() && c.contradictions.empty()) fitting.push_back(&c);
  }
  if (fitting.empty()) {
    const bool none_known =
        std::all_of(candidates.begin(), candidates.end(),
                    [](const Candidate& c) { return c.binding->bound_count == 0; });
    if (none_known) {
      throw Error(checkpoint.path + ": none of its " + std::to_string(checkpoint.tensors.size()) +
                  " tensors" +
                  (checkpoint.tensors.empty()
                       ? std::string()
                       : " (" + checkpoint.tensors.begin()->first + ", ...)") +
                  " is one that a built-in recipe names; describe the layout in a recipe and pass "
                  "--recipe FILE (`pintle recipes gpt2` prints one)");
    }
    throw Error(checkpoint.path +
                ": no built-in recipe fits. Nearest:" + describe_nearest(candidates) +
                "\nPass --arch NAME (see `pintle recipes`) or --recipe FILE.");
  }
  // A recipe that explains every tensor goes before one that leaves some.
  const bool complete = std::any_of(fitting.begin(), fitting.end(),
                                    [](const Candidate* c) { return c->binding->unused.empty(); });
  if (complete) {
    fitting.erase(std::remove_if(fitting.begin(), fitting.end(),
                                 [](const Candidate* c) { return !c->binding->unused.empty(); }),
                  fitting.end());
  }
  if (fitting.size() > 1) {
    std::string list;
    for (const Candidate* c : fitting) {
      list += "\n  --arch " + c->recipe->name + "  " + c->recipe->description;
    }
    throw Error(checkpoint.path +
                ": its tensors fit more than one architecture; pass one of:" + list);
  }
  return import_with(*fitting[0]->recipe, *fitting[0]->binding, checkpoint, configuration,
                     "recognised from the tensors");
}

}  // namespace

Network import_network(const Checkpoint& checkpoint, const ImportOptions& options) {
  const Configuration configuration = read_configuration(checkpoint, options);
  if (options.arch.empty() && options.recipe_path.empty()) {
    return import_recognized(checkpoint, configuration);
  }
  if (!options.arch.empty() && !options.recipe_path.empty()) {
    throw Error("--arch and --recipe both name an architecture; pass one of them");
  }
  const bool builtin = !options.arch.empty();
  const RecipeFile file(
      builtin ? builtin_recipe_text(options.arch) : read_text(options.recipe_path),
      builtin ? options.arch : options.recipe_path);
  const Recipe& recipe = file.select(checkpoint);
  return import_with(recipe, *bind_recipe(recipe, checkpoint), checkpoint, configuration,
                     builtin ? "from --arch" : "from --recipe " + file_name(options.recipe_path));
}

std::vector<std::string> builtin_recipe_names() {
  std::vector<std::string> names;
  for (size_t i = 0; i < kBuiltinRecipeCount; ++i) names.emplace_back(kBuiltinRecipes[i].name);
  return names;
}

std::string builtin_recipe_text(const std::string& name) {
  std::string known;
  for (size_t i = 0; i < kBuiltinRecipeCount; ++i) {
    if (name == kBuiltinRecipes[i].name) return kBuiltinRecipes[i].text;
    known += std::string(known.empty() ? "" : ", ") + kBuiltinRecipes[i].name;
  }
  throw Error("no recipe is called \"" + name + "\"; known: " + known);
}

std::string builtin_recipe_description(const std::string& name) {
  return RecipeFile(builtin_recipe_text(name), name).description();
}

}  // namespace pintle::converter
