// SPDX-License-Identifier: Apache-2.0
#include "converter/io/log_order.h"

#include <algorithm>
#include <optional>
#include <string_view>

#include "converter/io/error.h"
#include "converter/io/text_file.h"

namespace pintle::converter {
namespace {

constexpr char kChoose[] =
    "; choose with --time-column NAME, or pass --time-column none if the rows are in order";

// What can be said of a column beside the events' users and items.
class Orders {
 public:
  Orders(const RowsByUser& rows, const std::vector<uint32_t>& items, size_t item_count)
      : rows_(rows), items_(items), item_count_(item_count) {}

  // One value for all events of each user, of whom some have several.
  bool is_of_users(const TimeColumn& column) const {
    bool has_several = false;
    const bool is_constant = for_neighbours([&](uint32_t a, uint32_t b) {
      has_several = true;
      return column.instants()[a] == column.instants()[b];
    });
    return is_constant && has_several;
  }

  // One value for all events of each item: a release date, not when somebody saw it.
  bool is_of_items(const TimeColumn& column) const {
    if (items_.size() < 2 * item_count_) return false;
    std::vector<std::optional<Instant>> values(item_count_);
    for (size_t row = 0; row < items_.size(); ++row) {
      std::optional<Instant>& value = values[items_[row]];
      if (!value) value = column.instants()[row];
      if (!(*value == column.instants()[row])) return false;
    }
    return true;
  }

  // The file's order is one of this column's.
  bool agrees_with_file(const TimeColumn& column) const {
    return for_neighbours(
        [&](uint32_t a, uint32_t b) { return !(column.instants()[b] < column.instants()[a]); });
  }

  // `coarse` tells nothing that `fine` does not: equal where that is, never against it.
  bool refines(const TimeColumn& fine, const TimeColumn& coarse) const {
    const RowsByUser sorted = sorted_by(fine);
    return Orders(sorted, items_, item_count_).for_neighbours([&](uint32_t a, uint32_t b) {
      const Instant &first = coarse.instants()[a], &second = coarse.instants()[b];
      return fine.instants()[a] == fine.instants()[b] ? first == second : !(second < first);
    });
  }

  RowsByUser sorted_by(const TimeColumn& column) const {
    RowsByUser sorted = rows_;
    for (size_t u = 0; u + 1 < sorted.begins.size(); ++u) {
      const auto begin = sorted.rows.begin() + static_cast<std::ptrdiff_t>(sorted.begins[u]);
      const auto end = sorted.rows.begin() + static_cast<std::ptrdiff_t>(sorted.begins[u + 1]);
      const auto is_before = [&](uint32_t a, uint32_t b) {
        return column.instants()[a] < column.instants()[b];
      };
      if (!std::is_sorted(begin, end, is_before)) std::stable_sort(begin, end, is_before);
    }
    return sorted;
  }

  // Events of a user with several that share their time with the next or the one before.
  struct Ties {
    size_t events = 0, users = 0, of_events = 0;
  };
  Ties ties(const TimeColumn& column) const {  // REQUIRES: the rows are sorted by it
    Ties ties;
    for (size_t u = 0; u + 1 < rows_.begins.size(); ++u) {
      const size_t before = ties.events;
      const size_t begin = rows_.begins[u], end = rows_.begins[u + 1];
      const auto at = [&](size_t i) { return column.instants()[rows_.rows[i]]; };
      for (size_t i = begin; i < end; ++i) {
        const bool is_tied =
            (i > begin && at(i - 1) == at(i)) || (i + 1 < end && at(i) == at(i + 1));
        ties.events += is_tied ? 1 : 0;
      }
      ties.users += ties.events != before ? 1 : 0;
      if (end - begin > 1) ties.of_events += end - begin;
    }
    return ties;
  }

 private:
  // Whether `holds` for all rows of one user that follow each other.
  template <typename Predicate>
  bool for_neighbours(const Predicate& holds) const {
    for (size_t u = 0; u + 1 < rows_.begins.size(); ++u) {
      for (size_t i = rows_.begins[u] + 1; i < rows_.begins[u + 1]; ++i) {
        if (!holds(rows_.rows[i - 1], rows_.rows[i])) return false;
      }
    }
    return true;
  }

  const RowsByUser& rows_;
  const std::vector<uint32_t>& items_;
  const size_t item_count_;
};

bool has_time_name(const TimeCandidate& candidate) {
  return candidate.named == TimeName::kExact || candidate.named == TimeName::kLikely;
}

std::string quoted(const TimeCandidate& candidate) { return "'" + candidate.name + "'"; }

class OrderChooser {
 public:
  OrderChooser(const std::string& path, std::vector<TimeCandidate> candidates, const Orders& orders,
               std::vector<std::string>* notes)
      : path_(path), candidates_(std::move(candidates)), orders_(orders), notes_(notes) {}

  // Null: the file's order.
  const TimeCandidate* choose() {
    sort_out();
    drop_dates_of_items();
    combine_date_and_time();
    drop_dates_of_users();
    if (times_.empty()) {
      settle_without_time();
      return nullptr;
    }
    if (!times_.front()->is_chosen) prefer_finer_numbers();
    TimeCandidate* chosen = finest();
    refuse_doubts_about(*chosen);
    for (const TimeCandidate* other : times_) {
      if (other != chosen) not_used(*other, "it says no more than " + quoted(*chosen));
    }
    const std::string told = quoted(*chosen) + " tells the time";
    for (const TimeCandidate* other : doubtful_) not_used(*other, told);
    for (const TimeCandidate* other : clocks_) not_used(*other, told);
    for (const TimeCandidate* other : faulty_) not_used(*other, fault_of(*other));
    return chosen;
  }

 private:
  std::string fault_of(const TimeCandidate& candidate) const {
    const TimeColumn& times = candidate.times;
    return (times.fault_line() == 0 ? "" : "line " + std::to_string(times.fault_line()) + ": ") +
           times.fault();
  }

  void not_used(const TimeCandidate& candidate, const std::string& reason) {
    notes_->push_back("not used: column " + quoted(candidate) + ": " + reason);
  }

  [[noreturn]] void refuse_fault(const TimeCandidate& candidate) const {
    const size_t line = candidate.times.fault_line();
    throw Error((line == 0 ? path_ + ": " : at_line(path_, line)) + "column " + quoted(candidate) +
                ": " + candidate.times.fault() +
                "; write all times in one form, such as 2017-07-14T18:51:37 or seconds since 1970, "
                "or pass --time-column with another column, or with none if the rows are in order");
  }

  void sort_out() {
    for (TimeCandidate& candidate : candidates_) {
      TimeColumn& times = candidate.times;
      times.finish();
      if (times.has_fault()) {
        if (candidate.is_chosen) refuse_fault(candidate);
        faulty_.push_back(&candidate);
      } else if (candidate.is_chosen) {
        times_ = {&candidate};
        return;
      } else if (is_time_of_day_only(times.form())) {
        clocks_.push_back(&candidate);
      } else if (!times.form().is_number || has_time_name(candidate) ||
                 (candidate.named == TimeName::kWeak && times.is_epoch())) {
        times_.push_back(&candidate);
      } else {
        doubtful_.push_back(&candidate);
      }
    }
    // The surest name first, and moments before days.
    std::stable_sort(
        times_.begin(), times_.end(), [](const TimeCandidate* a, const TimeCandidate* b) {
          return a->named != b->named ? static_cast<int>(a->named) < static_cast<int>(b->named)
                                      : a->times.is_date_only() < b->times.is_date_only();
        });
  }

  void drop_dates_of_users() {
    for (auto at = times_.begin(); at != times_.end();) {
      if ((*at)->is_chosen || !orders_.is_of_users((*at)->times)) {
        ++at;
        continue;
      }
      not_used(**at, "it is the same for all events of a user");
      at = times_.erase(at);
    }
  }

  void combine_date_and_time() {
    if (clocks_.size() != 1 || !has_time_name(*clocks_.front())) return;
    TimeCandidate* date = nullptr;
    for (TimeCandidate* candidate : times_) {
      if (!candidate->times.is_date_only()) continue;
      // A birthday and a time of day are no moment; the day of a session is.
      if (!has_time_name(*candidate) && orders_.is_of_users(candidate->times)) continue;
      if (date == nullptr) date = candidate;  // the surest name
      if (!orders_.refines(date->times, candidate->times)) return;
    }
    if (date == nullptr) return;
    date->times.add_time_of_day(clocks_.front()->times);
    date->name += "' with '" + clocks_.front()->name;
    clocks_.clear();
  }

  // Numbers under a name that says nothing are the time if they say the same as a column that tells
  // it, but finer.
  void prefer_finer_numbers() {
    for (auto at = doubtful_.begin(); at != doubtful_.end();) {
      const bool is_finer = (*at)->times.is_epoch() &&
                            orders_.refines((*at)->times, times_[0]->times) &&
                            !orders_.refines(times_[0]->times, (*at)->times);
      if (is_finer) times_.push_back(*at);
      at = is_finer ? doubtful_.erase(at) : at + 1;
    }
  }

  void drop_dates_of_items() {
    for (auto at = times_.begin(); at != times_.end() && times_.size() > 1;) {
      if ((*at)->named == TimeName::kExact || !orders_.is_of_items((*at)->times)) {
        ++at;
        continue;
      }
      not_used(**at, "it is the same for all events of an item");
      at = times_.erase(at);
    }
  }

  TimeCandidate* finest() const {
    for (TimeCandidate* candidate : times_) {
      if (std::all_of(times_.begin(), times_.end(), [&](const TimeCandidate* other) {
            return other == candidate || orders_.refines(candidate->times, other->times);
          })) {
        return candidate;
      }
    }
    std::vector<std::string> names;
    for (const TimeCandidate* candidate : times_) names.push_back(candidate->name);
    throw Error(path_ + ": the columns" + quoted_list(names) +
                " look like times, but give events different orders" + kChoose);
  }

  void refuse_doubts_about(const TimeCandidate& chosen) const {
    if (chosen.is_chosen) return;
    for (const TimeCandidate* faulty : faulty_) {
      const bool is_surer = static_cast<int>(faulty->named) < static_cast<int>(chosen.named);
      if (is_surer && has_time_name(*faulty)) refuse_fault(*faulty);
    }
    if (chosen.times.is_date_only() && !clocks_.empty()) {
      throw Error(path_ + ": " + quoted(chosen) + " tells the day, but which of the columns " +
                  quoted(*clocks_.front()) + " tells the time of day is not plain" + kChoose +
                  ", or write both in one column");
    }
    if (chosen.named != TimeName::kExact && orders_.is_of_items(chosen.times) &&
        !orders_.agrees_with_file(chosen.times)) {
      throw Error(path_ + ": column " + quoted(chosen) +
                  " is the same for all events of an item: it may tell when the item appeared, not "
                  "when users saw it" +
                  kChoose);
    }
  }

  void settle_without_time() {
    for (const TimeCandidate* candidate : faulty_) {
      // A duration or a place that is no number is plainly no time.
      if (candidate->named == TimeName::kWeak && candidate->times.instants().empty()) {
        not_used(*candidate, fault_of(*candidate));
      } else {
        refuse_fault(*candidate);
      }
    }
    for (const TimeCandidate* candidate : doubtful_) refuse_if_it_matters(*candidate);
    for (const TimeCandidate* candidate : clocks_) refuse_if_it_matters(*candidate);
  }

  void refuse_if_it_matters(const TimeCandidate& candidate) {
    if (orders_.agrees_with_file(candidate.times)) {
      not_used(candidate, "its order is the file's");
      return;
    }
    throw Error(path_ + ": column " + quoted(candidate) + " (" + candidate.times.description() +
                ") may tell the order of events, and no other column does" + kChoose);
  }

  const std::string& path_;
  std::vector<TimeCandidate> candidates_;
  const Orders& orders_;
  std::vector<std::string>* notes_;
  std::vector<TimeCandidate*> times_, clocks_, doubtful_, faulty_;
};

}  // namespace

void order_rows(const std::string& path, std::vector<TimeCandidate> candidates,
                const std::vector<uint32_t>& items, size_t item_count, bool force, RowsByUser* rows,
                std::string* column_note, std::vector<std::string>* notes) {
  const Orders orders(*rows, items, item_count);
  OrderChooser chooser(path, std::move(candidates), orders, notes);
  const TimeCandidate* chosen = chooser.choose();
  if (chosen == nullptr) {
    notes->push_back("order: taken from the file: no column tells the time");
    return;
  }
  const TimeColumn& times = chosen->times;
  *column_note += ", time " + quoted(*chosen) + " (" + times.description() + ")";
  notes->push_back("order: by time");
  RowsByUser sorted = orders.sorted_by(times);
  *rows = std::move(sorted);
  const Orders::Ties ties = orders.ties(times);
  if (ties.events == 0) return;
  const std::string told = count_text(ties.events) + " events of " + count_text(ties.users) +
                           " users share their time with another: their order is the file's";
  if (times.has_lost_digits() && 2 * ties.events > ties.of_events && !force) {
    throw Error(
        path + ": column " + quoted(*chosen) +
        ": numbers such as 1.500058e+09 have lost their last digits: " + told +
        "; write whole numbers, pass --time-column none if the rows are in order, or --force");
  }
  notes->push_back(told);
}

}  // namespace pintle::converter
