// SPDX-License-Identifier: Apache-2.0
#include <iostream>
#include <memory>
#include <string>

#include "converter/commands/commands.h"
#include "converter/run/runtime_model.h"

namespace pintle::converter {

void add_verify_command(CLI::App* app) {
  struct Arguments {
    std::string path, delta_path;
  };
  const auto arguments = std::make_shared<Arguments>();
  CLI::App* verb = app->add_subcommand(
      "verify", "Check a model file: structure, shapes, checksums, every number");
  verb->add_option("FILE", arguments->path, "The model file")->required();
  verb->add_option("--delta", arguments->delta_path,
                   "A delta of its catalogue: check that it is this model's, and all of it, too");
  verb->callback([arguments] {
    const Model model =
        open_model(arguments->path, PINTLE_OPEN_VERIFY_ALL, nullptr, arguments->delta_path.c_str());
    std::cout << arguments->path << ": ok\n";
    if (!arguments->delta_path.empty()) std::cout << arguments->delta_path << ": ok\n";
  });
}

}  // namespace pintle::converter
