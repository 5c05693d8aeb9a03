// SPDX-License-Identifier: Apache-2.0
#include "converter/report/history_section.h"

#include <algorithm>
#include <set>

#include "converter/run/list_tally.h"
#include "converter/run/runtime_model.h"

namespace pintle::converter {
namespace {

using nlohmann::json;
using nlohmann::ordered_json;

constexpr size_t kMinEvents = 6;     // of a history worth showing
constexpr size_t kTasteEvents = 30;  // the newest, that tell its taste and that the page lists
constexpr size_t kActiveFeatures = 5;

std::vector<double> attribute_shares(const Model& model, const std::vector<uint32_t>& items) {
  std::vector<double> shares(model.info().attribute_count, 0.0);
  for (uint32_t item : items) {
    const pintle_item_info info = require(model.item(item), "item", item);
    for (uint32_t a = 0; a < info.attribute_count; ++a) {
      shares[info.attributes[a]] += 1 / static_cast<double>(items.size());
    }
  }
  return shares;
}

std::vector<double> catalogue_shares(const Model& model) {
  std::vector<uint32_t> all(model.info().item_count);
  for (uint32_t i = 0; i < all.size(); ++i) all[i] = i;
  return attribute_shares(model, all);
}

template <typename T>
std::vector<T> newest(const std::vector<T>& items, size_t count) {
  return {items.end() - static_cast<std::ptrdiff_t>(std::min(count, items.size())), items.end()};
}

// How far a user's favourite attribute stands out.
struct Taste {
  double lift;
  uint32_t attribute;
  size_t user;
};

// Runs one history through the runtime.
class Lists {
 public:
  Lists(const Model& model, const SampleHistory& sample, ReportItems* items)
      : model_(model), session_(new_session(model)), items_(items) {
    require(session_.append(sample.items), "cannot append to the history");
    request_.k = std::min(kTopTen, model.info().item_count);
  }

  ordered_json top(const std::vector<pintle_edit>& edits) {
    request_.edits = edits;
    ordered_json list = ordered_json::array();
    for (const pintle_recommendation& entry :
         require(session_.recommend(request_), "cannot recommend")) {
      list.push_back(items_->add(entry.item));
    }
    return list;
  }

  ordered_json active() {
    ordered_json list = ordered_json::array();
    for (uint32_t sae = 0; sae < model_.info().sae_count; ++sae) {
      for (const auto& [feature, value] : require(session_.active_features(sae, kActiveFeatures),
                                                  "cannot tell the active features")) {
        const char* label = require(model_.feature(sae, feature), "feature", feature).label;
        list.push_back({sae, feature, label, rounded(static_cast<double>(value))});
      }
    }
    return list;
  }

 private:
  const Model model_;
  Session session_;
  ReportItems* items_;
  Request request_;
};

}  // namespace

std::vector<SampleHistory> choose_histories(const Model& model, const Histories& histories,
                                            const std::vector<uint32_t>& attributes, size_t count) {
  const std::vector<double> usual = catalogue_shares(model);
  std::vector<Taste> tastes;
  for (size_t user = 0; user < histories.items.size(); ++user) {
    std::vector<uint32_t> items = histories.items[user];
    if (items.size() <= kMinEvents) continue;
    items.pop_back();
    const std::vector<double> shares = attribute_shares(model, newest(items, kTasteEvents));
    Taste taste{0, 0, user};
    for (uint32_t a : attributes) {
      if (shares[a] - usual[a] > taste.lift) taste = {shares[a] - usual[a], a, user};
    }
    tastes.push_back(taste);
  }
  std::stable_sort(tastes.begin(), tastes.end(),
                   [](const Taste& a, const Taste& b) { return a.lift > b.lift; });
  std::vector<SampleHistory> samples;
  std::set<uint32_t> taken;
  for (const Taste& taste : tastes) {
    if (samples.size() == count) break;
    if (!attributes.empty() && !taken.insert(taste.attribute).second) continue;
    SampleHistory sample{histories.items[taste.user], -1, -1};
    if (taste.lift > 0) sample.taste = taste.attribute;
    sample.next = sample.items.back();
    sample.items.pop_back();
    samples.push_back(std::move(sample));
  }
  return samples;
}

std::vector<SampleHistory> listed_histories(const Model& model, const FeaturesFiles& described,
                                            size_t count) {
  std::vector<SampleHistory> samples;
  for (const json& found : described.evidence) {
    if (found.is_null()) continue;
    std::set<size_t> taken;
    for (const json& attribute : found.at("attributes")) {
      const size_t feature = attribute.at("feature").get<size_t>();
      if (samples.size() == count || !taken.insert(feature).second) continue;
      const json& histories = found.at("evidence").at(feature).at("top_histories");
      if (histories.empty()) continue;
      SampleHistory sample;
      for (const json& named : histories[0].at("items")) {
        uint32_t item = 0;
        if (find_item(model, named.at("id").get<std::string>(), &item)) {
          sample.items.push_back(item);
        }
      }
      if (!sample.items.empty()) samples.push_back(std::move(sample));
    }
  }
  return samples;
}

ordered_json history_section(const Model& model, const std::vector<SampleHistory>& samples,
                             const ordered_json& knobs, ReportItems* items) {
  ordered_json section = ordered_json::array();
  const size_t presets = model.info().preset_count;
  for (const SampleHistory& sample : samples) {
    Lists lists(model, sample, items);
    ordered_json history = {{"events", sample.items.size()},  {"taste", nullptr},
                            {"items", ordered_json::array()}, {"next", nullptr},
                            {"active", lists.active()},       {"base", lists.top({})},
                            {"knobs", ordered_json::array()}, {"presets", ordered_json::array()}};
    for (uint32_t item : newest(sample.items, kTasteEvents)) {
      history["items"].push_back(items->add(item));
    }
    if (sample.taste >= 0) history["taste"] = sample.taste;
    if (sample.next >= 0) history["next"] = items->add(static_cast<uint32_t>(sample.next));
    for (uint32_t k = 0; k < knobs.size(); ++k) {
      ordered_json tops = ordered_json::array();
      for (const ordered_json& strength : knobs[k].at("strengths")) {
        tops.push_back(lists.top({turn(k, strength.get<float>())}));
      }
      history["knobs"].push_back(tops);
    }
    for (uint32_t p = 0; p < presets; ++p) {
      history["presets"].push_back(lists.top(require(model.preset_edits(p), "preset", p)));
    }
    section.push_back(std::move(history));
  }
  return section;
}

}  // namespace pintle::converter
