// SPDX-License-Identifier: Apache-2.0
#include "converter/import/tensor_index.h"

#include <doctest/doctest.h>

#include "converter/import/architectures.h"
#include "toy_layouts.h"

namespace pintle::converter {
namespace {

using Names = std::vector<std::string>;

Checkpoint with(const Names& names) {
  SyntheticCheckpoint made;
  for (const std::string& name : names) made.add(name, {2});
  return made.checkpoint;
}

Names stripped(const TensorIndex& index) {
  Names names;
  for (const NamedTensor& tensor : index.all()) names.push_back(tensor.stripped);
  return names;
}

TEST_CASE("one star stays between dots, two cross them") {
  CHECK(name_matches("h.*.ln.weight", "h.12.ln.weight"));
  CHECK_FALSE(name_matches("h.*.weight", "h.0.ln.weight"));
  CHECK(name_matches("h.**", "h.0.ln.weight"));
  CHECK(name_matches("**.weight", "a.b.weight"));
  CHECK_FALSE(name_matches("h.*", "h"));
  CHECK_FALSE(name_matches("wte", "wte.weight"));
}

TEST_CASE("wrappers of torch's tools are taken off wherever they stand") {
  CHECK(without_wrappers("_orig_mod.a.weight") == "a.weight");
  CHECK(without_wrappers("_fsdp_wrapped_module.h.0._checkpoint_wrapped_module.ln.weight") ==
        "h.0.ln.weight");
  CHECK(without_wrappers("h._orig_modest.w") == "h._orig_modest.w");
  CHECK(without_wrappers("plain") == "plain");
}

TEST_CASE("prefixes come off in any order, as long as one fits") {
  const Checkpoint checkpoint = with({"model.module.model.wte.weight", "other.weight"});
  const TensorIndex index(checkpoint, {"module.", "model."}, {"wte.weight"});
  CHECK(stripped(index) == Names{"wte.weight", "other.weight"});
  CHECK(index.own_prefix().empty());
  REQUIRE(index.find("wte.*").size() == 1);
  CHECK(index.find("wte.*")[0]->name == "model.module.model.wte.weight");
}

TEST_CASE("a prefix of somebody's own is found by the anchors") {
  const Checkpoint checkpoint =
      with({"net.body.h.0.ln.weight", "net.body.wte.weight", "net.lm_head.weight", "step"});
  const TensorIndex index(checkpoint, {"transformer."}, {"wte.weight"});
  CHECK(index.own_prefix() == "net.body.");
  CHECK(stripped(index) == Names{"h.0.ln.weight", "wte.weight", "lm_head.weight", "step"});
  // Recipes' prefixes may stand behind it.
  const Checkpoint deep = with({"mine.transformer.h.weight", "mine.transformer.wte.weight"});
  CHECK(TensorIndex(deep, {"transformer."}, {"wte.weight"}).find("h.weight").size() == 1);
  // An anchor that matches as it is leaves every name alone.
  const Checkpoint plain = with({"copy.wte.weight", "wte.weight"});
  const TensorIndex left(plain, {}, {"wte.weight"});
  CHECK(left.own_prefix().empty());
  CHECK(stripped(left) == Names{"copy.wte.weight", "wte.weight"});
}

TEST_CASE("of two towers neither is taken") {
  const Checkpoint checkpoint = with({"student.wte.weight", "teacher.wte.weight"});
  const TensorIndex index(checkpoint, {}, {"wte.weight"});
  CHECK(index.own_prefix().empty());
  CHECK(index.find("wte.weight").empty());

  SyntheticCheckpoint two = gpt2("student.");
  two.checkpoint.tensors.merge(gpt2("teacher.").checkpoint.tensors);
  ImportOptions options;
  options.heads = 2;
  CHECK_THROWS_WITH(import_network(two.checkpoint, options), doctest::Contains("made.pt: "));
}

TEST_CASE("the import tells what it took off") {
  ImportOptions options;
  options.heads = 2;
  const Network network = import_network(gpt2("recommender.net.").checkpoint, options);
  CHECK(network.recipe == "gpt2");
  CHECK(reports(network, "prefix 'recommender.net.' taken off the tensors' names"));
}

TEST_CASE("extents as text") {
  CHECK(extents_text({200, -1}) == "[200, any]");
  CHECK(extents_text({}) == "[]");
}

}  // namespace
}  // namespace pintle::converter
