// SPDX-License-Identifier: Apache-2.0
//
// A session as JSON, by external ids and names. schema/README.md draws it.
#ifndef PINTLE_RUNTIME_SNAPSHOT_SNAPSHOT_H_
#define PINTLE_RUNTIME_SNAPSHOT_SNAPSHOT_H_

#include "runtime/session/session.h"

namespace pintle::internal {

inline constexpr int64_t kSnapshotVersion = 1;
// Of the kinds of feedback, by pintle_feedback_kind.
inline constexpr uint32_t kFeedbackKinds = PINTLE_FEEDBACK_PREFERS + 1;
extern const char* const kFeedbackNames[kFeedbackKinds];
// What the checksum's member begins with; before it is what it is of.
inline constexpr char kChecksumMember[] = ",\"crc32\":";

// The statuses are those of the pintle_* of their name.
Status save_session(const Session& session, char* data, size_t capacity, size_t* size_bytes);
Status restore_session(Session* session, const char* data, size_t size_bytes,
                       pintle_restore_info* info);
Status check_snapshot(const char* data, size_t size_bytes, const Fault& fault);

}  // namespace pintle::internal

#endif  // PINTLE_RUNTIME_SNAPSHOT_SNAPSHOT_H_
