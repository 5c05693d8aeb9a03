// SPDX-License-Identifier: Apache-2.0
//
// What pintle.h says above a function beside what the library does: every function has its thread
// rule; the statuses that it names are those of the table, and the library gives each of them.
#include <doctest/doctest.h>

#include <fstream>
#include <iterator>
#include <map>
#include <regex>
#include <set>

#include "api/status_table.h"

namespace pintle::test {
namespace {

using Names = std::set<std::string>;

struct Declaration {
  std::string name;
  std::string comment;  // in one line
  bool returns_status;
};

// The header's functions, each with the comment that stands directly above it, or above those and the
// macros between. Every pintle_*_init has the one comment that speaks of all.
std::vector<Declaration> declarations() {
  std::ifstream header(PINTLE_ROOT "/runtime/include/pintle/pintle.h");
  REQUIRE(header.good());
  std::vector<Declaration> found;
  std::string line, comment, of_inits;
  bool in_comment = false, in_macro = false;
  while (std::getline(header, line)) {
    if (in_comment || line.rfind("/*", 0) == 0) {
      if (!in_comment) comment.clear();
      in_comment = line.find("*/") == std::string::npos;
      comment += std::regex_replace(line, std::regex("^ ?/?\\*+ ?|\\*/$"), "") + " ";
      if (!in_comment && comment.find("pintle_*_init ") != std::string::npos) of_inits = comment;
    } else if (line.rfind("PINTLE_API ", 0) == 0) {
      std::string more;
      while (line.find(';') == std::string::npos && std::getline(header, more)) line += more;
      std::smatch parts;
      REQUIRE_MESSAGE(std::regex_search(line, parts, std::regex("(pintle_[a-z0-9_]+)\\(")), line);
      const std::string name = parts[1];
      const bool is_init = std::regex_search(name, std::regex("_init$"));
      const bool returns_status = line.rfind("PINTLE_API pintle_status ", 0) == 0;
      found.push_back({name, is_init ? of_inits : comment, returns_status});
    } else if (in_macro || line.rfind('#', 0) == 0) {
      in_macro = line.back() == '\\';
    } else {
      comment.clear();
    }
  }
  return found;
}

// The statuses of the sentence that begins with "Returns PINTLE_OK".
Names statuses_in(const std::string& comment) {
  const size_t begin = comment.find("Returns PINTLE_OK");
  if (begin == std::string::npos) return {};
  size_t end = begin;
  for (int depth = 0; end < comment.size() && (depth > 0 || comment[end] != '.'); ++end) {
    depth += (comment[end] == '(') - (comment[end] == ')');
  }
  const std::string sentence = comment.substr(begin, end - begin);
  const std::regex status("PINTLE_(OK|ERR_[A-Z_]+)");
  Names names;
  for (std::sregex_iterator match(sentence.begin(), sentence.end(), status), none; match != none;
       ++match) {
    names.insert(match->str());
  }
  return names;
}

StatusTable whole_table() {
  StatusTable table;
  for (const StatusTable& part : {opening_statuses(), model_statuses(), session_statuses()}) {
    table.insert(table.end(), part.begin(), part.end());
  }
  return table;
}

TEST_CASE("every function has one thread rule, at the end of its comment") {
  const std::vector<Declaration> functions = declarations();
  CHECK(functions.size() > 60);
  const std::regex rule("(Any thread|The session's thread|A thread that has all the sessions)\\.");
  for (const Declaration& function : functions) {
    CAPTURE(function.name);
    CAPTURE(function.comment);
    const std::sregex_iterator match(function.comment.begin(), function.comment.end(), rule);
    REQUIRE(match != std::sregex_iterator());
    CHECK(std::next(match) == std::sregex_iterator());
    CHECK(function.comment.find_first_not_of(
              ' ', static_cast<size_t>(match->position()) + static_cast<size_t>(match->length())) ==
          std::string::npos);
  }
}

TEST_CASE("the header's functions and statuses are the table's") {
  std::map<std::string, Names> listed;
  for (const FunctionStatuses& function : whole_table()) {
    CAPTURE(function.function);
    Names& names = listed[function.function];
    CHECK(names.empty());  // one entry a function
    for (const StatusCase& entry : function.cases) {
      CHECK(names.insert(pintle_status_name(entry.status)).second);
    }
  }
  for (const Declaration& function : declarations()) {
    CAPTURE(function.name);
    const Names stated = statuses_in(function.comment);
    CHECK(function.returns_status == !stated.empty());
    if (!function.returns_status) continue;
    const auto entry = listed.find(function.name);
    CHECK_MESSAGE(entry != listed.end(), "the table lacks the function");
    if (entry == listed.end()) continue;
    for (const std::string& name : stated) {
      CHECK_MESSAGE(entry->second.count(name) == 1, "the table lacks ", name);
    }
    for (const std::string& name : entry->second) {
      CHECK_MESSAGE(stated.count(name) == 1, "the header lacks ", name);
    }
    listed.erase(entry);
  }
  for (const auto& [name, statuses] : listed) {
    FAIL_CHECK("the header lacks the function ", name);
  }
}

TEST_CASE("the library returns every status that the table lists") {
  size_t not_provoked = 0;
  for (const FunctionStatuses& function : whole_table()) {
    for (const StatusCase& entry : function.cases) {
      CAPTURE(function.function);
      CAPTURE(std::string(pintle_status_name(entry.status)));
      CHECK((entry.provoke == nullptr) == !entry.why_not.empty());
      if (entry.provoke == nullptr) {
        ++not_provoked;
        continue;
      }
      CHECK(std::string(pintle_status_name(entry.provoke())) == pintle_status_name(entry.status));
    }
  }
  CHECK(not_provoked == 2);
}

}  // namespace
}  // namespace pintle::test
