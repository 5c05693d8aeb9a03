// SPDX-License-Identifier: Apache-2.0
#include "converter/io/log_ids.h"

#include <doctest/doctest.h>

#include "converter/io/error.h"

namespace pintle::converter {
namespace {

std::vector<std::string> names(int first, int last) {
  std::vector<std::string> names;
  for (int id = first; id <= last; ++id) names.push_back(std::to_string(id));
  return names;
}

// One user with each item once.
Interactions log_of(const std::vector<std::string>& items) {
  Interactions log;
  log.users = {"u"};
  log.item_names = items;
  log.items.emplace_back();
  for (size_t i = 0; i < items.size(); ++i) log.items[0].push_back(i);
  log.event_count = items.size();
  return log;
}

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

TEST_CASE("a log of the model's items has nothing to say") {
  const LogIds ids = compare_ids(log_of(names(3, 20)), names(1, 40));
  CHECK(ids.note.empty());
  CHECK(ids.fault.empty());
  CHECK(ids.ids == 18);
}

TEST_CASE("some unknown ids are a note, most are a fault") {
  Interactions log = log_of({"1", "2", "3", "900"});
  log.items[0] = {0, 0, 0, 0, 1, 1, 1, 2, 2, 3};
  LogIds ids = compare_ids(log, names(1, 40));
  CHECK(ids.note == "1 of 4 item ids are unknown (25.0 %, e.g. 900), 10.0 % of events");
  CHECK(ids.fault.empty());
  CHECK(ids.unknown_examples == std::vector<std::string>{"900"});
  ids.require_fit(false);

  log.items[0] = {0, 3, 3};
  ids = compare_ids(log, names(1, 40));
  CHECK(ids.unknown_events == 2);
  CHECK(contains(ids.fault, "for example 900; the model's ids look like 1, 2"));
  CHECK(contains(ids.fault, "--force"));
  CHECK_THROWS_AS(ids.require_fit(false), Error);
  ids.require_fit(true);
}

TEST_CASE("ids beside the model's are questioned") {
  // From 0 where the model's begin at 1, and the other way round.
  CHECK(contains(compare_ids(log_of(names(0, 39)), names(1, 40)).fault, "shifted by one?"));
  CHECK(contains(compare_ids(log_of(names(1, 40)), names(0, 39)).fault, "shifted by one?"));
  // A new item, where the oldest occurs too, or where the log is a part of the catalogue.
  CHECK(compare_ids(log_of(names(1, 41)), names(1, 40)).fault.empty());
  CHECK(compare_ids(log_of(names(20, 41)), names(1, 40)).fault.empty());
  CHECK(contains(compare_ids(log_of(names(20, 41)), names(1, 40)).note, "shifted by one?"));
  // Every second number.
  std::vector<std::string> even, odd;
  for (int id = 100; id < 140; ++id) (id % 2 == 0 ? even : odd).push_back(std::to_string(id));
  CHECK(contains(compare_ids(log_of(odd), even).fault, "shifted by one?"));
  CHECK_FALSE(contains(compare_ids(log_of({"a", "b"}), even).fault, "shifted"));
}

}  // namespace
}  // namespace pintle::converter
