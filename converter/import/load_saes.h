// SPDX-License-Identifier: Apache-2.0
//
// SAEs and features.json files, read for `pintle convert`.
#ifndef PINTLE_CONVERTER_IMPORT_LOAD_SAES_H_
#define PINTLE_CONVERTER_IMPORT_LOAD_SAES_H_

#include <cstdint>
#include <string>
#include <vector>

#include "converter/network/interpretation.h"

namespace pintle::converter {

struct SaeFiles {
  std::vector<std::string> saes;   // as read_sae takes them
  std::vector<std::string> hooks;  // empty, or one an SAE ("": its files tell)
  std::vector<int64_t> ks;         // empty, or one an SAE (0: its files tell)
  // Empty, or files that describe all SAEs together, in their order; one that describes none has knobs.
  std::vector<std::string> features;
};

// Throws Error if an SAE does not fit a network of this width and depth, or a features file does
// not belong to it. What had to be assumed is appended to `assumptions`.
Interpretation load_interpretation(const SaeFiles& files, int64_t dim, int64_t block_count,
                                   std::vector<std::string>* assumptions);

// The last part of a path, a closing slash left out: what an SAE is called unless told otherwise.
std::string sae_name_of(const std::string& path);

}  // namespace pintle::converter

#endif  // PINTLE_CONVERTER_IMPORT_LOAD_SAES_H_
