// SPDX-License-Identifier: Apache-2.0
//
// Which items each feature of an SAE raises and lowers.
#ifndef PINTLE_CONVERTER_FEATURES_ITEM_EFFECTS_H_
#define PINTLE_CONVERTER_FEATURES_ITEM_EFFECTS_H_

#include <cstddef>
#include <vector>

#include "converter/features/label.h"
#include "converter/file/model_parts.h"
#include "converter/io/thread_pool.h"
#include "converter/network/sae.h"

namespace pintle::converter {

// Fills `promoted` and `demoted` of the report's features that were ever active: of the trained items
// the `listed` ones whose scores a unit of the feature's activation raises, or lowers, most. `parts` are
// the model's.
//
// At the hook last that is the item's vector . the decoder's row. At other hooks the rest of the network
// lies between: ADD of a dose at the newest event, a feature at a time, and the mean change of the score
// over users of the report's histories, as many as are affordable. The change of a score and not of its
// probability's logarithm, since scores are what contributions of features add up to (pintle.h); the
// order of the items is the same.
void measure_item_effects(const Model& model, const ModelParts& parts, const SaeWeights& sae,
                          size_t listed, ThreadPool* pool, LabelReport* report);

}  // namespace pintle::converter

#endif  // PINTLE_CONVERTER_FEATURES_ITEM_EFFECTS_H_
