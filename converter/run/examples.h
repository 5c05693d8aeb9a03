// SPDX-License-Identifier: Apache-2.0
//
// Groups by example, as people write them on a command line.
#ifndef PINTLE_CONVERTER_RUN_EXAMPLES_H_
#define PINTLE_CONVERTER_RUN_EXAMPLES_H_

#include <cstdint>
#include <string>
#include <vector>

#include "pintle/pintle.hpp"

namespace pintle::converter {

// "cosy=318,50", in the order given.
struct ExampleArguments {
  std::vector<std::string> like, unlike;
  // What a model is to be opened with.
  uint32_t open_flags() const { return like.empty() && unlike.empty() ? 0 : PINTLE_OPEN_EXAMPLES; }
};

struct NamedExample {
  std::string name;
  std::vector<uint32_t> like, unlike;
};

// "318,50" as ids. Throws Error "<where>: ..." for an id that is empty.
std::vector<std::string> split_ids(const std::string& text, const std::string& where);

// At most PINTLE_EXAMPLES; number i is the target example_attribute(i). Throws Error for names that are an
// attribute's or a group's, and for items that are disliked of nothing.
std::vector<NamedExample> parse_examples(const Model& model, const ExampleArguments& arguments);

// Throws Error for what the runtime refuses. REQUIRES: the model was opened for examples.
void set_examples(Session* session, const std::vector<NamedExample>& examples);

}  // namespace pintle::converter

#endif  // PINTLE_CONVERTER_RUN_EXAMPLES_H_
