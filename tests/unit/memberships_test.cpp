// SPDX-License-Identifier: Apache-2.0
//
// Memberships: their table, and the attributes that a catalogue gets by them.
#include "converter/io/memberships.h"

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "converter/file/soft_attributes.h"
#include "converter/io/error.h"
#include "support/contains.h"
#include "support/scratch_dir.h"

namespace pintle::converter {
namespace {

using Attributes = std::vector<std::pair<std::string, std::string>>;

MembershipTable read(const std::string& rows,
                     const std::string& header = "item,group,name,membership\n") {
  const test::ScratchDir dir;
  return read_memberships(dir.write("m.csv", header + rows));
}

std::string fault_of(const std::string& rows,
                     const std::string& header = "item,group,name,membership\n") {
  try {
    read(rows, header);
  } catch (const Error& error) {
    return error.what();
  }
  return "none";
}

TEST_CASE("memberships round to the nearest fifteenth") {
  const MembershipTable table = read(
      "1,taste,dark,0\n2,taste,dark,0.033\n3,taste,dark,0.034\n4,taste,dark,0.5\n"
      "5,taste,dark,1\n1,taste,\"light, mild\",1e-1\n");
  std::vector<int> fifteenths;
  for (const Membership& row : table.rows) fifteenths.push_back(row.fifteenths);
  CHECK(fifteenths == std::vector<int>{0, 0, 1, 8, 15, 2});
  CHECK(table.rows[5].name == "light, mild");
  CHECK(table.rows[5].line == 7);
  // Any order of columns, any delimiter, RecBole's types.
  const MembershipTable other =
      read("dark\t0.2\ttaste\tB 7\n", "Name\tmembership:float\tgroup\titem:token\n");
  CHECK(other.rows[0].item == "B 7");
  CHECK(other.rows[0].group == "taste");
  CHECK(other.rows[0].fifteenths == 3);
}

TEST_CASE("a table that is written reads back") {
  const std::vector<Membership> rows = {{"B 7", "by example", "say \"hi\", twice", 1, 0},
                                        {"a,b", "by example", "|", 15, 0},
                                        {"3", "g", "n", 7, 0}};
  const test::ScratchDir dir;
  const MembershipTable table = read_memberships(dir.write("m.csv", memberships_text(rows)));
  REQUIRE(table.rows.size() == rows.size());
  for (size_t i = 0; i < rows.size(); ++i) {
    CHECK(table.rows[i].item == rows[i].item);
    CHECK(table.rows[i].group == rows[i].group);
    CHECK(table.rows[i].name == rows[i].name);
    CHECK(table.rows[i].fifteenths == rows[i].fifteenths);
  }
}

TEST_CASE("a table of memberships that is none") {
  using test::contains;
  CHECK(contains(fault_of("1,a,b,1.01\n"), "m.csv:2: the membership '1.01' is no number"));
  CHECK(contains(fault_of("1,a,b,-0.1\n"), "no number from 0 to 1"));
  CHECK(contains(fault_of("1,a,b,nan\n"), "no number from 0 to 1"));
  CHECK(contains(fault_of("1,a,b,much\n"), "no number from 0 to 1"));
  CHECK(contains(fault_of("1,a,b,1\n2,a,b,1\n1,a,b,0.5\n"),
                 "m.csv:4: the membership of item '1' in a 'b' was given on line 2"));
  CHECK(contains(fault_of("1,,b,1\n"), "m.csv:2: group is empty"));
  CHECK(contains(fault_of(",a,b,1\n"), "item is empty"));
  CHECK(contains(fault_of(""), "no memberships"));
  CHECK(contains(fault_of("1,b,1\n", "item,name,membership\n"), "has no column 'group'"));
  CHECK(contains(fault_of("1,a,b,1,2\n", "item,group,name,membership,weight\n"),
                 "has a column 'weight'; the columns are"));
  CHECK(contains(fault_of("1,a,b,1,2\n", "item,group,name,membership,Item\n"), "names twice"));
}

// Three items: 10 has genre Noir, 20 Space and mood Calm, 30 nothing.
Catalogue catalogue_of_three() {
  Catalogue catalogue;
  catalogue.integer_ids = {10, 20, 30};
  catalogue.id_order = {0, 1, 2};
  catalogue.attributes = {{"genre", "Noir"}, {"genre", "Space"}, {"mood", "Calm"}};
  catalogue.item_attributes = {{0}, {1, 2}, {}};
  return catalogue;
}

TEST_CASE("soft attributes stand with their group") {
  Catalogue catalogue = catalogue_of_three();
  const std::vector<std::string> notes = add_memberships(
      read("30,taste,dark,0.2\n10,taste,dark,1\n20,genre,Realism,0.4\n30,taste,bitter,0.6\n"
           "20,taste,sweet,0.01\n"),
      false, &catalogue);
  CHECK(catalogue.attributes == Attributes{{"genre", "Noir"},
                                           {"genre", "Realism"},
                                           {"genre", "Space"},
                                           {"mood", "Calm"},
                                           {"taste", "bitter"},
                                           {"taste", "dark"}});
  CHECK(catalogue.item_attributes == std::vector<std::vector<uint32_t>>{{0, 5}, {1, 2, 3}, {4, 5}});
  CHECK(catalogue.item_memberships ==
        std::vector<std::vector<uint8_t>>{{15, 15}, {6, 15, 15}, {9, 3}});
  CHECK_FALSE(catalogue.is_soft(0));
  CHECK(catalogue.is_soft(1));
  CHECK_FALSE(catalogue.is_soft(2));
  CHECK(catalogue.is_soft(5));
  REQUIRE(notes.size() == 2);
  CHECK(test::contains(notes[0], "3 attributes of"));
  CHECK(test::contains(notes[1], "taste 'sweet': left out"));
}

TEST_CASE("whole memberships are plain attributes") {
  Catalogue catalogue = catalogue_of_three();
  catalogue.attributes.clear();
  catalogue.item_attributes.clear();  // no item table
  add_memberships(read("30,taste,dark,1\n10,taste,dark,0.99\n20,taste,dark,0\n"), false,
                  &catalogue);
  CHECK(catalogue.attributes == Attributes{{"taste", "dark"}});
  CHECK(catalogue.item_attributes == std::vector<std::vector<uint32_t>>{{0}, {}, {0}});
  CHECK(catalogue.item_memberships.empty());
  CHECK_FALSE(catalogue.is_soft(0));
}

TEST_CASE("items that the catalogue lacks, and attributes that it has") {
  const auto add = [](const std::string& rows, bool force = false) {
    Catalogue catalogue = catalogue_of_three();
    return add_memberships(read(rows), force, &catalogue);
  };
  CHECK_THROWS_WITH_AS(add("10,mood,Dark,0.5\n10,mood,Calm,0.5\n"),
                       doctest::Contains(":3: the item table has mood 'Calm' already"), Error);
  const std::string half = "10,a,b,0.5\n77,a,b,0.5\n";
  CHECK(test::contains(add(half)[1], "1 of 2 items are not in the catalogue, such as '77'"));
  const std::string most = half + "78,a,b,0.5\n";
  CHECK_THROWS_WITH_AS(add(most), doctest::Contains("2 of 3 items are not"), Error);
  CHECK(test::contains(add(most, true)[1], "left out"));
  CHECK_THROWS_WITH_AS(add("77,a,b,0.5\n", true), doctest::Contains("must hold the app's ids"),
                       Error);
}

}  // namespace
}  // namespace pintle::converter
