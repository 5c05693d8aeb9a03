// SPDX-License-Identifier: Apache-2.0
#include "converter/import/load_saes.h"

#include <cmath>
#include <cstdio>
#include <filesystem>
#include <set>

#include "converter/import/sae_formats.h"
#include "converter/io/error.h"
#include "converter/io/json_file.h"

namespace pintle::converter {
namespace {

std::string shown(float value) {
  char text[32];
  std::snprintf(text, sizeof(text), "%.6g", static_cast<double>(value));
  return text;
}

InterpretedSae load_sae(const SaeFiles& files, size_t i, int64_t dim, int64_t block_count,
                        std::vector<std::string>* assumptions) {
  const std::string& path = files.saes[i];
  SaeImportOptions options;
  if (!files.hooks.empty() && !files.hooks[i].empty()) options.hook = parse_hook(files.hooks[i]);
  if (!files.ks.empty() && files.ks[i] != 0) options.k = files.ks[i];
  InterpretedSae sae;
  sae.name = sae_name_of(path);
  sae.weights = read_sae(path, options);
  check_sae_fits(sae.weights, dim, block_count, path);
  for (const std::string& remark : sae.weights.remarks) {
    assumptions->push_back("SAE " + sae.name + ": " + remark);
  }
  if (sae.weights.model_hash.empty()) {
    assumptions->push_back("SAE " + sae.name +
                           ": does not say which network it was trained on: taken to be this one");
  }
  return sae;
}

// The temperature is the network's, whatever file tells it: two of them can only be of other data, by
// which the knobs of one would be wrong.
void merge_numbers(const Interpretation& part, const std::string& path, Interpretation* all,
                   std::vector<std::string>* assumptions) {
  constexpr float kSameTemperature = 0.01f;  // relative: far below what lists show
  if (part.temperature != 0) {
    if (all->temperature == 0) all->temperature = part.temperature;
    if (std::fabs(part.temperature / all->temperature - 1) > kSameTemperature) {
      throw Error(path + ": its temperature is " + shown(part.temperature) +
                  ", that of a features file before it " + shown(all->temperature) +
                  ": label all SAEs with the same model and interactions");
    }
  }
  if (part.wish_unit == 0 || part.wish_unit == all->wish_unit) return;
  if (all->wish_unit == 0) {
    all->wish_unit = part.wish_unit;
  } else {
    assumptions->push_back("the reward of a wish of 1: " + shown(all->wish_unit) +
                           ", of the first features file that tells one, rather than " +
                           shown(part.wish_unit) + " of " + path);
  }
}

// Knobs count SAEs within their own file.
void append(Interpretation part, Interpretation* all) {
  const uint32_t first_sae = static_cast<uint32_t>(all->saes.size());
  for (Knob& knob : part.knobs) {
    if (!part.saes.empty()) knob.sae += first_sae;
    all->knobs.push_back(std::move(knob));
  }
  for (InterpretedSae& sae : part.saes) all->saes.push_back(std::move(sae));
  for (Preset& preset : part.presets) all->presets.push_back(std::move(preset));
  for (Concept& made : part.concepts) all->concepts.push_back(std::move(made));
}

void check_names_differ(const Interpretation& interpretation) {
  std::set<std::string> names;
  const auto check = [&](const char* what, const std::string& name) {
    if (!names.insert(std::string(what) + name).second) {
      throw Error(std::string("two ") + what + "s are called " + name +
                  ": rename one in its features.json");
    }
  };
  for (const Knob& knob : interpretation.knobs) check("knob", knob.name);
  for (const Preset& preset : interpretation.presets) check("preset", preset.name);
  for (const Concept& made : interpretation.concepts) {
    check("concept", made.group + "/" + made.name);
  }
}

}  // namespace

std::string sae_name_of(const std::string& path) {
  const std::filesystem::path clean = std::filesystem::path(path).lexically_normal();
  return (clean.filename().empty() ? clean.parent_path() : clean).filename().string();
}

Interpretation load_interpretation(const SaeFiles& files, int64_t dim, int64_t block_count,
                                   std::vector<std::string>* assumptions) {
  if (!files.hooks.empty() && files.hooks.size() != files.saes.size()) {
    throw Error("a hook must be given for every SAE or for none");
  }
  if (!files.ks.empty() && files.ks.size() != files.saes.size()) {
    throw Error(std::to_string(files.ks.size()) + " values of --k do not go with " +
                std::to_string(files.saes.size()) +
                " SAEs: give one for each, 0 where its files tell or it has none");
  }
  std::vector<InterpretedSae> saes;
  for (size_t i = 0; i < files.saes.size(); ++i) {
    saes.push_back(load_sae(files, i, dim, block_count, assumptions));
  }
  Interpretation all;
  if (files.features.empty()) all.saes = std::move(saes);
  for (const std::string& path : files.features) {
    const nlohmann::json value = read_json_file(path);
    const size_t first = all.saes.size(), count = described_saes(value, path);
    if (count > saes.size() - first) {
      throw Error(path + ": describes " + std::to_string(count) + " SAEs, " +
                  std::to_string(saes.size() - first) +
                  " are left of those given with --sae: give every SAE that was labelled");
    }
    Interpretation part;
    for (size_t i = first; i < first + count; ++i) part.saes.push_back(std::move(saes[i]));
    add_interpretation_json(value, path, &part);
    merge_numbers(part, path, &all, assumptions);
    append(std::move(part), &all);
  }
  if (all.saes.size() != files.saes.size()) {
    throw Error("the features files describe " + std::to_string(all.saes.size()) + " SAEs, " +
                std::to_string(files.saes.size()) +
                " were given with --sae: give the file of each, in their order");
  }
  check_names_differ(all);
  return all;
}

}  // namespace pintle::converter
