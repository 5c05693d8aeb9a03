// SPDX-License-Identifier: Apache-2.0
#include "converter/run/histories.h"

#include <doctest/doctest.h>

#include "converter/io/error.h"
#include "converter/run/user_split.h"
#include "support/default_model.h"

namespace pintle::converter {
namespace {

using Users = std::vector<std::string>;

TEST_CASE("events become items of the model; unknown ones are left out and counted") {
  test::DefaultModel files;
  Interactions interactions;
  interactions.users = {"a", "b"};
  interactions.item_names = {"18174", "nothing", "77265"};
  interactions.items = {{0, 1, 2, 0}, {1}};
  const Histories histories = map_histories(files.model, interactions);
  CHECK(histories.users == Users{"a", "b"});
  REQUIRE(histories.items.size() == 2);
  CHECK(histories.items[0].size() == 3);
  CHECK(item_id(files.model, histories.items[0][1]) == "77265");
  CHECK(histories.items[0][0] == histories.items[0][2]);
  CHECK(histories.items[1].empty());
  CHECK(histories.unknown_events == 2);
}

TEST_CASE("users by name, in the log's order") {
  test::ScratchDir dir;
  Interactions interactions;
  interactions.users = {"a", "b", "c"};
  interactions.item_names = {"x"};
  interactions.items = {{0}, {0, 0}, {}};
  const Interactions chosen = select_users(interactions, dir.write("users", "c\nb a\n"));
  CHECK(chosen.users == Users{"a", "b", "c"});
  const Interactions one = select_users(interactions, dir.write("users", " b\n"));
  CHECK(one.users == Users{"b"});
  CHECK(one.event_count == 2);
  CHECK_THROWS_WITH_AS(select_users(interactions, dir.write("users", "b z")),
                       doctest::Contains("z"), Error);
}

TEST_CASE("every n-th user") {
  Histories histories;
  for (int i = 0; i < 7; ++i) {
    histories.users.push_back(std::to_string(i));
    histories.items.push_back({static_cast<uint32_t>(i)});
  }
  CHECK(take_part(histories, 1, 3).users == Users{"1", "4"});
  CHECK(take_part(histories, 0, 3).items == std::vector<std::vector<uint32_t>>{{0}, {3}, {6}});
  CHECK(take_part(histories, 6, 9).users == Users{"6"});
  CHECK(take_part(histories, 8, 9).users.empty());
}

TEST_CASE("who trains and who is held out") {
  test::DefaultModel files;
  Interactions interactions;
  interactions.users = {"a", "b", "c", "d", "e"};
  interactions.item_names = {"18174"};
  interactions.items = {{0}, {0}, {0}, {0}, {0}};
  const auto split = [&](const std::string& train, const std::string& held_out) {
    return split_users(files.model, interactions, train, held_out);
  };
  const std::string bd = files.dir.write("bd", "b d"), ab = files.dir.write("ab", "a b");
  const std::string all = files.dir.write("all", "a b c d e"), none = files.dir.write("none", "\n");

  UserSplit result = split("", "");
  CHECK(result.train.users == Users{"a", "c", "e"});
  CHECK(result.held_out.users == Users{"b", "d"});
  result = split(bd, "");
  CHECK(result.train.users == Users{"b", "d"});
  CHECK(result.held_out.users == Users{"a", "c", "e"});
  result = split("", bd);
  CHECK(result.train.users == Users{"a", "c", "e"});
  CHECK(result.held_out.users == Users{"b", "d"});
  CHECK(result.description.find("2 users") != std::string::npos);
  CHECK_THROWS_WITH_AS(split(bd, ab), doctest::Contains("user b"), Error);
  CHECK_THROWS_AS(split(all, ""), Error);
  CHECK_THROWS_AS(split(none, bd), Error);
}

}  // namespace
}  // namespace pintle::converter
