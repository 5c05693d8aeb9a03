// SPDX-License-Identifier: Apache-2.0
#include "converter/io/interactions.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <functional>

#include "converter/io/error.h"
#include "support/scratch_dir.h"

namespace pintle::converter {
namespace {

using pintle::test::ScratchDir;
using Names = std::vector<std::string>;
using Histories = std::vector<Names>;

InteractionOptions as(InteractionFormat format) {
  InteractionOptions options;
  options.format = format;
  return options;
}

Interactions read(const std::string& text, const InteractionOptions& options = {}) {
  const ScratchDir scratch;
  return read_interactions(scratch.write("log.txt", text), options);
}

Histories histories(const Interactions& interactions) {
  Histories names;
  for (const std::vector<size_t>& items : interactions.items) {
    names.emplace_back();
    for (const size_t item : items) names.back().push_back(interactions.item_names[item]);
  }
  return names;
}

std::string fault_of(const std::string& text, const InteractionOptions& options = {}) {
  try {
    read(text, options);
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

bool notes(const Interactions& interactions, const std::string& part) {
  return std::any_of(interactions.notes.begin(), interactions.notes.end(),
                     [&](const std::string& note) { return contains(note, part); });
}

// "u i" for each of `rows`, repeated with other users until statistics mean something.
std::string lines_of(const std::function<std::string(int)>& line, int count = 60) {
  std::string text;
  for (int i = 0; i < count; ++i) text += line(i) + "\n";
  return text;
}

TEST_CASE("pairs keep the order of the file") {
  for (const char* text :
       {"u2 b\nu1 a\nu2 a\nu2 b\n", "\xef\xbb\xbfu2\tb\r\nu1\ta\r\n\r\nu2\ta\r\nu2\tb"}) {
    const Interactions read_back = read(text);
    CHECK(read_back.users == Names{"u2", "u1"});
    CHECK(read_back.item_names == Names{"b", "a"});
    CHECK(histories(read_back) == Histories{{"b", "a", "b"}, {"a"}});
    CHECK(read_back.event_count == 4);
  }
  CHECK(
      contains(fault_of("1 2\n3 4 5\n", as(InteractionFormat::kPairs)), "log.txt:2: has 3 fields"));
}

TEST_CASE("sequences hold a user and its items") {
  const Interactions read_back = read("7 1 2 3\n8 2\n7 4\n");
  CHECK(read_back.users == Names{"7", "8"});
  CHECK(histories(read_back) == Histories{{"1", "2", "3", "4"}, {"2"}});
  CHECK(contains(fault_of("1 2 3\n\n4\n"), "log.txt:3: user '4' has no items"));
}

TEST_CASE("tables are sorted by time, equal times stay") {
  const std::string rows = "x,10,30\ny,11,5\nx,12,10\nx,13,30\nx,14,10.5\n";
  for (const char* header :
       {"user,item,timestamp\n", "userId,movieId,time\n", "User ID,ITEM_ID,ts\n",
        "user_id:token,item_id:token,timestamp:float\n"}) {
    CAPTURE(header);
    const Interactions read_back = read(header + rows);
    CHECK(read_back.users == Names{"x", "y"});
    CHECK(histories(read_back) == Histories{{"12", "14", "10", "13"}, {"11"}});
  }
  // Other columns, other orders, no time, quotes, tabs.
  CHECK(histories(read("rating,item,user\n5,\"a, b\",u\n1,c,u\n")) == Histories{{"a, b", "c"}});
  CHECK(histories(read("user_id:token\titem_id:token\n1\t2\n1\t3\n")) == Histories{{"2", "3"}});
  CHECK(histories(read("uid;iid\n1;2\n")) == Histories{{"2"}});
  // 2^53 + 1 and its neighbour are one double.
  CHECK(histories(read("user,item,ts\n1,b,9007199254740993\n1,a,9007199254740992\n")) ==
        Histories{{"a", "b"}});
}

TEST_CASE("faults in tables are named by line") {
  const std::string header = "user,item,timestamp\n1,2,3\n";
  CHECK(contains(fault_of(header + "1,2\n"), "log.txt:3: has 2 fields, but the header has 3"));
  CHECK(contains(fault_of(header + "\n1,,3\n2,NaN,4\n,2,4\n"), "log.txt:6: the user is missing"));
  CHECK(contains(fault_of(header + "\n1,,3\n2,,4\n"),
                 "log.txt:4: the item is missing (''), here and in 2 events in all"));
  CHECK(contains(fault_of(header + "1,2,yesterday\n"),
                 "log.txt:3: column 'timestamp': 'yesterday' is no time"));
  CHECK(
      contains(fault_of(header + "1,2,nan\n"), "log.txt:3: column 'timestamp': 'nan' is no time"));
  CHECK(contains(fault_of(header + "1,\"2,3\n4,5,6\n"), "log.txt:3: a quote is not closed"));
  CHECK(contains(fault_of(header + "1,a\"b,3\n"), "log.txt:3: a quote"));
  CHECK(contains(fault_of(header + "\"1\n2\",3,4\n5,6\n"), "log.txt:5: has 2 fields"));
  CHECK(contains(fault_of("who,what\n1,2\n", as(InteractionFormat::kTable)),
                 "the columns 'who' 'what'; none has a usual name of a user column"));
  CHECK(contains(fault_of("user,item\n"), "holds no interactions"));
}

TEST_CASE("what may be taken for another form is refused") {
  // A rating and a time would pass as items.
  CHECK(contains(fault_of("196\t242\t3\t881250949\n186\t302\t3\t891717742\n"),
                 "may be a table without a header"));
  CHECK(read("1\t2\t3\n4\t5\t6\n", as(InteractionFormat::kSequences)).event_count == 4);
  CHECK(contains(fault_of("1,2,3\n4,5,6\n"), "looks like a table"));
  CHECK(contains(fault_of("1::1193::5::978300760\n"), "looks like a table"));
  CHECK(contains(fault_of("who\twhat,where\n"), "looks like a table"));
  CHECK(contains(fault_of("1\n2\n"), "one field a line"));
  CHECK(contains(fault_of(""), "holds no interactions"));
  CHECK(contains(fault_of(" \n\r\n"), "holds no interactions"));
  CHECK(contains(fault_of("1 2\n1 caf\xe9\n"), "log.txt:2: is not UTF-8"));
  CHECK(contains(fault_of(std::string("1 2\n\0\0", 6)), "log.txt:2: is not UTF-8"));
  CHECK(contains(fault_of("\"user,item\n"), "log.txt:1: a quote"));
}

TEST_CASE("ratings, times and places are no items, and shapes alone no sequences") {
  const auto u = [](int i) { return std::to_string(i % 12 + 1); };
  const auto v = [](int i) { return std::to_string(i * 7 % 31 + 1); };
  const auto rating = [](int i) { return std::to_string(i * 3 % 5 + 1); };
  // user item rating
  const std::string rated = lines_of([&](int i) { return u(i) + " " + v(i) + " " + rating(i); });
  CHECK(contains(fault_of(rated), "as ratings are"));
  CHECK(contains(fault_of(rated), "'user item rating'"));
  CHECK(read(rated, as(InteractionFormat::kSequences)).event_count == 120);
  const Interactions table = read("user item rating\n" + rated);
  CHECK(table.event_count == 60);
  CHECK(notes(table, "read as: table, separated by spaces, 12 users, 31 items, 60 events"));
  CHECK(notes(table, "not used: columns 'rating'"));
  CHECK(notes(table, "order: taken from the file"));
  // user rating
  CHECK(contains(fault_of(lines_of([&](int i) { return v(i) + " " + rating(i); })),
                 "as ratings are"));
  CHECK(contains(fault_of(lines_of([&](int i) { return v(i) + " 1"; })), "in every line"));
  CHECK(contains(
      fault_of(lines_of([&](int i) { return v(i) + " " + std::to_string(1500058297 + i); })),
      "holds times"));
  // Gowalla: user, time, latitude, longitude, place
  const std::string gowalla = lines_of([&](int i) {
    return u(i) + "\t2010-10-19T23:" + std::to_string(10 + i % 50) + ":27Z\t30.2359\t-97.7951\t" +
           v(i);
  });
  CHECK(contains(fault_of(gowalla), "log.txt:1: '2010-10-19T23:10:27Z' is a time, not an id"));
  CHECK(contains(fault_of(gowalla, as(InteractionFormat::kSequences)), "is a time, not an id"));
  CHECK(notes(read("user\ttimestamp\tlatitude\tlongitude\tlocation id\n" + gowalla),
              "item 'location id', time 'timestamp'"));
  // Last.fm: user, time, artist's id and name, track's name
  const std::string listens = lines_of([&](int i) {
    return "user_" + u(i) + "\t" + v(i) + "\tartist-" + v(i) + "\tA Band\tThe Song " + v(i);
  });
  CHECK(contains(fault_of(listens), "fields between tabs in every line, some with spaces inside"));
  CHECK(contains(fault_of(lines_of([&](int i) { return u(i) + " " + v(i) + " " + v(i + 5); })),
                 "several lines a user"));
  CHECK(contains(fault_of(lines_of([&](int i) { return v(i) + " " + v(i) + ".5"; })),
                 "'1.5' is a decimal number, not an id"));
  CHECK(contains(fault_of("who what\n1 2\n1 3\n2 2\n"), "looks like a header"));
  CHECK(contains(fault_of("# of a shop\n1 2\n"), "is a comment"));
  CHECK(contains(fault_of("user_id item_id\n1 2\n", as(InteractionFormat::kPairs)),
                 "names a user and an item column"));
  // Windows of equal length: one line a user, one vocabulary at all places.
  const auto window = [&](int i) {
    return "u" + std::to_string(i) + " " + v(i) + " " + v(i + 1) + " " + v(i + 2);
  };
  CHECK(notes(read(lines_of(window)), "read as: sequences, 60 users, 31 items, 180 events"));
  const Interactions several = read("7 1 2 3\n8 2\n7 4\n");
  CHECK(notes(several, "3 lines for 2 users"));
}

TEST_CASE("columns are found by name, said, and asked for where two are as likely") {
  const auto columns = [](const std::string& header, const std::string& row) {
    const Interactions interactions = read(header + "\n" + row + "\n");
    return interactions.notes.size() > 1 ? interactions.notes[1] : "";
  };
  CHECK(columns("Customer ID,Product_ID", "1,2") ==
        "columns: user 'Customer ID', item 'Product_ID'");
  CHECK(columns("\"user_id\";\"songId\"", "1;2") == "columns: user 'user_id', item 'songId'");
  CHECK(columns("movie,movie_id,userId", "Heat,5,1") == "columns: user 'userId', item 'movie_id'");
  CHECK(read("user_id:token\titem_id:token\n1\t2\n").typed_header);
  CHECK_FALSE(read("user_id\titem_id\n1\t2\n").typed_header);
  const Interactions surer = read("session_id,user_id,item_id,artist_id\n9,1,2,3\n");
  CHECK(histories(surer) == Histories{{"2"}});
  CHECK(notes(surer, "the user is 'user_id', not 'session_id'"));
  CHECK(notes(surer, "the item is 'item_id', not 'artist_id'"));
  const Interactions shop = read("user_id,category_id,product_id\n1,9,3\n");
  CHECK(shop.item_names == std::vector<std::string>{"3"});
  CHECK(notes(shop, "the item is 'product_id', not 'category_id'"));
  const std::string two = "user,asin,parent_asin\n1,2,3\n";
  CHECK(contains(fault_of(two), "'asin' and 'parent_asin' could both be the item column"));
  InteractionOptions options;
  options.item_column = "Parent_ASIN";
  CHECK(histories(read(two, options)) == Histories{{"3"}});
  options.item_column = "novel";
  CHECK(contains(fault_of(two, options), "has no column 'novel' as --item-column says"));
  CHECK(histories(read("user,novel\n1,x\n", options)) == Histories{{"x"}});
  CHECK(contains(fault_of("user_id,novel_id,artist_id\n1,2,3\n"), "may be the item column"));
  CHECK(contains(fault_of("user_id,novel_id\n1,2\n"), "--item-column"));
  CHECK(contains(fault_of("user,item,item\n1,2,3\n"), "names the item column 'item' twice"));
  CHECK(read("user,item,note,note\n1,2,a,b\n").event_count == 1);
}

TEST_CASE("ids that a merge made floats are whole, others with a point are none") {
  const Interactions floats = read("user,item\n57.0,31.0\n57,31\n5.0,2\n");
  CHECK(floats.users == Names{"57", "5"});
  CHECK(histories(floats) == Histories{{"31", "31"}, {"2"}});
  CHECK(notes(floats, "2 of 3 user ids are written like 57.0 and read as whole numbers"));
  CHECK(histories(read("1.0 2.0\n1.0 3.0\n")) == Histories{{"2", "3"}});
  CHECK(contains(fault_of("user,item\n1,57.5\n1,2\n"), "log.txt:2: the item '57.5'"));
  CHECK(contains(fault_of("user,item\n1,2\n5.7e+01,2\n"), "log.txt:3: the user '5.7e+01'"));
  // Text stays as it is.
  CHECK(histories(read("user,item\n1,007\n1,7\n")) == Histories{{"007", "7"}});
  CHECK(histories(read("user,item\n1,57.0\n1,B7\n")) == Histories{{"57.0", "B7"}});
  CHECK(read("\"1\" \"2\"\n\"1\" \"3\"\n").users == Names{"1"});
  CHECK(contains(fault_of("{\"user\": 1, \"item\": [1, 2]}\n"), "is a list"));
}

TEST_CASE("columns that look like times are used, named as not used, or asked about") {
  const std::string rows[] = {"1,a,", "1,b,", "1,c,", "2,a,", "2,c,"};
  const auto log = [&](const std::string& names, const std::vector<std::string>& times) {
    std::string text = "user,item," + names + "\n";
    for (size_t i = 0; i < times.size(); ++i) text += rows[i] + times[i] + "\n";
    return text;
  };
  const Histories by_time = {{"c", "a", "b"}, {"c", "a"}}, by_file = {{"a", "b", "c"}, {"a", "c"}};
  const std::vector<std::string> stamps = {"1500000002", "1500000003", "1500000001", "1500000009",
                                           "1500000008"};
  const std::vector<std::string> dates = {"2017-07-14", "2017-07-15", "2017-07-13", "2017-07-14",
                                          "2017-07-13"};
  const std::vector<std::string> coarse = {"2017-07-14", "2017-07-14", "2017-07-13", "2017-07-14",
                                           "2017-07-14"};
  const auto both = [](const std::vector<std::string>& a, const std::vector<std::string>& b) {
    std::vector<std::string> rows_of_both;
    for (size_t i = 0; i < a.size(); ++i) rows_of_both.push_back(a[i] + "," + b[i]);
    return rows_of_both;
  };
  CHECK(histories(read(log("event_time", stamps))) == by_time);
  CHECK(histories(read(log("seen", dates))) == by_time);  // by its values alone
  CHECK(notes(read(log("t_dat", dates)), "time 't_dat' (ISO 8601, days only)"));
  // Numbers under a name that says nothing.
  CHECK(contains(fault_of(log("c3", stamps)), "may tell the order of events"));
  CHECK(contains(fault_of(log("playtime", {"9", "8", "7", "3", "4"})), "may tell the order"));
  CHECK(contains(fault_of(log("playtime", {"9", "8", "7", "3", "4"})), "--time-column none"));
  CHECK(notes(read(log("playtime", {"1", "8", "9", "3", "4"})),
              "'playtime': its order is the file's"));
  CHECK(notes(read(log("date_of_birth",
                       {"1980-01-01", "1980-01-01", "1980-01-01", "1970-01-01", "1970-01-01"})),
              "'date_of_birth': it is the same for all events of a user"));
  CHECK(notes(read(log("timezone", {"NL", "NL", "PT", "PT", "NL"})), "'timezone'"));
  InteractionOptions options;
  options.time_column = "none";
  CHECK(histories(read(log("timestamp", stamps), options)) == by_file);
  CHECK(notes(read(log("timestamp", stamps), options), "not used: columns 'timestamp'"));
  options.time_column = "c3";
  CHECK(histories(read(log("c3", stamps), options)) == by_time);
  CHECK(
      contains(fault_of(log("c3", {"1", "x", "2", "3", "4"}), options), "log.txt:3: column 'c3'"));
  // Several.
  CHECK(notes(read(log("date,timestamp", both(dates, stamps))),
              "not used: column 'date': it says no more than 'timestamp'"));
  const std::vector<std::string> others = {"1500000001", "1500000002", "1500000003", "1500000004",
                                           "1500000005"};
  CHECK(contains(fault_of(log("created_at,updated_at", both(stamps, others))),
                 "'created_at' 'updated_at' look like times, but give events different orders"));
  CHECK(contains(fault_of(log("seen,timestamp", both(dates, others))), "different orders"));
  CHECK(histories(read(log("day,c3", both(coarse, stamps)))) == by_time);
  // A day and a time of day are one time.
  const std::vector<std::string> clocks = {"10:00:02", "10:00:03", "09:59:59", "7:00:00",
                                           "06:00:00"};
  const Interactions combined = read(log("date,time", both({5, "2017-07-14"}, clocks)));
  CHECK(histories(combined) == by_time);
  CHECK(notes(combined, "time 'date' with 'time' (ISO 8601, days only, with the time of day)"));
  CHECK(contains(fault_of(log("time", clocks)), "may tell the order"));
  CHECK(contains(fault_of(log("date,length", both(dates, clocks))), "the time of day"));
  // Faults.
  CHECK(contains(fault_of(log("timestamp", {"1", "", "2", "3", "4"})),
                 "log.txt:3: column 'timestamp': '' is no time"));
  CHECK(contains(fault_of(log("timestamp", {"2017-07-14", "1500000000", "2", "3", "4"})),
                 "another form"));
  CHECK(contains(
            fault_of(log("timestamp", {"1.50e+09", "1.50e+09", "1.50e+09", "1.50e+09", "1.5e+09"})),
            "have lost their last digits") == false);  // one value a user: it cannot order anything
  CHECK(contains(
      fault_of(log("timestamp", {"1.50e+09", "1.50e+09", "1.51e+09", "1.50e+09", "1.50e+09"})),
      "have lost their last digits"));
  CHECK(notes(read(log("timestamp", {"5", "5", "4", "9", "8"})),
              "2 events of 1 users share their time"));
}

TEST_CASE("JSON lines are a table; other JSON is named") {
  const Interactions log = read(
      "{\"user_id\": 7, \"asin\": \"B1\", \"at\": {\"$date\": \"2017-07-15\"}}\n\n"
      "{\"asin\": \"B2\", \"user_id\": 7, \"at\": {\"$date\": \"2017-07-14\"}, \"tags\": [1]}\n");
  CHECK(histories(log) == Histories{{"B2", "B1"}});
  CHECK(notes(log, "read as: table, JSON lines"));
  CHECK(notes(log, "time 'at.$date'"));
  CHECK(notes(log, "not used: columns 'tags'"));
  CHECK(contains(fault_of("{\"user\": 1, \"item\": 2}\n{\"user\": 1}\n"),
                 "log.txt:2: the item is missing"));
  CHECK(contains(fault_of("[{\"user\": 1, \"item\": 2}]"), "one JSON list"));
  CHECK(contains(fault_of("{\n\"user\": 1}"), "log.txt:1: is no JSON object"));
}

TEST_CASE("tables in MovieLens' forms are read with a header and refused without") {
  const Histories expected = {{"b", "a"}};
  CHECK(histories(
            read("UserID::MovieID::Rating::Timestamp\n1::a::5::978300760\n1::b::3::978300750\n")) ==
        expected);
  CHECK(histories(read("user|item|ts\n1|a|2\n1|b|1\n")) == expected);
  CHECK(histories(read("user_id:token item_id:token timestamp:float\n1 a 2\n1  b 1\n")) ==
        expected);
  CHECK(histories(read("user item time\n1 a \"2017-07-14 02:00\"\n1 b \"2017-07-14 01:00\"\n")) ==
        expected);
  CHECK(contains(fault_of("user item time\n1 a 2017-07-14 02:00\n"), "log.txt:2: has 4 fields"));
  const std::string data = lines_of([](int i) {
    return std::to_string(i % 7) + "\t" + std::to_string(i * 5 % 31) + "\t" +
           std::to_string(i % 5 + 1) + "\t" + std::to_string(881250949 + i);
  });
  CHECK(contains(fault_of(data), "'user item rating timestamp'"));
  CHECK(read("user\titem\trating\ttimestamp\n" + data).event_count == 60);
}

TEST_CASE("formats have names") {
  CHECK(parse_interaction_format("pairs") == InteractionFormat::kPairs);
  CHECK(parse_interaction_format("sequences") == InteractionFormat::kSequences);
  CHECK(parse_interaction_format("table") == InteractionFormat::kTable);
  CHECK_THROWS_WITH_AS(parse_interaction_format("csv"), doctest::Contains("'csv' is none of"),
                       Error);
}

TEST_CASE("histories and lists of ids") {
  const ScratchDir scratch;
  CHECK(read_sequences(scratch.write("s", "1 2  3\n\n\tx\r\n")) ==
        Histories{{"1", "2", "3"}, {}, {"x"}});
  CHECK(read_sequences(scratch.write("s", "")).empty());
  CHECK(read_id_list(scratch.write("l", "a b\n\nc\td\r\n")) == Names{"a", "b", "c", "d"});
  CHECK_THROWS_WITH_AS(read_id_list(scratch.path("absent")),
                       doctest::Contains("absent: cannot be opened"), Error);
}

}  // namespace
}  // namespace pintle::converter
