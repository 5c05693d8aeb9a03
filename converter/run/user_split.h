// SPDX-License-Identifier: Apache-2.0
#ifndef PINTLE_CONVERTER_RUN_USER_SPLIT_H_
#define PINTLE_CONVERTER_RUN_USER_SPLIT_H_

#include <string>

#include "converter/io/interactions.h"
#include "converter/run/histories.h"
#include "pintle/pintle.hpp"

namespace pintle::converter {

// Users to build on, and others to measure what was built on.
struct UserSplit {
  Histories train, held_out;
  std::string description;  // one line: who is who
};

// Each path names a file of user ids or is empty. One file: the other part is everybody else. None:
// the users with an even place in the interactions train (the first counts as 0), the odd are held
// out. Throws Error if a user is in both files or nobody is left in a part.
UserSplit split_users(const Model& model, const Interactions& interactions,
                      const std::string& train_path, const std::string& held_out_path);

}  // namespace pintle::converter

#endif  // PINTLE_CONVERTER_RUN_USER_SPLIT_H_
