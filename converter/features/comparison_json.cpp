// SPDX-License-Identifier: Apache-2.0
#include "converter/features/comparison.h"
#include "converter/features/splitting.h"
#include "converter/run/steering_names.h"

namespace pintle::converter {
namespace {

using nlohmann::ordered_json;

ordered_json correlations_json(const AttributeComparison& row) {
  ordered_json sparse;
  for (size_t i = 0; i < kSparseProbeSizes.size(); ++i) {
    sparse[std::to_string(kSparseProbeSizes[i])] = row.sparse[i];
  }
  return {{"raw_dimension", row.raw},
          {"random_directions", row.random},
          {"frozen_decoder", row.frozen},
          {"feature", row.feature},
          {"mean_difference", row.mean_difference},
          {"ridge_probe", row.ridge},
          {"sparse_probes", sparse}};
}

ordered_json quality_json(const SaeQuality& quality) {
  return {{"explained_variance", quality.explained_variance},
          {"l0", quality.active},
          {"dead_features", quality.dead}};
}

}  // namespace

ordered_json comparison_to_json(const Model& model, const AttributeIndex& attributes,
                                const Comparison& comparison) {
  ordered_json list = ordered_json::array();
  for (size_t a = 0; a < comparison.attributes.size(); ++a) {
    const AttributeComparison& row = comparison.attributes[a];
    const auto [group, name] = attribute_name(model, attributes.attributes[a]);
    list.push_back({{"group", group},
                    {"name", name},
                    {"in_means", static_cast<bool>(comparison.counted[a])},
                    {"correlations", correlations_json(row)},
                    {"carried_by", comparison.carriers[a]},
                    {"unfired_share", row.unfired},
                    {"absorbed_share", row.absorbed}});
  }
  ordered_json json{{"attributes_in_means", comparison.counted_attributes},
                    {"correlations", correlations_json(comparison.mean)},
                    {"carrying_features", comparison.mean.carriers},
                    {"unfired_share", comparison.mean.unfired},
                    {"absorbed_share", comparison.mean.absorbed},
                    {"sae", quality_json(comparison.quality)},
                    {"stability", nullptr},
                    {"frozen_decoder", quality_json(comparison.frozen)},
                    {"baseline_k", comparison.k},
                    {"ridge_penalty", comparison.ridge_penalty},
                    {"sparse_probe_candidates", comparison.candidates},
                    {"split_gain", kSplitGain},
                    {"absorbed_least_share", kAbsorbedShare},
                    {"attributes", list}};
  if (comparison.stability) json["stability"] = *comparison.stability;
  json["frozen_decoder"]["steps"] = comparison.frozen_steps;
  return json;
}

}  // namespace pintle::converter
