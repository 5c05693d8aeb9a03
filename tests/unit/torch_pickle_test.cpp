// SPDX-License-Identifier: Apache-2.0
#include "converter/import/torch_pickle.h"

#include <doctest/doctest.h>

#include <chrono>
#include <filesystem>
#include <functional>

#include "converter/io/error.h"
#include "support/scratch_dir.h"
#include "support/torch_files.h"

namespace pintle::converter {
namespace {

using namespace pintle::test;

// The message of the error that reading gives; empty if it gives none.
std::string fault_of(const std::string& bytes) {
  try {
    read_pickle(bytes, "model.pt");
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

std::string from_hex(std::string_view hex) {
  std::string bytes;
  for (size_t i = 0; i + 1 < hex.size(); i += 2) {
    bytes.push_back(static_cast<char>(std::stoi(std::string(hex.substr(i, 2)), nullptr, 16)));
  }
  return bytes;
}

std::string repeat(const std::string& part, int count) {
  std::string text;
  for (int i = 0; i < count; ++i) text += part;
  return text;
}

// {'list': [1, -2, 300, 70000, 1 << 40, 1 << 70, 2.5, None, True, False],
//  'tuple': ('x', b'y\xff', ()), -3: {'s': {7}}, 'é': OrderedDict([('k', 'v')]),
//  "q'\n": frozenset([1]), 'long': 'lll'}, as CPython 3.11 pickles it.
const char* const kProtocol[] = {
    "286470300a566c6973740a70310a286c70320a49310a61492d320a61493330300a614937303030300a614c31303939"
    "3531313632373737364c0a614c313138303539313632303731373431313330333432344c0a6146322e350a614e6149"
    "30310a614930300a6173567475706c650a70330a2856780a70340a635f636f646563730a656e636f64650a70350a28"
    "5679ff0a70360a566c6174696e310a70370a7470380a5270390a2874747031300a73492d330a28647031310a56730a"
    "7031320a635f5f6275696c74696e5f5f0a7365740a7031330a28286c7031340a49370a61747031350a527031360a73"
    "7356e90a7031370a63636f6c6c656374696f6e730a4f726465726564446963740a7031380a2874527031390a566b0a"
    "7032300a56760a7032310a73735671275c75303030610a7032320a635f5f6275696c74696e5f5f0a66726f7a656e73"
    "65740a7032330a28286c7032340a49310a61747032350a527032360a73566c6f6e670a7032370a566c6c6c0a703238"
    "0a732e",
    "7d71002858040000006c69737471015d7102284b014afeffffff4d2c014a701101004c313039393531313632373737"
    "364c0a4c313138303539313632303731373431313330333432344c0a4740040000000000004e4930310a4930300a65"
    "58050000007475706c657103285801000000787104635f636f646563730a656e636f64650a710528580300000079c3"
    "bf710658060000006c6174696e3171077471085271092974710a4afdffffff7d710b580100000073710c635f5f6275"
    "696c74696e5f5f0a7365740a710d285d710e4b076174710f527110735802000000c3a9711163636f6c6c656374696f"
    "6e730a4f726465726564446963740a71122952711358010000006b7114580100000076711573580300000071270a71"
    "16635f5f6275696c74696e5f5f0a66726f7a656e7365740a7117285d71184b016174711952711a58040000006c6f6e"
    "67711b58030000006c6c6c711c752e",
    "80027d71002858040000006c69737471015d7102284b014afeffffff4d2c014a701101008a060000000000018a0900"
    "00000000000000404740040000000000004e88896558050000007475706c6571035801000000787104635f636f6465"
    "63730a656e636f64650a7105580300000079c3bf710658060000006c6174696e3171078671085271092987710a4afd"
    "ffffff7d710b580100000073710c635f5f6275696c74696e5f5f0a7365740a710d5d710e4b076185710f5271107358"
    "02000000c3a9711163636f6c6c656374696f6e730a4f726465726564446963740a71122952711358010000006b7114"
    "580100000076711573580300000071270a7116635f5f6275696c74696e5f5f0a66726f7a656e7365740a71175d7118"
    "4b016185711952711a58040000006c6f6e67711b58030000006c6c6c711c752e",
    "80037d71002858040000006c69737471015d7102284b014afeffffff4d2c014a701101008a060000000000018a0900"
    "00000000000000404740040000000000004e88896558050000007475706c6571035801000000787104430279ff7105"
    "298771064afdffffff7d71075801000000737108636275696c74696e730a7365740a71095d710a4b076185710b5271"
    "0c735802000000c3a9710d63636f6c6c656374696f6e730a4f726465726564446963740a710e2952710f5801000000"
    "6b7110580100000076711173580300000071270a7112636275696c74696e730a66726f7a656e7365740a71135d7114"
    "4b016185711552711658040000006c6f6e67711758030000006c6c6c7118752e",
    "800495ab000000000000007d94288c046c697374945d94284b014afeffffff4d2c014a701101008a06000000000001"
    "8a090000000000000000404740040000000000004e8889658c057475706c65948c017894430279ff942987944afdff"
    "ffff7d948c0173948f94284b0790738c02c3a9948c0b636f6c6c656374696f6e73948c0b4f72646572656444696374"
    "9493942952948c016b948c017694738c0371270a94284b0191948c046c6f6e67948c036c6c6c94752e",
};

void check_all_kinds(const PickleValue& root) {
  REQUIRE(root.kind == PickleKind::kDict);
  const PickleValue* list = find_item(root, "list");
  REQUIRE(list != nullptr);
  REQUIRE(list->items.size() == 10);
  const int64_t integers[] = {1, -2, 300, 70000, int64_t{1} << 40};
  for (size_t i = 0; i < 5; ++i) {
    CHECK(list->items[i]->kind == PickleKind::kInt);
    CHECK(list->items[i]->integer == integers[i]);
  }
  CHECK(list->items[5]->kind == PickleKind::kBigInt);
  CHECK(list->items[6]->real == 2.5);
  CHECK(list->items[7]->kind == PickleKind::kNone);
  CHECK(list->items[8]->kind == PickleKind::kBool);
  CHECK(list->items[8]->integer == 1);
  CHECK(list->items[9]->integer == 0);
  const PickleValue* tuple = find_item(root, "tuple");
  REQUIRE(tuple != nullptr);
  REQUIRE(tuple->items.size() == 3);
  CHECK(tuple->kind == PickleKind::kTuple);
  CHECK(tuple->items[0]->is_string("x"));
  // Before protocol 3 bytes are a call of codecs.encode, which is not made.
  CHECK((tuple->items[1]->kind == PickleKind::kBytes || tuple->items[1]->text == "_codecs.encode"));
  CHECK(tuple->items[2]->items.empty());
  CHECK(root.items[4]->integer == -3);
  const PickleValue* set = find_item(*root.items[5], "s");
  REQUIRE(set != nullptr);
  CHECK(set->kind == PickleKind::kSet);
  REQUIRE(set->items.size() == 1);
  CHECK(set->items[0]->integer == 7);
  const PickleValue* ordered = find_item(root, "\xc3\xa9");
  REQUIRE(ordered != nullptr);
  CHECK(ordered->kind == PickleKind::kDict);
  REQUIRE(find_item(*ordered, "k") != nullptr);
  CHECK(find_item(*ordered, "k")->is_string("v"));
  REQUIRE(find_item(root, "q'\n") != nullptr);
  CHECK(find_item(root, "q'\n")->kind == PickleKind::kSet);
  CHECK(find_item(root, "long")->is_string("lll"));
}

TEST_CASE("values of every protocol") {
  for (const char* hex : kProtocol) {
    CAPTURE(hex);
    const std::string bytes = from_hex(hex) + "next";
    size_t consumed = 0;
    const PickleTree tree = read_pickle(bytes, "model.pt", &consumed);
    CHECK(consumed == bytes.size() - 4);
    check_all_kinds(*tree.root);
  }
}

TEST_CASE("a pickle cut anywhere is an error") {
  for (const char* hex : kProtocol) {
    const std::string bytes = from_hex(hex);
    for (size_t length = 0; length < bytes.size(); ++length) {
      CAPTURE(length);
      CHECK(contains(fault_of(bytes.substr(0, length)), "model.pt: "));
    }
  }
}

TEST_CASE("a pickle with any byte changed reads or is an error") {
  size_t refused = 0;
  for (const char* hex : kProtocol) {
    const std::string bytes = from_hex(hex);
    for (size_t at = 0; at < bytes.size(); ++at) {
      for (const int flip : {0x01, 0x20, 0x80, 0xff}) {
        std::string changed = bytes;
        changed[at] = static_cast<char>(changed[at] ^ flip);
        refused += fault_of(changed).empty() ? 0 : 1;
      }
    }
  }
  CHECK(refused > 500);
}

TEST_CASE("calls that reach the system are refused and not made") {
  const ScratchDir scratch;
  const std::string mark = scratch.path("made");
  const std::string command = pickle_string("touch " + mark);
  const std::string system = pickle_class("os", "system");
  const struct {
    std::string value, named;
  } cases[] = {
      {pickle_call(system, {command}), "calls os.system"},
      {pickle_call(pickle_class("posix", "system"), {command}), "calls posix.system"},
      {pickle_call(pickle_class("nt", "system"), {command}), "calls nt.system"},
      {pickle_call(pickle_class("subprocess", "Popen"), {command}), "calls subprocess.Popen"},
      {pickle_call(pickle_class("builtins", "eval"), {command}), "calls builtins.eval"},
      {pickle_call(pickle_class("__builtin__", "exec"), {command}), "calls __builtin__.exec"},
      {pickle_call(pickle_class("builtins", "__import__"), {command}), "calls builtins.__import__"},
      {pickle_call(pickle_class("runpy", "run_path"), {command}), "calls runpy.run_path"},
      {pickle_call(pickle_class("importlib.util", "find_spec"), {command}), "calls importlib.util"},
      {pickle_string("os") + pickle_string("system") + "\x93(" + command + "tR", "calls os.system"},
      {"(" + command + "ios\nsystem\n", "calls os.system"},
      {"(" + system + command + "o", "calls os.system"},
      {system + "(" + command + "t\x81", "calls os.system"},
      {system + "(" + command + "t}\x92", "calls os.system"},
      {pickle_call(pickle_class("torch.serialization", "os.system"), {command}),
       "calls torch.serialization.os.system"},
      {pickle_call(
           pickle_call(pickle_class("builtins", "getattr"),
                       {pickle_class("torch.serialization", "os"), pickle_string("system")}),
           {command}),
       "calls torch.serialization.os.system"},
      {pickle_call(pickle_call(pickle_class("functools", "partial"), {system, command}), {}),
       "passes on os.system"},
  };
  for (const auto& [value, named] : cases) {
    CAPTURE(named);
    const std::string fault = fault_of(whole_pickle(value));
    CHECK(contains(fault, "model.pt: refuses to load: its pickle " + named));
    CHECK_FALSE(std::filesystem::exists(mark));
  }
}

TEST_CASE("other classes become opaque objects") {
  const std::string bytes = whole_pickle(pickle_object(
      pickle_class("recbole.config.configurator", "Config"),
      pickle_dict(
          {{"device", pickle_call(pickle_class("torch", "device"), {pickle_string("cuda")})},
           {"n_heads", pickle_int(2)}})));
  const PickleTree tree = read_pickle(bytes, "model.pt");
  REQUIRE(tree.root->kind == PickleKind::kObject);
  CHECK(tree.root->text == "recbole.config.configurator.Config");
  const PickleValue* device = find_attribute(*tree.root, "device");
  REQUIRE(device != nullptr);
  CHECK(device->kind == PickleKind::kObject);
  CHECK(device->text == "torch.device");
  REQUIRE(device->args != nullptr);
  CHECK(device->args->items[0]->is_string("cuda"));
  REQUIRE(find_attribute(*tree.root, "n_heads") != nullptr);
  CHECK(find_attribute(*tree.root, "n_heads")->integer == 2);
}

TEST_CASE("endless nesting is refused") {
  const std::function<std::string(int)> forms[] = {
      [](int n) { return repeat("]", n) + repeat("a", n - 1); },            // [[[]]]
      [](int n) { return ")" + repeat("\x85", n - 1); },                    // (((),),)
      [](int n) { return repeat("(", n) + repeat("t", n); },                //
      [](int n) { return repeat("](", n) + repeat("e", n); },               //
      [](int n) { return repeat("}U\x01k", n) + "N" + repeat("s", n); },    // {'k': {'k': None}}
      [](int n) { return repeat("cm\nC\n(", n) + "N" + repeat("tR", n); },  // C(C(C(None)))
      [](int n) { return repeat("cm\nC\n)\x81", n) + "N" + repeat("b", n); },
  };
  for (const auto& form : forms) {
    CHECK(fault_of(whole_pickle(form(300))) == "");
    CHECK(contains(fault_of(whole_pickle(form(10000))), "nests more than 1,000 deep"));
    // What is deep but never closed ends early.
    CHECK(fault_of(whole_pickle(form(10000)).substr(0, 9000)) != "");
  }
}

TEST_CASE("lengths beyond the file are refused") {
  const std::string prefix = "\x80\x04";
  for (const std::string& opcodes :
       {"\x8b" + little_endian(0x7fffffff, 4), "\x8b" + little_endian(0xffffffff, 4),
        "\x8d" + little_endian(UINT64_MAX, 8), "\x8e" + little_endian(uint64_t{1} << 62, 8),
        "\x96" + little_endian(100, 8), "X" + little_endian(0xffffffff, 4),
        "T" + little_endian(0x80000000, 4), "B" + little_endian(10, 4),
        "\x95" + little_endian(uint64_t{1} << 40, 8)}) {
    CHECK(contains(fault_of(prefix + opcodes + "abc."), "damaged near byte"));
  }
}

TEST_CASE("malformed streams are refused") {
  for (const std::string& opcodes : {std::string("."),
                                     std::string("0."),
                                     std::string("t."),
                                     std::string("(."),
                                     std::string("h\x05."),
                                     std::string("j\xff\xff\xff\xff."),
                                     std::string("g99999999999999999999\n."),
                                     std::string("NR."),
                                     std::string("N)R."),
                                     std::string("]NR."),
                                     std::string("}(Nu."),
                                     std::string("](N(a."),
                                     std::string("NNa."),
                                     std::string("}Na."),
                                     std::string("]NNs."),
                                     std::string("I12x\n."),
                                     std::string("F1.5.\n."),
                                     std::string("S'a\n."),
                                     std::string("S'\\q'\n."),
                                     std::string("V\\u12\n."),
                                     std::string("NQ."),
                                     std::string("\x82\x01."),
                                     std::string("\x97."),
                                     std::string("\xfe."),
                                     std::string("\x80\x09N."),
                                     std::string("NN\x93."),
                                     std::string("(o."),
                                     std::string("(No.")}) {
    CAPTURE(opcodes);
    CHECK(contains(fault_of(opcodes), "model.pt: "));
  }
}

TEST_CASE("repeated containers do not fill the memory") {
  // set(a list of 4,000) 20,000 times would hold 80 million values.
  std::string bytes =
      "](" + repeat("N", 4000) + "e\x85q\x01" + pickle_class("builtins", "set") + "q\x02";
  for (int i = 0; i < 20000; ++i) bytes += "h\x02h\x01R0";
  CHECK(contains(fault_of(whole_pickle(bytes)), "2^25 values"));
  CHECK(contains(fault_of(whole_pickle(repeat("]", (1 << 23) + 1))), "8 million values"));
}

TEST_CASE("shared values are not copied") {
  // l0 = []; l1 = [l0, l0]; … l200: 2^200 values if copied.
  std::string bytes = "]q";
  bytes.push_back('\0');
  for (int i = 1; i < 200; ++i) {
    bytes += "](h";
    bytes.push_back(static_cast<char>(i - 1));
    bytes += "h";
    bytes.push_back(static_cast<char>(i - 1));
    bytes += "eq";
    bytes.push_back(static_cast<char>(i));
  }
  const std::string whole = whole_pickle(bytes);
  const PickleTree tree = read_pickle(whole, "model.pt");
  CHECK(tree.root->items[0] == tree.root->items[1]);
}

TEST_CASE("tensors are read as views") {
  TensorSpec spec;
  spec.type = "BFloat16";
  spec.key = "7";
  spec.storage_elements = 12;
  spec.offset = 2;
  spec.shape = {2, 3};
  spec.strides = {1, 3};
  const std::string parameter =
      pickle_call(pickle_class("torch._utils", "_rebuild_parameter"),
                  {pickle_tensor(spec), pickle_bool(true),
                   pickle_call(pickle_class("collections", "OrderedDict"), {})});
  const std::string bytes = whole_pickle(parameter);
  const PickleTree tree = read_pickle(bytes, "model.pt");
  REQUIRE(tree.root->kind == PickleKind::kTensor);
  const PickleTensor& tensor = *tree.root->tensor;
  CHECK(tensor.storage->root->key == "7");
  CHECK(tensor.storage->root->type == ScalarType::kBF16);
  CHECK(tensor.storage->root->element_count == 12);
  CHECK(tensor.offset == 2);
  CHECK(tensor.shape == std::vector<int64_t>{2, 3});
  CHECK(tensor.strides == std::vector<int64_t>{1, 3});
}

TEST_CASE("a storage keeps its type and size") {
  TensorSpec spec;
  spec.storage_elements = 4;
  spec.shape = {4};
  spec.strides = {1};
  TensorSpec other = spec;
  other.type = "Half";
  CHECK(contains(fault_of(whole_pickle(pickle_tuple({pickle_tensor(spec), pickle_tensor(other)}))),
                 "declared twice"));
  other = spec;
  other.storage_elements = 5;
  CHECK(contains(fault_of(whole_pickle(pickle_tuple({pickle_tensor(spec), pickle_tensor(other)}))),
                 "declared twice"));
  other = spec;
  other.shape = std::vector<int64_t>(65, 1);
  other.strides = other.shape;
  CHECK(contains(fault_of(whole_pickle(pickle_tensor(other))), "a tensor in its pickle"));
}

}  // namespace
}  // namespace pintle::converter
