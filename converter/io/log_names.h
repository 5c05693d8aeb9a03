// SPDX-License-Identifier: Apache-2.0
//
// What the columns of a log are usually called.
#ifndef PINTLE_CONVERTER_IO_LOG_NAMES_H_
#define PINTLE_CONVERTER_IO_LOG_NAMES_H_

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace pintle::converter {

// Lower case, letters and digits only: "User ID" and "user_id" are "userid".
std::string plain_name(std::string_view header);
// "eventTime", "event_time" and "Event time" are {"event", "time"}.
std::vector<std::string> header_words(std::string_view header);

// How sure a name is, 0 best: the role's own word; a kind of it (customer, movie); a coarser one that
// some models take instead (session, artist); a property of items that few do (category). None: no such
// name.
std::optional<int> user_surety(const std::string& plain_name);
std::optional<int> item_surety(const std::string& plain_name);

enum class TimeName {
  kExact,   // timestamp, datetime, ...: nothing but the time of the event
  kLikely,  // event_time, created_at, t_dat, ...
  kWeak,    // a duration, a position, a birthday, a part of a date: perhaps
  kNone,
  kId,  // no time, whatever its numbers look like
};
TimeName time_name(std::string_view header);

}  // namespace pintle::converter

#endif  // PINTLE_CONVERTER_IO_LOG_NAMES_H_
