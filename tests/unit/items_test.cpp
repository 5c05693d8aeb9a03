// SPDX-License-Identifier: Apache-2.0
#include "converter/io/items.h"

#include <doctest/doctest.h>

#include <functional>
#include <string>
#include <vector>

#include "converter/io/error.h"
#include "support/scratch_dir.h"

namespace pintle::converter {
namespace {

using pintle::test::ScratchDir;
using Attribute = std::pair<std::string, std::string>;

ItemTable read(const std::string& text, const ItemOptions& options = {}) {
  const ScratchDir scratch;
  return read_items(scratch.write("items.tsv", text), options);
}

ItemOptions with_id(const std::string& column) {
  ItemOptions options;
  options.id_column = column;
  return options;
}

ItemOptions with_attributes(const std::vector<std::string>& columns) {
  ItemOptions options;
  options.attributes = columns;
  return options;
}

std::string fault_of(const std::string& text, const ItemOptions& options = {}) {
  try {
    require_integer_rows(read(text, options));
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

// The note about a column, or one that begins with `about`.
std::string note(const ItemTable& table, const std::string& about) {
  for (const std::string& text : table.notes) {
    if (text.rfind("column '" + about + "': ", 0) == 0 || text.rfind(about + ": ", 0) == 0) {
      return text;
    }
  }
  return "";
}

std::vector<std::string> names(const ItemTable& table) {
  std::vector<std::string> all;
  for (const auto& [group, name] : table.attributes) all.push_back(name);
  return all;
}

// A table of `count` items with these columns behind the id.
std::string table_of(size_t count, const std::string& header,
                     const std::function<std::string(size_t)>& fields) {
  std::string text = "id\t" + header + "\n";
  for (size_t i = 0; i < count; ++i) text += std::to_string(i + 1) + "\t" + fields(i) + "\n";
  return text;
}

TEST_CASE("titles, ids and attributes") {
  const ItemTable table = read(
      "row\tsku\tTitle\tgenres\tyear\n"
      "3\tB7\tThe \"Last\" One\tDrama | Comedy|Drama\t1999\n"
      "\n"
      "1\tA1\t\"Quoted \"\"well\"\"\"\t\t2001\n"
      "2\tC 9\t\"Open\" Water\tAction\t\n",
      with_id("sku"));
  CHECK(table.has_titles);
  CHECK_FALSE(table.integer_ids);
  CHECK(table.attributes ==
        std::vector<Attribute>{{"genres", "Action"}, {"genres", "Comedy"}, {"genres", "Drama"}});
  REQUIRE(table.items.size() == 3);
  CHECK(table.items[0].checkpoint_id == 3);
  CHECK(table.items[0].external_id == "B7");
  CHECK(table.items[0].title == "The \"Last\" One");
  CHECK(table.items[0].attributes == std::vector<uint32_t>{1, 2});
  CHECK(table.items[1].title == "Quoted \"well\"");
  CHECK(table.items[1].attributes.empty());
  CHECK(table.items[2].external_id == "C 9");
  CHECK(table.items[2].title == "\"Open\" Water");
  CHECK(table.items[2].attributes == std::vector<uint32_t>{0});
}

TEST_CASE("without an id column the first one is the app's") {
  const ItemTable table = read("item_id:token\n10\n-0\n");
  CHECK(table.items.size() == 2);
  CHECK(table.typed_header);
  CHECK(table.notes[0] == "ids: column 'item_id' (the first)");
}

TEST_CASE("ids are integers only if text and back does not change them") {
  CHECK(read("id,app\n1,5\n2,-7\n", with_id("app")).integer_ids);
  CHECK(read("id,app\n1,9223372036854775807\n", with_id("app")).integer_ids);
  CHECK_FALSE(read("id,app\n1,9223372036854775808\n", with_id("app")).integer_ids);
  CHECK_FALSE(read("id,app\n1,007\n", with_id("app")).integer_ids);
  CHECK_FALSE(read("id,app\n1,+7\n", with_id("app")).integer_ids);
  CHECK_FALSE(read("id,app\n1,7.0\n2,8\n", with_id("app")).integer_ids);
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
  CHECK(contains(fault_of("id,sku\n1,a\n2,a\n", with_id("sku")),
                 "items.tsv:3: the app's id 'a' was given on line 2"));
  CHECK(contains(fault_of("id,sku\n1,\n", with_id("sku")), "items.tsv:2: the app's id is empty"));
  CHECK(contains(fault_of("id,title\n1\n"), "items.tsv:2: has 1 fields, but the header has 2"));
  CHECK(contains(fault_of("id,title\n1,a\n", with_id("sku")),
                 "has no column 'sku'; it has 'id' 'title'"));
  CHECK(contains(fault_of("id,genre,genre\n1,a,b\n"), "names column 'genre' twice"));
  CHECK(contains(fault_of("id,title,Title\n1,a,b\n"), "two title columns"));
  CHECK(contains(fault_of("id,,b\n1,a,b\n"), "a column of the header has no name"));
  CHECK(contains(fault_of("id,title\n"), "has a header but no items"));
  CHECK(contains(fault_of("\n\n"), "is empty"));
  CHECK(contains(fault_of("id,title\n1,Am\xe9lie\n"), "items.tsv:2: is not UTF-8"));
}

TEST_CASE("titles by their usual names, the surest first") {
  for (const char* name : {"title", "Title", "name", "movie_title", "Item Name", "product-name",
                           "trackName", "book_title", "prod_name", "TITLE:token_seq"}) {
    CAPTURE(name);
    const ItemTable table = read(std::string("id,") + name + "\n1,Two Words\n");
    CHECK(table.has_titles);
    CHECK(table.items[0].title == "Two Words");
    CHECK(table.attributes.empty());
  }
  const std::string both = "id,name,title,kind\n1,n1,t1,a\n2,n2,t2,a\n";
  const ItemTable surest = read(both);
  CHECK(surest.items[0].title == "t1");
  CHECK(contains(note(surest, "titles"), "'title' (by its name), rather than 'name'"));
  CHECK(names(surest) == std::vector<std::string>{"a"});
  ItemOptions options;
  options.title_column = "name";
  CHECK(read(both, options).items[0].title == "n1");
  options.title_column = "kind";
  CHECK(read(both, options).items[0].title == "a");
  // A column that is asked for as attribute is no title by itself.
  const ItemTable asked = read("id,name\n1,acme\n2,acme\n", with_attributes({"name"}));
  CHECK_FALSE(asked.has_titles);
  CHECK(asked.attributes == std::vector<Attribute>{{"name", "acme"}});
  CHECK(contains(note(read("id,genre\n1,a\n"), "titles"), "--title-column takes one"));
  CHECK(contains(fault_of("id,a\n1,x\n",
                          [] {
                            ItemOptions none;
                            none.title_column = "b";
                            return none;
                          }()),
                 "has no column 'b'; it has 'id' 'a'"));
}

TEST_CASE("rows and ids: any column, decimals of a merge, missing ones") {
  ItemOptions options;
  options.row_column = "row";
  const ItemTable table = read("sku,row,title\nA,3,a\nB,1,b\n", options);
  CHECK(table.items[0].checkpoint_id == 3);
  CHECK(table.items[0].external_id == "A");
  CHECK(table.row_column == "row");
  CHECK(table.id_column == "sku");
  CHECK(contains(note(table, "rows of the checkpoint"), "'row' (--row-column)"));
  CHECK(contains(note(table, "ids"), "'sku' (the first)"));

  const ItemTable mended = read("id,title\n57.0,a\n3.0,b\n");
  CHECK(mended.items[0].checkpoint_id == 57);
  CHECK(mended.items[0].external_id == "57");
  CHECK(mended.integer_ids);
  CHECK(contains(note(mended, "id"), "57.0 is read as 57"));
  CHECK(contains(fault_of("id,title\n57.0,a\n3,b\n"), "items.tsv:2: '57.0' is no row"));
  CHECK(contains(fault_of("id,app\n1,NaN\n", with_id("app")),
                 "items.tsv:2: the app's id is missing"));
  CHECK(contains(fault_of("id,app\n1,x\n,y\n", with_id("app")),
                 "items.tsv:3: the id used in the checkpoint is missing"));

  // The app's own ids may stand first: whoever knows their rows joins them.
  const ItemTable texts = read("sku\ttitle\nB7\ta\nC9\tb\n");
  CHECK_FALSE(texts.rows_are_integers);
  CHECK(texts.items[1].row_text == "C9");
  CHECK(texts.items[1].line == 3);
  CHECK_THROWS_WITH_AS(require_integer_rows(texts), doctest::Contains("'B7' is no row"), Error);
  CHECK(contains(fault_of("sku,title\nB7,a\nB7,b\n"), "id B7 was given on line 2"));
}

TEST_CASE("lists in the forms that tools write are the same attributes") {
  const std::vector<std::string> expected = {"Comedy", "Drama", "Film Noir"};
  const std::vector<std::vector<std::string>> forms = {
      {"Drama|Comedy", "Film Noir", "", "Comedy"},
      {"['Drama', 'Comedy']", "['Film Noir']", "[]", "['Comedy']"},
      {"[u'Drama', u'Comedy']", "[u'Film Noir']", "[]", "Comedy"},
      {"('Drama', 'Comedy')", "('Film Noir',)", "()", "('Comedy',)"},
      {"{'Drama', 'Comedy'}", "{'Film Noir'}", "set()", "{'Comedy'}"},
      {"['Drama' 'Comedy']", "['Film Noir']", "[]", "['Comedy']"},
      {"[\"Drama\", \"Comedy\"]", "[\"Film Noir\"]", "[]", "[\"Comedy\"]"},
      {"[\"Drama\",\"Com\\u0065dy\",null]", "[\"Film Noir\"]", "null", "[\"Comedy\"]"},
      {"[Drama, Comedy]", "[Film Noir]", "[]", "[Comedy]"},
      {"['Drama', nan, 'Comedy']", "['Film Noir']", "nan", "['Comedy']"}};
  for (const std::vector<std::string>& fields : forms) {
    CAPTURE(fields[0]);
    const ItemTable table = read(table_of(4, "genres", [&](size_t i) { return fields[i]; }));
    CHECK(names(table) == expected);
    CHECK(table.items[0].attributes == std::vector<uint32_t>{0, 1});
    CHECK(table.items[1].attributes == std::vector<uint32_t>{2});
    CHECK(table.items[2].attributes.empty());
    CHECK(table.items[3].attributes == std::vector<uint32_t>{0});
  }
}

TEST_CASE("RecBole's types: sequences of tokens split at spaces, sequences of numbers are none") {
  const std::string text =
      "item_id:token\tmovie_title:token_seq\tclass:token_seq\tkind:token\tvector:float_seq\n"
      "1\tThe Long Day\tDrama Comedy\tNew Wave\t0.1 0.2\n"
      "2\tNight\tDrama\tNew Wave\t0.3 0.4\n";
  const ItemTable table = read(text);
  CHECK(table.items[0].title == "The Long Day");
  CHECK(table.attributes ==
        std::vector<Attribute>{{"class", "Comedy"}, {"class", "Drama"}, {"kind", "New Wave"}});
  CHECK(contains(note(table, "class"), "attributes, 2 values, split at spaces"));
  CHECK(contains(note(table, "vector"), "not used: lists of numbers (float_seq)"));
  CHECK(contains(fault_of(text, with_attributes({"vector"})), "no attributes"));
}

TEST_CASE("commas and semicolons separate only where the parts come again in other fields") {
  const auto first = [](const std::vector<std::string>& fields) {
    const ItemTable table =
        read(table_of(fields.size(), "tags", [&](size_t i) { return fields[i]; }));
    return names(table);
  };
  CHECK(first({"Action, Comedy", "Drama, Comedy", "Action, Drama", "Comedy"}) ==
        std::vector<std::string>{"Action", "Comedy", "Drama"});
  CHECK(first({"Action; Comedy", "Drama; Comedy", "Action"}) ==
        std::vector<std::string>{"Action", "Comedy", "Drama"});
  CHECK(first({"Austin, TX", "Dallas, TX", "Boston, MA", "Austin, TX"}) ==
        std::vector<std::string>{"Austin, TX", "Boston, MA", "Dallas, TX"});
  CHECK(first({"Tolkien, J.", "Tolkien, C.", "Lewis, C. S.", "Tolkien, J."}) ==
        std::vector<std::string>{"Lewis, C. S.", "Tolkien, C.", "Tolkien, J."});
}

TEST_CASE("columns become attributes by evidence, and the notes tell each") {
  const auto item = [](size_t i) {
    const std::string n = std::to_string(i);
    return "T" + n + "\tkind " + std::to_string(i % 5) + "\t" + std::to_string(1950 + i % 50) +
           "\t$" + n + ".99\tA story of person " + n + " who goes far away and comes back home\t" +
           "https://x.example/" + n + "\t2001-02-" + (i % 28 < 9 ? "0" : "") +
           std::to_string(i % 28 + 1) + "\ttt00" + n + "\tMaker " + n + "\t" +
           std::to_string(i % 40) + " min\t" + std::to_string(7000 + i);
  };
  const std::string header =
      "title\tkind\tyear\tprice\tplot\tlink\treleased\tcode\tmaker\tlength\tshop_id";
  const std::string text = table_of(60, header, item);
  const ItemTable table = read(text);
  CHECK(table.attributes.size() == 5);
  CHECK(table.attributes[0] == Attribute{"kind", "kind 0"});
  CHECK(note(table, "kind") == "column 'kind': attributes, 5 values");
  CHECK(note(table, "year") ==
        "column 'year': not used: numbers (50 values); --attributes year would take them");
  CHECK(
      note(table, "dates") ==
      "dates: column 'released' (the only one of dates), ISO 8601, days only; 60 of 60 items have "
      "one");
  CHECK(contains(note(table, "price"), "not used: numbers"));
  CHECK(contains(note(table, "length"), "not used: numbers"));
  CHECK(contains(note(table, "plot"), "not used: free text"));
  CHECK(contains(note(table, "link"), "not used: addresses"));
  CHECK(contains(note(table, "code"), "not used: ids"));
  CHECK(contains(note(table, "maker"), "not used: nearly unique (60 values over 60 items)"));
  CHECK(contains(note(table, "shop_id"), "--id-column shop_id would make them the app's"));
  CHECK(table.notes.size() == 12);

  const ItemTable asked = read(text, with_attributes({"year", "maker"}));
  CHECK(asked.attributes.size() == 110);
  CHECK(asked.attributes[0] == Attribute{"year", "1950"});
  CHECK(contains(note(asked, "kind"), "not used: --attributes does not name it"));
  CHECK(contains(fault_of(text, with_attributes({"yeer"})), "has no column 'yeer'; it has 'id'"));
}

ItemOptions with_dates(const std::string& column) {
  ItemOptions options;
  options.date_column = column;
  return options;
}

TEST_CASE("the column of dates, by its values, its name or the option") {
  const std::string one = "id,released,year\n1,1970-01-02,1999\n2,,2001\n3,1969-12-31,2003\n";
  const ItemTable table = read(one);
  CHECK(table.has_dates);
  CHECK(table.items[0].date == 1440);
  CHECK(table.items[1].date == kUnknownDate);
  CHECK(table.items[2].date == -1440);
  CHECK(contains(note(table, "dates"), "'released' (the only one of dates)"));
  CHECK(contains(note(table, "dates"), "2 of 3 items have one"));

  const ItemTable off = read(one, with_dates("none"));
  CHECK_FALSE(off.has_dates);
  CHECK(note(off, "dates").empty());
  CHECK(contains(note(off, "released"), "not used: dates"));

  const ItemTable years = read(one, with_dates("year"));
  CHECK(years.items[0].date == 10592 * 1440);  // 1999-01-01
  CHECK(contains(note(years, "dates"), "'year' (--date-column), years; 3 of 3"));
  CHECK(contains(note(years, "released"), "not used: dates"));
  CHECK_FALSE(contains(note(years, "released"), "--date-column"));

  const std::string two = "id,released,added_at,year\n1,2001-02-03,981158400,1999\n" +
                          std::string("2,2001-02-04,981158401,2000\n");
  const ItemTable several = read(two);
  CHECK_FALSE(several.has_dates);
  CHECK(contains(note(several, "dates"), "none, several columns hold them: 'released' 'added_at'"));
  CHECK(contains(note(several, "released"), "--date-column released as dates"));
  CHECK(contains(note(several, "year"), "--date-column year as dates"));
  CHECK(read(two, with_dates("added_at")).items[1].date == 981158401 / 60);

  // Neither another moment nor numbers without a name that says so.
  CHECK_FALSE(read("id,updated_at,weight\n1,2001-02-03,981158400\n").has_dates);
  CHECK(read("id,birth_date,release_date\n1,1960-02-03,20010203\n").items[0].date ==
        981158400 / 60);
  // Attributes that are asked for are no dates unless they are asked for, too.
  ItemOptions both = with_attributes({"released"});
  CHECK_FALSE(read(one, both).has_dates);
  both.date_column = "released";
  CHECK(read(one, both).has_dates);
  CHECK(read(one, both).attributes.size() == 2);

  CHECK(contains(fault_of(one, with_dates("when")), "has no column 'when'"));
  CHECK(contains(fault_of("id,a\n1,soon\n2,later\n", with_dates("a")),
                 "column 'a' (--date-column): 'soon' is no date; write YYYY-MM-DD"));
  CHECK(contains(note(read("id,a\n1,soon\n2,2001-02-03\n", with_dates("a")), "dates"),
                 "1 of 2 items have one, 1 cannot be read, such as 'soon'"));
}

TEST_CASE("a few items with few values keep their columns") {
  const ItemTable table = read("id,genre,mood\n1,Action,dark\n2,Drama,\n3,Comedy,light\n");
  CHECK(names(table) == std::vector<std::string>{"Action", "Comedy", "Drama", "dark", "light"});
}

TEST_CASE("missing values and lists that cannot be read are told") {
  const ItemTable table = read("id,mood\n1,dark\n2,NaN\n3,None\n4,dark\n");
  CHECK(names(table) == std::vector<std::string>{"dark"});
  CHECK(contains(note(table, "mood"), "2 fields such as NaN or None taken as missing"));
  const std::string objects =
      "id\tgenres\n1\t[{'id': 1, 'name': 'Drama'}]\n2\t[{'id': 2, 'name': 'War'}]\n";
  const ItemTable unread = read(objects);
  CHECK(unread.attributes.empty());
  CHECK(contains(note(unread, "genres"), "lists of a form that is not read: [{'id'"));
  CHECK(contains(fault_of(objects, with_attributes({"genres"})),
                 "items.tsv:2: column 'genres': [{'id': 1, 'name': 'Drama'}] is no list"));
  CHECK(contains(note(read("id,a\n1,\n2,\n"), "a"), "not used: empty"));
  CHECK(names(read("id,a\n1,(unknown)\n2,known\n")) ==
        std::vector<std::string>{"(unknown)", "known"});
}

}  // namespace
}  // namespace pintle::converter
