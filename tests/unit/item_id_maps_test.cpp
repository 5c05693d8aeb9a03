// SPDX-License-Identifier: Apache-2.0
#include "converter/import/item_id_maps.h"

#include <doctest/doctest.h>

#include <filesystem>

#include "converter/import/checkpoint.h"
#include "converter/io/error.h"
#include "numpy_pickles.h"
#include "support/contains.h"
#include "support/scratch_dir.h"

namespace pintle::converter {
namespace {

using namespace pintle::test;
using doctest::Contains;
using Ids = std::vector<std::string>;

std::optional<ItemIds> ids_of(std::vector<std::pair<std::string, std::string>> beside) {
  beside.emplace_back("state_dict", pickle_dict({{"w", pickle_tensor("Float", "0", {2})}}));
  const ScratchDir scratch;
  write_torch_zip(scratch.path("m.pt"), pickle_dict(beside), {{"0", bytes_of<float>({1, 2})}});
  // Reading keeps the fault: --id-map may stand in for a map that cannot be read.
  const Checkpoint checkpoint = read_checkpoint(scratch.path("m.pt"));
  if (!checkpoint.item_ids_fault.empty()) throw Error(checkpoint.item_ids_fault);
  return checkpoint.item_ids;
}

std::optional<ItemIds> rectools_ids(const std::string& ids, const Ids& tokens = {"PAD"}) {
  std::vector<std::string> extra;
  for (const std::string& token : tokens) extra.push_back(pickle_string(token));
  return ids_of({{"hyper_parameters", pickle_dict({{"item_external_ids", ids},
                                                   {"item_extra_tokens", pickle_tuple(extra)}})}});
}

TEST_CASE("RecTools: the ids of each row behind the extra tokens") {
  const std::optional<ItemIds> ids = rectools_ids(
      numpy_array({3}, numpy_dtype("O8", "|"),
                  pickle_list({pickle_string("PAD"), pickle_int(501), pickle_int(77)})));
  REQUIRE(ids.has_value());
  CHECK(ids->by_row == Ids{"PAD", "501", "77"});
  CHECK(ids->extra_tokens == 1);
  CHECK(ids->source == "hyper_parameters.item_external_ids");
  CHECK_FALSE(ids_of({{"hyper_parameters", pickle_dict({{"item_external_ids", "N"}})}}));
  CHECK_FALSE(ids_of({}));
}

TEST_CASE("RecTools: a map that cannot be read or contradicts itself is refused") {
  CHECK_THROWS_WITH(
      rectools_ids(pickle_list({pickle_string("PAD"), pickle_float(1.5)})),
      Contains("hyper_parameters.item_external_ids is there, but its ids cannot be read"));
  CHECK_THROWS_WITH(rectools_ids(pickle_list({pickle_string("PAD")})), Contains("--id-map FILE"));
  CHECK_THROWS_WITH(
      rectools_ids(pickle_list({pickle_string("PAD"), pickle_int(5), pickle_string("5")})),
      Contains("the id '5' has two rows"));
}

TEST_CASE("a map in one shard is kept, whatever the others hold") {
  const ScratchDir scratch;
  const std::string ids = pickle_list({pickle_string("PAD"), pickle_int(8)});
  const std::string parameters = pickle_dict({{"item_external_ids", ids}});
  const std::string first = scratch.path("m-00001-of-00002.bin");
  write_torch_zip(
      first,
      pickle_dict({{"hyper_parameters", parameters},
                   {"state_dict", pickle_dict({{"w", pickle_tensor("Float", "0", {1})}})}}),
      {{"0", bytes_of<float>({1})}});
  write_torch_zip(scratch.path("m-00002-of-00002.bin"),
                  pickle_dict({{"v", pickle_tensor("Float", "0", {1})}}),
                  {{"0", bytes_of<float>({1})}});
  const Checkpoint checkpoint = read_checkpoint(first);
  CHECK(checkpoint.tensors.size() == 2);
  REQUIRE(checkpoint.item_ids.has_value());
  CHECK(checkpoint.item_ids->by_row == Ids{"PAD", "8"});
}

TEST_CASE("RecBole: the tokens of the item field, under NumPy's keys as well") {
  const std::string tokens =
      numpy_array({3}, numpy_dtype("U5"), pickle_latin1(utf32({"[PAD]", "i9", "i4"}, 5)));
  const std::string users = pickle_list({pickle_string("[PAD]"), pickle_string("u1")});
  const std::string keys[] = {
      pickle_string("item_id"),
      numpy_scalar(numpy_dtype("U7"), pickle_latin1(utf32({"item_id"}, 7)))};
  for (const std::string& key : keys) {
    const std::string fields = "}(" + pickle_string("user_id") + users + key + tokens + "u";
    const std::string dataset =
        pickle_object(pickle_class("recbole.data.dataset", "SequentialDataset"),
                      pickle_dict({{"field2id_token", fields}}));
    // It may lie deep inside what was saved.
    const std::optional<ItemIds> ids = ids_of({{"other", pickle_list({dataset})}});
    REQUIRE(ids.has_value());
    CHECK(ids->by_row == Ids{"[PAD]", "i9", "i4"});
    CHECK(ids->extra_tokens == 1);
    CHECK(ids->source == "field2id_token['item_id']");
  }
}

TEST_CASE("RecBole: the configuration names the item field") {
  const std::string tokens = pickle_list({pickle_string("[PAD]"), pickle_string("7")});
  const std::string dataset =
      pickle_object(pickle_class("recbole.data.dataset", "Dataset"),
                    pickle_dict({{"field2id_token", pickle_dict({{"movie", tokens}})}}));
  CHECK_THROWS_WITH(ids_of({{"dataset", dataset}}), Contains("without the item field 'item_id'"));
  const std::string config = pickle_dict({{"ITEM_ID_FIELD", pickle_string("movie")}});
  const std::optional<ItemIds> ids = ids_of({{"config", config}, {"dataset", dataset}});
  REQUIRE(ids.has_value());
  CHECK(ids->by_row == Ids{"[PAD]", "7"});
  const std::string broken = pickle_object(
      pickle_class("recbole.data.dataset", "Dataset"),
      pickle_dict({{"field2id_token", pickle_dict({{"item_id", pickle_list({"N"})}})}}));
  CHECK_THROWS_WITH(ids_of({{"dataset", broken}}), Contains("its ids cannot be read"));
}

TEST_CASE("JSON lists and objects") {
  const ScratchDir scratch;
  const ItemIds list = read_item_ids(scratch.write("ids.json", R"([null, "b", 3])"));
  CHECK(list.by_row == Ids{"", "b", "3"});
  CHECK(list.source == "ids.json (the list of ids)");
  const ItemIds object = read_item_ids(scratch.write("ids.json", R"({"b": 3, "a": 1})"));
  CHECK(object.by_row == Ids{"", "a", "", "b"});
  CHECK(object.source == "ids.json (the map of ids)");
  const auto fault = [&](const std::string& text, const std::string& part) {
    CAPTURE(text);
    CHECK_THROWS_WITH(read_item_ids(scratch.write("ids.json", text)), Contains(part.c_str()));
  };
  fault(R"({"a": 1, "b": 1})", "row 1 has two ids, 'a' and 'b'");
  fault(R"(["x", "y", "x"])", "the id 'x' has two rows");
  fault(R"({"a": "one"})", "the row of 'a' is \"one\"; a map has the form {\"id\": row}");
  fault(R"({"a": -1})", "'-1' is no row of an item table");
  fault(R"({"a": 1.5})", "the row of 'a' is 1.5");
  fault(R"({"a": 1000000000000})", "'1000000000000' is no row of an item table");
  fault(R"(["a", 1.5])", "1.5 is no id");
  fault(R"(["a", ""])", "the id of row 1 is empty");
  fault("[null, null]", "holds no ids");
  fault("{}", "holds no ids");
  fault("7", "a map of ids is a JSON list");
}

TEST_CASE("RePlay's tokenizer, by its folder and by its file") {
  const ScratchDir scratch;
  std::filesystem::create_directory(scratch.path("tokenizer"));
  const std::string made = R"({"encoder": {"features_columns": {"ITEM_ID": ["movie"]},
      "encoding_rules": {"movie": {"mapping": {"m7": 0, "m2": 1}}, "user": {"mapping": {}}}}})";
  const std::string file = scratch.write("tokenizer/init_args.json", made);
  for (const std::string& path : {scratch.path("tokenizer"), file}) {
    CAPTURE(path);
    const ItemIds ids = read_item_ids(path);
    CHECK(ids.by_row == Ids{"m7", "m2"});
    CHECK(contains(ids.source, "the tokenizer's mapping of 'movie'"));
  }
  scratch.write("tokenizer/init_args.json",
                R"({"encoder": {"features_columns": {"ITEM_ID": ["other"]},
                                "encoding_rules": {"movie": {"mapping": {}}}}})");
  CHECK_THROWS_WITH(read_item_ids(file), Contains("no mapping of its ITEM_ID column 'other'"));
}

TEST_CASE("a table of rows and ids") {
  const ScratchDir scratch;
  const ItemIds ids = read_item_ids(scratch.write("map.csv", "row,id\n2, x7\n0,x5\n"));
  CHECK(ids.by_row == Ids{"x5", "", "x7"});
  CHECK(ids.source == "map.csv (the table of ids)");
  const auto fault = [&](const std::string& text, const std::string& part) {
    CAPTURE(text);
    CHECK_THROWS_WITH(read_item_ids(scratch.write("map.csv", text)), Contains(part.c_str()));
  };
  fault("row,id,title\n0,a,b\n", "has two columns, the row and the id; this table has 3");
  fault("row,id\n0,a\n0,b\n", "row 0 has two ids, 'a' and 'b'");
  fault("row,id\n0,a\n1,a\n", "the id 'a' has two rows");
  fault("row,id\nx,a\n", "'x' is no row of an item table");
  fault("row,id\n99999999999,a\n", "'99999999999' is no row of an item table");
  fault("row,id\n", "holds no ids");
}

}  // namespace
}  // namespace pintle::converter
