// SPDX-License-Identifier: Apache-2.0
#ifndef PINTLE_CONVERTER_IO_EVENT_LIST_H_
#define PINTLE_CONVERTER_IO_EVENT_LIST_H_

#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "converter/io/interactions.h"

namespace pintle::converter {

// Distinct ids in order of first appearance, each with the line it appeared on first.
class IdList {
 public:
  uint32_t index_of(std::string_view id, size_t line);
  size_t size() const { return ids_.size(); }

  // Gives one name to ids that are one: without quotes and spaces around them and, where all are
  // numbers, 57.0 as 57. Each old index's new one goes to `renamed`, what was changed to `notes`.
  // `what`: "user" or "item". Throws Error where numbers are no whole ones, unless `force`.
  void settle(const std::string& path, const std::string& what, bool force,
              std::vector<uint32_t>* renamed, std::vector<std::string>* notes);
  // The ids that stand for none ("nan", "", ...), by index; call before settle.
  std::vector<bool> missing() const;
  size_t line_of(uint32_t index) const { return lines_[index]; }
  const std::string& id(uint32_t index) const { return ids_[index]; }
  std::vector<std::string> take();

 private:
  std::deque<std::string> ids_;  // of stable address: index_ points into it
  std::vector<size_t> lines_;
  std::unordered_map<std::string_view, uint32_t> index_;
};

// The rows of each user, in the file's order: rows[begins[u]] to rows[begins[u + 1]].
struct RowsByUser {
  std::vector<size_t> begins;
  std::vector<uint32_t> rows;
};

// Events as a file gives them, a row each.
class EventList {
 public:
  explicit EventList(const std::string& path) : path_(path) {}

  uint32_t user(size_t line, std::string_view name) { return users_.index_of(name, line); }
  void add(uint32_t user, size_t line, std::string_view item);
  // After the last: see IdList::settle. Throws Error if an id is missing, or there are no events.
  void settle(bool force, std::vector<std::string>* notes);

  const std::vector<uint32_t>& items() const { return row_items_; }  // by row
  size_t user_count() const { return users_.size(); }
  size_t item_count() const { return items_.size(); }
  RowsByUser rows_by_user() const;
  // Users with their events in the order of `rows`. Leaves this empty.
  Interactions take(const RowsByUser& rows);

 private:
  void refuse_missing(const IdList& ids, const std::vector<uint32_t>& rows,
                      const std::string& what) const;

  std::string path_;
  IdList users_, items_;
  std::vector<uint32_t> row_users_, row_items_;
};

}  // namespace pintle::converter

#endif  // PINTLE_CONVERTER_IO_EVENT_LIST_H_
