// SPDX-License-Identifier: Apache-2.0
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "runtime/profile/feedback.h"
#include "runtime/snapshot/json_reader.h"
#include "runtime/snapshot/snapshot.h"
#include "schema/crc32.h"

namespace pintle::internal {
namespace {

constexpr char kNoSnapshot[] =
    "no snapshot of a session, or a damaged one, near byte %zu: take the copy before it";

// Goes through a snapshot: once to check it, without a session, and once more to restore it. What the first pass
// accepts is sound in form and value; ids and names are the second one's.
class Restorer {
 public:
  Restorer(const char* data, size_t size_bytes, Session* session, pintle_restore_info* info)
      : json_(data, size_bytes), session_(session), info_(*info) {}

  bool is_newer() const { return is_newer_; }
  size_t position() const { return json_.position(); }

  // False: it is none, or newer.
  bool read() {
    JsonText name;
    bool has_version = false;
    uint64_t network = 0, items = 0;
    for (json_.open('{'); json_.more('}');) {
      json_.key(&name);
      if (name.is("pintle_snapshot")) {
        has_version = true;
        is_newer_ = json_.number() > kSnapshotVersion;
      } else if (name.is("network")) {
        network = json_.natural();
      } else if (name.is("items")) {
        items = json_.natural();
      } else if (name.is("window_policy")) {
        read_policy();
      } else if (name.is("event_count")) {
        event_count_ = json_.natural();
      } else if (name.is("newest_time")) {
        newest_time_ = read_time();
      } else if (name.is("history")) {
        read_history();
      } else if (name.is("seen")) {
        read_seen();
      } else if (name.is("profile")) {
        read_profile();
      } else {
        if (!name.is("crc32")) ++info_.unknown_members;
        json_.skip();
      }
      if (is_newer_) return false;
    }
    if (!has_version || !json_.at_end()) return false;
    if (session_ == nullptr) return true;
    session_->history.restore_counts(count_of_events(), newest_time_);
    info_.is_same_model =
        network == session_->model->network_hash && items == session_->model->item_count;
    return true;
  }

 private:
  // What the window, some of whose events may have been dropped, allows.
  uint64_t count_of_events() const {
    const uint32_t kept = session_->history.kept(), skipped = session_->model->skip_oldest;
    if (kept == 0) return event_count_ < skipped ? event_count_ : skipped;
    const uint64_t least = uint64_t{kept} + skipped;
    return event_count_ < least ? least : event_count_;
  }
  // The item of an id; PINTLE_NO_ITEM where the model lacks it, or without a session.
  uint32_t read_item() {
    uint32_t item = PINTLE_NO_ITEM;
    JsonText text;
    const bool is_text = json_.next() == '"';
    int64_t id = 0;
    is_text ? json_.text(&text) : static_cast<void>(id = json_.number());
    if (json_.failed() || session_ == nullptr) return item;
    const Catalogue& catalogue = session_->model->catalogue;
    if (is_text != catalogue.has_text_ids) return item;
    const Status status =
        is_text ? catalogue.find(text.bytes, text.length, &item) : catalogue.find(id, &item);
    return status == PINTLE_OK ? item : PINTLE_NO_ITEM;
  }
  int64_t read_time() {
    if (json_.null()) return PINTLE_NO_DATE;
    const int64_t seconds = json_.number();
    if (!is_time(seconds)) json_.fail();
    return seconds;
  }

  void read_policy() {
    JsonText text;
    json_.text(&text);
    if (!text.is("hop") && !text.is("exact")) json_.fail();
    if (session_ == nullptr || json_.failed()) return;
    session_->history.set_policy(*session_->model,
                                 text.is("hop") ? PINTLE_WINDOW_HOP : PINTLE_WINDOW_EXACT);
  }
  void read_history() {
    for (json_.open('['); json_.more(']');) {
      json_.open('[');
      if (!json_.more(']')) return json_.fail();
      const uint32_t item = read_item();
      if (!json_.more(']')) return json_.fail();
      const int64_t time = read_time();
      if (json_.more(']')) return json_.fail();
      if (session_ == nullptr || json_.failed()) continue;
      if (item == PINTLE_NO_ITEM) {
        ++info_.dropped_events;
      } else {
        session_->history.restore_event(*session_->model, item, time);
        ++info_.event_count;
      }
    }
  }
  void read_seen() {
    for (json_.open('['); json_.more(']');) {
      json_.open('[');
      if (!json_.more(']')) return json_.fail();
      const uint32_t item = read_item();
      if (!json_.more(']')) return json_.fail();
      int32_t minutes = SeenItems::kUnknownMinutes;
      if (!json_.null()) {
        const int64_t number = json_.number();
        if (number < -PINTLE_LATEST / 60 - 1 || number > PINTLE_LATEST / 60) return json_.fail();
        minutes = static_cast<int32_t>(number);
      }
      if (json_.more(']')) return json_.fail();
      if (session_ == nullptr || json_.failed()) continue;
      if (item == PINTLE_NO_ITEM) {
        ++info_.dropped_seen;
      } else {
        session_->history.restore_seen(item, minutes);
        ++info_.seen_count;
      }
    }
  }

  FeedbackLog* log() const {
    return session_ != nullptr && session_->profile.present() ? &session_->profile.log : nullptr;
  }
  void read_profile() {
    JsonText name;
    pintle_profile_options options = PINTLE_PROFILE_OPTIONS_INIT;
    ShownList last_list = {};
    uint64_t last_number = 0;
    for (json_.open('{'); json_.more('}');) {
      json_.key(&name);
      if (name.is("half_life_seconds")) {
        options.half_life_seconds = static_cast<double>(json_.number());
      } else if (name.is("strength")) {
        options.strength = read_millionths();
      } else if (name.is("trust")) {
        options.trust = read_millionths();
      } else if (name.is("last_number")) {
        last_number = json_.natural();
      } else if (name.is("feedback")) {
        read_feedback();
      } else if (name.is("last_list")) {
        read_list(&last_list);
      } else if (name.is("kept_out")) {
        read_kept_out();
      } else {
        ++info_.unknown_members;
        json_.skip();
      }
    }
    if (!are_profile_options(options) || last_number < newest_number_) json_.fail();
    if (log() == nullptr || json_.failed()) return;
    session_->profile.options = options;
    session_->profile.last_list = last_list;
    log()->restore_number(last_number);
  }
  float read_millionths() {
    return static_cast<float>(static_cast<double>(json_.number(1000000)) / 1e6);
  }

  // Items that the model lacks are left out.
  void read_list(ShownList* list) {
    uint32_t count = 0;
    for (json_.open('['); json_.more(']');) {
      if (++count > kShownItems) return json_.fail();
      const uint32_t item = read_item();
      if (item != PINTLE_NO_ITEM) list->items[list->count++] = item;
    }
  }
  void read_feedback() {
    uint32_t count = 0;
    for (json_.open('['); json_.more(']');) {
      if (++count > PINTLE_FEEDBACK_EVENTS) return json_.fail();
      read_one();
    }
  }
  void read_one() {
    JsonText name, kind, group, value;
    group.bytes[0] = value.bytes[0] = '\0';
    pintle_feedback feedback = {kFeedbackKinds, PINTLE_NO_ITEM, 0, 0, PINTLE_NO_DATE, 0};
    uint32_t item = PINTLE_NO_ITEM, attribute = PINTLE_NO_ITEM;
    ShownList shown = {};
    bool has_item = false, has_attribute = false;
    for (json_.open('{'); json_.more('}');) {
      json_.key(&name);
      if (name.is("number")) {
        feedback.number = json_.natural();
      } else if (name.is("kind")) {
        json_.text(&kind);
        feedback.kind = 0;
        while (feedback.kind < kFeedbackKinds && !kind.is(kFeedbackNames[feedback.kind])) {
          ++feedback.kind;
        }
      } else if (name.is("item")) {
        item = read_item();
        has_item = true;
      } else if (name.is("group")) {
        json_.text(&group);
      } else if (name.is("attribute")) {
        json_.text(&value);
        has_attribute = true;
      } else if (name.is("weight")) {
        feedback.weight = read_millionths();
      } else if (name.is("time")) {
        feedback.time = read_time();
      } else if (name.is("shown")) {
        read_list(&shown);
      } else {
        ++info_.unknown_members;
        json_.skip();
      }
    }
    // Numbers ascend: each is one's own.
    const bool needs_attribute = names_attribute(feedback.kind);
    if (feedback.kind == kFeedbackKinds || feedback.number <= newest_number_ ||
        !(feedback.weight > 0 && feedback.weight <= 1) ||
        (needs_attribute ? !has_attribute : !has_item)) {
      json_.fail();
    }
    newest_number_ = feedback.number;
    if (session_ != nullptr && needs_attribute) {
      (void)session_->model->catalogue.find_attribute(group.bytes, value.bytes, &attribute);
    }
    feedback.target = needs_attribute ? attribute : item;
    if (session_ == nullptr || json_.failed()) return;
    if (log() == nullptr || feedback.target == PINTLE_NO_ITEM) {
      ++info_.dropped_feedback;
    } else {
      log()->restore({feedback, shown});
      ++info_.feedback_count;
    }
  }
  void read_kept_out() {
    for (json_.open('['); json_.more(']');) {
      const uint32_t item = read_item();
      if (session_ == nullptr || json_.failed()) continue;
      if (log() == nullptr || item == PINTLE_NO_ITEM) {
        ++info_.dropped_exclusions;
      } else {
        log()->restore_excluded(item);
      }
    }
  }

  JsonReader json_;
  Session* const session_;
  pintle_restore_info& info_;
  uint64_t event_count_ = 0, newest_number_ = 0;
  int64_t newest_time_ = PINTLE_NO_DATE;
  bool is_newer_ = false;
};

// The checksum is the last member where there is one.
Status check_checksum(const char* data, size_t size_bytes, const Fault& fault) {
  constexpr size_t kMember = sizeof(kChecksumMember) - 1, kTail = kMember + 11;
  if (size_bytes < kTail) return PINTLE_OK;
  const char* tail = data + size_bytes - kTail;
  if (memcmp(tail, kChecksumMember, kMember) != 0) return PINTLE_OK;
  const uint32_t crc = format::Crc32()(data, size_bytes - kTail);
  uint32_t written = 0;
  JsonText text;
  JsonReader(tail + kMember, 10).text(&text);
  for (size_t i = 0; i < text.length; ++i) {
    const char* digit = static_cast<const char*>(memchr("0123456789abcdef", text.bytes[i], 16));
    if (digit == nullptr) return fault(PINTLE_ERR_CORRUPT, kNoSnapshot, size_bytes);
    written = written * 16 + static_cast<uint32_t>(digit - &"0123456789abcdef"[0]);
  }
  if (written == crc) return PINTLE_OK;
  return fault(PINTLE_ERR_CHECKSUM,
               "the snapshot does not match its checksum: take the copy before it, or, if it was "
               "edited, leave out its member crc32");
}

void describe(pintle_restore_info* info) {
  const struct {
    size_t count;
    const char* what;
  } dropped[] = {{info->dropped_events, "events"},
                 {info->dropped_seen, "seen items"},
                 {info->dropped_feedback, "feedback"},
                 {info->dropped_exclusions, "excluded items"},
                 {info->unknown_members, "members of a later version"}};
  size_t used = 0;
  for (const auto& part : dropped) {
    if (part.count == 0) continue;
    const int bytes = snprintf(info->message + used, sizeof(info->message) - used, "%s%zu %s",
                               used == 0 ? "dropped: " : ", ", part.count, part.what);
    used += static_cast<size_t>(bytes);
  }
}

}  // namespace

Status check_snapshot(const char* data, size_t size_bytes, const Fault& fault) {
  pintle_restore_info info = PINTLE_RESTORE_INFO_INIT;
  Restorer check(data, size_bytes, nullptr, &info);
  const bool is_sound = check.read();
  if (check.is_newer()) {
    return fault(PINTLE_ERR_NEWER_FORMAT,
                 "the snapshot was written by a newer library: update this one");
  }
  // A damaged one that is JSON no more tells so first by its checksum.
  PINTLE_TRY(check_checksum(data, size_bytes, fault));
  return is_sound ? PINTLE_OK : fault(PINTLE_ERR_CORRUPT, kNoSnapshot, check.position());
}

Status restore_session(Session* session, const char* data, size_t size_bytes,
                       pintle_restore_info* info) {
  PINTLE_TRY(check_snapshot(data, size_bytes, session->fault()));
  session_reset(session);
  if (session->profile.present()) {
    session->profile.log.clear();
    session->profile.options = PINTLE_PROFILE_OPTIONS_INIT;
    session->profile.last_list = {};
    session->profile.replaced();
  }
  Restorer restore(data, size_bytes, session, info);
  (void)restore.read();  // checked
  describe(info);
  return PINTLE_OK;
}

}  // namespace pintle::internal
