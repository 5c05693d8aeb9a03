// SPDX-License-Identifier: Apache-2.0
//
// Linux, Android, macOS and iOS; and WASI, which has no mappings: a model is read into memory.
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#if !defined(__wasm__)
#include <sys/mman.h>
#endif

#include "runtime/support/platform.h"
#include "schema/alignment.h"

namespace pintle::internal {
namespace {

using format::kAlignment;

// A block for a copy of the model, as `mapping` owns it.
Status allocate_copy(size_t length, const Allocator& allocator, const Fault& fault,
                     Mapping* mapping) {
  void* copy = allocator.allocate(length, kAlignment);
  if (copy == nullptr) {
    return fault(PINTLE_ERR_OUT_OF_MEMORY, "no memory for a copy of %zu bytes", length);
  }
  *mapping = {static_cast<const uint8_t*>(copy), length, copy, length, false};
  return PINTLE_OK;
}

Status copy_range(int fd, uint64_t offset, size_t length, const Allocator& allocator,
                  const Fault& fault, Mapping* mapping) {
  Mapping copy;
  PINTLE_TRY(allocate_copy(length, allocator, fault, &copy));
  size_t done = 0;
  while (done < length) {
    const ssize_t got = pread(fd, static_cast<uint8_t*>(copy.owned) + done, length - done,
                              static_cast<off_t>(offset + done));
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) {
      release_mapping(allocator, &copy);
      return fault(PINTLE_ERR_IO, "reading the model failed: %s",
                   got < 0 ? strerror(errno) : "the file ends early");
    }
    done += static_cast<size_t>(got);
  }
  *mapping = copy;
  return PINTLE_OK;
}

#if defined(__wasm__)

Status map_range(int fd, uint64_t offset, size_t length, const Allocator& allocator,
                 const Fault& fault, Mapping* mapping) {
  return copy_range(fd, offset, length, allocator, fault, mapping);
}

void unmap(void*, size_t) {}

#else

Status map_range(int fd, uint64_t offset, size_t length, const Allocator&, const Fault& fault,
                 Mapping* mapping) {
  const uint64_t page = static_cast<uint64_t>(sysconf(_SC_PAGESIZE));
  const uint64_t lead = offset % page;
  const size_t mapped_size = length + static_cast<size_t>(lead);
  void* mapped =
      mmap(nullptr, mapped_size, PROT_READ, MAP_PRIVATE, fd, static_cast<off_t>(offset - lead));
  if (mapped == MAP_FAILED) {
    return fault(PINTLE_ERR_IO, "mapping the model failed: %s", strerror(errno));
  }
  *mapping = {static_cast<const uint8_t*>(mapped) + lead, length, mapped, mapped_size, true};
  return PINTLE_OK;
}

void unmap(void* mapped, size_t size_bytes) { munmap(mapped, size_bytes); }

#endif

}  // namespace

Status copy_memory(const void* data, size_t size_bytes, const Allocator& allocator,
                   const Fault& fault, Mapping* mapping) {
  if (size_bytes == 0) return fault(PINTLE_ERR_NOT_A_MODEL, "the model has no bytes");
  PINTLE_TRY(allocate_copy(size_bytes, allocator, fault, mapping));
  memcpy(mapping->owned, data, size_bytes);
  return PINTLE_OK;
}

Status map_descriptor(int fd, uint64_t offset, uint64_t length, const Allocator& allocator,
                      const Fault& fault, Mapping* mapping) {
  struct stat info;
  if (fstat(fd, &info) != 0) {
    return fault(PINTLE_ERR_IO, "the descriptor cannot be read: %s", strerror(errno));
  }
  if (!S_ISREG(info.st_mode)) return fault(PINTLE_ERR_IO, "a model must be a regular file");
  const uint64_t file_size = static_cast<uint64_t>(info.st_size);
  if (length > file_size || offset > file_size - length || length > SIZE_MAX / 2) {
    return fault(PINTLE_ERR_IO, "%llu bytes from offset %llu were asked for, the file has %llu",
                 static_cast<unsigned long long>(length), static_cast<unsigned long long>(offset),
                 static_cast<unsigned long long>(file_size));
  }
  if (length == 0) return fault(PINTLE_ERR_NOT_A_MODEL, "the file is empty");
  if (offset % kAlignment != 0) {
    return copy_range(fd, offset, static_cast<size_t>(length), allocator, fault, mapping);
  }
  return map_range(fd, offset, static_cast<size_t>(length), allocator, fault, mapping);
}

Status map_path(const char* path, const Allocator& allocator, const Fault& fault,
                Mapping* mapping) {
  int fd;
  do {
    fd = open(path, O_RDONLY | O_CLOEXEC);
  } while (fd < 0 && errno == EINTR);
  if (fd < 0) return fault(PINTLE_ERR_IO, "cannot open (%s): %s", strerror(errno), path);
  struct stat info;
  Status status;
  if (fstat(fd, &info) != 0 || info.st_size < 0) {
    status = fault(PINTLE_ERR_IO, "cannot read (%s): %s", strerror(errno), path);
  } else {
    status = map_descriptor(fd, 0, static_cast<uint64_t>(info.st_size), allocator, fault, mapping);
  }
  close(fd);
  return status;
}

void release_mapping(const Allocator& allocator, Mapping* mapping) {
  if (mapping->is_mapped) {
    unmap(mapping->owned, mapping->owned_size_bytes);
  } else {
    allocator.release(mapping->owned, mapping->owned_size_bytes);
  }
  *mapping = {};
}

const char* forced_isa() { return getenv("PINTLE_FORCE_ISA"); }

}  // namespace pintle::internal
