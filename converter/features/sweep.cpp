// SPDX-License-Identifier: Apache-2.0
#include "converter/features/sweep.h"

#include <algorithm>

#include "converter/features/swept_models.h"
#include "converter/io/error.h"
#include "converter/run/harvest.h"
#include "converter/run/steering_arguments.h"
#include "converter/run/steering_names.h"

namespace pintle::converter {
namespace {

std::vector<bool> items_having(const Model& model, uint32_t attribute) {
  const size_t items = model.info().item_count;
  std::vector<bool> having(items);
  for (uint32_t i = 0; i < items; ++i) {
    const pintle_item_info info = require(model.item(i), "item", i);
    having[i] =
        std::binary_search(info.attributes, info.attributes + info.attribute_count, attribute);
  }
  return having;
}

// Mean state after events that have the attribute, less the mean after the others.
std::vector<float> mean_difference(const Model& model, uint32_t attribute,
                                   const SweepOptions& options, ThreadPool* pool) {
  const std::vector<bool> having = items_having(model, attribute);
  const size_t dim = model.info().dim;
  std::vector<double> sums[2] = {std::vector<double>(dim), std::vector<double>(dim)};
  size_t counts[2] = {0, 0};
  harvest_states(model, *options.direction_histories, options.hook, pool,
                 [&](const UserStates& user) {
                   for (size_t t = 0; t < user.items.size(); ++t) {
                     const size_t side = having[user.items[t]] ? 1 : 0;
                     ++counts[side];
                     for (size_t i = 0; i < dim; ++i) {
                       sums[side][i] += static_cast<double>(user.states[t * dim + i]);
                     }
                   }
                 });
  if (counts[0] == 0 || counts[1] == 0) {
    throw Error("the users of the direction have " + std::to_string(counts[1]) +
                " events with the attribute and " + std::to_string(counts[0]) +
                " without: a difference of means needs both");
  }
  std::vector<float> direction(dim);
  for (size_t i = 0; i < dim; ++i) {
    direction[i] = static_cast<float>(sums[1][i] / static_cast<double>(counts[1]) -
                                      sums[0][i] / static_cast<double>(counts[0]));
  }
  return direction;
}

uint32_t require_attribute(const SweepMethod& method, const SweepOptions& options) {
  if (!options.attribute) throw Error("the method " + method.name + " needs an attribute");
  return *options.attribute;
}

// The method at strength 1, and a model of the file at `path` that knows it.
SweptModel swept_model(const std::string& path, const SweepMethod& method,
                       const SweepOptions& options, ThreadPool* pool) {
  if (method.kind == SweepKind::kFeature) {
    const Model model = open_model(path);
    const uint32_t feature = method.feature;
    if (!(require(model.feature(method.sae, feature), "feature", feature).p95 > 0)) {
      throw Error("the method " + method.name +
                  ": the feature has no measured 95th percentile, the unit of the strength: "
                  "label the SAE with `pintle label`");
    }
    return {model, edit(PINTLE_EDIT_ADD, method.sae, feature, 1, PINTLE_EDIT_CALIBRATED)};
  }
  const bool replaces = (options.flags & PINTLE_STEER_REPLACE) != 0;
  if (method.kind == SweepKind::kDirection && replaces) {
    throw Error("the method direction edits no SAE's features: use it in delta mode");
  }
  if (method.kind == SweepKind::kDirection && options.direction_histories == nullptr) {
    throw Error("the method direction needs users over whom the means are taken");
  }
  const ModelParts parts = read_model_parts(path);
  if (method.kind == SweepKind::kKnob) return unbounded_knob(parts, method.knob);
  const uint32_t attribute = require_attribute(method, options);
  if (method.kind == SweepKind::kReweight) return reweighting(parts, attribute);
  return direction_of(parts, options.hook,
                      mean_difference(open_model(path), attribute, options, pool));
}

}  // namespace

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
  } else if (text == "reweight" || text == "direction") {
    method.kind = text == "reweight" ? SweepKind::kReweight : SweepKind::kDirection;
  } else if (text != "knob") {
    throw Error(where + ": use knob, reweight, direction or feature:[SAE:]INDEX");
  }
  return method;
}

std::vector<float> even_strengths(float from, float to, size_t count) {
  std::vector<float> strengths;
  for (size_t i = 0; i < count; ++i) {
    const double part = count < 2 ? 0 : static_cast<double>(i) / static_cast<double>(count - 1);
    strengths.push_back(static_cast<float>((1 - part) * static_cast<double>(from) +
                                           part * static_cast<double>(to)));
  }
  return strengths;
}

Sweep run_sweep(const std::string& path, const Histories& histories, const SweepMethod& method,
                const SweepOptions& options, ThreadPool* pool) {
  const SweptModel swept = swept_model(path, method, options, pool);
  std::vector<ListVariant> variants(1);
  for (float strength : options.strengths) {
    pintle_edit edit = swept.unit;
    edit.value = strength;
    variants.push_back({{edit}, options.flags});
  }
  std::vector<ListMeasure> measures = measure_lists(swept.model, histories, variants, pool);
  Sweep sweep;
  sweep.base = std::move(measures[0]);
  for (size_t i = 0; i < options.strengths.size(); ++i) {
    sweep.points.push_back({options.strengths[i], std::move(measures[i + 1])});
  }
  return sweep;
}

double sweep_target(double start_share) {
  return start_share < 0.25 ? 2 * start_share : start_share + 0.15;
}

std::optional<SweepSummary> summarize_sweep(const Sweep& sweep, uint32_t attribute) {
  std::vector<SweepPoint> points;
  for (const SweepPoint& point : sweep.points) {
    if (point.strength >= 0) points.push_back(point);
  }
  std::stable_sort(points.begin(), points.end(), [](const SweepPoint& a, const SweepPoint& b) {
    return a.strength < b.strength;
  });
  if (points.empty() || points[0].strength > 0) points.insert(points.begin(), {0, sweep.base});

  SweepSummary summary;
  summary.start_share = sweep.base.shares[attribute];
  summary.target_share = sweep_target(summary.start_share);
  const auto share = [&](size_t i) { return points[i].measure.shares[attribute]; };
  for (size_t i = 1; i < points.size(); ++i) {
    if (share(i) < summary.target_share) continue;
    const double rise = share(i) - share(i - 1);
    const double part = rise > 0 ? std::max(0.0, (summary.target_share - share(i - 1)) / rise) : 1;
    const auto between = [&](double from, double to) { return from + part * (to - from); };
    summary.strength = between(static_cast<double>(points[i - 1].strength),
                               static_cast<double>(points[i].strength));
    const double ndcg = between(points[i - 1].measure.ndcg, points[i].measure.ndcg);
    summary.ndcg_loss = sweep.base.ndcg > 0 ? 1 - ndcg / sweep.base.ndcg : 0;
    for (size_t a = 0; a < sweep.base.shares.size(); ++a) {
      summary.change.push_back(
          between(points[i - 1].measure.shares[a], points[i].measure.shares[a]) -
          sweep.base.shares[a]);
    }
    return summary;
  }
  return std::nullopt;
}

}  // namespace pintle::converter
