// SPDX-License-Identifier: Apache-2.0
#include "converter/import/checkpoint.h"

#include <doctest/doctest.h>

#include <filesystem>

#include "converter/io/error.h"
#include "support/read_file.h"
#include "support/scratch_dir.h"
#include "support/torch_files.h"

namespace pintle::converter {
namespace {

using namespace pintle::test;
using Floats = std::vector<float>;
using Shape = std::vector<int64_t>;

const std::string kTwoFloats = bytes_of<float>({1.5f, -2});
const std::string kFourFloats = bytes_of<float>({1, 2, 3, 4});

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

std::string fault_of(const std::string& path) {
  try {
    read_checkpoint(path);
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

Checkpoint read_zip(const std::string& value, const std::map<std::string, std::string>& storages) {
  const ScratchDir scratch;
  write_torch_zip(scratch.path("m.pt"), value, storages);
  return read_checkpoint(scratch.path("m.pt"));
}

std::string zip_fault(const std::string& value,
                      const std::map<std::string, std::string>& storages) {
  const ScratchDir scratch;
  write_torch_zip(scratch.path("m.pt"), value, storages);
  return fault_of(scratch.path("m.pt"));
}

std::string legacy_fault(const std::string& bytes) {
  const ScratchDir scratch;
  return fault_of(scratch.write("m.pt", bytes));
}

std::vector<std::string> names_of(const Checkpoint& checkpoint) {
  std::vector<std::string> names;
  for (const auto& [name, tensor] : checkpoint.tensors) names.push_back(name);
  return names;
}
using Names = std::vector<std::string>;

// {"w": 2 floats of storage 0}
std::string one_tensor_dict() { return pickle_dict({{"w", pickle_tensor("Float", "0", {2})}}); }

TEST_CASE("a state_dict in a zip, of every type") {
  const std::string ordered = pickle_class("collections", "OrderedDict") + ")R(";
  const struct {
    std::string type, bytes;
    ScalarType expected;
    Floats values;
  } cases[] = {
      {"Double", bytes_of<double>({0.25, -3}), ScalarType::kF64, {0.25f, -3}},
      {"Float", kTwoFloats, ScalarType::kF32, {1.5f, -2}},
      {"Half", bytes_of<uint16_t>({0x3c00, 0x0001}), ScalarType::kF16, {1, 5.9604644775390625e-8f}},
      {"BFloat16", bytes_of<uint16_t>({0x4040, 0xbf80}), ScalarType::kBF16, {3, -1}},
      {"Long", bytes_of<int64_t>({5, -6}), ScalarType::kI64, {5, -6}},
      {"Int", bytes_of<int32_t>({7, -8}), ScalarType::kI32, {7, -8}},
      {"Short", bytes_of<int16_t>({9, -10}), ScalarType::kI16, {9, -10}},
      {"Char", bytes_of<int8_t>({127, -128}), ScalarType::kI8, {127, -128}},
      {"Byte", bytes_of<uint8_t>({0, 255}), ScalarType::kU8, {0, 255}},
      {"Bool", bytes_of<uint8_t>({1, 0}), ScalarType::kBool, {1, 0}},
  };
  for (const auto& test : cases) {
    CAPTURE(test.type);
    const std::string value =
        ordered + pickle_string("layer.w") + pickle_tensor(test.type, "0", {2, 1}) + "u";
    const Checkpoint checkpoint = read_zip(value, {{"0", test.bytes}});
    CHECK(checkpoint.container == "torch zip");
    CHECK(checkpoint.config.empty());
    REQUIRE(names_of(checkpoint) == Names{"layer.w"});
    const CheckpointTensor& tensor = checkpoint.tensors.at("layer.w");
    CHECK(tensor.type == test.expected);
    CHECK(tensor.shape == Shape{2, 1});
    CHECK(tensor.to_f32() == test.values);
  }
}

TEST_CASE("shared and transposed storages") {
  TensorSpec transposed;
  transposed.storage_elements = 4;
  transposed.shape = transposed.strides = {2, 2};
  transposed.strides = {1, 2};
  TensorSpec last = transposed;
  last.offset = 2;
  last.shape = {2};
  last.strides = {1};
  const Checkpoint checkpoint =
      read_zip(pickle_dict({{"head.weight", pickle_tensor("Float", "0", {2, 2})},
                            {"item.weight", pickle_tensor("Float", "0", {2, 2})},
                            {"last", pickle_tensor(last)},
                            {"t", pickle_tensor(transposed)}}),
               {{"0", kFourFloats}});
  CHECK(checkpoint.tensors.at("t").to_f32() == Floats{1, 3, 2, 4});
  CHECK(checkpoint.tensors.at("last").to_f32() == Floats{3, 4});
  CHECK(checkpoint.tensors.at("head.weight").storage ==
        checkpoint.tensors.at("item.weight").storage);
}

TEST_CASE("the model is found beside other things") {
  const std::string adam = pickle_dict(
      {{"state",
        "}" + pickle_int(0) + pickle_dict({{"exp_avg", pickle_tensor("Float", "9", {2})}}) + "s"},
       {"param_groups", pickle_list({})}});
  const std::string weights = pickle_dict(
      {{"a", pickle_tensor("Float", "0", {2})}, {"b", pickle_tensor("Float", "1", {2})}});
  const std::map<std::string, std::string> storages = {{"0", kTwoFloats}, {"1", kTwoFloats}};
  // Storage 9, the optimizer's, is not even in the file.
  for (const char* key : {"state_dict", "model_state_dict", "model", "net", "sasrec"}) {
    CAPTURE(key);
    const Checkpoint checkpoint = read_zip(
        pickle_dict({{"optimizer", adam}, {"epoch", pickle_int(3)}, {key, weights}}), storages);
    CHECK(names_of(checkpoint) == Names{"a", "b"});
  }
  // An optimizer under another name, a stray tensor, and a second model.
  const Checkpoint checkpoint =
      read_zip(pickle_dict({{"best", pickle_tensor("Float", "2", {1})},
                            {"opt_a", adam},
                            {"state_dict", pickle_dict({{"a", pickle_tensor("Float", "0", {2})}})},
                            {"model", pickle_dict({{"net", weights}})}}),
               storages);
  CHECK(names_of(checkpoint) == Names{"a", "b"});
  // Parts that belong together keep their names.
  CHECK(names_of(read_zip(pickle_dict({{"encoder", weights}, {"sae", weights}}), storages)) ==
        Names{"encoder.a", "encoder.b", "sae.a", "sae.b"});
}

TEST_CASE("RecBole's Config gives its final values") {
  const std::string config = pickle_object(
      pickle_class("recbole.config.configurator", "Config"),
      pickle_dict({{"internal_config_dict",
                    pickle_dict({{"n_heads", pickle_int(1)}, {"n_layers", pickle_int(2)}})},
                   {"final_config_dict",
                    pickle_dict({{"n_heads", pickle_int(4)},
                                 {"hidden_act", pickle_string("gelu")},
                                 {"layer_norm_eps", pickle_float(1e-12)},
                                 {"metrics", pickle_list({pickle_string("NDCG")})},
                                 {"broken", pickle_string("\xff\xfe")},
                                 {"infinite", pickle_float(1e308 * 10)},
                                 {"device", pickle_call(pickle_class("torch", "device"),
                                                        {pickle_string("cuda")})}})},
                   {"yaml_loader", pickle_class("yaml.loader", "FullLoader")}}));
  const std::string scalar =
      pickle_call(pickle_class("numpy.core.multiarray", "scalar"), {pickle_string("f8")});
  const Checkpoint checkpoint = read_zip(
      pickle_dict(
          {{"config", config}, {"best_valid_score", scalar}, {"state_dict", one_tensor_dict()}}),
      {{"0", kTwoFloats}});
  CHECK(checkpoint.config == nlohmann::json({{"n_heads", 4},
                                             {"n_layers", 2},
                                             {"hidden_act", "gelu"},
                                             {"layer_norm_eps", 1e-12},
                                             {"metrics", {"NDCG"}}}));
}

TEST_CASE("configurations of other frameworks") {
  const auto config_of = [](const std::string& name, const std::string& value) {
    return read_zip(pickle_dict({{"state_dict", one_tensor_dict()}, {name, value}}),
                    {{"0", kTwoFloats}})
        .config;
  };
  const std::string values =
      pickle_dict({{"num_heads", pickle_int(2)},
                   {"nested", pickle_dict({{"d", pickle_int(64)}})},
                   {"model", pickle_object(pickle_class("my.code", "Model"), "}")}});
  const nlohmann::json expected = {{"num_heads", 2}, {"nested", {{"d", 64}}}};
  CHECK(config_of("config", values) == expected);
  CHECK(config_of("hyper_parameters", values) == expected);
  CHECK(config_of("args", pickle_object(pickle_class("argparse", "Namespace"), values)) ==
        expected);
  CHECK(config_of("config", pickle_object(pickle_class("my.code", "Settings"), values)) ==
        expected);
  // Lightning's AttributeDict is a dict by inheritance; OmegaConf wraps every value.
  CHECK(config_of("hyper_parameters",
                  pickle_class("lightning.fabric.utilities.data", "AttributeDict") + ")\x81(" +
                      pickle_string("num_heads") + pickle_int(2) + "u") ==
        nlohmann::json({{"num_heads", 2}}));
  const std::string node = pickle_object(pickle_class("omegaconf.nodes", "AnyNode"),
                                         pickle_dict({{"_val", pickle_int(2)}}));
  CHECK(config_of("cfg",
                  pickle_object(pickle_class("omegaconf.dictconfig", "DictConfig"),
                                pickle_dict({{"_content", pickle_dict({{"num_heads", node}})}}))) ==
        nlohmann::json({{"num_heads", 2}}));
  // A dict that contains itself.
  CHECK(config_of("config", "}q\x01(" + pickle_string("me") + "h\x01" + pickle_string("n") +
                                pickle_int(1) + "u") == nlohmann::json({{"n", 1}}));
}

TEST_CASE("a whole module is walked as its state_dict would be") {
  const auto module = [](const std::string& name, const std::string& state) {
    return pickle_object(pickle_class("my.code", name), state);
  };
  const std::string linear = module(
      "Linear",
      pickle_dict({{"_parameters",
                    pickle_dict({{"weight", pickle_tensor("Float", "0", {2})}, {"bias", "N"}})},
                   {"_modules", "}"}}));
  const std::string root = module(
      "SASRec",
      pickle_dict(
          {{"training", pickle_bool(true)},
           {"num_heads", pickle_int(2)},
           {"_parameters", "}"},
           {"_buffers", pickle_dict({{"mask", pickle_tensor("Float", "1", {2})},
                                     {"cache", pickle_tensor("Float", "2", {2})}})},
           {"_non_persistent_buffers_set",
            pickle_call(pickle_class("builtins", "set"), {pickle_list({pickle_string("cache")})})},
           {"_modules",
            pickle_dict(
                {{"layer",
                  module("List", pickle_dict({{"_modules", pickle_dict({{"0", linear}})}}))}})}}));
  const std::map<std::string, std::string> storages = {{"0", kTwoFloats}, {"1", kTwoFloats}};
  const Checkpoint whole = read_zip(root, storages);
  CHECK(names_of(whole) == Names{"layer.0.weight", "mask"});
  CHECK(whole.config == nlohmann::json({{"num_heads", 2}}));
  CHECK(names_of(read_zip(pickle_dict({{"model", root}, {"epoch", pickle_int(1)}}), storages)) ==
        Names{"layer.0.weight", "mask"});
}

TEST_CASE("the old layout, with views into storages") {
  TensorSpec view;
  view.key = "11";
  view.storage_elements = 4;
  view.shape = {2};
  view.strides = {1};
  view.view = pickle_tuple({pickle_string("12"), pickle_int(2), pickle_int(2)});
  const std::string value =
      pickle_dict({{"w", pickle_tensor("Float", "10", {2})}, {"v", pickle_tensor(view)}});
  const std::string bytes = torch_legacy(value, {{"10", 2, kTwoFloats}, {"11", 4, kFourFloats}});
  const ScratchDir scratch;
  const Checkpoint checkpoint = read_checkpoint(scratch.write("m.pt", bytes));
  CHECK(checkpoint.container == "torch legacy");
  CHECK(checkpoint.tensors.at("w").to_f32() == Floats{1.5f, -2});
  CHECK(checkpoint.tensors.at("v").to_f32() == Floats{3, 4});
  for (size_t length = 0; length < bytes.size(); ++length) {
    CAPTURE(length);
    CHECK(contains(legacy_fault(bytes.substr(0, length)), "m.pt: "));
  }
  view.view = pickle_tuple({pickle_string("12"), pickle_int(3), pickle_int(2)});
  CHECK(contains(legacy_fault(torch_legacy(pickle_dict({{"v", pickle_tensor(view)}}),
                                           {{"11", 4, kFourFloats}})),
                 "view of storage '11' reaches outside"));
}

TEST_CASE("wrong counts in the old layout are named") {
  const std::string value = one_tensor_dict();
  CHECK(legacy_fault(torch_legacy(value, {{"0", 2, kTwoFloats}})) == "");
  CHECK(contains(legacy_fault(torch_legacy(value, {{"0", 3, kFourFloats}})),
                 "storage '0' holds 3 elements, but the pickle says 2"));
  CHECK(contains(legacy_fault(torch_legacy(value, {{"0", UINT64_MAX, kTwoFloats}})),
                 "but the pickle"));
  CHECK(contains(legacy_fault(torch_legacy(value, {})), "storage '0' is missing"));
  CHECK(contains(legacy_fault(torch_legacy(value, {{"5", 2, kTwoFloats}})), "no tensor uses"));
  const int64_t huge = int64_t{1} << 61;  // its size in bytes wraps to 0
  CHECK(
      contains(legacy_fault(torch_legacy(pickle_dict({{"w", pickle_tensor("Float", "0", {huge})}}),
                                         {{"0", static_cast<uint64_t>(huge), ""}})),
               "is cut off"));
  CHECK(contains(legacy_fault(whole_pickle(pickle_int(1))), "not one that torch.save wrote"));
}

TEST_CASE("tensors outside their storage are named") {
  TensorSpec spec;
  spec.storage_elements = 4;
  spec.shape = {4};
  spec.strides = {1};
  const auto fault = [](const TensorSpec& tensor) {
    return zip_fault(pickle_dict({{"emb.weight", pickle_tensor(tensor)}}), {{"0", kFourFloats}});
  };
  CHECK(fault(spec) == "");
  TensorSpec wrong = spec;
  wrong.offset = 1;
  CHECK(contains(fault(wrong), "m.pt: tensor 'emb.weight': shape [4], strides [1], offset 1"));
  wrong = spec;
  wrong.shape = {5};
  CHECK(contains(fault(wrong), "reaches outside its storage"));
  wrong = spec;
  wrong.offset = 3;
  wrong.strides = {-1};
  CHECK(contains(fault(wrong), "a stride is negative"));
  wrong = spec;
  wrong.shape = {int64_t{1} << 40};
  wrong.strides = {0};
  CHECK(contains(fault(wrong), "repeats its storage too often"));
  wrong = spec;
  wrong.storage_elements = 8;  // more than the entry holds
  CHECK(contains(fault(wrong), "storage '0' has 16 bytes, but the pickle says 8 elements"));
  wrong.storage_elements = (int64_t{1} << 62) + 4;  // 16 bytes if the product wrapped
  CHECK(contains(fault(wrong), "storage '0' has 16 bytes"));
  CHECK(contains(zip_fault(one_tensor_dict(), {}), "archive/data/0: is not in the archive"));
}

TEST_CASE("a truncated zip is named") {
  const ScratchDir scratch;
  write_torch_zip(scratch.path("m.pt"), one_tensor_dict(), {{"0", kTwoFloats}});
  const std::string bytes = read_file(scratch.path("m.pt"));
  for (size_t length = 4; length < bytes.size(); length += 3) {
    CAPTURE(length);
    CHECK(contains(legacy_fault(bytes.substr(0, length)), "m.pt: the zip archive is truncated"));
  }
}

TEST_CASE("hostile checkpoints are refused without side effect") {
  const ScratchDir scratch;
  const std::string mark = scratch.path("made");
  const std::string call =
      pickle_call(pickle_class("os", "system"), {pickle_string("touch " + mark)});
  CHECK(contains(zip_fault(pickle_dict({{"w", pickle_tensor("Float", "0", {2})}, {"x", call}}),
                           {{"0", kTwoFloats}}),
                 "refuses to load: its pickle calls os.system"));
  CHECK(contains(legacy_fault(torch_legacy(call, {})), "calls os.system"));
  CHECK_FALSE(std::filesystem::exists(mark));
  CHECK(contains(zip_fault(std::string(10000, ']') + std::string(9999, 'a'), {}),
                 "nests more than 1,000 deep"));
}

TEST_CASE("trees that share their parts or contain themselves end") {
  const std::string tensor = pickle_tensor("Float", "0", {2});
  // d1 = {a: d0, b: d0}, … : 2^60 tensors if walked.
  std::string bomb = pickle_dict({{"w", tensor}}) + "q" + std::string(1, '\0');
  for (int i = 1; i < 60; ++i) {
    bomb += "0";  // the memo keeps it
    const std::string part = std::string("h") + static_cast<char>(i - 1);
    bomb += "}(" + pickle_string("a") + part + pickle_string("b") + part + "uq";
    bomb.push_back(static_cast<char>(i));
  }
  CHECK(contains(zip_fault(bomb, {{"0", kTwoFloats}}), "nest without end"));
  CHECK(names_of(read_zip("}q\x01(" + pickle_string("w") + tensor + pickle_string("me") + "h\x01u",
                          {{"0", kTwoFloats}})) == Names{"w"});
  CHECK(contains(zip_fault(pickle_dict({{"state_dict", one_tensor_dict()}, {"config", bomb}}),
                           {{"0", kTwoFloats}}),
                 "more than a million values"));
}

TEST_CASE("what is not read is named") {
  const ScratchDir scratch;
  const std::string bytes = whole_pickle(one_tensor_dict());
  write_zip(scratch.path("script.pt"),
            {{"m/data.pkl", bytes}, {"m/constants.pkl", ""}, {"m/code/m.py", ""}});
  CHECK(contains(fault_of(scratch.path("script.pt")), "TorchScript archive"));
  write_zip(scratch.path("big.pt"), {{"m/data.pkl", bytes}, {"m/byteorder", "big"}});
  CHECK(contains(fault_of(scratch.path("big.pt")), "not little-endian"));
  write_zip(scratch.path("two.pt"), {{"a/data.pkl", bytes}, {"b/data.pkl", bytes}});
  CHECK(contains(fault_of(scratch.path("two.pt")), "several checkpoints"));
  write_zip(scratch.path("office.docx"), {{"word/document.xml", ""}});
  CHECK(contains(fault_of(scratch.path("office.docx")), "holds no data.pkl"));
  CHECK(contains(zip_fault(pickle_dict({{"epoch", pickle_int(1)}}), {}), "holds no tensors"));
  CHECK(contains(
      zip_fault(
          pickle_dict({{"w", pickle_call(pickle_class("torch._utils", "_rebuild_qtensor"), {})}}),
          {}),
      "tensor 'w' is of a kind that is not read (torch._utils._rebuild_qtensor)"));
  CHECK(contains(zip_fault(pickle_dict({{"w", pickle_tensor("ComplexFloat", "0", {2})}}), {}),
                 "tensor 'w' is of a kind that is not read"));
  CHECK(contains(legacy_fault("version https://git-lfs.github.com/spec/v1\n"), "git lfs pull"));
  CHECK(contains(legacy_fault(""), "the file is empty"));
  CHECK(contains(legacy_fault("weights: none\n"), "none of a PyTorch checkpoint"));
  CHECK(contains(fault_of(scratch.path("absent.pt")), "absent.pt: cannot be opened"));
  CHECK(contains(fault_of(scratch.path("")), "is a folder"));
}

TEST_CASE("safetensors are told by their content") {
  const ScratchDir scratch;
  const std::string header = R"({"w":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}})";
  const Checkpoint checkpoint =
      read_checkpoint(scratch.write("model.bin", safetensors(header, kTwoFloats)));
  CHECK(checkpoint.container == "safetensors");
  CHECK(checkpoint.tensors.at("w").to_f32() == Floats{1.5f, -2});
}

}  // namespace
}  // namespace pintle::converter
