// SPDX-License-Identifier: Apache-2.0
#include "converter/features/parse_sweep_method.h"

#include "converter/io/error.h"
#include "converter/run/steering_arguments.h"

namespace pintle::converter {

SweepMethod parse_sweep_method(const Model& model, const std::string& text) {
  constexpr char kFeature[] = "feature:";
  const std::string where = "--method " + text;
  SweepMethod method;
  method.name = text;
  if (text.compare(0, sizeof(kFeature) - 1, kFeature) == 0) {
    const FeatureName name = parse_feature(model, text.substr(sizeof(kFeature) - 1), where);
    method.kind = SweepKind::kFeature;
    method.sae = name.sae;
    method.feature = name.feature;
    return method;
  }
  if (text == "direction") method.kind = SweepKind::kDirection;
  if (text == "knob" || text == "direction") return method;
  for (const SweepMethod& other : score_methods()) {
    if (text == other.name) return other;
  }
  throw Error(where +
              ": use knob, bonus, reweight, reweight-ordered, quota, direction or "
              "feature:[SAE:]INDEX");
}

}  // namespace pintle::converter
