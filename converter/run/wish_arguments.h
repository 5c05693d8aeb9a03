// SPDX-License-Identifier: Apache-2.0
//
// Wishes and rules as people write them on a command line.
#ifndef PINTLE_CONVERTER_RUN_WISH_ARGUMENTS_H_
#define PINTLE_CONVERTER_RUN_WISH_ARGUMENTS_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "converter/run/examples.h"
#include "pintle/pintle.hpp"

namespace pintle::converter {

// What was given, in its order, which is the order of the rules.
struct WishArgument {
  std::string option, text;  // "--cap", "artist=2"
};
struct WishArguments {
  std::vector<WishArgument> given;
  std::string now;  // --now; empty: the clock
};

// A wish or rule with its words: "wish Sci-Fi=2", "rule cap artist=2".
struct NamedWish {
  pintle_wish wish;
  std::string words;
};
struct NamedRule {
  pintle_rule rule;
  std::string words;
};

struct WishSet {
  std::vector<NamedWish> wishes;
  std::vector<NamedRule> rules;
  int64_t now = 0;
  double half_life_seconds = 0;
  uint64_t seed = 0;
};

// What a text is read for: a list of k entries of the model, with groups by example whose names stand for
// attributes.
struct WishContext {
  const Model& model;
  size_t k;
  std::vector<NamedExample> examples = {};
};

// An option, for --help and parse_wishes.
struct WishOption {
  const char *name, *help;
  // Adds what the argument says. `where`: as errors begin.
  void (*parse)(const WishContext& context, const WishArgument& argument, const std::string& where,
                WishSet* set);
};
const std::vector<WishOption>& wish_options();
extern const char kFreshOption[];  // the one that --now belongs to

// Throws Error, quoting the argument and naming the part of it that is wrong and what would be right.
WishSet parse_wishes(const WishContext& context, const WishArguments& arguments);

}  // namespace pintle::converter

#endif  // PINTLE_CONVERTER_RUN_WISH_ARGUMENTS_H_
