// SPDX-License-Identifier: Apache-2.0
#ifndef PINTLE_CONVERTER_JOBS_STAGES_H_
#define PINTLE_CONVERTER_JOBS_STAGES_H_

#include <cstddef>
#include <functional>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace pintle::converter {

// The steps of a long job that can be interrupted. Each leaves a record of its inputs and outputs
// in a folder; a step whose record still holds is skipped.
class Stages {
 public:
  // Creates `folder`. `count`: steps to come, for the progress lines on stderr.
  Stages(std::string folder, size_t count);

  // Runs `work` unless `name` was done before by this version of Pintle with equal `inputs`, and
  // its outputs have the content that it left. The record is written after `work` returns. True if
  // it ran.
  bool run(const std::string& name, const nlohmann::json& inputs,
           const std::vector<std::string>& outputs, const std::function<void()>& work);

  // A file in the folder.
  std::string path(const std::string& name) const;

 private:
  const std::string folder_;
  const size_t count_;
  size_t done_ = 0;
};

}  // namespace pintle::converter

#endif  // PINTLE_CONVERTER_JOBS_STAGES_H_
