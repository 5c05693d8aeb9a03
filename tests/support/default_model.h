// SPDX-License-Identifier: Apache-2.0
//
// The repository's own small model, converted.
#ifndef PINTLE_TESTS_SUPPORT_DEFAULT_MODEL_H_
#define PINTLE_TESTS_SUPPORT_DEFAULT_MODEL_H_

#include <string>

#include "converter/io/interactions.h"
#include "converter/jobs/convert.h"
#include "converter/jobs/train_sae.h"
#include "converter/run/histories.h"
#include "converter/run/runtime_model.h"
#include "support/scratch_dir.h"

namespace pintle::test {

// A file of converter/default_model.
inline std::string default_model_file(const std::string& name) {
  return std::string(PINTLE_DEFAULT_MODEL) + "/" + name;
}

inline converter::ConvertOptions default_model_options(const std::string& out_path) {
  converter::ConvertOptions options;
  options.weights_path = default_model_file("model.safetensors");
  options.import.config_path = default_model_file("config.json");
  options.items_path = default_model_file("items.csv");
  options.items.id_column = "id";
  options.interactions_path = default_model_file("interactions.txt");
  options.out_path = out_path;
  return options;
}

class DefaultModel {
 public:
  explicit DefaultModel(fb::DType precision = fb::DType_I8) : path(dir.path("default.pintle")) {
    converter::ConvertOptions options = default_model_options(path);
    options.precision = precision;
    converter::convert(options, &pool);
    model = converter::open_model(path);
    interactions = converter::read_interactions(default_model_file("interactions.txt"));
  }

  // The first `count` users.
  converter::Histories users(size_t count) const {
    converter::Histories all = converter::map_histories(model, interactions);
    all.users.resize(count);
    all.items.resize(count);
    return all;
  }

  // A small SAE at the hook, good enough to have features that mean something.
  converter::TrainReport train(const std::string& folder, const std::string& hook = "block:0") {
    converter::TrainJob job;
    job.harvest.model_path = path;
    job.harvest.interactions_path = default_model_file("interactions.txt");
    job.harvest.hook = converter::parse_hook(hook);
    job.given.dict = 64;
    job.given.k = 8;
    job.given.steps = 300;
    job.given.batch = 512;
    job.measures_stability = false;
    job.out_folder = dir.path(folder);
    return converter::run_train_job(job, &pool);
  }

  converter::ThreadPool pool{1};
  ScratchDir dir;
  std::string path;
  Model model;
  converter::Interactions interactions;
};

}  // namespace pintle::test

#endif  // PINTLE_TESTS_SUPPORT_DEFAULT_MODEL_H_
