// SPDX-License-Identifier: Apache-2.0
#include "converter/io/log_names.h"

#include <algorithm>
#include <cstddef>
#include <vector>

#include "converter/io/text_file.h"

namespace pintle::converter {
namespace {

template <size_t kCount>
bool is_any(std::string_view name, const std::string_view (&names)[kCount]) {
  return std::find(names, names + kCount, name) != names + kCount;
}

bool is_letter_or_digit(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         static_cast<unsigned char>(c) >= 0x80;
}

template <size_t kCount>
bool has_any(const std::vector<std::string>& words, const std::string_view (&names)[kCount]) {
  return std::any_of(words.begin(), words.end(),
                     [&](const std::string& word) { return is_any(word, names); });
}

constexpr std::string_view kExactTimes[] = {
    "timestamp", "unixtimestamp", "unixreviewtime", "datetime", "time", "date", "ts", "unixtime"};
constexpr std::string_view kTimeWords[] = {
    "time",    "date",     "datetime", "timestamp", "timestamps", "stamp", "ts",
    "t",       "dat",      "dt",       "epoch",     "utc",        "when",  "created",
    "updated", "modified", "occurred", "published", "datum",      "zeit",  "uhrzeit",
    "fecha",   "hora",     "unixtime", "tstamp"};
// With one of these a time is how long something took, or another moment than the event's.
constexpr std::string_view kOtherTimeWords[] = {
    "spent",    "duration",  "dwell",     "zone",      "timezone",   "lifetime",
    "runtime",  "playtime",  "watchtime", "elapsed",   "screentime", "uptime",
    "delta",    "since",     "length",    "birth",     "birthday",   "birthdate",
    "dob",      "remaining", "total",     "avg",       "mean",       "gap",
    "interval", "play",      "watch",     "listening", "reading",    "timespent",
    "timezone", "response",  "sentiment", "candidate", "update",     "validate"};
constexpr std::string_view kPartsOfDates[] = {"year",    "month", "day",    "week",
                                              "weekday", "hour",  "minute", "quarter"};
constexpr std::string_view kPositions[] = {"position", "pos",   "seq",     "sequence",
                                           "step",     "order", "ordinal", "rank",
                                           "turn",     "index", "idx",     "rownum"};
constexpr std::string_view kIdWords[] = {"id",     "ids", "uuid",  "guid", "key", "hash",
                                         "code",   "ip",  "phone", "isbn", "ean", "gtin",
                                         "mobile", "zip", "price", "upc",  "sku", "amount"};

// Without a boundary between words: "createdat", "reviewtime", "timestampms".
bool is_joined_time(const std::string& plain) {
  return plain.find("timestamp") != std::string::npos ||
         plain.find("datetime") != std::string::npos || starts_with(plain, "time") ||
         starts_with(plain, "date") || ends_with(plain, "time") || ends_with(plain, "date") ||
         ends_with(plain, "edat") || plain == "tdat";
}

}  // namespace

std::vector<std::string> header_words(std::string_view header) {
  std::vector<std::string> words;
  bool is_inside = false, was_lower = false;
  for (const char c : header) {
    const bool is_upper = c >= 'A' && c <= 'Z';
    if (!is_letter_or_digit(c)) {
      is_inside = false;
      continue;
    }
    if (!is_inside || (is_upper && was_lower)) words.emplace_back();
    words.back() += to_lower(std::string_view(&c, 1));
    is_inside = true;
    was_lower = !is_upper;
  }
  return words;
}

std::string plain_name(std::string_view header) {
  std::string plain;
  for (const char c : header) {
    if (is_letter_or_digit(c)) plain.push_back(c);
  }
  return to_lower(plain);
}

std::optional<int> user_surety(const std::string& name) {
  if (is_any(name, {"user", "userid", "uid", "userids", "useridx", "userindex", "usr", "usrid",
                    "userno", "usernum", "userkey", "usercode", "userhash", "useruuid"})) {
    return 0;
  }
  if (is_any(name,
             {"reviewer",      "reviewerid", "customer", "customerid",   "custid",     "customerno",
              "visitor",       "visitorid",  "member",   "memberid",     "account",    "accountid",
              "client",        "clientid",   "buyer",    "buyerid",      "profileid",  "viewer",
              "viewerid",      "reader",     "readerid", "listener",     "listenerid", "player",
              "playerid",      "person",     "personid", "deviceid",     "cookieid",   "steamid",
              "fullvisitorid", "msno",       "username", "subscriberid", "consumerid"})) {
    return 1;
  }
  if (is_any(name, {"session", "sessionid", "visitid", "basketid", "playlistid"})) return 2;
  return std::nullopt;
}

std::optional<int> item_surety(const std::string& name) {
  if (is_any(name, {"item", "itemid", "iid", "itemids", "itemidx", "itemindex", "itemno", "itemnum",
                    "itemkey", "itemcode", "itemuuid"})) {
    return 0;
  }
  if (is_any(name, {"movie",        "movieid",
                    "product",      "productid",
                    "asin",         "article",
                    "articleid",    "track",
                    "trackid",      "song",
                    "songid",       "book",
                    "bookid",       "isbn",
                    "game",         "gameid",
                    "app",          "appid",
                    "video",        "videoid",
                    "news",         "newsid",
                    "ad",           "adid",
                    "poi",          "poiid",
                    "location",     "locationid",
                    "venue",        "venueid",
                    "business",     "businessid",
                    "place",        "placeid",
                    "restaurantid", "hotelid",
                    "recipeid",     "podcastid",
                    "episodeid",    "animeid",
                    "mangaid",      "showid",
                    "jobid",        "courseid",
                    "photoid",      "postid",
                    "offerid",      "listingid",
                    "goodsid",      "sku",
                    "skuid",        "stockcode",
                    "contentid",    "docid",
                    "documentid",   "pageid",
                    "imageid",      "musicid",
                    "jokeid",       "beerid",
                    "wineid",       "clickarticleid",
                    "filmid",       "film",
                    "productcode"})) {
    return 1;
  }
  if (is_any(name, {"parentasin", "artist", "artistid", "album", "albumid", "streamer",
                    "streamerid", "seriesid"})) {
    return 2;
  }
  if (is_any(name, {"brandid", "authorid", "creatorid", "categoryid"})) return 3;
  return std::nullopt;
}

TimeName time_name(std::string_view header) {
  const std::string plain = plain_name(header);
  const std::vector<std::string> words = header_words(header);
  if (is_any(plain, kExactTimes)) return TimeName::kExact;
  if (has_any(words, kOtherTimeWords)) return TimeName::kWeak;
  if (has_any(words, kTimeWords) || is_joined_time(plain) ||
      (words.size() > 1 && words.back() == "at")) {
    return TimeName::kLikely;
  }
  if (has_any(words, kIdWords) || ends_with(plain, "id")) return TimeName::kId;
  if (has_any(words, kPositions) || has_any(words, kPartsOfDates)) return TimeName::kWeak;
  return TimeName::kNone;
}

}  // namespace pintle::converter
