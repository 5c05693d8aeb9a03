// SPDX-License-Identifier: Apache-2.0
#include "converter/file/item_rows.h"

#include <doctest/doctest.h>

#include "random_network.h"
#include "support/contains.h"

namespace pintle::converter {
namespace {

using doctest::Contains;
using pintle::test::contains;
using Ids = std::vector<std::string>;

// Items in rows 1 to 4 of a table of 5; row 0 is the pad.
Network four_items() {
  NetworkShape shape;
  shape.items = 4;
  return random_network(shape);
}

Network mapped(const Ids& by_row, size_t extra_tokens = 0) {
  Network network = four_items();
  network.origin.ids = ItemIds{by_row, extra_tokens, "the map"};
  return network;
}

Network remapped() {
  Network network = four_items();
  network.origin.remapped_by = "RecBole";
  network.origin.ids_export = {"json.dump(tokens)"};
  return network;
}

// One column of ids; `rows` are what they are as numbers, as read_items tells.
ItemTable table_of(const Ids& ids) {
  ItemTable table;
  table.path = "items.csv";
  table.row_column = table.id_column = "item";
  for (const std::string& id : ids) {
    Item item;
    item.checkpoint_id = canonical_integer(id);
    item.external_id = item.row_text = id;
    item.line = table.items.size() + 2;
    table.rows_are_integers = table.rows_are_integers && item.checkpoint_id.has_value();
    table.items.push_back(item);
  }
  return table;
}

// Rows in one column, ids in another.
ItemTable table_of(const std::vector<int64_t>& rows, const Ids& ids) {
  ItemTable table = table_of(ids);
  table.row_column = "number";
  table.id_column = "sku";
  table.rows_are_integers = true;
  for (size_t i = 0; i < rows.size(); ++i) table.items[i].checkpoint_id = rows[i];
  return table;
}

// "source:id" of each.
Ids joined(const ItemRows& found) {
  Ids text;
  for (const ItemRow& row : found.rows) {
    text.push_back(std::to_string(row.source) + ":" + row.external_id);
  }
  return text;
}

bool noted(const ItemRows& found, const std::string& part) {
  for (const std::string& note : found.notes) {
    if (note.find(part) != std::string::npos) return true;
  }
  return false;
}

TEST_CASE("without a table every item is taken, by its row or by its id") {
  CHECK(joined(find_item_rows(nullptr, four_items(), false)) == Ids{"0:1", "1:2", "2:3", "3:4"});
  const ItemRows found = find_item_rows(nullptr, mapped({"PAD", "a", "", "c"}, 1), false);
  CHECK(joined(found) == Ids{"0:a", "2:c"});
  CHECK(noted(found, "the app's ids: the map"));
  CHECK(noted(found, "2 rows left out"));
  CHECK_THROWS_WITH(find_item_rows(nullptr, mapped({"PAD"}, 1), false),
                    Contains("the map has an id for no item"));
  Network empty = four_items();
  empty.checkpoint_ids.clear();
  CHECK_THROWS_WITH(find_item_rows(nullptr, empty, false), Contains("has no items"));
}

TEST_CASE("by row: in the checkpoint's order, with the table's ids") {
  const ItemTable table = table_of({4, 2}, {"x", "y"});
  const ItemRows found = find_item_rows(&table, four_items(), false);
  CHECK(joined(found) == Ids{"1:y", "3:x"});
  CHECK(found.rows[0].item == &table.items[1]);
  const ItemTable words = table_of({"x", "y"});
  CHECK_THROWS_WITH(find_item_rows(&words, four_items(), false),
                    Contains("items.csv:2: 'x' is no row"));
}

TEST_CASE("rows that are no items are refused with the shift that would fit") {
  const auto fault = [](const Ids& rows, const std::string& part) {
    CAPTURE(part);
    const ItemTable table = table_of(rows);
    CHECK_THROWS_WITH(find_item_rows(&table, four_items(), false), Contains(part.c_str()));
  };
  fault({"1", "0"}, "items.csv:3: lists row 0 of the checkpoint, which is the pad");
  fault({"0", "1", "2", "3"}, "All would be items if they were one higher");
  fault({"2", "3", "4", "5"},
        "but its table has 5 rows: shifted by one? All would be items if "
        "they were one lower");
  fault({"1", "900"},
        ": shifted by one, or of another model?; items are in rows 1 to 4, and 1 of "
        "the table's 2 rows are no items (900)");
  fault({"1", "900"}, "--row-column names another");

  const ItemTable table = table_of({"0", "1", "2"});
  const ItemRows forced = find_item_rows(&table, four_items(), true);
  CHECK(joined(forced) == Ids{"0:1", "1:2"});
  CHECK(forced.missing == Ids{"0"});
  CHECK(noted(forced, "forced, although items.csv:2: lists row 0"));
  const ItemTable none = table_of({"70", "71"});
  CHECK_THROWS_WITH(find_item_rows(&none, four_items(), true),
                    Contains("no item of the item table has a row in the checkpoint"));
}

TEST_CASE("by id, where the map is known, even if the ids look like rows") {
  const Network network = mapped({"", "30", "10", "40", "20"});
  const ItemTable table = table_of({"10", "20", "999"});
  const ItemRows found = find_item_rows(&table, network, false);
  CHECK(joined(found) == Ids{"1:10", "3:20"});
  CHECK(found.missing == Ids{"999"});
  CHECK(noted(found, "items joined by the app's ids: column 'item' with the map"));
}

TEST_CASE("a table and a map that tell different rows of one id are refused") {
  const Network network = mapped({"", "a", "b", "c", "d"});
  const ItemTable same = table_of({2, 1}, {"b", "a"});
  CHECK(joined(find_item_rows(&same, network, false)) == Ids{"0:a", "1:b"});
  const ItemTable other = table_of({1, 2}, {"a", "d"});
  for (const bool force : {false, true}) {
    CHECK_THROWS_WITH(find_item_rows(&other, network, force),
                      Contains("items.csv:3: says that 'd' is row 2, but the map says row 4"));
  }
}

TEST_CASE("a table whose ids the map mostly lacks") {
  const Network network = mapped({"", "a", "b", "c", "d"});
  const ItemTable half = table_of({"a", "z"});
  CHECK(find_item_rows(&half, network, false).missing == Ids{"z"});
  const ItemTable most = table_of({"a", "y", "z"});
  CHECK_THROWS_WITH(find_item_rows(&most, network, false),
                    Contains("2 of its 3 ids (y, z) are not in the map: ids of another kind?"));
  const ItemRows forced = find_item_rows(&most, network, true);
  CHECK(joined(forced) == Ids{"0:a"});
  CHECK(noted(forced, "forced, although items.csv: 2 of its 3 ids"));
  const ItemTable none = table_of({"x", "y"});
  CHECK_THROWS_WITH(find_item_rows(&none, network, true),
                    Contains("no id of its column 'item' is in the map"));
}

TEST_CASE("a map that gives ids to rows which are no items is another model's") {
  CHECK_THROWS_WITH(find_item_rows(nullptr, mapped({"a", "b", "c", "d"}), false),
                    Contains("gives the id 'a' to row 0 of the checkpoint, which is the pad"));
  const Network beyond = mapped({"", "a", "b", "c", "d", "e"});
  CHECK_THROWS_WITH(find_item_rows(nullptr, beyond, false),
                    Contains("to row 5 of the checkpoint, but its table has 5 rows"));
  const ItemRows forced = find_item_rows(nullptr, beyond, true);
  CHECK(joined(forced) == Ids{"0:a", "1:b", "2:c", "3:d"});
  CHECK(noted(forced, "forced, although the map gives the id 'e'"));
  // Tokens there are what belongs there.
  for (const char* token : {"[PAD]", "<pad>", "padding", "MASK"}) {
    CHECK_NOTHROW(find_item_rows(nullptr, mapped({token, "a", "b", "c", "d"}), false));
  }
}

TEST_CASE("a framework that numbers items anew wants its map, or to be told that these are rows") {
  ItemTable table = table_of({"1", "2"});
  CHECK_THROWS_WITH(find_item_rows(&table, remapped(), false),
                    Contains("column 'item' would be read as rows of the checkpoint, but RecBole"));
  CHECK_THROWS_WITH(find_item_rows(&table, remapped(), true),
                    Contains("--id-map FILE:\n  json.dump(tokens)\nIf the column does hold rows, "
                             "say so with --row-column item"));
  table.row_column_is_told = true;
  CHECK(joined(find_item_rows(&table, remapped(), false)) == Ids{"0:1", "1:2"});
  ItemTable named = table_of({"1", "2"});
  named.row_column = named.id_column = "Row_Index";
  CHECK(find_item_rows(&named, remapped(), false).rows.size() == 2);
  ItemTable pair = table_of({1, 2}, {"a", "b"});
  CHECK(joined(find_item_rows(&pair, remapped(), false)) == Ids{"0:a", "1:b"});
  pair.typed_header = true;  // RecBole's own file: its numbers are raw
  CHECK_THROWS_WITH(find_item_rows(&pair, remapped(), false), Contains("RecBole numbers items"));
}

TEST_CASE("a column that is told to hold rows is joined by row although a map is known") {
  ItemTable table = table_of({"1", "3"});
  table.row_column_is_told = true;
  CHECK(joined(find_item_rows(&table, mapped({"", "a", "b", "c", "d"}), false)) ==
        Ids{"0:a", "2:c"});
}

TEST_CASE("a log without an item table: its ids must be able to be rows") {
  Interactions log;
  log.item_names = {"3", "1"};
  CHECK(question_log_rows(log, four_items(), false).empty());
  CHECK(contains(question_log_rows(log, remapped(), false), "pass --id-map if they are raw"));
  log.item_names.push_back("0");
  CHECK_THROWS_WITH(question_log_rows(log, four_items(), false),
                    Contains("the log names the item 0; taken as a row"));
  CHECK(question_log_rows(log, four_items(), true) ==
        "forced, although the log names row 0, which is the pad");
  CHECK(question_log_rows(log, mapped({"", "0"}), false).empty());
  log.typed_header = true;
  CHECK_THROWS_WITH(question_log_rows(log, remapped(), true),
                    Contains("RecBole's own header, so its ids are raw"));
}

}  // namespace
}  // namespace pintle::converter
