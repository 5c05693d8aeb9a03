// SPDX-License-Identifier: Apache-2.0
#include "converter/import/load_saes.h"

#include <filesystem>
#include <set>

#include "converter/import/sae_formats.h"
#include "converter/io/error.h"
#include "converter/io/json_file.h"

namespace pintle::converter {
namespace {

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

// Knobs count SAEs within their own file.
void append(Interpretation part, uint32_t first_sae, Interpretation* all) {
  for (InterpretedSae& sae : part.saes) all->saes.push_back(std::move(sae));
  for (Knob& knob : part.knobs) {
    knob.sae += first_sae;
    all->knobs.push_back(std::move(knob));
  }
  for (Preset& preset : part.presets) all->presets.push_back(std::move(preset));
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
  if (files.features.size() > 1 && files.features.size() != files.saes.size()) {
    throw Error(std::to_string(files.features.size()) + " features files do not go with " +
                std::to_string(files.saes.size()) + " SAEs: one for all of them or one for each");
  }
  const bool one_each = files.features.size() == files.saes.size();
  Interpretation all;
  for (size_t i = 0; i < files.saes.size(); ++i) {
    Interpretation part;
    part.saes.push_back(load_sae(files, i, dim, block_count, assumptions));
    if (one_each)
      add_interpretation_json(read_json_file(files.features[i]), files.features[i], &part);
    append(std::move(part), static_cast<uint32_t>(i), &all);
  }
  if (!one_each && !files.features.empty()) {
    add_interpretation_json(read_json_file(files.features[0]), files.features[0], &all);
  }
  check_names_differ(all);
  return all;
}

}  // namespace pintle::converter
