// SPDX-License-Identifier: Apache-2.0
#include "converter/file/catalogue.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "converter/io/error.h"
#include "random_network.h"

namespace pintle::converter {
namespace {

ItemTable table(const std::vector<std::pair<int64_t, std::string>>& ids, bool integers = true) {
  ItemTable items;
  items.integer_ids = integers;
  items.has_titles = true;
  items.attributes = {{"genre", "Noir"}, {"genre", "Space"}};
  for (const auto& [checkpoint_id, external_id] : ids) {
    items.items.push_back({checkpoint_id,
                           external_id,
                           "title " + external_id,
                           {static_cast<uint32_t>(checkpoint_id % 2)}});
  }
  return items;
}

Interactions events(const std::vector<std::string>& names) {
  Interactions interactions;
  interactions.users = {"u"};
  interactions.item_names = names;
  interactions.items.emplace_back();
  for (size_t i = 0; i < names.size(); ++i) interactions.items[0].push_back(i);
  interactions.event_count = names.size();
  return interactions;
}

TEST_CASE("without tables every row stays, under the checkpoint's id") {
  Network network = random_network();
  CatalogueReport report;
  const Catalogue catalogue = build_catalogue(nullptr, nullptr, &network, &report);
  CHECK(network.items.rows == 37);
  CHECK(catalogue.integer_ids.front() == 1);
  CHECK(catalogue.integer_ids.back() == 37);
  CHECK(catalogue.trained.empty());
  CHECK(report.dropped_items == 0);
}

TEST_CASE("an item table keeps its rows, in the checkpoint's order, with the app's ids") {
  Network network = random_network();
  network.item_bias = RandomNumbers(3).vector(37);
  network.output_items = RandomNumbers(4).matrix(37, 12);
  const Network before = network;
  const ItemTable items = table({{30, "5"}, {2, "900"}, {99, "7"}, {17, "-4"}});
  CatalogueReport report;
  const Catalogue catalogue = build_catalogue(&items, nullptr, &network, &report, true);
  CHECK(network.checkpoint_ids == std::vector<int64_t>{2, 17, 30});
  CHECK(catalogue.integer_ids == std::vector<int64_t>{900, -4, 5});
  CHECK(catalogue.id_order == std::vector<uint32_t>{1, 2, 0});
  CHECK(catalogue.titles == std::vector<std::string>{"title 900", "title -4", "title 5"});
  CHECK(catalogue.item_attributes == std::vector<std::vector<uint32_t>>{{0}, {1}, {0}});
  const int64_t rows[] = {1, 16, 29};
  for (int64_t i = 0; i < 3; ++i) {
    CHECK(std::equal(network.items.row(i), network.items.row(i) + 12, before.items.row(rows[i])));
    CHECK(std::equal(network.output_items->row(i), network.output_items->row(i) + 12,
                     before.output_items->row(rows[i])));
    CHECK(network.item_bias[static_cast<size_t>(i)] ==
          before.item_bias[static_cast<size_t>(rows[i])]);
  }
  CHECK(network.items.values.size() == 36);
  CHECK(network.item_bias.size() == 3);
  CHECK(report.dropped_items == 34);
  CHECK(report.missing_items == 1);
  CHECK(report.missing_examples == std::vector<std::string>{"99"});
}

TEST_CASE("text ids sort by their bytes") {
  Network network = random_network();
  const ItemTable items = table({{1, "b"}, {2, "\xC3\xA9"}, {3, "B"}, {4, "ba"}}, false);
  CatalogueReport report;
  const Catalogue catalogue = build_catalogue(&items, nullptr, &network, &report);
  CHECK(catalogue.has_text_ids);
  CHECK(catalogue.integer_ids.empty());
  CHECK(catalogue.id_order == std::vector<uint32_t>{2, 0, 3, 1});
}

TEST_CASE("interactions alone keep the rows that occur") {
  Network network = random_network();
  const Interactions interactions = events({"12", "3", "77", "x"});
  CatalogueReport report;
  const Catalogue catalogue = build_catalogue(nullptr, &interactions, &network, &report);
  CHECK(network.checkpoint_ids == std::vector<int64_t>{3, 12});
  CHECK(catalogue.trained.empty());
  CHECK(report.log.unknown_ids == 2);
  CHECK(report.log.unknown_examples == std::vector<std::string>{"77", "x"});
}

TEST_CASE("with both, listed items that never occur are untrained") {
  Network network = random_network();
  const ItemTable items = table({{1, "101"}, {2, "102"}, {3, "103"}});
  const Interactions interactions = events({"103", "101", "1"});
  CatalogueReport report;
  const Catalogue catalogue = build_catalogue(&items, &interactions, &network, &report);
  CHECK(catalogue.integer_ids == std::vector<int64_t>{101, 102, 103});
  CHECK(catalogue.trained == std::vector<bool>{true, false, true});
  CHECK(catalogue.trained_count(3) == 2);
  CHECK(report.untrained_items == 1);
  CHECK(report.log.unknown_ids == 1);
}

TEST_CASE("nothing left is an error that says where the ids come from") {
  Network network = random_network();
  CatalogueReport report;
  const ItemTable elsewhere = table({{1000, "1"}});
  CHECK_THROWS_WITH_AS(build_catalogue(&elsewhere, nullptr, &network, &report),
                       doctest::Contains("1 to 37"), Error);
  const Interactions strangers = events({"1000", "item-1"});
  CHECK_THROWS_WITH_AS(build_catalogue(nullptr, &strangers, &network, &report),
                       doctest::Contains("--id-column"), Error);
}

}  // namespace
}  // namespace pintle::converter
