// SPDX-License-Identifier: Apache-2.0
#include <iostream>
#include <memory>
#include <string>

#include "converter/commands/commands.h"
#include "converter/run/runtime_model.h"

namespace pintle::converter {

void add_verify_command(CLI::App* app) {
  const auto path = std::make_shared<std::string>();
  CLI::App* verb = app->add_subcommand(
      "verify", "Check a model file: structure, shapes, checksums, every number");
  verb->add_option("FILE", *path, "The model file")->required();
  verb->callback([path] {
    const Model model = open_model(*path, PINTLE_OPEN_VERIFY_ALL);
    std::cout << *path << ": ok\n";
  });
}

}  // namespace pintle::converter
