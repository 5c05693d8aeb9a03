// SPDX-License-Identifier: Apache-2.0
#include "converter/features/item_properties.h"

#include <algorithm>
#include <cctype>
#include <cmath>
#include <map>
#include <numeric>
#include <optional>
#include <set>

#include "converter/features/evidence.h"
#include "converter/run/runtime_model.h"
#include "converter/run/steering_names.h"

namespace pintle::converter {
namespace {

constexpr size_t kShortestWord = 4;
constexpr double kSecondsOfYear = 365.2425 * 86400;

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// The year in brackets that a title ends with.
std::optional<int> year_of_title(const std::string& title) {
  const size_t n = title.size();
  if (n < 6 || title[n - 1] != ')' || title[n - 6] != '(') return std::nullopt;
  if (!std::all_of(title.end() - 5, title.end() - 1, is_digit)) return std::nullopt;
  const int year = std::stoi(title.substr(n - 5, 4));
  return year >= 1800 && year < 2100 ? std::optional<int>(year) : std::nullopt;
}

std::string without_year(const std::string& title) {
  if (!year_of_title(title)) return title;
  const size_t end = title.find_last_not_of(' ', title.size() - 7);
  return title.substr(0, end == std::string::npos ? 0 : end + 1);
}

// "Alien 3", "Scream 2: The Return", "The Godfather: Part II" all less what tells them apart.
std::string series_of(const std::string& title) {
  std::string stem = title.substr(0, title.find(':'));
  const size_t part = stem.find(" Part ");
  if (part != std::string::npos) stem.resize(part);
  const auto is_number = [](char c) { return is_digit(c) || c == 'I' || c == 'V' || c == 'X'; };
  const size_t space = stem.find_last_of(' ');
  if (space != std::string::npos && space + 1 < stem.size() &&
      std::all_of(stem.begin() + static_cast<std::ptrdiff_t>(space) + 1, stem.end(), is_number)) {
    stem.resize(space);
  }
  while (!stem.empty() && (stem.back() == ' ' || stem.back() == ',')) stem.pop_back();
  return stem;
}

// ASCII letters in lower case; other bytes are parts of words as they are.
std::set<std::string> words_of(const std::string& title) {
  std::set<std::string> words;
  std::string word;
  for (const char c : title + " ") {
    const bool is_letter = std::isalpha(static_cast<unsigned char>(c)) != 0 || (c & 0x80) != 0;
    if (is_letter) {
      word += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    } else {
      if (word.size() >= kShortestWord) words.insert(word);
      word.clear();
    }
  }
  return words;
}

class Collector {
 public:
  Collector(const Model& model, size_t min_items)
      : model_(model), min_items_(min_items), items_(model.info().item_count) {}

  void add_attributes() {
    const AttributeIndex index = index_attributes(model_, min_items_);
    std::vector<std::vector<uint32_t>> members(index.attributes.size());
    for (uint32_t i = 0; i < items_; ++i) {
      for (const uint32_t a : index.of_item[i]) members[a].push_back(i);
    }
    for (size_t a = 0; a < members.size(); ++a) {
      add(PropertyKind::kAttribute, std::string(attribute_name(model_, index.attributes[a]).name),
          std::move(members[a]));
    }
  }

  void add_eras() {
    std::vector<std::optional<int>> years(items_);
    std::vector<int> sorted;
    for (uint32_t i = 0; i < items_; ++i) {
      const pintle_item_info info = require(model_.item(i), "item", i);
      if (info.date != PINTLE_NO_DATE) {
        years[i] =
            1970 + static_cast<int>(std::floor(static_cast<double>(info.date) / kSecondsOfYear));
      } else if (info.title != nullptr) {
        years[i] = year_of_title(info.title);
      }
      if (years[i]) sorted.push_back(*years[i]);
    }
    if (sorted.empty()) return;
    std::sort(sorted.begin(), sorted.end());
    const auto where = [&](const auto& holds) {
      std::vector<uint32_t> found;
      for (uint32_t i = 0; i < items_; ++i) {
        if (years[i] && holds(*years[i])) found.push_back(i);
      }
      return found;
    };
    for (int decade = sorted.front() / 10 * 10; decade <= sorted.back(); decade += 10) {
      add(PropertyKind::kEra, std::to_string(decade) + "s",
          where([&](int year) { return year / 10 * 10 == decade; }));
    }
    std::set<int> limits;
    for (const size_t quarter : {1, 2, 3}) {
      limits.insert((sorted[sorted.size() * quarter / 4] + 2) / 5 * 5);
    }
    for (const int limit : limits) {
      add(PropertyKind::kEra, "before " + std::to_string(limit),
          where([&](int year) { return year < limit; }));
      add(PropertyKind::kEra, "since " + std::to_string(limit),
          where([&](int year) { return year >= limit; }));
    }
  }

  void add_popularity(const Histories& histories) {
    std::vector<size_t> events(items_, 0);
    for (const auto& items : histories.items) {
      for (const uint32_t item : items) ++events[item];
    }
    std::vector<uint32_t> order(items_);
    std::iota(order.begin(), order.end(), 0u);
    std::stable_sort(order.begin(), order.end(),
                     [&](uint32_t a, uint32_t b) { return events[a] > events[b]; });
    const auto part = [&](size_t from, size_t to) {
      std::vector<uint32_t> found(order.begin() + static_cast<std::ptrdiff_t>(from),
                                  order.begin() + static_cast<std::ptrdiff_t>(to));
      std::sort(found.begin(), found.end());
      return found;
    };
    add(PropertyKind::kPopularity, "best known", part(0, items_ / 10));
    add(PropertyKind::kPopularity, "well known", part(0, items_ / 4));
    add(PropertyKind::kPopularity, "less known", part(items_ / 2, items_));
  }

  void add_titles() {
    std::map<std::string, std::vector<uint32_t>> series, words;
    for (uint32_t i = 0; i < items_; ++i) {
      const std::string title = without_year(item_title(model_, i));
      if (title.empty()) continue;
      const std::string stem = series_of(title);
      if (!stem.empty()) series[stem].push_back(i);
      for (const std::string& word : words_of(title)) words[word].push_back(i);
    }
    for (auto& [stem, items] : series) {
      add(PropertyKind::kSeries, "the series \"" + stem + "\"", std::move(items));
    }
    for (auto& [word, items] : words) {
      add(PropertyKind::kWord, "\"" + word + "\" in the title", std::move(items));
    }
  }

  std::vector<ItemProperty> take() {
    if (properties_.size() > kMostProperties) {
      std::stable_sort(properties_.begin(), properties_.end(),
                       [](const ItemProperty& a, const ItemProperty& b) {
                         return a.items.size() > b.items.size();
                       });
      properties_.resize(kMostProperties);
    }
    return std::move(properties_);
  }

 private:
  void add(PropertyKind kind, std::string text, std::vector<uint32_t> items) {
    if (items.size() < min_items_) return;
    properties_.push_back({kind, std::move(text), std::move(items)});
  }

  const Model model_;
  const size_t min_items_, items_;
  std::vector<ItemProperty> properties_;
};

}  // namespace

std::vector<ItemProperty> item_properties(const Model& model, const Histories& histories,
                                          size_t min_items) {
  Collector collector(model, min_items);
  collector.add_attributes();
  collector.add_eras();
  collector.add_popularity(histories);
  collector.add_titles();
  return collector.take();
}

}  // namespace pintle::converter
