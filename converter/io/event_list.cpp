// SPDX-License-Identifier: Apache-2.0
#include "converter/io/event_list.h"

#include <algorithm>
#include <iterator>
#include <limits>
#include <optional>

#include "converter/io/error.h"
#include "converter/io/text_file.h"

namespace pintle::converter {
namespace {

enum class IdKind {
  kWhole,      // 57
  kPointZero,  // 57.0, which a merge in pandas makes of 57
  kDecimal,    // 57.5, 5.7e+01
  kText,       // anything else, 057 too
};

bool are_digits(std::string_view text) {
  return !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
}

IdKind kind_of(std::string_view id) {
  if (!id.empty() && id.front() == '-') id.remove_prefix(1);
  const size_t point = id.find('.');
  const std::string_view whole = id.substr(0, point);
  if (!are_digits(whole)) return IdKind::kText;
  const bool has_leading_zero = whole.size() > 1 && whole.front() == '0';
  if (point == std::string_view::npos) {
    const size_t e = id.find_first_of("eE");
    if (e == std::string_view::npos) return has_leading_zero ? IdKind::kText : IdKind::kWhole;
  } else {
    const std::string_view fraction = id.substr(point + 1);
    if (fraction.find_first_not_of('0') == std::string_view::npos) {
      return has_leading_zero ? IdKind::kText : IdKind::kPointZero;
    }
    if (are_digits(fraction)) return IdKind::kDecimal;
  }
  return IdKind::kText;
}

// 5.7e+01, as pandas writes large floats.
bool is_scientific(std::string_view id) {
  const size_t e = id.find_first_of("eE");
  if (e == std::string_view::npos || e == 0 || e + 1 == id.size()) return false;
  std::string_view exponent = id.substr(e + 1);
  if (exponent.front() == '+' || exponent.front() == '-') exponent.remove_prefix(1);
  std::string_view mantissa = id.substr(0, e);
  const size_t point = mantissa.find('.');
  return are_digits(exponent) && are_digits(mantissa.substr(0, point)) &&
         (point == std::string_view::npos || are_digits(mantissa.substr(point + 1)));
}

bool is_missing(std::string_view id) {
  for (const std::string_view none :
       {"", "nan", "na", "none", "null", "<na>", "nat", "n/a", "undefined", "\\n"}) {
    if (id.size() == none.size() && to_lower(id) == none) return true;
  }
  return false;
}

std::string_view unquoted(std::string_view id) {
  id = trim(id);
  if (id.size() >= 2 && id.front() == '"' && id.back() == '"') id = id.substr(1, id.size() - 2);
  return trim(id);
}

}  // namespace

uint32_t IdList::index_of(std::string_view id, size_t line) {
  const auto found = index_.find(id);
  if (found != index_.end()) return found->second;
  if (ids_.size() == std::numeric_limits<uint32_t>::max()) throw Error("too many ids");
  const uint32_t index = static_cast<uint32_t>(ids_.size());
  ids_.emplace_back(id);
  lines_.push_back(line);
  index_.emplace(ids_.back(), index);
  return index;
}

std::vector<bool> IdList::missing() const {
  std::vector<bool> missing;
  for (const std::string& id : ids_) missing.push_back(is_missing(unquoted(id)));
  return missing;
}

void IdList::settle(const std::string& path, const std::string& what, bool force,
                    std::vector<uint32_t>* renamed, std::vector<std::string>* notes) {
  size_t texts = 0, point_zeros = 0, wholes = 0;
  const std::string* example = nullptr;
  std::optional<uint32_t> decimal;
  for (uint32_t i = 0; i < ids_.size(); ++i) {
    const std::string_view id = unquoted(ids_[i]);
    const IdKind kind = is_scientific(id) ? IdKind::kDecimal : kind_of(id);
    wholes += kind == IdKind::kWhole ? 1 : 0;
    texts += kind == IdKind::kText ? 1 : 0;
    if (kind == IdKind::kDecimal && !decimal) decimal = i;
    if (kind == IdKind::kPointZero && point_zeros++ == 0) example = &ids_[i];
  }
  if (texts == 0 && decimal && !force) {
    throw Error(at_line(path, lines_[*decimal]) + "the " + what + " '" + ids_[*decimal] +
                "' is no whole number, as ids are: is another column the " + what + "? " +
                "Name it with --" + what + "-column, write whole numbers, or pass --force");
  }
  if (ids_.front().size() > 1 && ids_.front().front() == '[' && ids_.front().back() == ']') {
    throw Error(at_line(path, lines_.front()) + "the " + what + " '" + ids_.front() +
                "' is a list; write one event a line, or a sequences file, 'user item item ...'");
  }
  const bool drops_zeros = texts == 0 && !decimal && point_zeros != 0;
  IdList settled;
  for (uint32_t i = 0; i < ids_.size(); ++i) {
    std::string_view id = unquoted(ids_[i]);
    if (drops_zeros) id = id.substr(0, id.find('.'));
    renamed->push_back(settled.index_of(id, lines_[i]));
  }
  if (drops_zeros) {
    notes->push_back(count_text(point_zeros) + " of " + count_text(point_zeros + wholes) + " " +
                     what + " ids are written like " + std::string(unquoted(*example)) +
                     " and read as whole numbers");
  } else if (point_zeros != 0) {
    notes->push_back(what + " ids such as " + std::string(unquoted(*example)) +
                     " are kept as written, because others are no numbers");
  }
  *this = std::move(settled);
}

std::vector<std::string> IdList::take() {
  index_.clear();
  return {std::make_move_iterator(ids_.begin()), std::make_move_iterator(ids_.end())};
}

void EventList::add(uint32_t user, size_t line, std::string_view item) {
  row_users_.push_back(user);
  row_items_.push_back(items_.index_of(item, line));
}

void EventList::refuse_missing(const IdList& ids, const std::vector<uint32_t>& rows,
                               const std::string& what) const {
  const std::vector<bool> missing = ids.missing();
  const auto first = std::find(missing.begin(), missing.end(), true);
  if (first == missing.end()) return;
  const uint32_t index = static_cast<uint32_t>(first - missing.begin());
  const auto count =
      std::count_if(rows.begin(), rows.end(), [&](uint32_t i) { return missing[i]; });
  throw Error(at_line(path_, ids.line_of(index)) + "the " + what + " is missing ('" +
              ids.id(index) + "'), here and in " + count_text(static_cast<size_t>(count)) +
              " events in all; delete these lines or fill them in");
}

void EventList::settle(bool force, std::vector<std::string>* notes) {
  if (row_users_.empty()) throw Error(path_ + ": holds no interactions");
  if (row_users_.size() > std::numeric_limits<uint32_t>::max()) {
    throw Error(path_ + ": holds more than 2^32 events; split it by users");
  }
  refuse_missing(users_, row_users_, "user");
  refuse_missing(items_, row_items_, "item");
  std::vector<uint32_t> users, items;
  users_.settle(path_, "user", force, &users, notes);
  items_.settle(path_, "item", force, &items, notes);
  for (uint32_t& user : row_users_) user = users[user];
  for (uint32_t& item : row_items_) item = items[item];
}

RowsByUser EventList::rows_by_user() const {
  RowsByUser result;
  result.begins.assign(users_.size() + 1, 0);
  for (const uint32_t user : row_users_) ++result.begins[user + 1];
  for (size_t u = 0; u < users_.size(); ++u) result.begins[u + 1] += result.begins[u];
  std::vector<size_t> next(result.begins.begin(), result.begins.end() - 1);
  result.rows.resize(row_users_.size());
  for (size_t row = 0; row < row_users_.size(); ++row) {
    result.rows[next[row_users_[row]]++] = static_cast<uint32_t>(row);
  }
  return result;
}

Interactions EventList::take(const RowsByUser& rows) {
  Interactions result;
  result.event_count = row_items_.size();
  result.items.resize(users_.size());
  for (size_t u = 0; u < users_.size(); ++u) {
    result.items[u].reserve(rows.begins[u + 1] - rows.begins[u]);
    for (size_t i = rows.begins[u]; i < rows.begins[u + 1]; ++i) {
      result.items[u].push_back(row_items_[rows.rows[i]]);
    }
  }
  result.users = users_.take();
  result.item_names = items_.take();
  return result;
}

}  // namespace pintle::converter
