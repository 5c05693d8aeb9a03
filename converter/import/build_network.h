// SPDX-License-Identifier: Apache-2.0
//
// From bound tensors and resolved settings to a Network: every difference between frameworks that
// the forward pass does not know is folded into the numbers here.
#ifndef PINTLE_CONVERTER_IMPORT_BUILD_NETWORK_H_
#define PINTLE_CONVERTER_IMPORT_BUILD_NETWORK_H_

#include <string>

#include "converter/import/recipe_binding.h"
#include "converter/import/recipe_settings.h"
#include "converter/network/network.h"

namespace pintle::converter {

// REQUIRES: binding.problems is empty. Throws Error, naming `origin`, on values that are not finite
// and on rows or windows that the tables do not have.
Network build_network(const Recipe& recipe, const Binding& binding, const Settings& settings,
                      const std::string& origin);

}  // namespace pintle::converter

#endif  // PINTLE_CONVERTER_IMPORT_BUILD_NETWORK_H_
