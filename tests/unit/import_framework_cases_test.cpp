// SPDX-License-Identifier: Apache-2.0
//
// Ordinary checkpoints of several frameworks, the whole way to lists: what a file says of its pads, its
// mask, its heads and the app's ids holds, and what cannot be expressed is refused.
#include <doctest/doctest.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "support/random_weights.h"
#include "unit/import_cases.h"

namespace pintle::converter {
namespace {

using nlohmann::json;
using test::RandomWeights;
using PickleItems = RandomWeights::PickleItems;

TEST_CASE("BERT without a mask token asks for its row") {
  const test::ScratchDir dir;
  const std::string weights = dir.write("bert.safetensors", test::random_bert(40).safetensors());
  json config = {{"model_type", "bert"},
                 {"num_attention_heads", 2},
                 {"hidden_act", "gelu"},
                 {"pad_token_id", 0},
                 {"vocab_size", 40}};
  ConvertOptions untold = from(weights, dir.write("untold.json", config.dump()));
  config["mask_token_id"] = 1;
  const Ids ids = numbers(2, 40);
  const Lists told =
      lists_of(converted(from(weights, dir.write("c.json", config.dump()))).model, ids);
  check_refused(untold, {"--set mask_row=N"});
  untold.import.set = {"mask_row=1"};
  CHECK(lists_of(converted(untold).model, ids) == told);
  config["mask_token_id"] = 39;  // another row is another model
  CHECK(converted(from(weights, dir.write("c.json", config.dump()))).model.info().item_count == 38);
}

// A pickled module: the tensors and modules below `path`, and what each says of itself.
std::string pickled_module(const RandomWeights& weights, const std::string& path,
                           const std::map<std::string, PickleItems>& words) {
  PickleItems parameters, modules;
  for (const RandomWeights::Entry& entry : weights.entries) {
    if (entry.name.compare(0, path.size(), path) != 0) continue;
    const std::string rest = entry.name.substr(path.size());
    const std::string name = rest.substr(0, rest.find('.'));
    if (name == rest) {
      parameters.emplace_back(name, test::pickle_tensor("Float", entry.name, entry.shape));
    } else if (modules.empty() || modules.back().first != name) {
      modules.emplace_back(name, pickled_module(weights, path + name + ".", words));
    }
  }
  PickleItems state = {{"_parameters", test::pickle_dict(parameters)},
                       {"_modules", test::pickle_dict(modules)}};
  const auto told = words.find(path);
  if (told != words.end()) state.insert(state.end(), told->second.begin(), told->second.end());
  return test::pickle_object(test::pickle_class("__main__", "Part"), test::pickle_dict(state));
}

TEST_CASE("a pickled module tells its pad row and its heads") {
  const test::ScratchDir dir;
  RandomWeights weights = test::random_pmixer(21);
  std::sort(weights.entries.begin(), weights.entries.end(),
            [](const auto& a, const auto& b) { return a.name < b.name; });
  const auto options = [&](const std::string& name, int64_t heads) {
    ConvertOptions made = from(dir.path(name));
    made.import.arch = "sasrec-pmixer-2020";
    made.import.heads = heads;
    return made;
  };
  test::write_torch_zip(dir.path("state.pt"), test::pickle_dict(weights.pickled()),
                        weights.storages());
  test::write_torch_zip(
      dir.path("module.pt"),
      pickled_module(weights, "",
                     {{"item_emb.", {{"padding_idx", test::pickle_int(20)}}},
                      {"attention_layers.0.", {{"num_heads", test::pickle_int(2)}}}}),
      weights.storages());
  const Ids ids = numbers(0, 20);
  const Converted module = converted(options("module.pt", 1));
  CHECK(reports(module.report, "padding_idx"));
  CHECK(reports(module.report, "1 from --heads is not used"));
  ConvertOptions told = options("state.pt", 2);
  told.import.set = {"pad_row=20"};
  const Lists lists = lists_of(module.model, ids);
  CHECK(lists == lists_of(converted(told).model, ids));
  told.import.heads = 1;
  CHECK(lists != lists_of(converted(told).model, ids));
}

PickleItems recbole_config(const char* model) {
  return {{"model", test::pickle_string(model)},
          {"n_heads", test::pickle_int(2)},
          {"hidden_act", test::pickle_string("gelu")},
          {"layer_norm_eps", test::pickle_float(1e-12)}};
}

ConvertOptions recbole_file(const test::ScratchDir& dir, const char* model,
                            const RandomWeights& weights) {
  test::write_torch_zip(dir.path("recbole.pth"),
                        test::pickle_dict({{"config", test::pickle_dict(recbole_config(model))},
                                           {"state_dict", test::pickle_dict(weights.pickled())}}),
                        weights.storages());
  return from(dir.path("recbole.pth"));
}

TEST_CASE("SASRecF is refused whether it is recognised or called SASRec") {
  const test::ScratchDir dir;
  RandomWeights weights = test::random_recbole(21);
  weights.add("feature_embed_layer.token_embedding_tables.item.weight", {5, test::kWeightsDim});
  weights.linear("concat_layer", test::kWeightsDim, 2 * test::kWeightsDim);
  for (const char* model : {"SASRecF", "SASRec"}) {
    for (const char* arch : {"", "sasrec-recbole"}) {
      CAPTURE(model);
      CAPTURE(arch);
      ConvertOptions options = recbole_file(dir, model, weights);
      options.import.arch = arch;
      check_refused(options, {"item features beside the ids (SASRecF"});
    }
  }
}

TEST_CASE("a RecBole item table needs the map of RecBole's own rows") {
  const test::ScratchDir dir;
  Ids tokens = {"[PAD]"};  // row 0; the rest in an order of its own
  for (int row = 1; row <= 20; ++row) tokens.push_back(std::to_string((row * 7) % 20 + 1));
  ConvertOptions options = recbole_file(dir, "SASRec", test::random_recbole(21));
  const Lists rows = lists_of(converted(options).model, numbers(1, 21));
  std::string table = "item_id:token\tmovie_title:token_seq\tclass:token_seq\n";
  for (int id = 1; id <= 20; ++id) {
    const std::string text = std::to_string(id);
    table += text + "\tTitle of " + text + "\tDrama Comedy\n";
  }
  options.items_path = dir.write("toys.item", table);
  check_refused(options, {"--id-map", "field2id_token", "load_data_and_model"});
  options.import.id_map_path = dir.write("ids.json", json(tokens).dump());
  const Model model = converted(options).model;
  CHECK(lists_of(model, Ids(tokens.begin() + 1, tokens.end())) == rows);
  for (uint32_t item = 0; item < 20; ++item) {
    const char* const title = require(model.item(item), "item").title;
    REQUIRE(title != nullptr);
    CHECK(title == "Title of " + item_id(model, item));
  }
}

// An array of objects, as protocol 2 has it.
std::string numpy_objects(const std::vector<std::string>& values) {
  const std::string type = test::pickle_call(
      test::pickle_class("numpy", "dtype"),
      {test::pickle_string("O8"), test::pickle_bool(false), test::pickle_bool(true)});
  return test::pickle_call(
             test::pickle_class("numpy.core.multiarray", "_reconstruct"),
             {test::pickle_class("numpy", "ndarray"), test::pickle_ints({0}),
              test::pickle_call(test::pickle_class("_codecs", "encode"),
                                {test::pickle_string("b"), test::pickle_string("latin1")})}) +
         test::pickle_tuple({test::pickle_int(1),
                             test::pickle_ints({static_cast<int64_t>(values.size())}), type,
                             test::pickle_bool(false), test::pickle_list(values)}) +
         "b";
}

TEST_CASE("the app's ids in a RecTools checkpoint are the model's") {
  const test::ScratchDir dir;
  const RandomWeights weights = test::random_rectools(31);
  const auto write = [&](const PickleItems& ids) {
    PickleItems parameters = {
        {"model_config", test::pickle_dict({{"n_heads", test::pickle_int(2)},
                                            {"use_key_padding_mask", test::pickle_bool(false)}})}};
    parameters.insert(parameters.end(), ids.begin(), ids.end());
    test::write_torch_zip(dir.path("rectools.ckpt"),
                          test::pickle_dict({{"state_dict", test::pickle_dict(weights.pickled())},
                                             {"hyper_parameters", test::pickle_dict(parameters)}}),
                          weights.storages());
    return converted(from(dir.path("rectools.ckpt")));
  };
  const Lists rows = lists_of(write({}).model, numbers(1, 31));
  for (const bool are_text : {true, false}) {
    CAPTURE(are_text);
    Ids ids;
    std::vector<std::string> pickled = {test::pickle_string("PAD")};
    for (int row = 1; row <= 30; ++row) {
      const int number = 1000 - 7 * row;
      ids.push_back((are_text ? "sku-" : "") + std::to_string(number));
      pickled.push_back(are_text ? test::pickle_string(ids.back()) : test::pickle_int(number));
    }
    const Converted found =
        write({{"item_external_ids", numpy_objects(pickled)},
               {"item_extra_tokens", test::pickle_tuple({test::pickle_string("PAD")})}});
    CHECK(lists_of(found.model, ids) == rows);
    CHECK(reports(found.report, "hyper_parameters.item_external_ids"));
    CHECK((require(found.model.item(0), "item").id_text != nullptr) == are_text);
  }
}

}  // namespace
}  // namespace pintle::converter
