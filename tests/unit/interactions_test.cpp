// SPDX-License-Identifier: Apache-2.0
#include "converter/io/interactions.h"

#include <doctest/doctest.h>

#include "converter/io/error.h"
#include "support/scratch_dir.h"

namespace pintle::converter {
namespace {

using pintle::test::ScratchDir;
using Names = std::vector<std::string>;
using Histories = std::vector<Names>;

Interactions read(const std::string& text, InteractionFormat format = InteractionFormat::kDetect) {
  const ScratchDir scratch;
  return read_interactions(scratch.write("log.txt", text), format);
}

Histories histories(const Interactions& interactions) {
  Histories names;
  for (const std::vector<size_t>& items : interactions.items) {
    names.emplace_back();
    for (const size_t item : items) names.back().push_back(interactions.item_names[item]);
  }
  return names;
}

std::string fault_of(const std::string& text,
                     InteractionFormat format = InteractionFormat::kDetect) {
  try {
    read(text, format);
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
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
  CHECK(contains(fault_of("1 2\n3 4 5\n", InteractionFormat::kPairs), "log.txt:2: has 3 fields"));
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
  CHECK(contains(fault_of(header + "\n1,,3\n"), "log.txt:4: the user or the item is empty"));
  CHECK(contains(fault_of(header + "1,2,yesterday\n"),
                 "log.txt:3: timestamp 'yesterday' is no number"));
  CHECK(contains(fault_of(header + "1,2,nan\n"), "log.txt:3: timestamp"));
  CHECK(contains(fault_of(header + "1,\"2,3\n4,5,6\n"), "log.txt:3: a quote is not closed"));
  CHECK(contains(fault_of(header + "1,a\"b,3\n"), "log.txt:3: a quote"));
  CHECK(contains(fault_of(header + "\"1\n2\",3,4\n5,6\n"), "log.txt:5: has 2 fields"));
  CHECK(contains(fault_of("who,what\n1,2\n", InteractionFormat::kTable), "it has 'who' 'what'"));
  CHECK(contains(fault_of("user,item\n"), "holds no interactions"));
}

TEST_CASE("what may be taken for another form is refused") {
  // A rating and a time would pass as items.
  CHECK(contains(fault_of("196\t242\t3\t881250949\n186\t302\t3\t891717742\n"),
                 "may be a table without a header"));
  CHECK(read("1\t2\t3\n4\t5\t6\n", InteractionFormat::kSequences).event_count == 4);
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
