// SPDX-License-Identifier: Apache-2.0
//
// One log in many forms: each is read as the same histories or refused with advice, none differs in
// silence.
#include <doctest/doctest.h>

#include <algorithm>
#include <cstdio>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "converter/io/error.h"
#include "converter/io/interactions.h"
#include "support/gzip.h"
#include "support/scratch_dir.h"

namespace pintle::converter {
namespace {

using test::gzip;
using Histories = std::map<std::string, std::vector<std::string>>;

struct Event {
  int user = 0, item = 0;
  int64_t time = 0;
};

class Choice {
 public:
  explicit Choice(unsigned seed) : random_(seed) {}
  size_t below(size_t count) { return random_() % count; }
  bool one_in(size_t count) { return below(count) == 0; }
  template <typename T>
  T of(const std::vector<T>& choices) {
    return choices[below(choices.size())];
  }
  template <typename T>
  void shuffle(std::vector<T>* values) {
    for (size_t i = values->size(); i > 1; --i) std::swap((*values)[i - 1], (*values)[below(i)]);
  }

 private:
  std::mt19937 random_;
};

constexpr int kItems = 40;

// In order of time, no two events at the same second.
std::vector<Event> one_log() {
  Choice choice(8);
  std::vector<Event> events;
  int64_t time = 1498903200;  // July 2017
  for (int i = 0; i < 300; ++i) {
    time += 1 + static_cast<int64_t>(choice.below(17000));
    events.push_back({101 + static_cast<int>(choice.below(25)),
                      1 + static_cast<int>(choice.below(kItems)), time});
  }
  return events;
}

Histories histories_of(const std::vector<Event>& events) {
  Histories histories;
  for (const Event& event : events) {
    histories[std::to_string(event.user)].push_back(std::to_string(event.item));
  }
  return histories;
}

Histories histories_of(const Interactions& interactions) {
  Histories histories;
  for (size_t u = 0; u < interactions.users.size(); ++u) {
    for (const size_t item : interactions.items[u]) {
      histories[interactions.users[u]].push_back(interactions.item_names[item]);
    }
  }
  return histories;
}

enum class Loss {
  kNone,  // the time is told in full
  kTies,  // by day, or without the last digits
  kNoTime,
};

struct TimeStyle {
  const char* name;
  Loss loss;
  std::vector<std::string> (*write)(int64_t time);  // a field, or a date and a time of day
};

std::string date(int64_t time, const char* form) {
  const std::time_t seconds = static_cast<std::time_t>(time);
  std::tm parts = {};
  gmtime_r(&seconds, &parts);
  char text[80];
  const size_t size = std::strftime(text, sizeof(text), form, &parts);
  return {text, size};
}

std::string scientific(int64_t time, int digits) {
  char text[40];
  std::snprintf(text, sizeof(text), "%.*e", digits, static_cast<double>(time));
  return text;
}

using Fields = std::vector<std::string>;

const std::vector<TimeStyle>& time_styles() {
  static const std::vector<TimeStyle> styles = {
      {"s", Loss::kNone, [](int64_t t) { return Fields{std::to_string(t)}; }},
      {"s.0", Loss::kNone, [](int64_t t) { return Fields{std::to_string(t) + ".0"}; }},
      {"s.25", Loss::kNone, [](int64_t t) { return Fields{std::to_string(t) + ".25"}; }},
      {"ms", Loss::kNone, [](int64_t t) { return Fields{std::to_string(t) + "123"}; }},
      {"us", Loss::kNone, [](int64_t t) { return Fields{std::to_string(t) + "123456"}; }},
      {"ns", Loss::kNone, [](int64_t t) { return Fields{std::to_string(t) + "000000001"}; }},
      {"1.500058297e+09", Loss::kNone, [](int64_t t) { return Fields{scientific(t, 9)}; }},
      {"1.500058e+09", Loss::kTies, [](int64_t t) { return Fields{scientific(t, 6)}; }},
      {"1.5e+09", Loss::kTies, [](int64_t t) { return Fields{scientific(t, 3)}; }},
      {"T", Loss::kNone, [](int64_t t) { return Fields{date(t, "%Y-%m-%dT%H:%M:%S")}; }},
      {"space", Loss::kNone, [](int64_t t) { return Fields{date(t, "%Y-%m-%d %H:%M:%S")}; }},
      {"Z", Loss::kNone, [](int64_t t) { return Fields{date(t, "%Y-%m-%dT%H:%M:%SZ")}; }},
      {"UTC", Loss::kNone, [](int64_t t) { return Fields{date(t, "%Y-%m-%d %H:%M:%S UTC")}; }},
      {"+02:00", Loss::kNone,
       [](int64_t t) {
         // Zones that differ from line to line.
         return t % 2 == 0 ? Fields{date(t + 7200, "%Y-%m-%d %H:%M:%S+02:00")}
                           : Fields{date(t - 19800, "%Y-%m-%d %H:%M:%S-05:30")};
       }},
      {"+0200", Loss::kNone,
       [](int64_t t) { return Fields{date(t + 7200, "%Y-%m-%dT%H:%M:%S+0200")}; }},
      {"fraction", Loss::kNone,
       [](int64_t t) {
         return Fields{date(t, "%Y-%m-%d %H:%M:%S") + (t % 3 == 0 ? "" : ".123456")};
       }},
      {"basic", Loss::kNone, [](int64_t t) { return Fields{date(t, "%Y%m%dT%H%M%S")}; }},
      {"14 digits", Loss::kNone, [](int64_t t) { return Fields{date(t, "%Y%m%d%H%M%S")}; }},
      {"slashes", Loss::kNone, [](int64_t t) { return Fields{date(t, "%Y/%m/%d %H:%M:%S")}; }},
      {"dots", Loss::kNone, [](int64_t t) { return Fields{date(t, "%d.%m.%Y %H:%M:%S")}; }},
      {"US", Loss::kNone, [](int64_t t) { return Fields{date(t, "%m/%d/%Y %H:%M:%S")}; }},
      {"US, 12 hours", Loss::kNone,
       [](int64_t t) { return Fields{date(t, "%m/%d/%Y %I:%M:%S %p")}; }},
      {"UK", Loss::kNone, [](int64_t t) { return Fields{date(t, "%d/%m/%Y %H:%M:%S")}; }},
      {"Amazon", Loss::kNone, [](int64_t t) { return Fields{date(t, "%m %d, %Y %H:%M:%S")}; }},
      {"month", Loss::kNone, [](int64_t t) { return Fields{date(t, "%b %d, %Y %H:%M:%S")}; }},
      {"day month", Loss::kNone, [](int64_t t) { return Fields{date(t, "%d %B %Y, %H:%M:%S")}; }},
      {"RFC 2822", Loss::kNone,
       [](int64_t t) { return Fields{date(t, "%a, %d %b %Y %H:%M:%S +0000")}; }},
      {"Twitter", Loss::kNone,
       [](int64_t t) { return Fields{date(t, "%a %b %d %H:%M:%S +0000 %Y")}; }},
      {"Apache", Loss::kNone, [](int64_t t) { return Fields{date(t, "%d/%b/%Y:%H:%M:%S +0000")}; }},
      {"date and time", Loss::kNone,
       [](int64_t t) {
         return Fields{date(t, "%Y-%m-%d"), date(t, "%H:%M:%S")};
       }},
      {"UK date and time", Loss::kNone,
       [](int64_t t) {
         return Fields{date(t, "%d/%m/%Y"), date(t, "%I:%M:%S %p")};
       }},
      {"digits and time", Loss::kNone,
       [](int64_t t) {
         return Fields{date(t, "%Y%m%d"), date(t, "%H:%M:%S")};
       }},
      {"days", Loss::kTies, [](int64_t t) { return Fields{date(t, "%Y-%m-%d")}; }},
      {"Amazon's days", Loss::kTies, [](int64_t t) { return Fields{date(t, "%m %d, %Y")}; }},
      {"days in digits", Loss::kTies, [](int64_t t) { return Fields{date(t, "%Y%m%d")}; }},
      {"none", Loss::kNoTime, [](int64_t) { return Fields{}; }},
  };
  return styles;
}

// A column's name and its field of each event.
struct Column {
  std::string name;
  std::vector<std::string> fields;
};

struct Variant {
  std::string description;
  Loss loss = Loss::kNone;
  bool is_shuffled = false;
  std::string bytes;
};

enum class Ids { kPlain, kFloats, kMixed };

std::string id_text(int id, Ids style) {
  const bool is_float = style == Ids::kFloats || (style == Ids::kMixed && id % 2 == 0);
  return std::to_string(id) + (is_float ? ".0" : "");
}

void add_other_columns(const std::vector<Event>& events, Choice* choice,
                       std::vector<Column>* columns) {
  struct Other {
    const char* name;
    std::string (*field)(const Event& event);
  };
  static const std::vector<Other> others = {
      {"rating", [](const Event& e) { return std::to_string(1 + (e.user * 7 + e.item) % 5); }},
      {"weight", [](const Event&) { return std::string("1"); }},
      {"country", [](const Event& e) { return std::string(e.user % 2 == 0 ? "NL" : "PT"); }},
      {"timezone", [](const Event&) { return std::string("Europe/Lisbon"); }},
      {"price", [](const Event& e) { return std::to_string(e.item) + ".99"; }},
      {"playtime", [](const Event& e) { return std::to_string((e.user * e.item * 37) % 4000); }},
      {"date_of_birth",
       [](const Event& e) { return "19" + std::to_string(e.user % 40 + 50) + "-05-17"; }},
      {"release_date",
       [](const Event& e) { return "20" + std::to_string(e.item % 10 + 10) + "-01-17"; }},
      {"day", [](const Event& e) { return date(e.time, "%Y-%m-%d"); }},
      {"artist_id", [](const Event& e) { return std::to_string(e.item % 6); }},
      {"session_id", [](const Event& e) { return std::to_string(e.user * 10 + e.item % 3); }},
      {"order_id",
       [](const Event& e) { return std::to_string(1500000000 + (e.item * 977) % 5000); }},
      {"", [](const Event& e) { return std::to_string(e.item + e.user); }},
  };
  for (size_t count = choice->below(4); count > 0; --count) {
    const Other& other = choice->of(others);
    if (std::any_of(columns->begin(), columns->end(),
                    [&](const Column& column) { return column.name == other.name; })) {
      continue;
    }
    Column column{other.name, {}};
    for (const Event& event : events) column.fields.push_back(other.field(event));
    columns->push_back(std::move(column));
  }
}

std::string in_quotes(const std::string& field) {
  std::string text = "\"";
  for (const char c : field) text += c == '"' ? "\"\"" : std::string(1, c);
  return text + "\"";
}

struct Writing {
  std::string separator;  // "{": JSON lines
  std::string line_end;
  bool quotes_all = false, has_header = true, ends_last_line = true;
};

std::string field_text(const std::string& field, const Writing& writing) {
  const bool needs_quotes =
      field.find(writing.separator) != std::string::npos && writing.separator.size() == 1;
  return writing.quotes_all || needs_quotes ? in_quotes(field) : field;
}

std::string json_line(const std::vector<Column>& columns, size_t row) {
  std::string line;
  for (const Column& column : columns) {
    const std::string& field = column.fields[row];
    const bool is_number = field.find_first_not_of("0123456789.") == std::string::npos &&
                           field.find('.') == field.rfind('.');
    line += (line.empty() ? "{" : ", ") + in_quotes(column.name) + ": " +
            (is_number ? field : in_quotes(field));
  }
  return line + "}";
}

std::string text_of(const std::vector<Column>& columns, const Writing& writing) {
  std::vector<std::string> lines;
  const auto join = [&](const auto& field_of) {
    std::string line;
    for (const Column& column : columns) {
      line += (&column == &columns.front() ? "" : writing.separator) +
              field_text(field_of(column), writing);
    }
    return line;
  };
  if (writing.separator != "{" && writing.has_header) {
    lines.push_back(join([](const Column& column) { return column.name; }));
  }
  for (size_t row = 0; row < columns.front().fields.size(); ++row) {
    lines.push_back(writing.separator == "{"
                        ? json_line(columns, row)
                        : join([&](const Column& column) { return column.fields[row]; }));
  }
  std::string text;
  for (size_t i = 0; i < lines.size(); ++i) {
    text += lines[i];
    if (i + 1 < lines.size() || writing.ends_last_line) text += writing.line_end;
  }
  return text;
}

std::string utf16(const std::string& ascii, bool is_big, bool has_mark) {
  std::string bytes = !has_mark ? "" : is_big ? "\xfe\xff" : "\xff\xfe";
  for (const char c : ascii) bytes += is_big ? std::string{'\0', c} : std::string{c, '\0'};
  return bytes;
}

std::string coded(const std::string& text, size_t coding) {
  switch (coding) {
    case 0:
      return "\xef\xbb\xbf" + text;
    case 1:
      return utf16(text, false, true);
    case 2:
      return utf16(text, true, true);
    case 3:
      return utf16(text, false, false);
    case 4:
      return gzip(text);
    case 5:
      return gzip(utf16(text, false, true));
    default:
      return text;
  }
}

Variant make_variant(unsigned seed) {
  Choice choice(seed);
  std::vector<Event> events = one_log();
  Variant variant;
  variant.is_shuffled = !choice.one_in(4);
  if (variant.is_shuffled) choice.shuffle(&events);

  const Ids user_ids = choice.of<Ids>({Ids::kPlain, Ids::kPlain, Ids::kFloats, Ids::kMixed});
  const Ids item_ids = choice.of<Ids>({Ids::kPlain, Ids::kPlain, Ids::kFloats, Ids::kMixed});
  std::vector<Column> columns = {
      {choice.of<std::string>({"user_id", "user", "userId", "User ID", "USERID", "uid",
                               "user_id:token", "reviewerID", "customer_id", "visitorid"}),
       {}},
      {choice.of<std::string>({"item_id", "item", "itemId", "movieId", "Product ID", "asin",
                               "item_id:token", "track_id", "isbn", "ITEM"}),
       {}}};
  for (const Event& event : events) {
    columns[0].fields.push_back(id_text(event.user, user_ids));
    columns[1].fields.push_back(id_text(event.item, item_ids));
  }
  const TimeStyle& style = choice.of(time_styles());
  variant.loss = style.loss;
  const std::string time_name = choice.of<std::string>(
      {"timestamp", "time", "ts", "datetime", "date", "event_time", "t_dat", "reviewTime",
       "created_at", "createdAt", "interaction_time", "unixReviewTime", "timestamp:float",
       "order_date", "watched at", "moment"});
  const size_t time_columns = style.write(0).size();
  for (size_t i = 0; i < time_columns; ++i) {
    Column column{time_columns == 1 ? time_name : i == 0 ? "date" : "time", {}};
    for (const Event& event : events) column.fields.push_back(style.write(event.time)[i]);
    columns.push_back(std::move(column));
  }
  if (!choice.one_in(3)) add_other_columns(events, &choice, &columns);
  choice.shuffle(&columns);

  Writing writing;
  writing.separator = choice.of<std::string>({",", ",", "\t", ";", "|", "::", " ", "{"});
  writing.line_end = choice.of<std::string>({"\n", "\n", "\r\n", "\r"});
  writing.quotes_all = choice.one_in(4);
  writing.has_header = !choice.one_in(12);
  writing.ends_last_line = !choice.one_in(4);
  const size_t coding = choice.below(10);
  variant.bytes = coded(text_of(columns, writing), coding);
  variant.description = std::string("time ") + style.name + ", separator '" + writing.separator +
                        "', coding " + std::to_string(coding) +
                        (writing.has_header ? "" : ", no header") +
                        (writing.quotes_all ? ", quoted" : "") +
                        (variant.is_shuffled ? ", shuffled" : "") + ", columns";
  for (const Column& column : columns) variant.description += " '" + column.name + "'";
  if (!writing.has_header && variant.loss == Loss::kNone) variant.loss = Loss::kNoTime;
  return variant;
}

bool says_that_order_is_the_files(const Interactions& interactions) {
  return std::any_of(interactions.notes.begin(), interactions.notes.end(),
                     [](const std::string& note) {
                       return note.find("order: taken from the file") != std::string::npos ||
                              note.find("their order is the file's") != std::string::npos;
                     });
}

bool advises(const std::string& message) {
  for (const char* advice :
       {"write ", "--", "convert", "rename", "choose", "unpack", "header has"}) {
    if (message.find(advice) != std::string::npos) return true;
  }
  return false;
}

TEST_CASE("each form of a log gives the same histories, or is refused with advice") {
  constexpr unsigned kVariants = 2000;
  const test::ScratchDir folder;
  const Histories expected = histories_of(one_log());
  size_t read = 0, refused = 0, full = 0, full_read = 0, file_order = 0;
  std::map<std::string, size_t> reasons;
  for (unsigned seed = 0; seed < kVariants; ++seed) {
    const Variant variant = make_variant(seed);
    CAPTURE(seed);
    CAPTURE(variant.description);
    full += variant.loss == Loss::kNone ? 1 : 0;
    try {
      const Interactions interactions =
          read_interactions(folder.write("log", variant.bytes), InteractionOptions());
      ++read;
      full_read += variant.loss == Loss::kNone ? 1 : 0;
      const bool is_equal = histories_of(interactions) == expected;
      file_order += is_equal ? 0 : 1;
      const bool may_differ = variant.loss != Loss::kNone && variant.is_shuffled &&
                              says_that_order_is_the_files(interactions);
      CHECK((is_equal || may_differ));
    } catch (const Error& error) {
      ++refused;
      std::string message = error.what();
      CAPTURE(message);
      CHECK(advises(message));
      message.erase(0, folder.path("log").size());
      ++reasons[message.substr(message.find(": ") + 2, 40)];
    }
  }
  MESSAGE(read << " read, of which " << file_order << " in the file's order as told; " << refused
               << " refused; of " << full << " that tell the time in full " << full_read
               << " were read");
  for (const auto& [reason, count] : reasons) MESSAGE(count << " x " << reason);
  CHECK(full_read * 10 >= full * 8);
  CHECK(full >= 1000);
}

}  // namespace
}  // namespace pintle::converter
