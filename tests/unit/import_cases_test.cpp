// SPDX-License-Identifier: Apache-2.0
//
// Ordinary files around one GPT-2 of 40 items: logs, configurations, names, shards, an item table and
// an SAE. Each comes out as it was meant, or is refused with what to do.
#include "unit/import_cases.h"

#include <doctest/doctest.h>

#include <ctime>
#include <filesystem>
#include <functional>
#include <map>
#include <nlohmann/json.hpp>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "converter/run/evaluate.h"
#include "support/random_weights.h"

namespace pintle::converter {
namespace {

using nlohmann::json;
using test::RandomWeights;

const json kGpt2Config = {{"model_type", "gpt2"},
                          {"n_head", 2},
                          {"n_layer", 1},
                          {"n_embd", test::kWeightsDim},
                          {"n_positions", 12},
                          {"vocab_size", 41},
                          {"activation_function", "gelu_new"},
                          {"layer_norm_epsilon", 1e-5},
                          {"pad_token_id", 0},
                          {"tie_word_embeddings", true}};

class Gpt2Folder : public test::ScratchDir {
 public:
  const RandomWeights weights = test::random_gpt2(41);
  const std::string file = write("gpt2.safetensors", weights.safetensors());
  const std::string config = write("gpt2.json", kGpt2Config.dump());
  const Ids ids = numbers(1, 41);

  ConvertOptions base() const { return from(file, config); }
  ConvertOptions with(const json& changes) const {
    json changed = kGpt2Config;
    changed.update(changes);
    return from(file, write("changed.json", changed.dump()));
  }
  std::string write_pickle(const std::string& name, const RandomWeights& made) const {
    test::write_torch_zip(path(name), test::pickle_dict(made.pickled()), made.storages());
    return path(name);
  }
};

struct Event {
  int user, item;
  int64_t time;
};

// 60 users, no two events at one time, in no order.
std::vector<Event> shuffled_events() {
  std::mt19937 random(11);
  std::vector<Event> events;
  for (int i = 0; i < 420; ++i) {
    const int user = i < 120 ? i % 60 : static_cast<int>(random() % 60);
    events.push_back({user + 1, static_cast<int>(random() % 40) + 1, 1500000000 + 977 * i});
  }
  for (size_t i = events.size(); i > 1; --i) std::swap(events[i - 1], events[random() % i]);
  return events;
}

std::string date_text(int64_t time, const char* form) {
  const std::time_t seconds = time;
  std::tm parts = {};
  gmtime_r(&seconds, &parts);
  char text[64];
  return {text, std::strftime(text, sizeof(text), form, &parts)};
}

std::string log_text(const std::string& header, const std::function<std::string(Event)>& line) {
  std::string text = header;
  for (const Event& event : shuffled_events()) text += line(event) + "\n";
  return text;
}

std::string pair_text(const Event& event, const std::string& separator, const char* tail = "") {
  return std::to_string(event.user) + tail + separator + std::to_string(event.item) + tail;
}

TEST_CASE("one log in the forms that tools write gives the same metrics") {
  const Gpt2Folder folder;
  const Model model = converted(folder.base()).model;
  ThreadPool pool(1);
  const auto metrics = [&](const std::string& path, const InteractionOptions& options = {}) {
    return evaluation_metrics(
        evaluate_leave_one_out(model, read_interactions(path, options), {}, &pool));
  };
  const std::string seconds =
      folder.write("log.csv", log_text("user_id,item_id,timestamp\n", [](const Event& e) {
                     return pair_text(e, ",") + "," + std::to_string(e.time);
                   }));
  const auto reference = metrics(seconds);
  InteractionOptions in_file_order;
  in_file_order.time_column = "none";
  REQUIRE(metrics(seconds, in_file_order) != reference);

  struct Form {
    const char *file, *header;
    std::function<std::string(Event)> line;
  };
  const std::vector<Form> forms = {
      {"datetime.csv", "user_id,item_id,weight,datetime\n",
       [](const Event& e) {
         return pair_text(e, ",") + ",1," + date_text(e.time, "%Y-%m-%d %H:%M:%S");
       }},
      {"spaced.csv", "user_id,item_id,timestamp\n",
       [](const Event& e) {
         return pair_text(e, ",") + "," + date_text(e.time, "%Y-%m-%d %H:%M:%S");
       }},
      {"iso.csv", "user_id,item_id,timestamp\n",
       [](const Event& e) {
         return pair_text(e, ",") + "," + date_text(e.time, "%Y-%m-%dT%H:%M:%SZ");
       }},
      {"floats.csv", "user_id,item_id,timestamp\n",
       [](const Event& e) { return pair_text(e, ",", ".0") + "," + std::to_string(e.time); }},
      {"recbole.inter", "user_id:token item_id:token timestamp:float\n",
       [](const Event& e) { return pair_text(e, " ") + " " + std::to_string(e.time); }}};
  for (const Form& form : forms) {
    CAPTURE(form.file);
    CHECK(metrics(folder.write(form.file, log_text(form.header, form.line))) == reference);
  }
  const std::string ratings =
      folder.write("ratings.txt", log_text("", [](const Event& e) {
                     return pair_text(e, " ") + " " + std::to_string(3 + e.time % 3);
                   }));
  CHECK_THROWS_WITH_AS(read_interactions(ratings), doctest::Contains("--format"), Error);
}

TEST_CASE("special tokens of the configuration are no items") {
  const Gpt2Folder folder;
  const Converted special =
      converted(folder.with({{"bos_token_id", 38}, {"eos_token_id", 39}, {"mask_token_id", 40}}));
  CHECK(special.report.item_count == 37);
  lists_of(special.model, numbers(1, 38));  // requires that these ids are all
  Session session = new_session(special.model);
  require(session.append(find_items(special.model, {"5", "9"}, "history")), "append");
  CHECK(require(session.recommend(100), "recommend").size() == 35);
  for (const char* id : {"38", "39", "40"}) {
    uint32_t item = 0;
    CHECK_FALSE(find_item(special.model, id, &item));
  }
}

TEST_CASE("a configuration that contradicts the tensors is refused by its key") {
  const Gpt2Folder folder;
  struct Change {
    json config;
    Ids parts;
  };
  const std::vector<Change> changes = {
      {{{"tie_word_embeddings", false}}, {"tie_word_embeddings", "its head is missing"}},
      {{{"n_embd", 64}, {"n_layer", 6}, {"vocab_size", 50257}}, {"n_embd = 64", "have 16 (dim)"}},
      {{{"n_layer", 6}, {"vocab_size", 50257}}, {"n_layer = 6", "have 1 (layers)"}},
      {{{"vocab_size", 50257}}, {"vocab_size = 50257", "have 41 (item rows)"}},
      {{{"n_positions", 512}}, {"n_positions = 512", "have 12 (positions)"}}};
  for (const Change& change : changes) {
    CAPTURE(change.config.dump());
    check_refused(folder.with(change.config), change.parts);
  }
}

TEST_CASE("the wrappers of training come off the names") {
  const Gpt2Folder folder;
  const Lists base = lists_of(converted(folder.base()).model, folder.ids);
  for (const char* prefix :
       {"_orig_mod.", "_fsdp_wrapped_module.", "module.", "module._orig_mod.", "net.body.",
        "_fsdp_wrapped_module._orig_mod.model._fsdp_wrapped_module.", "trainer.net.body."}) {
    CAPTURE(prefix);
    const std::string file = folder.write_pickle("m.pt", folder.weights.under(prefix));
    CHECK(lists_of(converted(from(file, folder.config)).model, folder.ids) == base);
  }

  // A head of its own counts, beside the body as well as within it.
  RandomWeights plain = folder.weights, wrapped = folder.weights.under("net.body.");
  const RandomWeights head = RandomWeights(9).add("head.weight", {41, test::kWeightsDim});
  plain.set("head.weight", head.entries[0].shape, head.entries[0].values);
  wrapped.set("net.head.weight", head.entries[0].shape, head.entries[0].values);
  const std::string untied = folder.with({{"tie_word_embeddings", false}}).import.config_path;
  const auto lists = [&](const RandomWeights& weights) {
    return lists_of(converted(from(folder.write_pickle("h.pt", weights), untied)).model,
                    folder.ids);
  };
  const Lists headed = lists(plain);
  CHECK(headed != base);
  CHECK(lists(wrapped) == headed);
}

TEST_CASE("a sharded checkpoint is one checkpoint, whichever of its files is given") {
  const Gpt2Folder folder;
  const Lists base = lists_of(converted(folder.base()).model, folder.ids);
  const std::string shards = folder.path("sharded");
  std::filesystem::create_directory(shards);
  const size_t count = folder.weights.entries.size();
  json map = json::object();
  Ids names;
  for (size_t i = 0; i < 2; ++i) {
    names.push_back("model-0000" + std::to_string(i + 1) + "-of-00002.safetensors");
    const RandomWeights part = folder.weights.part(i == 0 ? 0 : 7, i == 0 ? 7 : count);
    folder.write("sharded/" + names[i], part.safetensors());
    for (const RandomWeights::Entry& entry : part.entries) map[entry.name] = names[i];
  }
  const std::string index =
      folder.write("sharded/model.safetensors.index.json",
                   json{{"metadata", json::object()}, {"weight_map", map}}.dump());
  folder.write("sharded/config.json", kGpt2Config.dump());
  const Ids ways = {shards, index, shards + "/" + names[0], shards + "/" + names[1]};
  for (const std::string& way : ways) {
    CAPTURE(way);
    CHECK(lists_of(converted(from(way)).model, folder.ids) == base);
  }
  std::filesystem::remove(ways[3]);
  for (const std::string& way : {ways[0], ways[1], ways[2]}) {
    CAPTURE(way);
    check_refused(from(way), {names[1], "not beside it; put all shards into one folder"});
  }
}

TEST_CASE("an item table that counts from 0 where row 0 is the pad is shifted by one") {
  const Gpt2Folder folder;
  const auto table = [&](int first) {
    std::string text = "row,title,genres\n";
    for (int i = 0; i < 40; ++i) {
      text += std::to_string(first + i) + ",Title " + std::to_string(i) + ",Drama\n";
    }
    ConvertOptions options = folder.base();
    options.items_path = folder.write("items.csv", text);
    return options;
  };
  check_refused(table(0), {"row 0", "shifted by one", "one higher"});
  CHECK(converted(table(1)).report.item_count == 40);
}

TEST_CASE("a mean that the SAE takes off its input is folded") {
  const Gpt2Folder folder;
  constexpr int64_t kFeatures = 24;
  RandomWeights sae(6);
  sae.add("encoder.weight", {kFeatures, test::kWeightsDim}).add("encoder.bias", {kFeatures});
  sae.add("decoder.weight", {test::kWeightsDim, kFeatures});
  const RandomWeights vectors =
      RandomWeights(8).add("b_dec", {test::kWeightsDim}).add("act_mean", {test::kWeightsDim});
  const std::vector<float>&bias = vectors.entries[0].values, &mean = vectors.entries[1].values;
  sae.set("threshold", {1}, {0.1f});
  const json trainer = {{"dict_class", "BatchTopKSAE"},
                        {"activation_dim", test::kWeightsDim},
                        {"dict_size", kFeatures},
                        {"k", 4},
                        {"layer", 0},
                        {"submodule_name", "blocks.0.hook_resid_post"}};
  const auto features = [&](const std::string& name, const RandomWeights& made, bool is_told) {
    std::filesystem::create_directory(folder.path(name));
    test::write_torch_zip(folder.path(name + "/ae.pt"),
                          test::pickle_dict({{"state_dict", test::pickle_dict(made.pickled())}}),
                          made.storages());
    folder.write(name + "/config.json", json{{"trainer", trainer}}.dump());
    ConvertOptions options = folder.base();
    options.sae.saes = {folder.path(name)};
    const Converted found = converted(options);
    CHECK(reports(found.report, "'act_mean' folded") == is_told);
    Session session = new_session(found.model);
    require(session.append(find_items(found.model, {"3", "17", "31"}, "history")), "append");
    std::map<uint32_t, float> values;
    for (const pintle_feature_value& value :
         require(session.active_features(0, kFeatures), "features")) {
      values[value.feature] = value.value;
    }
    return values;
  };
  RandomWeights with_mean = sae, shifted = sae, plain = sae;
  with_mean.set("b_dec", {test::kWeightsDim}, bias).set("act_mean", {test::kWeightsDim}, mean);
  std::vector<float> sum = bias;
  for (size_t i = 0; i < sum.size(); ++i) sum[i] += mean[i];
  shifted.set("b_dec", {test::kWeightsDim}, sum);
  plain.set("b_dec", {test::kWeightsDim}, bias);
  const auto found = features("with_mean", with_mean, true);
  const auto expected = features("shifted", shifted, false);
  CHECK(features("plain", plain, false) != expected);
  REQUIRE_FALSE(found.empty());
  REQUIRE(found.size() == expected.size());
  for (const auto& [feature, value] : expected) {
    CAPTURE(feature);
    REQUIRE(found.count(feature) == 1);
    CHECK(found.at(feature) == doctest::Approx(value).epsilon(1e-4));
  }
}

}  // namespace
}  // namespace pintle::converter
