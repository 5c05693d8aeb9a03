// SPDX-License-Identifier: Apache-2.0
#include <iostream>
#include <memory>
#include <string>

#include "converter/commands/commands.h"
#include "converter/import/architectures.h"
#include "converter/import/config_keys.h"

namespace pintle::converter {
namespace {

void print_keys(const std::string& framework) {
  if (framework == "all") {
    for (const std::string& name : config_framework_names()) {
      std::cout << name << '\n';
      for (const ConfigKey& key : config_keys_of(name).all()) {
        std::cout << "  " << describe(key) << '\n';
      }
    }
    return;
  }
  for (const ConfigKey& key : config_keys_of(framework).all()) std::cout << describe(key) << '\n';
}

}  // namespace

void add_recipes_command(CLI::App* app) {
  struct RecipesArguments {
    std::string name, framework;
  };
  const auto arguments = std::make_shared<RecipesArguments>();
  CLI::App* verb =
      app->add_subcommand("recipes", "List the architectures known by name, or print one's recipe");
  CLI::Option* name = verb->add_option(
      "NAME", arguments->name, "Print this one, as JSON that `pintle convert --recipe` reads");
  verb->add_option("--keys", arguments->framework,
                   "Print what becomes of every key of a framework's configuration, or of all")
      ->excludes(name);
  verb->callback([arguments] {
    if (!arguments->framework.empty()) return print_keys(arguments->framework);
    if (!arguments->name.empty()) {
      std::cout << builtin_recipe_text(arguments->name);
      return;
    }
    for (const std::string& known : builtin_recipe_names()) std::cout << known << '\n';
  });
}

}  // namespace pintle::converter
