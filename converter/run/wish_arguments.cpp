// SPDX-License-Identifier: Apache-2.0
#include "converter/run/wish_arguments.h"

#include <algorithm>
#include <chrono>
#include <optional>

#include "converter/io/error.h"
#include "converter/io/time_text.h"
#include "converter/run/argument_text.h"
#include "converter/run/name_lookup.h"

namespace pintle::converter {

const char kFreshOption[] = "--fresh";

namespace {

// In parts of the model's temperature.
constexpr float kDefaultExploration = 0.2f;

// Those for one attribute or item add up; of the others there is one of a kind.
void add_wish(const WishArgument& argument, const std::string& where, pintle_wish wish,
              WishSet* set) {
  for (const NamedWish& other : set->wishes) {
    const bool adds_up = wish.kind == PINTLE_WISH_ATTRIBUTE || wish.kind == PINTLE_WISH_ITEM;
    if (other.wish.kind == wish.kind && !adds_up) {
      throw Error(where + ": there is " + other.words + " already: give one");
    }
  }
  const std::string kind = argument.option == "--wish" ? "" : argument.option.substr(2) + " ";
  set->wishes.push_back({wish, "wish " + kind + argument.text});
}

void add_rule(const WishArgument& argument, pintle_rule rule, WishSet* set) {
  std::string kind = argument.option.substr(2);
  std::replace(kind.begin(), kind.end(), '-', ' ');
  set->rules.push_back({rule, "rule " + kind + " " + argument.text});
}

NamedValue require_value(const WishArgument& argument, const std::string& where,
                         const char* example) {
  std::optional<NamedValue> parts = split_value(argument.text);
  if (!parts) throw Error(where + ": write " + example);
  return *parts;
}

std::optional<uint32_t> example_named(const WishContext& context, const std::string& name) {
  for (uint32_t i = 0; i < context.examples.size(); ++i) {
    if (context.examples[i].name == name) return example_attribute(i);
  }
  return std::nullopt;
}

// A group by example, or an attribute.
uint32_t require_target(const WishContext& context, const std::string& name,
                        const std::string& where) {
  if (const std::optional<uint32_t> example = example_named(context, name)) return *example;
  return require_attribute(context.model, name, where);
}

float parse_share(const std::string& text, const std::string& where) {
  const float share = parse_finite(text, where);
  if (share >= 0 && share <= 1) return share;
  throw Error(where + ": a share is between 0 and 1; 30 % is 0.3");
}

void parse_wish(const WishContext& context, const WishArgument& argument, const std::string& where,
                WishSet* set) {
  const NamedValue parts = require_value(argument, where, "NAME=VALUE, such as Sci-Fi=1.5");
  const uint32_t attribute = require_target(context, parts.name, where);
  add_wish(argument, where, wish_for(attribute, parse_finite(parts.value, where)), set);
}

void parse_boost(const WishContext& context, const WishArgument& argument, const std::string& where,
                 WishSet* set) {
  const NamedValue parts = require_value(argument, where, "ID=VALUE, such as 318=1");
  const uint32_t item = find_items(context.model, {parts.name}, where)[0];
  add_wish(argument, where, boost(item, parse_finite(parts.value, where)), set);
}

// "30d". Seconds.
double parse_duration(const std::string& text, const std::string& where) {
  constexpr double kDay = 86400;
  constexpr std::pair<char, double> kUnits[] = {
      {'s', 1}, {'h', 3600}, {'d', kDay}, {'w', 7 * kDay}, {'y', 365.25 * kDay}};
  for (const auto& [unit, seconds] : kUnits) {
    if (text.empty() || text.back() != unit) continue;
    const double count = static_cast<double>(parse_finite(text.substr(0, text.size() - 1), where));
    if (count > 0) return count * seconds;
  }
  throw Error(
      where + ": \"" + text +
      "\" is no half-life: write a number above 0 and a unit, s, h, d, w or y, such as 30d");
}

void parse_fresh(const WishContext& context, const WishArgument& argument, const std::string& where,
                 WishSet* set) {
  if (context.model.info().has_dates == 0) {
    throw Error(where +
                ": the model does not know when its items appeared: `pintle convert --date-column` "
                "puts that into it");
  }
  const std::optional<NamedValue> parts = split_value(argument.text);
  set->half_life_seconds = parse_duration(parts ? parts->name : argument.text, where);
  add_wish(argument, where, fresh(parts ? parse_finite(parts->value, where) : 1), set);
}

void parse_diverse(const WishContext&, const WishArgument& argument, const std::string& where,
                   WishSet* set) {
  const float value = parse_finite(argument.text, where);
  if (!(value >= 0 && value <= 1)) throw Error(where + ": a value between 0 and 1 is wanted");
  add_wish(argument, where, diverse(value), set);
}

void parse_explore(const WishContext&, const WishArgument& argument, const std::string& where,
                   WishSet* set) {
  const std::optional<NamedValue> parts = split_value(argument.text);
  const std::optional<uint64_t> seed = parse_digits(parts ? parts->name : argument.text);
  if (!seed) throw Error(where + ": write SEED or SEED=VALUE, such as 7 or 7=0.5");
  const float value = parts ? parse_finite(parts->value, where) : kDefaultExploration;
  if (!(value >= 0 && value <= 1)) throw Error(where + ": its value is between 0 and 1");
  set->seed = *seed;
  add_wish(argument, where, explore(value), set);
}

// Of --share, --at-least, --at-most and the parts of --mix.
template <pintle_rule (*kMake)(uint32_t attribute, float share)>
void parse_share_rule(const WishContext& context, const WishArgument& argument,
                      const std::string& where, WishSet* set) {
  const NamedValue parts = require_value(argument, where, "NAME=SHARE, such as Sci-Fi=0.3");
  const uint32_t attribute = require_target(context, parts.name, where);
  add_rule(argument, kMake(attribute, parse_share(parts.value, where)), set);
}

// Where a part of "A=0.3,B, the second=0.2" ends: at a comma behind a number, for names may hold commas.
size_t end_of_part(const std::string& text, size_t begin) {
  for (size_t comma = text.find(',', begin); comma != std::string::npos;
       comma = text.find(',', comma + 1)) {
    const std::optional<NamedValue> parts = split_value(text.substr(begin, comma - begin));
    if (parts && !parts->value.empty() &&
        parts->value.find_first_not_of("0123456789.eE+-") == std::string::npos) {
      return comma;
    }
  }
  return text.size();
}

void parse_mix(const WishContext& context, const WishArgument& argument, const std::string& where,
               WishSet* set) {
  for (size_t begin = 0; begin <= argument.text.size();) {
    const size_t end = end_of_part(argument.text, begin);
    parse_share_rule<mix>(context, {argument.option, argument.text.substr(begin, end - begin)},
                          where, set);
    begin = end + 1;
  }
}

uint32_t parse_count(const std::string& text, uint32_t least, const std::string& where) {
  const std::optional<uint32_t> count = parse_index(text);
  if (count && *count >= least) return *count;
  throw Error(where + ": \"" + text + "\" is not a whole number of entries from " +
              std::to_string(least) + " on");
}

// Of --cap and --run.
template <pintle_rule (*kOfOne)(uint32_t attribute, uint32_t count),
          pintle_rule (*kOfEach)(uint32_t group, uint32_t count), uint32_t kLeast>
void parse_count_rule(const WishContext& context, const WishArgument& argument,
                      const std::string& where, WishSet* set) {
  const NamedValue parts = require_value(argument, where, "NAME=COUNT, such as artist=2");
  const std::optional<uint32_t> example = example_named(context, parts.name);
  const auto [is_group, number] =
      example ? AttributeOrGroup{false, *example}
              : require_attribute_or_group(context.model, parts.name, where);
  const uint32_t count = parse_count(parts.value, kLeast, where);
  add_rule(argument, is_group ? kOfEach(number, count) : kOfOne(number, count), set);
}

void parse_pin(const WishContext& context, const WishArgument& argument, const std::string& where,
               WishSet* set) {
  const size_t colon = argument.text.find(':');
  if (colon == std::string::npos) {
    throw Error(where + ": write RANK:ID, such as 3:318 for the third place");
  }
  const std::optional<uint32_t> rank = parse_index(argument.text.substr(0, colon));
  if (!rank || *rank < 1 || *rank > context.k) {
    throw Error(where + ": \"" + argument.text.substr(0, colon) + "\" is not a rank from 1 to " +
                std::to_string(context.k));
  }
  const uint32_t item = find_items(context.model, {argument.text.substr(colon + 1)}, where)[0];
  add_rule(argument, pin(item, *rank), set);
}

int64_t clock_seconds() {
  const auto since = std::chrono::system_clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::seconds>(since).count();
}

int64_t parse_now(const std::string& text) {
  const std::optional<TimeText> time = parse_time(text);
  if (time && (time->form.date == DateForm::kYearFirst || time->form.date == DateForm::kBasic)) {
    return time->instant.whole;
  }
  throw Error("--now " + text +
              ": is no date: write 2024-07-14 or 2024-07-14T18:51:37Z (UTC where no zone is)");
}

}  // namespace

const std::vector<WishOption>& wish_options() {
  static const std::vector<WishOption> options = {
      {"--wish",
       "NAME=VALUE, such as Sci-Fi=1.5 (-1.5: against it): a wish for an attribute without a knob. "
       "At 1 "
       "about one item of ten changes. NAME: as `pintle inspect` lists attributes, or GROUP/NAME "
       "where "
       "several groups have it",
       parse_wish},
      {"--boost", "ID=VALUE: a wish for an item, in the units of --wish (negative: against it)",
       parse_boost},
      {kFreshOption,
       "HALF-LIFE[=VALUE], such as 30d or 30d=2: a wish for new items, in the units of --wish "
       "(default: 1; negative: for old ones). Units of time: s, h, d, w, y",
       parse_fresh},
      {"--diverse", "VALUE from 0 to 1: a wish for entries that are unlike each other",
       parse_diverse},
      {"--explore",
       "SEED[=VALUE]: a list that varies with the seed, the same for the same one. VALUE from 0 to "
       "1 "
       "(default: 0.2); at 1 it is a draw from the network's own probabilities",
       parse_explore},
      {"--share",
       "NAME=SHARE, such as Sci-Fi=0.3: a rule, exactly this share of the list (the nearest whole "
       "number "
       "of entries). Where rules cannot all hold, those given first go before",
       parse_share_rule<exactly>},
      {"--at-least", "NAME=SHARE: a rule, this share or more", parse_share_rule<at_least>},
      {"--at-most", "NAME=SHARE: a rule, this share or less", parse_share_rule<at_most>},
      {"--mix",
       "NAME=SHARE,NAME=SHARE,..., such as Sci-Fi=0.3,Comedy=0.2: a rule for each, which together "
       "may be "
       "off by one entry in ten, as that costs about half of what exact shares do",
       parse_mix},
      {"--cap",
       "NAME=COUNT: a rule, at most so many entries of an attribute or, such as artist=2, of each "
       "attribute of a group (GROUP/* where an attribute has the group's name)",
       parse_count_rule<cap, cap_each, 0>},
      {"--run", "NAME=COUNT: a rule, at most so many entries in a row, of NAME as in --cap",
       parse_count_rule<max_run, max_run_each, 1>},
      {"--pin", "RANK:ID, such as 3:318: a rule, this item at this rank", parse_pin}};
  return options;
}

WishSet parse_wishes(const WishContext& context, const WishArguments& arguments) {
  WishSet set;
  set.now = arguments.now.empty() ? clock_seconds() : parse_now(arguments.now);
  for (const WishArgument& argument : arguments.given) {
    const std::string where = argument.option + " " + argument.text;
    for (const WishOption& option : wish_options()) {
      if (argument.option == option.name) option.parse(context, argument, where, &set);
    }
  }
  return set;
}

}  // namespace pintle::converter
