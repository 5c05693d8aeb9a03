// SPDX-License-Identifier: Apache-2.0
#include "converter/io/items.h"

#include <doctest/doctest.h>

#include "converter/io/error.h"
#include "support/scratch_dir.h"

namespace pintle::converter {
namespace {

using pintle::test::ScratchDir;
using Attribute = std::pair<std::string, std::string>;

ItemTable read(const std::string& text, const std::string& id_column = "") {
  const ScratchDir scratch;
  return read_items(scratch.write("items.tsv", text), id_column);
}

std::string fault_of(const std::string& text, const std::string& id_column = "") {
  try {
    read(text, id_column);
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

TEST_CASE("titles, ids and attributes") {
  const ItemTable table = read(
      "row\tsku\tTitle\tgenres\tyear\n"
      "3\tB7\tThe \"Last\" One\tDrama | Comedy|Drama\t1999\n"
      "\n"
      "1\tA1\t\"Quoted \"\"well\"\"\"\t\t2001\n"
      "2\tC 9\t\"Open\" Water\tAction\t\n",
      "sku");
  CHECK(table.has_titles);
  CHECK_FALSE(table.integer_ids);
  CHECK(table.attributes == std::vector<Attribute>{{"genres", "Action"},
                                                   {"genres", "Comedy"},
                                                   {"genres", "Drama"},
                                                   {"year", "1999"},
                                                   {"year", "2001"}});
  REQUIRE(table.items.size() == 3);
  CHECK(table.items[0].checkpoint_id == 3);
  CHECK(table.items[0].external_id == "B7");
  CHECK(table.items[0].title == "The \"Last\" One");
  CHECK(table.items[0].attributes == std::vector<uint32_t>{1, 2, 3});
  CHECK(table.items[1].title == "Quoted \"well\"");
  CHECK(table.items[1].attributes == std::vector<uint32_t>{4});
  CHECK(table.items[2].external_id == "C 9");
  CHECK(table.items[2].title == "\"Open\" Water");
  CHECK(table.items[2].attributes == std::vector<uint32_t>{0});
}

TEST_CASE("without an id column the first one is the app's") {
  const ItemTable table = read("item_id:token\n10\n-0\n", "");
  CHECK(table.items.size() == 2);
}

TEST_CASE("ids are integers only if text and back does not change them") {
  CHECK(read("id,app\n1,5\n2,-7\n", "app").integer_ids);
  CHECK(read("id,app\n1,9223372036854775807\n", "app").integer_ids);
  CHECK_FALSE(read("id,app\n1,9223372036854775808\n", "app").integer_ids);
  CHECK_FALSE(read("id,app\n1,007\n", "app").integer_ids);
  CHECK_FALSE(read("id,app\n1,+7\n", "app").integer_ids);
  CHECK_FALSE(read("id,app\n1,7.0\n", "app").integer_ids);
  CHECK(read("id\n1\n2\n").integer_ids);
  CHECK_FALSE(read("id\n1\n2\n").has_titles);
}

TEST_CASE("CSV titles may hold commas and line ends") {
  const ItemTable table = read("id,title\r\n1,\"Good, Bad\"\r\n2,\"Two\nlines\"\r\n");
  CHECK(table.items[0].title == "Good, Bad");
  CHECK(table.items[1].title == "Two\nlines");
}

TEST_CASE("faults are named by line") {
  CHECK(contains(fault_of("id,title\n1,a\nx,b\n"), "items.tsv:3: 'x' is no row of the checkpoint"));
  CHECK(contains(fault_of("id,title\n-1,a\n"), "items.tsv:2: '-1' is no row"));
  CHECK(contains(fault_of("id,title\n1.5,a\n"), "items.tsv:2: '1.5' is no row"));
  CHECK(contains(fault_of("id,title\n99999999999999999999,a\n"), "is no row"));
  CHECK(contains(fault_of("id,title\n1,a\n\n1,b\n"), "items.tsv:4: id 1 was given on line 2"));
  CHECK(contains(fault_of("id,sku\n1,a\n2,a\n", "sku"),
                 "items.tsv:3: the app's id 'a' was given on line 2"));
  CHECK(contains(fault_of("id,sku\n1,\n", "sku"), "items.tsv:2: the app's id is empty"));
  CHECK(contains(fault_of("id,title\n1\n"), "items.tsv:2: has 1 fields, but the header has 2"));
  CHECK(contains(fault_of("id,title\n1,a\n", "sku"), "has no column 'sku'; it has 'id' 'title'"));
  CHECK(contains(fault_of("id,genre,genre\n1,a,b\n"), "names column 'genre' twice"));
  CHECK(contains(fault_of("id,title,Title\n1,a,b\n"), "two title columns"));
  CHECK(contains(fault_of("id,,b\n1,a,b\n"), "a column of the header has no name"));
  CHECK(contains(fault_of("id,title\n"), "has a header but no items"));
  CHECK(contains(fault_of("\n\n"), "is empty"));
  CHECK(contains(fault_of("id,title\n1,Am\xe9lie\n"), "items.tsv:2: is not UTF-8"));
}

}  // namespace
}  // namespace pintle::converter
