// SPDX-License-Identifier: Apache-2.0
#include "converter/io/item_dates.h"

#include <doctest/doctest.h>

#include <string>
#include <vector>

namespace pintle::converter {
namespace {

constexpr int32_t kDay = 1440;

TEST_CASE("written dates count as they stand") {
  const ItemDates dates =
      read_item_dates({"1970-01-02", "Jan 3, 1970", "1970-01-01T00:01:59Z", "1969-12-31 23:59:30",
                       "4 January 1970", "", "NaN", "soon", "12:30", "1995"});
  CHECK(dates.minutes == std::vector<int32_t>{kDay, 2 * kDay, 1, -1, 3 * kDay, kUnknownDate,
                                              kUnknownDate, kUnknownDate, kUnknownDate,
                                              kUnknownDate});
  CHECK(dates.known == 5);
  CHECK(dates.missing == 2);
  CHECK(dates.unread == 3);
  CHECK(dates.unread_example == "soon");
  CHECK_FALSE(dates.is_number);
  CHECK(dates.fault.empty());
  CHECK_FALSE(dates.mostly_known());
}

TEST_CASE("day and month by the whole column") {
  const ItemDates day = read_item_dates({"02/01/1970", "13/01/1970"});
  CHECK(day.minutes == std::vector<int32_t>{kDay, 12 * kDay});
  CHECK(day.form == "DD/MM/YYYY");
  const ItemDates month = read_item_dates({"01/02/1970", "01/13/1970"});
  CHECK(month.minutes == std::vector<int32_t>{kDay, 12 * kDay});
  const ItemDates either = read_item_dates({"01/02/1970", "02/01/1970"});
  CHECK(either.known == 0);
  CHECK(either.fault.find("may have the day or the month first") != std::string::npos);
  const ItemDates both = read_item_dates({"13/01/1970", "01/13/1970"});
  CHECK(both.fault.find("'13/01/1970' has the day first, '01/13/1970' the month") !=
        std::string::npos);
}

TEST_CASE("numbers count in the unit of most of them") {
  const ItemDates seconds =
      read_item_dates({"1000000000", "-315619200", "0", "-1", "1000000059.5"});
  CHECK(seconds.minutes ==
        std::vector<int32_t>{16666666, -5260320, kUnknownDate, kUnknownDate, 16666667});
  CHECK(seconds.form == "seconds since 1970");
  CHECK(seconds.is_number);
  const ItemDates milliseconds = read_item_dates({"1000000000000", "1000000000001", "1995"});
  CHECK(milliseconds.minutes == std::vector<int32_t>{16666666, 16666666, kUnknownDate});
  CHECK(read_item_dates({"1e9"}).minutes[0] == 16666666);
  const ItemDates digits = read_item_dates({"19700102", "20010203", "20011345"});
  CHECK(digits.minutes == std::vector<int32_t>{kDay, 11356 * kDay, kUnknownDate});
  CHECK(digits.form == "YYYYMMDD");
  CHECK(read_item_dates({"19700102013000"}).minutes[0] == kDay + 90);
  const ItemDates years = read_item_dates({"1970", "1971.0", "3000"});
  CHECK(years.minutes == std::vector<int32_t>{0, 365 * kDay, kUnknownDate});
  CHECK(years.are_years());
  CHECK(read_item_dates({"12", "13"}).fault == "'12' is no date");
  CHECK(read_item_dates({"", "None"}).fault == "it is empty");
}

TEST_CASE("what a date of an item may be called") {
  for (const char* name : {"release_date", "Date", "published", "addedAt", "timestamp", "created",
                           "premiere", "upload_time", "pub date"}) {
    CAPTURE(name);
    CHECK(may_be_item_date(name, true));
    CHECK(may_be_item_date(name, false));
  }
  CHECK(may_be_item_date("whatever", false));
  CHECK_FALSE(may_be_item_date("whatever", true));
  CHECK_FALSE(may_be_item_date("item_id", true));
  for (const char* name : {"updated_at", "lastModified", "birthday", "end_date", "createdUpdated",
                           "last_seen", "scraped_on", "expirydate"}) {
    CAPTURE(name);
    CHECK_FALSE(may_be_item_date(name, true));
    CHECK_FALSE(may_be_item_date(name, false));
  }
}

}  // namespace
}  // namespace pintle::converter
