// SPDX-License-Identifier: Apache-2.0
//
// The end of every SAE import: what no reader of a format asked for is folded where its meaning is
// certain, known to be harmless, named in the remarks, or refused.
#ifndef PINTLE_CONVERTER_IMPORT_SAE_LEFTOVERS_H_
#define PINTLE_CONVERTER_IMPORT_SAE_LEFTOVERS_H_

#include <string>
#include <vector>

#include "converter/import/sae_config.h"
#include "converter/import/sae_fold.h"

namespace pintle::converter {

// Constants of the input that lie in the state, beside it or in a configuration under a name that
// leaves no doubt (act_mean, act_std) are folded: the SAE sees (x - mean) / std, and its
// reconstruction is scaled and shifted back, so that it is comparable with x. `normalised_by` names
// what has normalised the input already ("": nothing); a second normalisation is refused, since their
// order is not known.
//
// Throws Error for a tensor that may change what the SAE computes and is not understood. Other
// tensors, and configuration keys that are not known to be about training or origin, become remarks.
void fold_or_tell_leftovers(const SaeTensors& tensors, const std::vector<const SaeConfig*>& configs,
                            const std::string& normalised_by, SaeWeights* sae);

}  // namespace pintle::converter

#endif  // PINTLE_CONVERTER_IMPORT_SAE_LEFTOVERS_H_
