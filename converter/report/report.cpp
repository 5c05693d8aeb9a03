// SPDX-License-Identifier: Apache-2.0
#include "converter/report/report.h"

#include <vector>

#include "converter/features/feature_effects.h"
#include "converter/io/error.h"
#include "converter/report/baseline_section.h"
#include "converter/report/feature_section.h"
#include "converter/report/history_section.h"
#include "converter/report/knob_section.h"
#include "converter/report/report_numbers.h"
#include "converter/run/runtime_model.h"
#include "converter/run/steering_names.h"

namespace pintle::converter {
namespace {

using nlohmann::json;
using nlohmann::ordered_json;

// Evenly over the users: logs are often sorted by something.
Histories sample_users(const Histories& histories, size_t count) {
  if (histories.users.size() <= count) return histories;
  Histories sample;
  for (size_t i = 0; i < count; ++i) {
    const size_t user = i * histories.users.size() / count;
    sample.users.push_back(histories.users[user]);
    sample.items.push_back(histories.items[user]);
  }
  return sample;
}

ordered_json model_json(const Model& model, const std::string& name) {
  const pintle_model_info info = model.info();
  return {{"name", name},
          {"architecture", info.architecture},
          {"items", info.item_count},
          {"layers", info.layer_count},
          {"dim", info.dim},
          {"window", info.window},
          {"size_bytes", info.file_size_bytes},
          {"version", pintle_version()}};
}

ordered_json attributes_json(const Model& model) {
  ordered_json list = ordered_json::array();
  for (uint32_t a = 0; a < model.info().attribute_count; ++a) {
    const auto [group, name] = attribute_name(model, a);
    list.push_back({group, name});
  }
  return list;
}

ordered_json presets_json(const Model& model) {
  ordered_json list = ordered_json::array();
  for (const std::string& name : preset_names(model)) list.push_back(name);
  return list;
}

}  // namespace

ordered_json report_data(const std::string& path, const std::string& model_name,
                         const std::vector<json>& features, const ReportPeople* people,
                         const ReportOptions& options, ThreadPool* pool) try {
  const Model model = open_model(path);
  if (model.info().knob_count == 0 && model.info().sae_count == 0) {
    throw Error(model_name +
                " has no knobs and no features: put them in with `pintle convert [--sae DIR] "
                "--features features.json`");
  }
  const FeaturesFiles described = join_features_files(features);
  const std::vector<uint32_t> shown = shown_attributes(model);
  ReportItems items(model);
  ordered_json data = {{"model", model_json(model, model_name)},
                       {"attributes", attributes_json(model)},
                       {"shown_attributes", shown},
                       {"presets", presets_json(model)},
                       {"without_knob", described.without_knob}};
  data["saes"] = feature_section(model, described, options.max_features, &items);
  ordered_json knobs = knob_section(model, described);
  data["measured"] = nullptr;
  std::vector<SampleHistory> samples;
  if (people != nullptr) {
    const Histories users = sample_users(people->held_out, options.users);
    const std::vector<float> popularity = item_popularity(people->all, model.info().item_count);
    ordered_json base = measure_knobs(model, users, popularity, shown, pool, &knobs);
    add_baselines(path, model, described, users, people->train, pool, &knobs);
    data["measured"] = {{"users", users.users.size()}, {"split", people->split}, {"base", base}};
    samples = choose_histories(model, users, shown, options.histories);
  } else {
    samples = listed_histories(model, described, options.histories);
  }
  data["histories"] = history_section(model, samples, knobs, &items);
  data["knobs"] = std::move(knobs);
  data["items"] = items.json();
  data["simulation"] = options.simulation;
  return data;
} catch (const json::exception& error) {
  throw Error(std::string("features.json is not as `pintle label` writes it: ") + error.what());
}

}  // namespace pintle::converter
