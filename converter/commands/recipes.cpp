// SPDX-License-Identifier: Apache-2.0
#include <iostream>
#include <memory>
#include <string>

#include "converter/commands/commands.h"
#include "converter/import/architectures.h"

namespace pintle::converter {

void add_recipes_command(CLI::App* app) {
  const auto name = std::make_shared<std::string>();
  CLI::App* verb =
      app->add_subcommand("recipes", "List the architectures known by name, or print one's recipe");
  verb->add_option("NAME", *name, "Print this one, as JSON that `pintle convert --recipe` reads");
  verb->callback([name] {
    if (name->empty()) {
      for (const std::string& known : builtin_recipe_names()) std::cout << known << '\n';
    } else {
      std::cout << builtin_recipe_text(*name);
    }
  });
}

}  // namespace pintle::converter
