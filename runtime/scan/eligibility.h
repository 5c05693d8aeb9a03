// SPDX-License-Identifier: Apache-2.0
//
// The seen filter, and the other filters of a list: untrained, denied and not allowed items.
#ifndef PINTLE_RUNTIME_SCAN_ELIGIBILITY_H_
#define PINTLE_RUNTIME_SCAN_ELIGIBILITY_H_

#include "runtime/scan/audience.h"

namespace pintle::internal {

// Which items may enter one call's list: trained, not seen (unless the request takes those too, or those that
// were seen long ago), not kept out by the profile, and allowed. Works on the 16 bits of a panel, so that a scan pays for its filters once a hit, and on the
// session's `marked` bitmap, which is all zero between calls: touched only where a list names an item,
// and cleared by the destructor.
class Eligibility {
 public:
  // REQUIRES: every entry of request.allow and request.deny is below item_count.
  Eligibility(Session* session, const pintle_request& request, const Audience& audience)
      : model_(*session->model),
        history_(session->history.seen()),
        audience_(audience),
        seen_((request.flags & PINTLE_INCLUDE_SEEN) != 0 || !audience.has_history
                  ? nullptr
                  : session->history.seen().words()),
        excluded_(audience.has_profile && session->profile.present() &&
                          session->profile.log.has_excluded()
                      ? session->profile.log.excluded()
                      : nullptr),
        marked_(session->scan.marked.front(SeenItems::word_count(model_.item_count))),
        request_(request),
        marks_allowed_((request.flags & PINTLE_ONLY_ALLOWED) != 0),
        lanes_of_last_panel_((uint32_t{1} << (model_.item_count - 1) % kPanelRows << 1) - 1) {
    if (marks_allowed_) set(request.allow, request.allow_count);
    for (size_t i = 0; i < request.deny_count; ++i) {
      marks_allowed_ ? clear(request.deny[i]) : set(request.deny[i]);
    }
  }
  ~Eligibility() {
    const uint32_t* listed = marks_allowed_ ? request_.allow : request_.deny;
    const size_t count = marks_allowed_ ? request_.allow_count : request_.deny_count;
    for (size_t i = 0; i < count; ++i) marked_[listed[i] / 64] = 0;
  }
  Eligibility(const Eligibility&) = delete;
  Eligibility& operator=(const Eligibility&) = delete;

  // Bit r: item 16 * panel + r is eligible. REQUIRES: the panel exists.
  uint32_t of_panel(size_t panel) const {
    const size_t word = panel / 4, shift = panel % 4 * kPanelRows;
    uint32_t mask = static_cast<uint32_t>(marked_[word] >> shift);
    if (!marks_allowed_) mask = ~mask;
    if (seen_ != nullptr) {
      uint32_t seen = static_cast<uint32_t>(seen_[word] >> shift);
      if (audience_.may_repeat && (mask & seen & 0xffffu) != 0) seen = seen_lately(panel, seen);
      mask &= ~seen;
    }
    if (excluded_ != nullptr) mask &= ~static_cast<uint32_t>(excluded_[word] >> shift);
    mask &= panel + 1 == model_.scored_items.panel_count() ? lanes_of_last_panel_ : 0xffffu;
    if (mask != 0) mask &= model_.catalogue.trained_of_panel(panel);
    return mask;
  }
  bool of_item(uint32_t item) const {
    return (of_panel(item / kPanelRows) >> item % kPanelRows & 1) != 0;
  }
  // Takes an item off the allow list: a second mention of it is no second entry. REQUIRES: there is
  // an allow list.
  void drop(uint32_t item) { clear(item); }
  // The first panel from `panel` on that may hold an eligible item; the panel count if none does.
  // Cheap where an allow list leaves most of the catalogue out: four panels a word.
  size_t next_panel(size_t panel) const {
    const size_t panels = model_.scored_items.panel_count();
    if (!marks_allowed_) return panel;
    while (panel < panels && (marked_[panel / 4] >> panel % 4 * kPanelRows) == 0) {
      panel = (panel / 4 + 1) * 4;
    }
    while (panel < panels && !has_mark(panel)) ++panel;
    return panel < panels ? panel : panels;
  }
  // The end of the run of panels from `panel` on that is worth one scan. REQUIRES: next_panel(panel)
  // is `panel`.
  size_t end_of_run(size_t panel) const {
    // Scanning so many panels in vain costs about what another call does.
    constexpr size_t kWorthBridging = 3;
    const size_t panels = model_.scored_items.panel_count();
    if (!marks_allowed_) return panels;
    size_t end = panel;  // behind the last one with a mark
    while (panel < panels && panel - end <= kWorthBridging) {
      if (has_mark(panel++)) end = panel;
    }
    return end;
  }

 private:
  // Of the panel's seen items those that may not come back yet.
  uint32_t seen_lately(size_t panel, uint32_t seen) const {
    uint32_t lately = 0;
    for (seen &= 0xffffu; seen != 0; seen &= seen - 1) {
      const uint32_t row = static_cast<uint32_t>(__builtin_ctz(seen));
      const uint32_t item = static_cast<uint32_t>(panel * kPanelRows) + row;
      if (history_.last_minutes(item) >= audience_.repeats_before) lately |= uint32_t{1} << row;
    }
    return lately;
  }
  bool has_mark(size_t panel) const {
    return (marked_[panel / 4] >> panel % 4 * kPanelRows & 0xffffu) != 0;
  }
  void set(uint32_t item) { marked_[item / 64] |= uint64_t{1} << (item % 64); }
  void set(const uint32_t* items, size_t count) {
    for (size_t i = 0; i < count; ++i) set(items[i]);
  }
  void clear(uint32_t item) { marked_[item / 64] &= ~(uint64_t{1} << (item % 64)); }

  const Model& model_;
  const SeenItems& history_;
  const Audience audience_;
  const uint64_t* seen_;      // of SeenItems; null: seen items may come back
  const uint64_t* excluded_;  // of FeedbackLog; null: none
  uint64_t* marked_;          // as long
  const pintle_request& request_;
  bool marks_allowed_;  // whether a mark means allowed, or denied
  uint32_t lanes_of_last_panel_;
};

}  // namespace pintle::internal

#endif  // PINTLE_RUNTIME_SCAN_ELIGIBILITY_H_
