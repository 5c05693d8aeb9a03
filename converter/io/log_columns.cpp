// SPDX-License-Identifier: Apache-2.0
#include "converter/io/log_columns.h"

#include <algorithm>
#include <cctype>

#include "converter/io/error.h"
#include "converter/io/log_names.h"
#include "converter/io/text_file.h"

namespace pintle::converter {
namespace {

// What a log's user and item column have in common.
struct Role {
  const char* name;
  const char* option;
  std::optional<int> (*surety)(const std::string& plain_name);
};

constexpr Role kUser = {"user", "--user-column", user_surety};
constexpr Role kItem = {"item", "--item-column", item_surety};

constexpr int kCoarse = 2;    // the surety of a session or an artist
constexpr int kProperty = 3;  // of a category: plainly less than any other

// "movie" and "movie_id" have one stem: where both are there, the second is the id, the first a name.
std::string stem(const std::string& plain) {
  const bool is_id = plain.size() > 2 && plain.compare(plain.size() - 2, 2, "id") == 0;
  return is_id ? plain.substr(0, plain.size() - 2) : plain;
}

std::string header_fault(const std::string& path, const std::vector<std::string>& names) {
  std::string fault = at_line(path, 1) + "the header has the columns" + quoted_list(names);
  const bool is_data = std::all_of(names.begin(), names.end(), [](const std::string& name) {
    return !name.empty() && std::none_of(name.begin(), name.end(),
                                         [](unsigned char c) { return std::isalpha(c) != 0; });
  });
  if (is_data) fault += ", which look like data: write a line with the columns' names first, or";
  return fault;
}

// An artist's id is taken for the item's only if no other column may be that.
void refuse_coarse_role(const std::string& path, const std::vector<std::string>& names,
                        const Role& role, size_t best, std::optional<size_t> other_role) {
  for (size_t i = 0; i < names.size(); ++i) {
    const std::string plain = plain_name(names[i]);
    if (i == best || i == other_role || stem(plain) == plain || user_surety(plain) ||
        item_surety(plain)) {
      continue;
    }
    throw Error(at_line(path, 1) + "'" + names[best] + "' or '" + names[i] + "' may be the " +
                role.name + " column; choose with " + role.option + " '" + names[best] + "' or " +
                role.option + " '" + names[i] + "'");
  }
}

size_t find_role(const std::string& path, const std::vector<std::string>& names, const Role& role,
                 const std::string& wanted, std::optional<size_t> other_role,
                 std::vector<std::string>* notes) {
  if (!wanted.empty()) return find_named_column(path, names, wanted, role.option);
  std::vector<std::pair<int, size_t>> found;  // surety, column
  for (size_t i = 0; i < names.size(); ++i) {
    if (other_role == i) continue;
    if (const std::optional<int> surety = role.surety(plain_name(names[i]))) {
      found.emplace_back(*surety, i);
    }
  }
  if (found.empty()) {
    throw Error(header_fault(path, names) + "; none has a usual name of a" +
                (role.name[0] == 'i' ? "n " : " ") + role.name + " column: name it with " +
                role.option);
  }
  std::stable_sort(found.begin(), found.end(),
                   [](const auto& a, const auto& b) { return a.first < b.first; });
  size_t best = found.front().second;
  for (const auto& [surety, column] : found) {
    const std::string plain = plain_name(names[column]), best_plain = plain_name(names[best]);
    if (column == best) continue;
    if (plain == best_plain) {
      throw Error(at_line(path, 1) + "the header names the " + role.name + " column '" +
                  names[column] + "' twice; rename one");
    }
    if (stem(plain) == stem(best_plain)) {
      if (stem(plain) != plain) best = column;
    } else if (found.front().first == surety || (found.front().first != 0 && surety < kProperty)) {
      throw Error(at_line(path, 1) + "'" + names[best] + "' and '" + names[column] +
                  "' could both be the " + role.name + " column; choose with " + role.option +
                  " '" + names[best] + "' or " + role.option + " '" + names[column] + "'");
    }
  }
  if (found.front().first >= kCoarse) refuse_coarse_role(path, names, role, best, other_role);
  for (const auto& [surety, column] : found) {
    if (column == best) continue;
    notes->push_back("the " + std::string(role.name) + " is '" + names[best] + "', not '" +
                     names[column] + "', because its name says so; " + role.option +
                     " chooses another");
  }
  return best;
}

bool is_role(const std::string& name, const Role& role, const std::string& wanted) {
  return wanted.empty() ? role.surety(plain_name(name)).has_value()
                        : to_lower(trim(wanted)) == to_lower(name);
}

}  // namespace

size_t known_log_columns(const std::vector<std::string>& names, const InteractionOptions& options) {
  return static_cast<size_t>(
      std::count_if(names.begin(), names.end(), [&](const std::string& name) {
        const TimeName time = time_name(name);
        return is_role(name, kUser, options.user_column) ||
               is_role(name, kItem, options.item_column) || time == TimeName::kExact ||
               time == TimeName::kLikely;
      }));
}

bool names_log_columns(const std::vector<std::string>& names, const InteractionOptions& options) {
  const auto has = [&](const Role& role, const std::string& wanted) {
    return std::any_of(names.begin(), names.end(),
                       [&](const std::string& name) { return is_role(name, role, wanted); });
  };
  return has(kUser, options.user_column) && has(kItem, options.item_column);
}

LogColumns find_log_columns(const std::string& path, const std::vector<std::string>& names,
                            const InteractionOptions& options) {
  LogColumns columns;
  std::optional<size_t> named_item;
  if (!options.item_column.empty()) {
    named_item = find_named_column(path, names, options.item_column, kItem.option);
  }
  columns.user = find_role(path, names, kUser, options.user_column, named_item, &columns.notes);
  columns.item = find_role(path, names, kItem, options.item_column, columns.user, &columns.notes);
  if (columns.user == columns.item) {
    throw Error(path + ": the column '" + names[columns.user] + "' cannot be both user and item");
  }
  return columns;
}

size_t find_named_column(const std::string& path, const std::vector<std::string>& names,
                         const std::string& wanted, const std::string& option) {
  std::vector<size_t> found;
  for (size_t i = 0; i < names.size(); ++i) {
    if (names[i] == wanted) found.push_back(i);
  }
  for (size_t i = 0; found.empty() && i < names.size(); ++i) {
    if (to_lower(names[i]) == to_lower(trim(wanted))) found.push_back(i);
  }
  if (found.empty()) {
    throw Error(at_line(path, 1) + "has no column '" + wanted + "' as " + option + " says; it has" +
                quoted_list(names));
  }
  if (found.size() > 1) {
    throw Error(at_line(path, 1) + "the header names the column '" + wanted +
                "' twice; rename one");
  }
  return found.front();
}

}  // namespace pintle::converter
