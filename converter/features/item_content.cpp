// SPDX-License-Identifier: Apache-2.0
#include "converter/features/item_content.h"

#include <algorithm>
#include <cctype>
#include <cmath>
#include <map>
#include <set>

#include "converter/io/item_dates.h"

namespace pintle::converter {
namespace {

// Keys by how many items have them, most common first, those of one item left out.
template <typename Key>
std::map<Key, int64_t> numbered(const std::map<Key, size_t>& counts, size_t most) {
  std::vector<std::pair<size_t, Key>> sorted;
  for (const auto& [key, count] : counts) {
    if (count > 1) sorted.emplace_back(count, key);
  }
  std::stable_sort(sorted.begin(), sorted.end(),
                   [](const auto& a, const auto& b) { return a.first > b.first; });
  std::map<Key, int64_t> numbers;
  for (size_t i = 0; i < std::min(most, sorted.size()); ++i) {
    numbers.emplace(sorted[i].second, static_cast<int64_t>(i));
  }
  return numbers;
}

// Runs of three or more letters (any byte beyond ASCII is one) or digits, in lower case.
std::set<std::string> title_words(const std::string& title) {
  std::set<std::string> words;
  std::string word;
  for (const char c : title + " ") {
    const unsigned char byte = static_cast<unsigned char>(c);
    if (std::isalnum(byte) != 0 || byte >= 0x80) {
      word += static_cast<char>(std::tolower(byte));
      continue;
    }
    if (word.size() >= 3) words.insert(word);
    word.clear();
  }
  return words;
}

// The dates where hats peak: at most 8 quantiles.
std::vector<double> knots_of(const std::vector<ItemContent>& items) {
  std::vector<int32_t> dates;
  for (const ItemContent& item : items) {
    if (item.date != kUnknownDate) dates.push_back(item.date);
  }
  std::sort(dates.begin(), dates.end());
  constexpr size_t kKnots = 8;
  std::vector<double> knots;
  for (size_t i = 0; i < kKnots && !dates.empty(); ++i) {
    const double date = dates[i * (dates.size() - 1) / (kKnots - 1)];
    if (knots.empty() || date > knots.back()) knots.push_back(date);
  }
  return knots;
}

}  // namespace

ContentMatrix content_matrix(const std::vector<ItemContent>& items) {
  std::map<uint32_t, size_t> attribute_counts;
  std::map<std::string, size_t> word_counts;
  std::vector<std::set<std::string>> words;
  size_t text_dim = 0;
  for (const ItemContent& item : items) {
    for (const auto& [attribute, share] : item.attributes) ++attribute_counts[attribute];
    words.push_back(title_words(item.title));
    for (const std::string& word : words.back()) ++word_counts[word];
    if (item.text != nullptr) text_dim = item.text->size();
  }
  const auto attributes = numbered(attribute_counts, kMostAttributeColumns);
  const auto word_numbers = numbered(word_counts, kMostWordColumns);
  const std::vector<double> knots = knots_of(items);
  const int64_t date_at = static_cast<int64_t>(attributes.size());
  const int64_t text_at = date_at + static_cast<int64_t>(knots.size());
  ContentMatrix matrix;
  matrix.plain_count = text_at + static_cast<int64_t>(text_dim);
  const int64_t count = static_cast<int64_t>(items.size());
  matrix.rows.setZero(count, matrix.plain_count + static_cast<int64_t>(word_numbers.size()));
  for (int64_t i = 0; i < count; ++i) {
    const ItemContent& item = items[static_cast<size_t>(i)];
    for (const auto& [attribute, share] : item.attributes) {
      const auto found = attributes.find(attribute);
      if (found != attributes.end()) matrix.rows(i, found->second) = share;
    }
    if (item.date != kUnknownDate && !knots.empty()) {
      const double date = std::clamp<double>(item.date, knots.front(), knots.back());
      size_t right = 1;
      while (right + 1 < knots.size() && knots[right] < date) ++right;
      const int64_t at = date_at + static_cast<int64_t>(right);
      const double part =
          knots.size() == 1 ? 0 : (date - knots[right - 1]) / (knots[right] - knots[right - 1]);
      matrix.rows(i, at - 1) = static_cast<float>(1 - part);
      if (part > 0) matrix.rows(i, at) = static_cast<float>(part);
    }
    for (size_t c = 0; item.text != nullptr && c < text_dim; ++c) {
      matrix.rows(i, text_at + static_cast<int64_t>(c)) = (*item.text)[c];
    }
    for (const std::string& word : words[static_cast<size_t>(i)]) {
      const auto found = word_numbers.find(word);
      if (found != word_numbers.end()) matrix.rows(i, matrix.plain_count + found->second) = 1;
    }
  }
  // Text vectors of any length weigh as much as one attribute that half of the items have.
  if (text_dim > 0) {
    auto text = matrix.rows.middleCols(text_at, static_cast<int64_t>(text_dim));
    text.rowwise() -= text.colwise().mean().eval();
    const float spread = std::sqrt(text.squaredNorm() / static_cast<float>(count));
    if (spread > 0) text *= 2 / spread;
  }
  return matrix;
}

}  // namespace pintle::converter
