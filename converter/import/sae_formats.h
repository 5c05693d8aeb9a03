// SPDX-License-Identifier: Apache-2.0
//
// Sparse autoencoders of other tools, folded into SaeWeights.
#ifndef PINTLE_CONVERTER_IMPORT_SAE_FORMATS_H_
#define PINTLE_CONVERTER_IMPORT_SAE_FORMATS_H_

#include <cstdint>
#include <optional>
#include <string>

#include "converter/network/sae.h"

namespace pintle::converter {

// What the user knows and the files may not tell. A value given here wins over the files'.
struct SaeImportOptions {
  std::optional<Hook> hook;
  std::optional<int64_t> k;
};

// Reads an SAE by what is there:
//   a folder with cfg.json and sae_weights.safetensors      SAELens, v6 and earlier; training.json
//                                                           beside it tells the stability
//   a folder with config.json and ae.pt                     dictionary_learning; normalization.json
//                                                           {"mean", "std"} beside it is folded in
//   a folder with cfg.json and sae.safetensors              sparsify
//   a model's own checkpoint with tensors `sae_module.*`    RecSAE
// A file of such a folder stands for the folder. What the files hold beyond that is folded, named in
// the remarks, or refused (sae_leftovers.h). Throws Error for damaged files and, by name, for what the
// canonical form cannot hold (normalisation per sample, groupmax, transcoders, …).
SaeWeights read_sae(const std::string& path, const SaeImportOptions& options = {});

// Writes cfg.json and sae_weights.safetensors in SAELens's v6 layout into `folder`, which is
// created. Each file is written under another name first, then renamed. read_sae gives the same SAE
// back, but for its stability (training_record.h).
void write_saelens(const std::string& folder, const SaeWeights& sae);

}  // namespace pintle::converter

#endif  // PINTLE_CONVERTER_IMPORT_SAE_FORMATS_H_
