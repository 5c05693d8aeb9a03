// SPDX-License-Identifier: Apache-2.0
//
// What all verbs that read an item table have in common.
#ifndef PINTLE_CONVERTER_COMMANDS_ITEM_OPTIONS_H_
#define PINTLE_CONVERTER_COMMANDS_ITEM_OPTIONS_H_

#include <CLI/CLI.hpp>

#include "converter/io/items.h"

namespace pintle::converter {

// --id-column, --row-column, --title-column, --date-column and --attributes, which need `items`, the verb's
// option for the table.
void add_item_options(CLI::App* verb, CLI::Option* items, ItemOptions* options);

}  // namespace pintle::converter

#endif  // PINTLE_CONVERTER_COMMANDS_ITEM_OPTIONS_H_
