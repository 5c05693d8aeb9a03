/* SPDX-License-Identifier: Apache-2.0 */
#define _POSIX_C_SOURCE 200809L
#ifdef __APPLE__
#define _DARWIN_C_SOURCE /* F_FULLFSYNC */
#endif
#include "pintle_store.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Larger files are no snapshots: of a million seen items one has some 30 MB. */
#define LARGEST_BYTES ((off_t)1 << 30)

static pintle_status fail(pintle_error* error, pintle_status status, const char* what,
                          const char* path) {
  const int fault = errno;
  if (error != NULL) {
    error->status = status;
    snprintf(error->message, sizeof(error->message), "%s %s: %s", what, path, strerror(fault));
  }
  return status;
}

/* path with a suffix; null where there is no memory. The caller frees it. */
static char* with_suffix(const char* path, const char* suffix) {
  const size_t bytes = strlen(path) + strlen(suffix) + 1;
  char* name = malloc(bytes);
  if (name != NULL) snprintf(name, bytes, "%s%s", path, suffix);
  return name;
}

/* To the disk itself, not only to its cache. */
static int sync_file(int fd) {
#ifdef F_FULLFSYNC
  if (fcntl(fd, F_FULLFSYNC) == 0) return 0; /* file systems that lack it have fsync */
#endif
  return fsync(fd);
}

static int write_all(int fd, const char* data, size_t size_bytes) {
  while (size_bytes > 0) {
    const ssize_t written = write(fd, data, size_bytes);
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return -1;
    data += written;
    size_bytes -= (size_t)written;
  }
  return 0;
}

static int write_file(const char* path, const void* data, size_t size_bytes) {
  const int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (fd < 0) return -1;
  int result = write_all(fd, data, size_bytes);
  if (result == 0) result = sync_file(fd);
  const int fault = errno;
  if (close(fd) != 0 && result == 0) return -1;
  errno = fault;
  return result;
}

/* Names change place in the folder: that has to reach the disk, too. Some file systems cannot say so. */
static void sync_folder(const char* path) {
  const char* slash = strrchr(path, '/');
  char* folder = slash == NULL ? with_suffix(".", "") : with_suffix(path, "");
  if (folder == NULL) return;
  if (slash != NULL) folder[slash == path ? 1 : slash - path] = '\0';
  const int fd = open(folder, O_RDONLY | O_CLOEXEC);
  if (fd >= 0) {
    (void)sync_file(fd);
    close(fd);
  }
  free(folder);
}

/* Keeps what `path` is as `previous`: by a second name where the file system has those, so that `path` is never
 * missing; else by its only one, and a reader finds it as the previous until the new one is in place. */
static int keep_previous(const char* path, const char* previous) {
  struct stat info;
  if (stat(path, &info) != 0) return errno == ENOENT ? 0 : -1;
  if (!S_ISREG(info.st_mode)) {
    errno = EEXIST; /* a folder is not ours to move */
    return -1;
  }
  if (unlink(previous) != 0 && errno != ENOENT) return -1;
  return link(path, previous) == 0 ? 0 : rename(path, previous);
}

pintle_status pintle_store_write(const char* path, const void* data, size_t size_bytes,
                                 pintle_error* error) {
  if (path == NULL || data == NULL || size_bytes == 0) {
    errno = EINVAL;
    return fail(error, PINTLE_ERR_INVALID_ARGUMENT, "cannot write", path == NULL ? "null" : path);
  }
  char* fresh = with_suffix(path, ".new");
  char* previous = with_suffix(path, ".previous");
  pintle_status status = PINTLE_OK;
  if (fresh == NULL || previous == NULL) {
    status = fail(error, PINTLE_ERR_IO, "cannot name the files of", path);
  } else if (write_file(fresh, data, size_bytes) != 0) {
    status = fail(error, PINTLE_ERR_IO, "cannot write", fresh);
    (void)unlink(fresh);
  } else if (keep_previous(path, previous) != 0 || rename(fresh, path) != 0) {
    status = fail(error, PINTLE_ERR_IO, "cannot replace", path);
    (void)unlink(fresh);
  } else {
    sync_folder(path);
  }
  free(fresh);
  free(previous);
  return status;
}

static int read_all(int fd, char* data, size_t size_bytes) {
  while (size_bytes > 0) {
    const ssize_t got = read(fd, data, size_bytes);
    if (got < 0 && errno == EINTR) continue;
    if (got == 0) errno = EIO; /* shorter than it was */
    if (got <= 0) return -1;
    data += got;
    size_bytes -= (size_t)got;
  }
  return 0;
}

static pintle_status read_snapshot(const char* path, void** data, size_t* size_bytes,
                                   pintle_error* error) {
  struct stat info;
  const int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return fail(error, PINTLE_ERR_IO, "cannot open", path);
  pintle_status status = PINTLE_OK;
  char* bytes = NULL;
  if (fstat(fd, &info) != 0) {
    status = fail(error, PINTLE_ERR_IO, "cannot read", path);
  } else if (info.st_size <= 0 || info.st_size > LARGEST_BYTES) {
    errno = EFBIG;
    status = fail(error, PINTLE_ERR_CORRUPT, "empty, or no snapshot:", path);
  } else if ((bytes = malloc((size_t)info.st_size)) == NULL) {
    status = fail(error, PINTLE_ERR_OUT_OF_MEMORY, "no memory for", path);
  } else if (read_all(fd, bytes, (size_t)info.st_size) != 0) {
    status = fail(error, PINTLE_ERR_IO, "cannot read", path);
  } else {
    status = pintle_snapshot_check(bytes, (size_t)info.st_size, error);
  }
  close(fd);
  if (status != PINTLE_OK) {
    free(bytes);
    return status;
  }
  *data = bytes;
  *size_bytes = (size_t)info.st_size;
  return PINTLE_OK;
}

pintle_status pintle_store_read(const char* path, void** data, size_t* size_bytes,
                                pintle_store_source* source, pintle_error* error) {
  if (path == NULL || data == NULL || size_bytes == NULL) {
    errno = EINVAL;
    return fail(error, PINTLE_ERR_INVALID_ARGUMENT, "cannot read", path == NULL ? "null" : path);
  }
  const pintle_status newest = read_snapshot(path, data, size_bytes, error);
  if (source != NULL) *source = PINTLE_STORE_NEWEST;
  if (newest == PINTLE_OK || newest == PINTLE_ERR_OUT_OF_MEMORY) return newest;
  /* Both may be damaged where the write that was to mend it was cut off, which then is whole. */
  static const char* const others[] = {".previous", ".new"};
  for (int i = 0; i < 2; ++i) {
    char* name = with_suffix(path, others[i]);
    if (name == NULL) return newest;
    const pintle_status status = read_snapshot(name, data, size_bytes, NULL);
    free(name);
    if (status != PINTLE_OK) continue;
    if (source != NULL) *source = i == 0 ? PINTLE_STORE_PREVIOUS : PINTLE_STORE_NEW;
    return PINTLE_OK;
  }
  return newest;
}

pintle_status pintle_store_remove(const char* path, pintle_error* error) {
  static const char* const suffixes[] = {"", ".previous", ".new"};
  if (path == NULL) {
    errno = EINVAL;
    return fail(error, PINTLE_ERR_INVALID_ARGUMENT, "cannot remove", "null");
  }
  pintle_status status = PINTLE_OK;
  for (size_t i = 0; i < sizeof(suffixes) / sizeof(suffixes[0]); ++i) {
    char* name = with_suffix(path, suffixes[i]);
    if (name == NULL || (unlink(name) != 0 && errno != ENOENT)) {
      status = fail(error, PINTLE_ERR_IO, "cannot remove", name == NULL ? path : name);
    }
    free(name);
  }
  sync_folder(path);
  return status;
}
