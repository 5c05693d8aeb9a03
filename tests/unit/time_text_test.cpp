// SPDX-License-Identifier: Apache-2.0
#include "converter/io/time_text.h"

#include <doctest/doctest.h>

#include "converter/io/log_names.h"
#include "converter/io/time_column.h"

namespace pintle::converter {
namespace {

constexpr int64_t kMoment = 1500058297;  // 2017-07-14 18:51:37 UTC
constexpr int64_t kDay = 1499990400;     // 2017-07-14

struct Expected {
  const char* text;
  int64_t whole;
  int64_t fraction;
};

TEST_CASE("times in many forms are the same moment") {
  for (const Expected& expected : {
           Expected{"2017-07-14 18:51:37", kMoment, 0},
           Expected{"2017-07-14T18:51:37", kMoment, 0},
           Expected{"2017-7-14 18:51:37", kMoment, 0},
           Expected{"2017-07-14T18:51:37Z", kMoment, 0},
           Expected{"2017-07-14 18:51:37 UTC", kMoment, 0},
           Expected{"2017-07-14T20:51:37+02:00", kMoment, 0},
           Expected{"2017-07-14T20:51:37+0200", kMoment, 0},
           Expected{"2017-07-14 13:21:37-05:30", kMoment, 0},
           Expected{"2017-07-14 18:51:37.25", kMoment, 250'000'000'000'000'000},
           Expected{"2017-07-14 18:51:37,123456789", kMoment, 123'456'789'000'000'000},
           Expected{"2017-07-14 18:51", kMoment - 37, 0},
           Expected{"2017-07-14", kDay, 0},
           Expected{"2017/07/14 18:51:37", kMoment, 0},
           Expected{"20170714T185137", kMoment, 0},
           Expected{"20170714T185137Z", kMoment, 0},
           Expected{"14.07.2017 18:51:37", kMoment, 0},
           Expected{"07 14, 2017", kDay, 0},
           Expected{"Jul 14, 2017", kDay, 0},
           Expected{"July 14, 2017 6:51:37 PM", kMoment, 0},
           Expected{"14 Jul 2017, 18:51", kMoment - 37, 0},
           Expected{"14-Jul-2017", kDay, 0},
           Expected{"14/Jul/2017:18:51:37 +0000", kMoment, 0},
           Expected{"Fri, 14 Jul 2017 20:51:37 +0200", kMoment, 0},
           Expected{"Fri Jul 14 18:51:37 +0000 2017", kMoment, 0},
           Expected{"Fri Jul 14 18:51:37 2017", kMoment, 0},
           Expected{"07/14/2017 18:51:37", kMoment, 0},
           Expected{"12:00:00 AM", 0, 0},
           Expected{"18:51:37.5", 67897, 500'000'000'000'000'000},
           Expected{"1969-12-31 23:59:59.5", -1, 500'000'000'000'000'000},
           Expected{"2000-02-29", 951782400, 0},
       }) {
    CAPTURE(expected.text);
    const std::optional<TimeText> time = parse_time(expected.text);
    REQUIRE(time);
    CHECK_FALSE(time->form.is_number);
    CHECK(time->instant.whole == expected.whole);
    CHECK(time->instant.fraction == expected.fraction);
  }
}

TEST_CASE("numbers are exact") {
  for (const Expected& expected : {
           Expected{"1500058297", kMoment, 0},
           Expected{"1500058297.0", kMoment, 0},
           Expected{"1500058297.25", kMoment, 250'000'000'000'000'000},
           Expected{"1.500058297e+09", kMoment, 0},
           Expected{"1.5000582975E9", kMoment, 500'000'000'000'000'000},
           Expected{"9007199254740993", 9007199254740993, 0},
           Expected{"1500058297123456789", 1500058297123456789, 0},
           Expected{"-1.25", -2, 750'000'000'000'000'000},
           Expected{"0.001", 0, 1'000'000'000'000'000},
           Expected{"1e-3", 0, 1'000'000'000'000'000},
           Expected{"0", 0, 0},
       }) {
    CAPTURE(expected.text);
    const std::optional<TimeText> time = parse_time(expected.text);
    REQUIRE(time);
    CHECK(time->form.is_number);
    CHECK(time->instant.whole == expected.whole);
    CHECK(time->instant.fraction == expected.fraction);
    CHECK_FALSE(time->has_lost_digits);
  }
  CHECK(parse_time("1.500058e+09")->has_lost_digits);
}

TEST_CASE("what is no time is none") {
  for (const char* text :
       {"", "yesterday", "nan", "2017-02-29", "2017-13-01", "2017-07-14 24:00:00", "31/31/2017",
        "2017-07-14 18:51:37 Europe/Paris", "14 Juillet 2017", "18:61", "1.2.3",
        "99999999999999999999", "2017-07-14T", "07/14/17", "1,500", "--", "0x10", "12 monkeys"}) {
    CAPTURE(text);
    CHECK_FALSE(parse_time(text));
  }
}

TEST_CASE("units by size") {
  CHECK(std::string(epoch_unit(kMoment)) == "seconds");
  CHECK(std::string(epoch_unit(kMoment * 1000)) == "milliseconds");
  CHECK(std::string(epoch_unit(kMoment * 1000000)) == "microseconds");
  CHECK(std::string(epoch_unit(kMoment * 1000000000)) == "nanoseconds");
  CHECK(std::string(epoch_unit(20170714)) == "YYYYMMDD");
  CHECK(std::string(epoch_unit(20170714185137)) == "YYYYMMDDhhmmss");
  CHECK(epoch_unit(57) == nullptr);
  CHECK_FALSE(is_recent_epoch(150005829));
  CHECK(is_recent_epoch(kMoment * 1000));
}

std::string fault_of(const std::vector<const char*>& texts, size_t* line = nullptr) {
  TimeColumn column;
  size_t at = 1;
  for (const char* text : texts) column.add(++at, text);
  column.finish();
  if (line != nullptr) *line = column.fault_line();
  return column.fault();
}

TEST_CASE("a column has one form") {
  size_t line = 0;
  CHECK(fault_of({"2017-07-14 18:51:37", "2017-07-14T18:51:38.5"}) == "");
  CHECK(fault_of({"2017-07-14 18:51:37", "2017-07-14 18:51:37Z"}, &line) != "");
  CHECK(line == 3);
  CHECK(fault_of({"2017-07-14", "2017-07-14 18:51:37"}) != "");
  CHECK(fault_of({"2017-07-14", "1500058297"}) != "");
  CHECK(fault_of({"2017-07-14", ""}) == "'' is no time");
  // Seconds and milliseconds, and a time that is missing.
  CHECK(fault_of({"1500058297", "1500058297000"}) != "");
  CHECK(fault_of({"1500058297", "0"}, &line) != "");
  CHECK(line == 3);
  CHECK(fault_of({"7", "0", "30"}) == "");
}

TEST_CASE("the whole column tells the day from the month") {
  const auto first_of = [](const std::vector<const char*>& texts) {
    TimeColumn column;
    for (const char* text : texts) column.add(1, text);
    column.finish();
    REQUIRE(column.fault() == "");
    return column.instants()[0].whole;
  };
  CHECK(first_of({"02/03/2017", "02/13/2017"}) == 1486080000);  // 3 February
  CHECK(first_of({"02/03/2017", "13/02/2017"}) == 1488412800);  // 2 March
  CHECK(fault_of({"02/03/2017", "04/05/2017"}).find("YYYY-MM-DD") != std::string::npos);
  CHECK(fault_of({"13/03/2017", "04/15/2017"}).find("another order") != std::string::npos);
}

TEST_CASE("names of time columns") {
  for (const char* name : {"timestamp", "Time", "ts", "date", "unixReviewTime", "DateTime"}) {
    CAPTURE(name);
    CHECK(time_name(name) == TimeName::kExact);
  }
  for (const char* name : {"event_time", "t_dat", "reviewTime", "created_at", "createdAt",
                           "createdat", "interaction_time", "order_date", "watched at",
                           "timestamp_ms", "purchaseDate", "clicktime", "created_utc"}) {
    CAPTURE(name);
    CHECK(time_name(name) == TimeName::kLikely);
  }
  for (const char* name : {"playtime", "time_spent", "watch_time", "date_of_birth", "duration",
                           "timezone", "position", "year", "candidate", "sentiment"}) {
    CAPTURE(name);
    CHECK(time_name(name) == TimeName::kWeak);
  }
  for (const char* name : {"order_id", "phone", "app_id", "paid"}) {
    CAPTURE(name);
    CHECK(time_name(name) == TimeName::kId);
  }
  for (const char* name : {"rating", "country", "category", "format", "state"}) {
    CAPTURE(name);
    CHECK(time_name(name) == TimeName::kNone);
  }
}

}  // namespace
}  // namespace pintle::converter
