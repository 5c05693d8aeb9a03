// SPDX-License-Identifier: Apache-2.0
#include "runtime/snapshot/json_writer.h"
#include "runtime/snapshot/snapshot.h"
#include "schema/crc32.h"

namespace pintle::internal {

const char* const kFeedbackNames[kFeedbackKinds] = {
    "like",   "dislike", "not_interested", "seen_elsewhere", "more_like", "less_like",
    "finish", "skip",    "more_of",        "less_of",        "prefers"};

namespace {

class Saver {
 public:
  Saver(const Session& session, JsonWriter* json)
      : session_(session), model_(*session.model), json_(*json) {}

  // All but the checksum.
  void save() {
    json_.open('{');
    json_.key("pintle_snapshot");
    json_.integer(kSnapshotVersion);
    json_.key("network");
    json_.natural(model_.network_hash);
    json_.key("items");
    json_.natural(model_.item_count);
    save_history();
    if (session_.profile.present()) save_profile();
  }
  bool is_corrupt() const { return is_corrupt_; }

 private:
  void save_id(uint32_t item) {
    int64_t id = 0;
    const char* text = nullptr;
    model_.catalogue.get_id(item, &id, &text);
    if (!model_.catalogue.has_text_ids) return json_.integer(id);
    if (text == nullptr) {
      is_corrupt_ = true;
      return json_.null();
    }
    json_.text(text, strlen(text));
  }
  void save_time(int64_t seconds) {
    seconds == PINTLE_NO_DATE ? json_.null() : json_.integer(seconds);
  }
  void save_float(float value) {
    json_.millionths(static_cast<uint64_t>(static_cast<double>(value) * 1e6 + 0.5));
  }
  template <typename Each>
  void save_bits(const uint64_t* words, const Each& each) {
    for (uint32_t item = 0; item < model_.item_count; ++item) {
      if (words[item / 64] == 0) {
        item |= 63;
      } else if ((words[item / 64] >> item % 64 & 1) != 0) {
        each(item);
      }
    }
  }

  void save_history() {
    const History& history = session_.history;
    json_.key("window_policy");
    history.policy() == PINTLE_WINDOW_HOP ? json_.text("hop", 3) : json_.text("exact", 5);
    json_.key("event_count");
    json_.natural(history.event_count());
    json_.key("newest_time");
    save_time(history.newest_time());
    json_.key("history");  // [id, seconds]
    json_.open('[');
    for (uint32_t i = 0; i < history.kept(); ++i) {
      json_.open('[');
      save_id(history.item(i));
      save_time(history.time(i));
      json_.close(']');
    }
    json_.close(']');
    json_.key("seen");  // [id, minutes]
    json_.open('[');
    save_bits(history.seen().words(), [&](uint32_t item) {
      json_.open('[');
      save_id(item);
      const int32_t minutes = history.seen().knows_times() ? history.seen().last_minutes(item)
                                                           : SeenItems::kUnknownMinutes;
      minutes == SeenItems::kUnknownMinutes ? json_.null() : json_.integer(minutes);
      json_.close(']');
    });
    json_.close(']');
  }

  void save_profile() {
    const ProfileState& profile = session_.profile;
    json_.key("profile");
    json_.open('{');
    json_.key("half_life_seconds");
    json_.integer(static_cast<int64_t>(profile.options.half_life_seconds));
    json_.key("strength");
    save_float(profile.options.strength);
    json_.key("trust");
    save_float(profile.options.trust);
    json_.key("last_number");
    json_.natural(profile.log.last_number());
    json_.key("feedback");
    json_.open('[');
    for (uint32_t i = 0; i < profile.log.count(); ++i) save_feedback(profile.log.entry(i));
    json_.close(']');
    save_list("last_list", profile.last_list);
    json_.key("kept_out");
    json_.open('[');
    save_bits(profile.log.dropped(), [&](uint32_t item) { save_id(item); });
    json_.close(']');
    json_.close('}');
  }
  void save_list(const char* name, const ShownList& list) {
    json_.key(name);
    json_.open('[');
    for (uint32_t i = 0; i < list.count; ++i) save_id(list.items[i]);
    json_.close(']');
  }
  void save_feedback(const FeedbackEntry& entry) {
    const pintle_feedback& feedback = entry.feedback;
    json_.open('{');
    json_.key("number");
    json_.natural(feedback.number);
    json_.key("kind");
    json_.text(kFeedbackNames[feedback.kind], strlen(kFeedbackNames[feedback.kind]));
    if (names_attribute(feedback.kind)) {
      const fb::Attribute* attribute = model_.catalogue.attributes->Get(feedback.target);
      json_.key("group");
      json_.text(attribute->group()->c_str(), attribute->group()->size());
      json_.key("attribute");
      json_.text(attribute->name()->c_str(), attribute->name()->size());
    } else {
      json_.key("item");
      save_id(feedback.target);
    }
    json_.key("weight");
    save_float(feedback.weight);
    json_.key("time");
    save_time(feedback.time);
    save_list("shown", entry.shown);
    json_.close('}');
  }

  const Session& session_;
  const Model& model_;
  JsonWriter& json_;
  bool is_corrupt_ = false;
};

}  // namespace

Status save_session(const Session& session, char* data, size_t capacity, size_t* size_bytes) {
  JsonWriter json(data, capacity);
  Saver saver(session, &json);
  saver.save();
  if (saver.is_corrupt()) {
    return session.fault()(PINTLE_ERR_CORRUPT, "an id of the model lies outside its table");
  }
  // The checksum has ten digits always: the size is known before it is.
  constexpr size_t kDigits = 10, kTail = sizeof(kChecksumMember) - 1 + kDigits + 1;
  *size_bytes = json.size() + kTail;
  if (capacity == 0) return PINTLE_OK;
  if (capacity < *size_bytes) {
    return session.fault()(PINTLE_ERR_BUFFER_TOO_SMALL,
                           "the snapshot has %zu bytes, room is for %zu", *size_bytes, capacity);
  }
  char* tail = data + json.size();
  uint32_t crc = format::Crc32()(data, json.size());
  memcpy(tail, kChecksumMember, sizeof(kChecksumMember) - 1);
  tail += sizeof(kChecksumMember) - 1;
  *tail = '"';
  for (size_t i = kDigits - 2; i > 0; --i, crc /= 16) tail[i] = "0123456789abcdef"[crc % 16];
  tail[kDigits - 1] = '"';
  tail[kDigits] = '}';
  return PINTLE_OK;
}

}  // namespace pintle::internal
