// SPDX-License-Identifier: Apache-2.0
//
// C++17 over the whole of pintle.h: ownership and Result, header-only; needs neither exceptions nor RTTI.
// What a call does, its units, errors and threads are told in pintle.h, under the name of the C function
// that the comment names. Allocates where it returns a std::vector, and for the words of a failure; calls that
// must not allocate (lists into a buffer of the caller's) take pointers, as C does.
#ifndef PINTLE_PINTLE_HPP_
#define PINTLE_PINTLE_HPP_

#include <cassert>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "pintle/pintle.h"

namespace pintle {

// What a call without a value came to: PINTLE_OK, or the status and the words of the failure.
class [[nodiscard]] Status {
 public:
  Status() = default;
  Status(pintle_status status) : Status(status, pintle_status_message(status)) {}
  Status(pintle_status status, std::string message)
      : status_(status), message_(status == PINTLE_OK ? std::string() : std::move(message)) {}

  explicit operator bool() const { return status_ == PINTLE_OK; }
  pintle_status status() const { return status_; }
  const char* name() const { return pintle_status_name(status_); }
  const std::string& message() const { return message_; }  // "" for PINTLE_OK
  friend bool operator==(const Status& a, pintle_status b) { return a.status_ == b; }
  friend bool operator!=(const Status& a, pintle_status b) { return a.status_ != b; }

 private:
  pintle_status status_ = PINTLE_OK;
  std::string message_;
};

// A value, or the status that tells why there is none.
template <typename T>
class [[nodiscard]] Result {
 public:
  Result(T value) : value_(std::move(value)) {}
  // REQUIRES: !failure
  Result(Status failure) : status_(std::move(failure)) {}

  explicit operator bool() const { return static_cast<bool>(status_); }
  pintle_status status() const { return status_.status(); }
  const std::string& message() const { return status_.message(); }
  const Status& failure() const { return status_; }
  // REQUIRES: *this, which builds with asserts check. Of a temporary the value itself, so that
  // `for (auto& entry : *session.recommend(10))` walks what lives as long as the loop.
  T& operator*() & { return checked(this)->value_; }
  const T& operator*() const& { return checked(this)->value_; }
  T operator*() && { return std::move(checked(this)->value_); }
  T* operator->() { return &checked(this)->value_; }
  const T* operator->() const { return &checked(this)->value_; }

 private:
  template <typename Self>
  static Self* checked(Self* self) {
    assert(*self && "a Result without a value: look at message()");
    return self;
  }

  Status status_;
  T value_{};
};

inline uint32_t version_number() { return pintle_version_number(); }
inline uint32_t format_version() { return pintle_format_version(); }

// ---- Edits --------------------------------------------------------------------------------------

inline pintle_edit turn(uint32_t knob, float strength) {
  return {PINTLE_EDIT_KNOB, knob, 0, 0, strength};
}
inline pintle_edit edit(pintle_edit_kind kind, uint32_t sae, uint32_t feature, float value = 0,
                        uint32_t flags = 0) {
  return {static_cast<uint32_t>(kind), feature, sae, flags, value};
}
// edits must outlive the steering.
inline pintle_steering steer(const std::vector<pintle_edit>& edits, uint32_t flags = 0) {
  pintle_steering steering = PINTLE_STEERING_INIT;
  steering.flags = flags;
  steering.edits = edits.data();
  steering.edit_count = edits.size();
  return steering;
}

// ---- Wishes and rules ---------------------------------------------------------------------------

inline pintle_wish wish_for(uint32_t attribute, float value) {
  return {PINTLE_WISH_ATTRIBUTE, attribute, value};
}
inline pintle_wish boost(uint32_t item, float value) { return {PINTLE_WISH_ITEM, item, value}; }
// With the request's now and half_life_seconds.
inline pintle_wish fresh(float value) { return {PINTLE_WISH_FRESH, 0, value}; }
inline pintle_wish diverse(float value) { return {PINTLE_WISH_DIVERSE, 0, value}; }
// With the request's seed.
inline pintle_wish explore(float value) { return {PINTLE_WISH_EXPLORE, 0, value}; }

// The target of wishes and rules that stands for Session::set_example's `example`, in an attribute's place.
inline uint32_t example_attribute(uint32_t example) { return PINTLE_EXAMPLE_ATTRIBUTE + example; }

inline pintle_rule at_least(uint32_t attribute, float share) {
  return {PINTLE_RULE_AT_LEAST, attribute, 0, share};
}
inline pintle_rule at_most(uint32_t attribute, float share) {
  return {PINTLE_RULE_AT_MOST, attribute, 0, share};
}
inline pintle_rule exactly(uint32_t attribute, float share) {
  return {PINTLE_RULE_EXACTLY, attribute, 0, share};
}
inline pintle_rule mix(uint32_t attribute, float share) {
  return {PINTLE_RULE_MIX, attribute, 0, share};
}
inline pintle_rule cap(uint32_t attribute, uint32_t count) {
  return {PINTLE_RULE_CAP, attribute, count, 0};
}
inline pintle_rule cap_each(uint32_t group, uint32_t count) {
  return {PINTLE_RULE_CAP_EACH, group, count, 0};
}
inline pintle_rule max_run(uint32_t attribute, uint32_t count) {
  return {PINTLE_RULE_RUN, attribute, count, 0};
}
inline pintle_rule max_run_each(uint32_t group, uint32_t count) {
  return {PINTLE_RULE_RUN_EACH, group, count, 0};
}
inline pintle_rule pin(uint32_t item, uint32_t rank) { return {PINTLE_RULE_PIN, item, rank, 0}; }

// ---- Requests -----------------------------------------------------------------------------------

// A pintle_request that owns its lists, edits, wishes and rules.
struct Request {
  size_t k = 10;
  bool includes_seen = false;
  bool only_allowed = false;  // of `allow` alone: with an empty list, none
  bool is_personal = true;    // false: PINTLE_NOT_PERSONAL
  std::vector<uint32_t> allow, deny;
  std::vector<pintle_edit> edits;
  uint32_t steering_flags = 0;  // PINTLE_STEER_*
  std::vector<pintle_wish> wishes;
  std::vector<pintle_rule> rules;
  int64_t now = PINTLE_NO_DATE;     // seconds since 1970; not known: the newest event's
  double repeat_after_seconds = 0;  // items seen before that may come back
  double half_life_seconds = 0;     // fresh()
  uint64_t seed = 0;                // explore()

  Request() = default;
  explicit Request(size_t entries) : k(entries) {}

  // Calls use(pintle_request) with this one's, which points into this.
  template <typename Use>
  auto with_c(const Use& use) const {
    const pintle_steering steering = steer(edits, steering_flags);
    pintle_request request = PINTLE_REQUEST_INIT;
    request.k = k;
    request.flags = (includes_seen ? uint32_t{PINTLE_INCLUDE_SEEN} : 0u) |
                    (only_allowed ? uint32_t{PINTLE_ONLY_ALLOWED} : 0u) |
                    (is_personal ? 0u : uint32_t{PINTLE_NOT_PERSONAL});
    request.now = now;
    request.repeat_after_seconds = repeat_after_seconds;
    request.allow = only_allowed ? allow.data() : nullptr;
    request.allow_count = only_allowed ? allow.size() : 0;
    request.deny = deny.data();
    request.deny_count = deny.size();
    if (!edits.empty() || steering_flags != 0) request.steering = &steering;
    pintle_wishes asked = PINTLE_WISHES_INIT;
    asked.wishes = wishes.data();
    asked.wish_count = wishes.size();
    asked.rules = rules.data();
    asked.rule_count = rules.size();
    asked.half_life_seconds = half_life_seconds;
    asked.seed = seed;
    if (!wishes.empty() || !rules.empty()) request.wishes = &asked;
    return use(request);
  }
};

// ---- Models -------------------------------------------------------------------------------------

// A reference to an open model, or to none. Copies are references to the same model, which goes with the
// last of them and of its sessions. Any thread.
class Model {
 public:
  Model() = default;
  // Takes over the caller's reference to `model`.
  explicit Model(pintle_model* model) : model_(model) {}
  Model(const Model& other) : model_(other.model_) { pintle_model_retain(model_); }
  Model(Model&& other) noexcept : model_(std::exchange(other.model_, nullptr)) {}
  Model& operator=(Model other) noexcept {
    std::swap(model_, other.model_);
    return *this;
  }
  ~Model() { pintle_model_close(model_); }

  // pintle_model_open_file
  static Result<Model> open(const std::string& path, const pintle_open_options* options = nullptr) {
    return wrap([&](pintle_model** model, pintle_error* error) {
      return pintle_model_open_file(path.c_str(), options, model, error);
    });
  }
  // pintle_model_open_fd
  static Result<Model> open_fd(int fd, uint64_t offset_bytes, uint64_t length_bytes,
                               const pintle_open_options* options = nullptr) {
    return wrap([&](pintle_model** model, pintle_error* error) {
      return pintle_model_open_fd(fd, offset_bytes, length_bytes, options, model, error);
    });
  }
  // pintle_model_open_memory
  static Result<Model> open_memory(const void* data, size_t size_bytes,
                                   const pintle_open_options* options = nullptr) {
    return wrap([&](pintle_model** model, pintle_error* error) {
      return pintle_model_open_memory(data, size_bytes, options, model, error);
    });
  }

  explicit operator bool() const { return model_ != nullptr; }
  pintle_model* get() const { return model_; }

  // What it holds, by number. REQUIRES for info(): *this.
  pintle_model_info info() const {
    pintle_model_info info = PINTLE_MODEL_INFO_INIT;
    (void)pintle_model_get_info(model_, &info);
    return info;
  }
  Result<const char*> main_parameter(uint32_t parameter) const {
    const char* text = nullptr;
    return result(pintle_model_get_main_parameter(model_, parameter, &text), text);
  }
  Result<pintle_item_info> item(uint32_t item) const {
    pintle_item_info info = PINTLE_ITEM_INFO_INIT;
    return result(pintle_model_get_item(model_, item, &info), info);
  }
  // pintle_model_get_item_vector: [dim]
  Result<std::vector<float>> item_vector(uint32_t item) const {
    std::vector<float> vector(info().dim);
    const pintle_status status =
        pintle_model_get_item_vector(model_, item, vector.data(), vector.size());
    return result(status, vector);
  }
  Result<pintle_group_info> group(uint32_t group) const {
    pintle_group_info info = PINTLE_GROUP_INFO_INIT;
    return result(pintle_model_get_group(model_, group, &info), info);
  }
  Result<pintle_attribute_info> attribute(uint32_t attribute) const {
    pintle_attribute_info info = PINTLE_ATTRIBUTE_INFO_INIT;
    return result(pintle_model_get_attribute(model_, attribute, &info), info);
  }
  Result<pintle_sae_info> sae(uint32_t sae) const {
    pintle_sae_info info = PINTLE_SAE_INFO_INIT;
    return result(pintle_model_get_sae(model_, sae, &info), info);
  }
  Result<pintle_feature_info> feature(uint32_t sae, uint32_t feature) const {
    pintle_feature_info info = PINTLE_FEATURE_INFO_INIT;
    return result(pintle_model_get_feature(model_, sae, feature, &info), info);
  }
  Result<pintle_knob_info> knob(uint32_t knob) const {
    pintle_knob_info info = PINTLE_KNOB_INFO_INIT;
    return result(pintle_model_get_knob(model_, knob, &info), info);
  }
  Result<pintle_preset_info> preset(uint32_t preset) const {
    pintle_preset_info info = PINTLE_PRESET_INFO_INIT;
    return result(pintle_model_get_preset(model_, preset, &info), info);
  }
  Result<std::vector<pintle_edit>> preset_edits(uint32_t preset) const {
    const Result<pintle_preset_info> info = this->preset(preset);
    if (!info) return info.failure();
    std::vector<pintle_edit> edits(info->edit_count);
    const pintle_status status =
        pintle_model_get_preset_edits(model_, preset, edits.data(), edits.size());
    return result(status, edits);
  }

  // Numbers by name and id.
  Result<uint32_t> find(int64_t id) const {
    uint32_t item = 0;
    return result(pintle_model_find_integer_id(model_, id, &item), item);
  }
  Result<uint32_t> find(std::string_view id) const {
    uint32_t item = 0;
    return result(pintle_model_find_text_id(model_, id.data(), id.size(), &item), item);
  }
  // pintle_model_find_integer_ids: PINTLE_NO_ITEM where there is none.
  Result<std::vector<uint32_t>> find_all(const std::vector<int64_t>& ids,
                                         size_t* unknown_count = nullptr) const {
    std::vector<uint32_t> items(ids.size());
    const pintle_status status =
        pintle_model_find_integer_ids(model_, ids.data(), ids.size(), items.data(), unknown_count);
    return result(status, items);
  }
  // pintle_model_find_text_ids
  Result<std::vector<uint32_t>> find_all(const std::vector<std::string>& ids,
                                         size_t* unknown_count = nullptr) const {
    std::vector<const char*> texts;
    for (const std::string& id : ids) texts.push_back(id.c_str());
    std::vector<uint32_t> items(ids.size());
    const pintle_status status =
        pintle_model_find_text_ids(model_, texts.data(), texts.size(), items.data(), unknown_count);
    return result(status, items);
  }
  Result<uint32_t> find_attribute(const std::string& group, const std::string& name) const {
    uint32_t attribute = 0;
    return result(pintle_model_find_attribute(model_, group.c_str(), name.c_str(), &attribute),
                  attribute);
  }
  Result<uint32_t> find_knob(const std::string& name) const {
    uint32_t knob = 0;
    return result(pintle_model_find_knob(model_, name.c_str(), &knob), knob);
  }
  Result<uint32_t> find_preset(const std::string& name) const {
    uint32_t preset = 0;
    return result(pintle_model_find_preset(model_, name.c_str(), &preset), preset);
  }
  // pintle_session_memory
  Result<size_t> session_memory() const {
    size_t size_bytes = 0;
    return result(pintle_session_memory(model_, &size_bytes), size_bytes);
  }

 private:
  // By reference: the call that gave the status fills `value`, in whatever order the arguments come.
  template <typename T>
  static Result<T> result(pintle_status status, T& value) {
    if (status != PINTLE_OK) return Status(status);
    return Result<T>(std::move(value));
  }
  template <typename Open>
  static Result<Model> wrap(const Open& open) {
    pintle_model* model = nullptr;
    pintle_error error = {};
    const pintle_status status = open(&model, &error);
    if (status != PINTLE_OK) return Status(status, error.message);
    return Result<Model>(Model(model));
  }

  pintle_model* model_ = nullptr;
};

// ---- Sessions -----------------------------------------------------------------------------------

struct ListExplanation {
  std::vector<pintle_list_entry> entries;   // best first
  std::vector<pintle_rule_result> results;  // one a rule of the request
  pintle_list_info info = PINTLE_LIST_INFO_INIT;
};

struct FeatureExplanation {
  std::vector<pintle_feature_value> features;  // the strongest, at most as many as asked
  size_t active_count;                         // of all
  float score, remainder;
};

// What a profile gives an item: its strongest attributes, and the sum of all, in nats.
struct ItemOffset {
  std::vector<pintle_profile_part> parts;
  float offset;
};

// pintle_snapshot_check
inline Status check_snapshot(const std::string& snapshot) {
  pintle_error error = {};
  const pintle_status status = pintle_snapshot_check(snapshot.data(), snapshot.size(), &error);
  return status == PINTLE_OK ? Status() : Status(status, error.message);
}

// One user's history, with its reference to the model. Movable. One thread at a time.
class Session {
 public:
  Session() = default;
  Session(Session&& other) noexcept
      : session_(std::exchange(other.session_, nullptr)),
        owns_(std::exchange(other.owns_, false)),
        dim_(other.dim_) {}
  Session& operator=(Session&& other) noexcept {
    std::swap(session_, other.session_);
    std::swap(owns_, other.owns_);
    std::swap(dim_, other.dim_);
    return *this;
  }
  // Each ends the sessions of its own making and leaves the other's alone.
  ~Session() { owns_ ? pintle_session_free(session_) : pintle_session_destroy(session_); }

  // pintle_session_new: memory from the model's allocator.
  static Result<Session> create(const Model& model) {
    return wrap(model, true, [&](pintle_session** session, pintle_error* error) {
      return pintle_session_new(model.get(), session, error);
    });
  }
  // pintle_session_create: in the caller's memory, which must outlive the session.
  static Result<Session> create_in(const Model& model, void* memory, size_t size_bytes) {
    return wrap(model, false, [&](pintle_session** session, pintle_error* error) {
      return pintle_session_create(model.get(), memory, size_bytes, session, error);
    });
  }

  explicit operator bool() const { return session_ != nullptr; }
  pintle_session* get() const { return session_; }

  Status append(uint32_t item) { return done(pintle_session_append(session_, &item, 1)); }
  Status append(const uint32_t* items, size_t count) {
    return done(pintle_session_append(session_, items, count));
  }
  Status append(const std::vector<uint32_t>& items) { return append(items.data(), items.size()); }
  // pintle_session_append_timed: times[i] of items[i], of the same number.
  Status append(const std::vector<uint32_t>& items, const std::vector<int64_t>& times) {
    if (items.size() != times.size()) return Status(PINTLE_ERR_INVALID_ARGUMENT);
    return done(pintle_session_append_timed(session_, items.data(), times.data(), items.size()));
  }
  // pintle_session_get_history: the window's items, oldest first; their times to `times` unless it is null.
  std::vector<uint32_t> history(std::vector<int64_t>* times = nullptr) const {
    size_t count = 0;
    (void)pintle_session_get_history(session_, nullptr, nullptr, 0, &count);
    std::vector<uint32_t> items(count);
    std::vector<int64_t> read(count);
    (void)pintle_session_get_history(session_, items.data(), read.data(), count, &count);
    if (times != nullptr) *times = std::move(read);
    return items;
  }
  Status reset() { return done(pintle_session_reset(session_)); }
  Status set_window_policy(pintle_window_policy policy) {
    return done(pintle_session_set_window_policy(session_, policy));
  }
  // For large catalogues; null takes it away.
  Status set_executor(const pintle_executor* executor) {
    return done(pintle_session_set_executor(session_, executor));
  }
  // pintle_session_set_example: of a model opened with PINTLE_OPEN_EXAMPLES.
  Status set_example(uint32_t example, const std::vector<uint32_t>& like,
                     const std::vector<uint32_t>& unlike = {}) {
    return done(pintle_session_set_example(session_, example, like.data(), like.size(),
                                           unlike.data(), unlike.size()));
  }
  // pintle_session_get_example: the item's membership in fifteenths.
  Result<uint32_t> example(uint32_t example, uint32_t item) const {
    uint32_t membership = 0;
    return result(pintle_session_get_example(session_, example, item, &membership), membership);
  }
  size_t event_count() const {
    size_t count = 0;
    (void)pintle_session_event_count(session_, &count);
    return count;
  }

  // The profile; see pintle_profile_*.
  Result<uint64_t> give(const pintle_feedback& feedback) {
    uint64_t number = 0;
    return result(pintle_profile_give(session_, &feedback, &number), number);
  }
  Status undo(uint64_t number) { return done(pintle_profile_undo(session_, number)); }
  Status reset_profile() { return done(pintle_profile_reset(session_)); }
  Result<std::vector<pintle_feedback>> feedback() const {
    std::vector<pintle_feedback> all(PINTLE_FEEDBACK_EVENTS);
    size_t count = 0;
    const pintle_status status =
        pintle_profile_get_feedback(session_, all.data(), all.size(), &count);
    all.resize(status == PINTLE_OK ? count : 0);
    return result(status, all);
  }
  Status set_profile_options(const pintle_profile_options& options) {
    return done(pintle_profile_set_options(session_, &options));
  }
  Result<pintle_profile_options> profile_options() const {
    pintle_profile_options options = PINTLE_PROFILE_OPTIONS_INIT;
    return result(pintle_profile_get_options(session_, &options), options);
  }
  // The strongest parts, at most `capacity`.
  Result<std::vector<pintle_profile_part>> explain_profile(size_t capacity,
                                                           int64_t now = PINTLE_NO_DATE) {
    std::vector<pintle_profile_part> parts(capacity);
    size_t count = 0;
    const pintle_status status =
        pintle_profile_explain(session_, now, parts.data(), capacity, &count);
    if (count < parts.size()) parts.resize(count);
    return result(status, parts);
  }
  Result<ItemOffset> explain_profile_of(uint32_t item, size_t capacity,
                                        int64_t now = PINTLE_NO_DATE) {
    ItemOffset explained = {std::vector<pintle_profile_part>(capacity), 0};
    size_t count = 0;
    const pintle_status status = pintle_profile_explain_item(
        session_, item, now, explained.parts.data(), capacity, &count, &explained.offset);
    if (count < capacity) explained.parts.resize(count);
    return result(status, explained);
  }
  Result<std::string> describe(const pintle_profile_part& part) const {
    size_t length = 0;
    (void)pintle_profile_describe(session_, &part, nullptr, 0, &length);
    std::string text(length + 1, '\0');
    const pintle_status status =
        pintle_profile_describe(session_, &part, text.data(), text.size(), nullptr);
    text.resize(length);
    return result(status, text);
  }

  // pintle_session_save: JSON.
  Result<std::string> save() const {
    size_t size_bytes = 0;
    const pintle_status sized = pintle_session_save(session_, nullptr, 0, &size_bytes);
    if (sized != PINTLE_OK) return done(sized);
    std::string snapshot(size_bytes, '\0');
    return result(pintle_session_save(session_, snapshot.data(), size_bytes, &size_bytes),
                  snapshot);
  }
  Result<pintle_restore_info> restore(const std::string& snapshot) {
    pintle_restore_info info = PINTLE_RESTORE_INFO_INIT;
    return result(pintle_session_restore(session_, snapshot.data(), snapshot.size(), &info), info);
  }

  // pintle_recommend
  Result<std::vector<pintle_recommendation>> recommend(size_t k) { return recommend(Request(k)); }
  Result<std::vector<pintle_recommendation>> recommend(const Request& request) {
    return request.with_c([&](const pintle_request& c) { return recommend(c); });
  }
  Result<std::vector<pintle_recommendation>> recommend(const pintle_request& request) {
    std::vector<pintle_recommendation> list(request.k);
    size_t count = 0;
    const Status status = recommend(request, list.data(), &count);
    if (!status) return status;
    list.resize(count);
    return list;
  }
  // Into the caller's room for request.k entries, without allocating.
  Status recommend(const pintle_request& request, pintle_recommendation* out, size_t* count) {
    return done(pintle_recommend(session_, &request, out, count));
  }
  // pintle_score
  Result<std::vector<float>> score(const std::vector<uint32_t>& items) {
    std::vector<float> scores(items.size());
    const pintle_status status = pintle_score(session_, items.data(), items.size(), scores.data());
    return result(status, scores);
  }
  // pintle_session_get_scan
  pintle_scan_info scan() const {
    pintle_scan_info info = PINTLE_SCAN_INFO_INIT;
    (void)pintle_session_get_scan(session_, &info);
    return info;
  }
  // pintle_explain_list
  Result<ListExplanation> explain_list(const Request& request) {
    ListExplanation explained;
    explained.entries.resize(request.k);
    explained.results.resize(request.rules.size());
    size_t count = 0;
    const pintle_status status = request.with_c([&](const pintle_request& c) {
      return pintle_explain_list(session_, &c, explained.entries.data(), &count,
                                 explained.results.data(), &explained.info);
    });
    explained.entries.resize(count);
    return result(status, explained);
  }
  // pintle_explain_entry: the largest, at most `capacity`. rank: from 1.
  Result<std::vector<pintle_reason>> explain_entry(const Request& request, size_t rank,
                                                   size_t capacity) {
    std::vector<pintle_reason> reasons(capacity);
    size_t count = 0;
    const pintle_status status = request.with_c([&](const pintle_request& c) {
      return pintle_explain_entry(session_, &c, rank, reasons.data(), capacity, &count);
    });
    if (count < reasons.size()) reasons.resize(count);
    return result(status, reasons);
  }

  // pintle_active_features: the strongest, at most `capacity`.
  Result<std::vector<pintle_feature_value>> active_features(uint32_t sae, size_t capacity,
                                                            size_t* active_count = nullptr) {
    std::vector<pintle_feature_value> features(capacity);
    size_t count = 0;
    const pintle_status status =
        pintle_active_features(session_, sae, features.data(), capacity, &count);
    if (count < features.size()) features.resize(count);
    if (active_count != nullptr) *active_count = count;
    return result(status, features);
  }
  // pintle_explain_features
  Result<FeatureExplanation> explain_features(uint32_t sae, uint32_t item, size_t capacity) {
    FeatureExplanation explained = {std::vector<pintle_feature_value>(capacity), 0, 0, 0};
    const pintle_status status =
        pintle_explain_features(session_, sae, item, explained.features.data(), capacity,
                                &explained.active_count, &explained.score, &explained.remainder);
    if (explained.active_count < capacity) explained.features.resize(explained.active_count);
    return result(status, explained);
  }
  // pintle_explain_events: the largest, at most `capacity`.
  Result<std::vector<pintle_event_effect>> explain_events(uint32_t item, size_t capacity) {
    std::vector<pintle_event_effect> effects(capacity);
    size_t count = 0;
    const pintle_status status =
        pintle_explain_events(session_, item, effects.data(), capacity, &count);
    if (count < effects.size()) effects.resize(count);
    return result(status, effects);
  }
  // pintle_session_state: [dim]
  Result<std::vector<float>> state(const std::string& hook) {
    std::vector<float> values(dim_);
    const pintle_status status =
        pintle_session_state(session_, hook.c_str(), values.data(), values.size());
    return result(status, values);
  }

  // What a status of this session's latest call was about.
  Status done(pintle_status status) const {
    if (status == PINTLE_OK) return {};
    const char* words = pintle_session_last_error(session_);
    return words[0] == '\0' ? Status(status) : Status(status, words);
  }

 private:
  // By reference: the call that gave the status fills `value`, in whatever order the arguments come.
  template <typename T>
  Result<T> result(pintle_status status, T& value) const {
    if (status != PINTLE_OK) return done(status);
    return Result<T>(std::move(value));
  }
  template <typename Create>
  static Result<Session> wrap(const Model& model, bool owns, const Create& create) {
    Session session;
    pintle_error error = {};
    const pintle_status status = create(&session.session_, &error);
    if (status != PINTLE_OK) return Status(status, error.message);
    session.owns_ = owns;
    session.dim_ = model.info().dim;
    return Result<Session>(std::move(session));
  }

  pintle_session* session_ = nullptr;
  bool owns_ = false;
  size_t dim_ = 0;
};

// ---- Executors and batches ----------------------------------------------------------------------

// The app's threads: run(count, task) calls task(i) for every i below count, on any threads and in
// any order, and returns when all calls have. `run` must outlive every use of the executor.
template <typename Run>
pintle_executor make_executor(Run& run, size_t task_count) {
  pintle_executor executor = PINTLE_EXECUTOR_INIT;
  executor.task_count = task_count;
  executor.parallel_for = [](void* context, size_t count, pintle_task task, void* task_context) {
    (*static_cast<Run*>(context))(count, [=](size_t index) { task(task_context, index); });
  };
  executor.context = &run;
  return executor;
}

// The lists of many histories, in their order, each session being one task's; an empty history has an
// empty list. pintle_recommend_batch_parallel; without an executor, pintle_recommend_batch on the first
// session.
inline Result<std::vector<std::vector<pintle_recommendation>>> recommend_batch(
    const std::vector<Session>& sessions, const pintle_executor* executor,
    const std::vector<std::vector<uint32_t>>& histories, const Request& request) {
  if (sessions.empty()) return Status(PINTLE_ERR_INVALID_ARGUMENT);
  std::vector<pintle_session*> handles;
  for (const Session& session : sessions) handles.push_back(session.get());
  std::vector<uint32_t> items;
  std::vector<size_t> offsets = {0}, counts(histories.size());
  for (const std::vector<uint32_t>& history : histories) {
    items.insert(items.end(), history.begin(), history.end());
    offsets.push_back(items.size());
  }
  std::vector<pintle_recommendation> out(histories.size() * request.k);
  size_t done = 0;
  const pintle_status status = request.with_c([&](const pintle_request& c) {
    if (executor == nullptr) {
      return pintle_recommend_batch(handles[0], items.data(), offsets.data(), histories.size(), &c,
                                    out.data(), counts.data(), &done);
    }
    return pintle_recommend_batch_parallel(handles.data(), handles.size(), executor, items.data(),
                                           offsets.data(), histories.size(), &c, out.data(),
                                           counts.data(), &done);
  });
  if (status != PINTLE_OK) return sessions[0].done(status);
  std::vector<std::vector<pintle_recommendation>> lists;
  for (size_t h = 0; h < histories.size(); ++h) {
    const pintle_recommendation* row = out.data() + h * request.k;
    lists.emplace_back(row, row + counts[h]);
  }
  return lists;
}

}  // namespace pintle

#endif  // PINTLE_PINTLE_HPP_
