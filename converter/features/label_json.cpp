// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cstdio>
#include <cstdlib>

#include "converter/features/label.h"
#include "converter/run/steering_names.h"

namespace pintle::converter {
namespace {

using nlohmann::ordered_json;

// Six digits are more than such measures are good for, and keep the file small.
double rounded(double value) {
  char text[32];
  std::snprintf(text, sizeof(text), "%.6g", value);
  return std::strtod(text, nullptr);
}

// Writes one report; knows what the numbers in it stand for.
class EvidenceWriter {
 public:
  EvidenceWriter(const Model& model, const LabelReport& report) : model_(model), report_(report) {}

  ordered_json summary() const {
    const LabelReport& r = report_;
    ordered_json ratio = nullptr;
    if (r.raw_correlation > 0) ratio = r.mean_correlation / r.raw_correlation;
    return {{"users", r.histories.users.size()},
            {"users_given", r.users_given},
            {"positions", r.activations.positions()},
            {"features", r.features.size()},
            {"dead_features", r.dead},
            {"active_per_position", r.active},
            {"attributes", r.attributes.size()},
            {"mean_best_correlation", r.mean_correlation},
            {"mean_sensitivity", r.mean_sensitivity},
            {"raw_mean_best_correlation", r.raw_correlation},
            {"ratio_to_raw", ratio},
            {"named_activation", rounded(r.named_mass)},
            {"concepts", r.concepts.size()}};
  }

  ordered_json attributes() const {
    ordered_json list = ordered_json::array();
    for (size_t a = 0; a < report_.attributes.size(); ++a) {
      const AttributeEvidence& evidence = report_.attributes[a];
      ordered_json entry = measure(evidence.best, a);
      entry["items"] = report_.index.item_count[a];
      entry["positions"] = evidence.positions;
      entry["feature"] = evidence.feature;
      entry["raw_dimension"] = evidence.raw_dimension;
      entry["raw_correlation"] = rounded(evidence.raw_correlation);
      list.push_back(std::move(entry));
    }
    return list;
  }

  ordered_json evidence() const {
    ordered_json list = ordered_json::array();
    for (size_t f = 0; f < report_.features.size(); ++f) list.push_back(feature(f));
    return list;
  }

 private:
  ordered_json feature(size_t f) const {
    const FeatureEvidence& evidence = report_.features[f];
    ordered_json attributes = ordered_json::array(), items = ordered_json::array();
    ordered_json histories = ordered_json::array();
    for (const AttributeMeasure& m : evidence.attributes) {
      attributes.push_back(measure(m, m.attribute));
    }
    for (const ItemMean& mean : evidence.items) {
      ordered_json entry = item(mean.item);
      entry["mean"] = rounded(mean.mean);
      entry["support"] = mean.support;
      items.push_back(std::move(entry));
    }
    for (const Firing& firing : evidence.histories) histories.push_back(history(firing));
    return {{"feature", f},
            {"label", evidence.label},
            {"name", name(evidence.name)},
            {"activation", rounded(evidence.mass)},
            {"concept", concept_of(evidence)},
            {"positions", evidence.fired},
            {"attributes", attributes},
            {"top_items", items},
            {"top_histories", histories},
            {"promoted", effects(evidence.promoted)},
            {"demoted", effects(evidence.demoted)},
            {"cohens_d", rounded(evidence.cohens_d)}};
  }

  static ordered_json test(const NameTest& test) {
    return {{"precision", rounded(test.precision)},
            {"recall", rounded(test.recall)},
            {"share", rounded(test.share)}};
  }
  // What was tested, whether or not it holds.
  static ordered_json name(const TestedName& name) {
    if (name.text.empty()) return nullptr;
    return {{"text", name.text},
            {"holds", name.holds},
            {"items", test(name.items)},
            {"histories", test(name.histories)}};
  }
  static ordered_json concept_of(const FeatureEvidence& evidence) {
    const ConceptMeasures& m = evidence.concept_measures;
    ordered_json stability = nullptr, refusal = nullptr;
    if (m.stability >= 0) stability = rounded(m.stability);
    if (!evidence.no_concept.empty()) refusal = evidence.no_concept;
    return {{"refused", refusal},
            {"items", m.members},
            {"separation", rounded(m.separation)},
            {"agreement", rounded(m.agreement)},
            {"stability", stability},
            {"coverage", rounded(m.coverage)},
            {"lift", rounded(m.lift)},
            {"lift_error", rounded(m.lift_error)}};
  }

  ordered_json measure(const AttributeMeasure& m, size_t attribute) const {
    const auto [group, name] = attribute_name(model_, report_.index.attributes[attribute]);
    return {{"group", group},
            {"name", name},
            {"correlation", rounded(m.correlation)},
            {"auc", rounded(m.auc)},
            {"sensitivity", rounded(m.sensitivity)},
            {"precision", rounded(m.precision)},
            {"mean_with", rounded(m.mean_with)},
            {"mean_without", rounded(m.mean_without)}};
  }

  ordered_json item(uint32_t number) const {
    return {{"id", item_id(model_, number)}, {"title", item_title(model_, number)}};
  }

  ordered_json effects(const std::vector<ItemEffect>& list) const {
    ordered_json result = ordered_json::array();
    for (const ItemEffect& effect : list) {
      ordered_json entry = item(effect.item);
      entry["effect"] = rounded(effect.effect);
      result.push_back(std::move(entry));
    }
    return result;
  }

  // The event at which the feature fires, and those before it, oldest first.
  ordered_json history(const Firing& firing) const {
    const size_t user = report_.activations.user[firing.position];
    const size_t event = report_.activations.event[firing.position];
    ordered_json items = ordered_json::array();
    for (size_t e = event - std::min(event, kListedEvents - 1); e <= event; ++e) {
      items.push_back(item(report_.histories.items[user][e]));
    }
    return {{"user", report_.histories.users[user]},
            {"event", event},
            {"activation", rounded(static_cast<double>(firing.value))},
            {"items", items}};
  }

  static constexpr size_t kListedEvents = 5;

  const Model model_;
  const LabelReport& report_;
};

}  // namespace

void add_evidence_json(const Model& model, const LabelReport& report, ordered_json* json) {
  const EvidenceWriter writer(model, report);
  (*json)["summary"] = writer.summary();
  (*json)["attributes"] = writer.attributes();
  (*json)["evidence"] = writer.evidence();
}

}  // namespace pintle::converter
