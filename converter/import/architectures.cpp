// SPDX-License-Identifier: Apache-2.0
#include "converter/import/architectures.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <memory>
#include <sstream>

#include "converter/import/build_network.h"
#include "converter/import/builtin_recipes.h"
#include "converter/import/contradictions.h"
#include "converter/import/item_id_maps.h"
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

// At most eight, one a line.
std::string indented(const std::vector<std::string>& lines) {
  constexpr size_t kMostShown = 8;
  std::string list;
  const size_t shown = std::min(lines.size(), kMostShown);
  for (size_t i = 0; i < shown; ++i) list += "\n  " + lines[i];
  if (shown < lines.size()) list += "\n  and " + std::to_string(lines.size() - shown) + " more";
  return list;
}

struct Candidate {
  std::unique_ptr<RecipeFile> file;
  const Recipe* recipe = nullptr;  // of file
  std::unique_ptr<Binding> binding;
  Examination examination;
};

// Tensors of another architecture beside those that this recipe uses.
std::vector<std::string> foreign_tensors(const RecipeFile& file, const Binding& binding) {
  std::vector<std::string> found;
  for (size_t i = 0; i < kBuiltinRecipeCount && !binding.unused.empty(); ++i) {
    if (kBuiltinRecipes[i].name == file.name()) continue;
    const RecipeFile other(kBuiltinRecipes[i].text, kBuiltinRecipes[i].name);
    const std::vector<std::string> patterns = other.tensor_patterns();
    for (const NamedTensor& tensor : binding.index.all()) {
      const std::vector<std::string>& unused = binding.unused;
      if (std::find(unused.begin(), unused.end(), tensor.name) == unused.end()) continue;
      const bool named = std::any_of(
          patterns.begin(), patterns.end(),
          [&](const std::string& pattern) { return name_matches(pattern, tensor.stripped); });
      if (named) found.push_back("tensor " + tensor.name + " belongs to " + other.name());
    }
    if (!found.empty()) break;
  }
  return found;
}

Candidate make_candidate(const std::string& text, const std::string& origin,
                         const Checkpoint& checkpoint, const Configuration& configuration) {
  Candidate c{std::make_unique<RecipeFile>(text, origin), nullptr, nullptr, {}};
  c.recipe = &c.file->select(checkpoint);
  c.binding = bind_recipe(*c.recipe, checkpoint);
  c.examination = examine(*c.recipe, *c.binding, checkpoint, configuration);
  if (c.binding->problems.empty()) {
    const std::vector<std::string> foreign = foreign_tensors(*c.file, *c.binding);
    std::vector<std::string>& all = c.examination.contradictions;
    all.insert(all.end(), foreign.begin(), foreign.end());
  }
  return c;
}

Network import_with(const Candidate& c, const Checkpoint& checkpoint,
                    const Configuration& configuration, const ImportOptions& options,
                    const std::string& how) {
  const std::string& origin = checkpoint.path;
  const Recipe& recipe = *c.recipe;
  const Binding& binding = *c.binding;
  if (!c.examination.refusals.empty()) {
    throw Error(origin + ": " + c.examination.refusals.front());
  }
  if (!binding.problems.empty()) {
    throw Error(origin + ": does not fit recipe " + recipe.name + " (" + how +
                "):" + indented(binding.problems) +
                "\nPass another --arch NAME (see `pintle recipes`) or --recipe FILE.");
  }
  const Examination& examination = c.examination;
  Settings settings = resolve_settings(recipe, configuration, examination.own_words, binding.dim,
                                       binding.item_rows, origin);
  settings.special_rows.insert(examination.config.special_rows.begin(),
                               examination.config.special_rows.end());
  if (checkpoint.item_ids) {
    for (size_t row = 0; row < checkpoint.item_ids->extra_tokens; ++row) {
      settings.special_rows.emplace(row, "token " + checkpoint.item_ids->by_row[row]);
    }
  }
  std::vector<std::string> contradictions = examination.contradictions;
  contradictions.insert(contradictions.end(), settings.contradictions.begin(),
                        settings.contradictions.end());
  const std::string pad = pad_row_contradiction(binding, settings);
  if (!pad.empty()) contradictions.push_back(pad);
  if (!contradictions.empty() && !options.force) {
    throw Error(origin + ": its tensors fit recipe " + recipe.name + " (" + how +
                "), but:" + indented(contradictions) +
                "\nCorrect what is wrong (another --config, --set or --arch), or pass --force to "
                "convert all the same; the model file then says so.");
  }
  Network network = build_network(recipe, binding, settings, origin);
  std::vector<std::string> lines = {"architecture = " + recipe.name + " (" + how + ")"};
  for (const std::string& line : contradictions) lines.push_back("forced, although " + line);
  for (const std::string& note : examination.config.notes) lines.push_back(note);
  if (!binding.index.own_prefix().empty()) {
    lines.push_back("prefix '" + binding.index.own_prefix() + "' taken off the tensors' names");
  }
  network.assumptions.insert(network.assumptions.begin(), lines.begin(), lines.end());
  network.origin.ids = checkpoint.item_ids;
  network.origin.remapped_by = recipe.ids_remapped_by;
  network.origin.ids_export = recipe.ids_export;
  return network;
}

// Every built-in recipe, those that explain most of the checkpoint first.
std::vector<Candidate> all_candidates(const Checkpoint& checkpoint,
                                      const Configuration& configuration) {
  std::vector<Candidate> candidates;
  for (size_t i = 0; i < kBuiltinRecipeCount; ++i) {
    candidates.push_back(make_candidate(kBuiltinRecipes[i].text, kBuiltinRecipes[i].name,
                                        checkpoint, configuration));
  }
  const auto share = [](const Candidate& c) {
    return static_cast<double>(c.binding->bound_count) /
           static_cast<double>(std::max<size_t>(c.binding->required_count, 1));
  };
  std::stable_sort(candidates.begin(), candidates.end(),
                   [&](const Candidate& a, const Candidate& b) { return share(a) > share(b); });
  return candidates;
}

std::string describe_nearest(const std::vector<Candidate>& candidates) {
  std::string text;
  for (size_t i = 0; i < std::min<size_t>(candidates.size(), 3); ++i) {
    const Candidate& c = candidates[i];
    text += "\n  " + c.recipe->name + " (" + std::to_string(c.binding->bound_count) + " of " +
            std::to_string(c.binding->required_count) + " tensors fit)";
    std::vector<std::string> faults = c.examination.refusals;
    faults.insert(faults.end(), c.examination.contradictions.begin(),
                  c.examination.contradictions.end());
    faults.insert(faults.end(), c.binding->problems.begin(), c.binding->problems.end());
    for (size_t k = 0; k < std::min<size_t>(faults.size(), 3); ++k) text += "\n    " + faults[k];
    if (faults.size() > 3) text += "\n    and " + std::to_string(faults.size() - 3) + " more";
  }
  return text;
}

[[noreturn]] void refuse_unknown(const Checkpoint& checkpoint,
                                 const std::vector<Candidate>& candidates) {
  const bool none_known = std::all_of(candidates.begin(), candidates.end(), [](const Candidate& c) {
    return c.binding->bound_count == 0;
  });
  if (none_known) {
    throw Error(checkpoint.path + ": none of its " + std::to_string(checkpoint.tensors.size()) +
                " tensors" +
                (checkpoint.tensors.empty() ? std::string()
                                            : " (" + checkpoint.tensors.begin()->first + ", ...)") +
                " is one that a built-in recipe names; `pintle inspect` lists them; describe the "
                "layout in a recipe and pass --recipe FILE (`pintle recipes gpt2` prints one)");
  }
  throw Error(
      checkpoint.path + ": no built-in recipe fits. Nearest:" + describe_nearest(candidates) +
      (candidates[0].binding->problems.empty()
           ? "\nAll tensors are there, but what the files say contradicts each: correct that "
             "(another --config or --recipe FILE), or pass --arch NAME with --force."
           : "\nPass --arch NAME (see `pintle recipes`) or --recipe FILE."));
}

// Takes out those that `is_worse`, unless all are.
template <typename Predicate>
void drop_unless_all(std::vector<const Candidate*>* candidates, Predicate is_worse) {
  if (std::all_of(candidates->begin(), candidates->end(), is_worse)) return;
  candidates->erase(std::remove_if(candidates->begin(), candidates->end(), is_worse),
                    candidates->end());
}

Network import_recognized(const Checkpoint& checkpoint, const Configuration& configuration,
                          const ImportOptions& options) {
  const std::vector<Candidate> candidates = all_candidates(checkpoint, configuration);
  std::vector<const Candidate*> fitting;
  for (const Candidate& c : candidates) {
    if (c.binding->problems.empty()) fitting.push_back(&c);
  }
  const auto is_contradicted = [](const Candidate* c) {
    return !c->examination.contradictions.empty() || !c->examination.refusals.empty();
  };
  drop_unless_all(&fitting, is_contradicted);
  // A recipe that explains every tensor goes before one that leaves some.
  drop_unless_all(&fitting, [](const Candidate* c) { return !c->binding->unused.empty(); });
  if (fitting.empty() || (fitting.size() > 1 && is_contradicted(fitting[0]))) {
    refuse_unknown(checkpoint, candidates);
  }
  if (fitting.size() > 1) {
    std::string list;
    for (const Candidate* c : fitting) {
      list += "\n  --arch " + c->recipe->name + "  " + c->recipe->description;
    }
    throw Error(checkpoint.path +
                ": its tensors fit more than one architecture; pass one of:" + list);
  }
  return import_with(*fitting[0], checkpoint, configuration, options,
                     "recognised from the tensors");
}

}  // namespace

Network import_network(const Checkpoint& checkpoint, const ImportOptions& options) {
  const Configuration configuration = read_configuration(checkpoint, options);
  Network network;
  if (options.arch.empty() && options.recipe_path.empty()) {
    network = import_recognized(checkpoint, configuration, options);
  } else if (!options.arch.empty() && !options.recipe_path.empty()) {
    throw Error("--arch and --recipe both name an architecture; pass one of them");
  } else {
    const bool builtin = !options.arch.empty();
    const Candidate candidate =
        make_candidate(builtin ? builtin_recipe_text(options.arch) : read_text(options.recipe_path),
                       builtin ? options.arch : options.recipe_path, checkpoint, configuration);
    network =
        import_with(candidate, checkpoint, configuration, options,
                    builtin ? "from --arch" : "from --recipe " + file_name(options.recipe_path));
  }
  if (!options.id_map_path.empty()) {
    network.origin.ids = read_item_ids(options.id_map_path);
  } else if (!checkpoint.item_ids_fault.empty()) {
    throw Error(checkpoint.item_ids_fault);
  }
  return network;
}

std::vector<RecipeFit> fit_recipes(const Checkpoint& checkpoint, const ImportOptions& options) {
  std::vector<RecipeFit> fits;
  for (const Candidate& c : all_candidates(checkpoint, read_configuration(checkpoint, options))) {
    std::vector<std::string> contradictions = c.examination.refusals;
    contradictions.insert(contradictions.end(), c.examination.contradictions.begin(),
                          c.examination.contradictions.end());
    fits.push_back({c.recipe->name, c.recipe->description, c.recipe->framework,
                    c.binding->bound_count, c.binding->required_count, c.binding->problems,
                    std::move(contradictions), c.binding->unused});
  }
  return fits;
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
