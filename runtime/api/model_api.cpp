// SPDX-License-Identifier: Apache-2.0
//
// The C entry points that open and close models: check arguments, call the core, nothing else.
#include "runtime/api/sized_structs.h"
#include "runtime/calls/open_model.h"
#include "runtime/support/status.h"

namespace internal = pintle::internal;
using internal::Fault;

namespace {

struct OpenOptions {
  const char* isa;
  uint32_t flags;
  internal::Allocator allocator;
  const char* delta_path;
  const void* delta;
  size_t delta_size_bytes;
};

// The options, or their defaults for null.
pintle_status read_options(const pintle_open_options* given, const Fault& fault,
                           OpenOptions* options) {
  pintle_open_options read = PINTLE_OPEN_OPTIONS_INIT;
  constexpr uint32_t kFlags =
      PINTLE_OPEN_VERIFY_ALL | PINTLE_OPEN_COPY | PINTLE_OPEN_EXAMPLES | PINTLE_OPEN_PROFILE;
  if (given != nullptr && (!internal::read_struct(given, &read) || (read.flags & ~kFlags) != 0)) {
    return fault(PINTLE_ERR_INVALID_ARGUMENT,
                 "the options have no struct_size (PINTLE_OPEN_OPTIONS_INIT), unknown flags or a "
                 "field that this library does not know");
  }
  options->isa = read.isa;
  options->flags = read.flags;
  if ((read.delta_path != nullptr && read.delta != nullptr) ||
      (read.delta == nullptr && read.delta_size_bytes != 0)) {
    return fault(PINTLE_ERR_INVALID_ARGUMENT,
                 "the options have two deltas, or the size of one that is null");
  }
  options->delta_path = read.delta_path;
  options->delta = read.delta;
  options->delta_size_bytes = read.delta_size_bytes;
  if (read.allocator == nullptr) return PINTLE_OK;
  pintle_allocator allocator = PINTLE_ALLOCATOR_INIT;
  if (!internal::read_struct(read.allocator, &allocator) || allocator.reserved != 0 ||
      allocator.allocate == nullptr || allocator.release == nullptr) {
    return fault(PINTLE_ERR_INVALID_ARGUMENT,
                 "the allocator has no struct_size (PINTLE_ALLOCATOR_INIT) or lacks a function");
  }
  options->allocator = internal::Allocator(allocator);
  return PINTLE_OK;
}

// The caller's bytes, where they are if they may stay there.
pintle_status take_memory(const void* data, size_t size_bytes, const OpenOptions& options,
                          const Fault& fault, internal::Mapping* mapping) {
  if ((options.flags & PINTLE_OPEN_COPY) != 0 ||
      reinterpret_cast<uintptr_t>(data) % PINTLE_SESSION_ALIGNMENT != 0) {
    return internal::copy_memory(data, size_bytes, options.allocator, fault, mapping);
  }
  mapping->data = static_cast<const uint8_t*>(data);
  mapping->size_bytes = size_bytes;
  return PINTLE_OK;
}

pintle_status map_delta(const OpenOptions& options, const Fault& fault, internal::Mapping* delta) {
  if (options.delta_path != nullptr) {
    return internal::map_path(options.delta_path, options.allocator, fault, delta);
  }
  if (options.delta == nullptr) return PINTLE_OK;
  return take_memory(options.delta, options.delta_size_bytes, options, fault, delta);
}

pintle_status open(internal::Mapping mapping, const OpenOptions& options, const Fault& fault,
                   pintle_model** model) {
  internal::Mapping delta;
  const pintle_status status = map_delta(options, fault.of("delta: "), &delta);
  if (status != PINTLE_OK) {
    internal::release_mapping(options.allocator, &mapping);
    return status;
  }
  return internal::open_model(mapping, delta, options.allocator, options.isa, options.flags, fault,
                              model);
}

}  // namespace

pintle_status pintle_model_open_file(const char* path, const pintle_open_options* options,
                                     pintle_model** model, pintle_error* error) {
  const Fault fault(error);
  if (path == nullptr || model == nullptr) {
    return fault(PINTLE_ERR_INVALID_ARGUMENT, "path or model is null");
  }
  OpenOptions read = {};
  PINTLE_TRY(read_options(options, fault, &read));
  internal::Mapping mapping;
  PINTLE_TRY(internal::map_path(path, read.allocator, fault, &mapping));
  return open(mapping, read, fault, model);
}

pintle_status pintle_model_open_fd(int fd, uint64_t offset_bytes, uint64_t length_bytes,
                                   const pintle_open_options* options, pintle_model** model,
                                   pintle_error* error) {
  const Fault fault(error);
  if (fd < 0 || model == nullptr) {
    return fault(PINTLE_ERR_INVALID_ARGUMENT, "fd is negative or model is null");
  }
  OpenOptions read = {};
  PINTLE_TRY(read_options(options, fault, &read));
  internal::Mapping mapping;
  PINTLE_TRY(
      internal::map_descriptor(fd, offset_bytes, length_bytes, read.allocator, fault, &mapping));
  return open(mapping, read, fault, model);
}

pintle_status pintle_model_open_memory(const void* data, size_t size_bytes,
                                       const pintle_open_options* options, pintle_model** model,
                                       pintle_error* error) {
  const Fault fault(error);
  if (data == nullptr || model == nullptr) {
    return fault(PINTLE_ERR_INVALID_ARGUMENT, "data or model is null");
  }
  OpenOptions read = {};
  PINTLE_TRY(read_options(options, fault, &read));
  internal::Mapping mapping;
  PINTLE_TRY(take_memory(data, size_bytes, read, fault, &mapping));
  return open(mapping, read, fault, model);
}

void pintle_model_retain(pintle_model* model) {
  if (internal::model_of(model) != nullptr) internal::retain_model(*internal::model_of(model));
}

void pintle_model_close(pintle_model* model) {
  if (internal::model_of(model) != nullptr) internal::release_model(internal::model_of(model));
}
