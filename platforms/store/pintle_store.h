/* SPDX-License-Identifier: Apache-2.0
 *
 * Keeps a session's snapshot in a file, so that a process killed at any moment, or a phone whose battery ends,
 * loses no more than the newest write. For POSIX systems (Android, iOS, macOS, Linux): compile pintle_store.c in.
 */
#ifndef PINTLE_STORE_H_
#define PINTLE_STORE_H_

#include "pintle/pintle.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Writes `size_bytes` bytes to the file at `path`: first to path.new, which goes to the disk and takes the place of `path`
 * in one step; what was there before stays as path.previous. Whatever happens on the way, `path` or path.previous
 * is a whole file of before or of now. One writer at a time. error may be null.
 * Returns PINTLE_OK, PINTLE_ERR_IO, PINTLE_ERR_INVALID_ARGUMENT. Allocates and frees a copy of the names. */
pintle_status pintle_store_write(const char* path, const void* data, size_t size_bytes,
                                 pintle_error* error);

typedef enum pintle_store_source {
  PINTLE_STORE_NEWEST = 0,
  PINTLE_STORE_PREVIOUS =
      1, /* `path` is missing or damaged: the write before it is what there is */
  PINTLE_STORE_NEW =
      2 /* so is that: a write that was cut off before it took its place, but is whole */
} pintle_store_source;

/* Reads the newest snapshot of `path` that is whole, by pintle_snapshot_check: *data (free() it) has *size_bytes
 * bytes, and *source (may be null) says which file it was. error may be null.
 * Returns PINTLE_OK, PINTLE_ERR_IO (there is none, or none can be read), PINTLE_ERR_CORRUPT,
 * PINTLE_ERR_CHECKSUM or PINTLE_ERR_NEWER_FORMAT (both are damaged or newer: what `path` is),
 * PINTLE_ERR_OUT_OF_MEMORY, PINTLE_ERR_INVALID_ARGUMENT. */
pintle_status pintle_store_read(const char* path, void** data, size_t* size_bytes,
                                pintle_store_source* source, pintle_error* error);

/* Removes `path`, path.previous and path.new: a person's right to be forgotten. What is not there is no failure.
 * Returns PINTLE_OK, PINTLE_ERR_IO, PINTLE_ERR_INVALID_ARGUMENT. */
pintle_status pintle_store_remove(const char* path, pintle_error* error);

#ifdef __cplusplus
}
#endif

#endif /* PINTLE_STORE_H_ */
