// SPDX-License-Identifier: Apache-2.0
#ifndef PINTLE_TESTS_UNIT_BUILD_FILES_H_
#define PINTLE_TESTS_UNIT_BUILD_FILES_H_

#include <CLI/CLI.hpp>
#include <iostream>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>

#include "converter/commands/commands.h"
#include "support/default_model.h"

namespace pintle::converter {

using nlohmann::json;

// A build.json of the default model.
inline json build_json(const std::string& out) {
  return {{"weights", test::default_model_file("model.safetensors")},
          {"config", test::default_model_file("config.json")},
          {"items", test::default_model_file("items.csv")},
          {"id_column", "id"},
          {"interactions", test::default_model_file("interactions.txt")},
          {"min_items", 1000},  // no knobs but popularity: they take their time
          {"threads", 1},
          {"saes", {{{"dict", 32}, {"k", 4}, {"steps", 60}, {"batch", 256}}}},
          {"out", out}};
}

// The second column of the default model's item table: "row,id,...".
inline std::string id_of(const std::string& line) {
  const size_t begin = line.find(',') + 1;
  return line.substr(begin, line.find(',', begin) - begin);
}

// Runs the command line in this process and gives what it prints.
inline json command(const std::string& line) {
  CLI::App app;
  add_convert_command(&app);
  add_train_sae_command(&app);
  add_label_command(&app);
  add_build_command(&app);
  add_inspect_command(&app);
  std::ostringstream printed;
  std::streambuf* const out = std::cout.rdbuf(printed.rdbuf());
  try {
    app.parse(line);
  } catch (...) {
    std::cout.rdbuf(out);
    throw;
  }
  std::cout.rdbuf(out);
  return json::parse(printed.str());
}

}  // namespace pintle::converter

#endif  // PINTLE_TESTS_UNIT_BUILD_FILES_H_
