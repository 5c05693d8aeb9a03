// SPDX-License-Identifier: Apache-2.0
//
// The C entry points of statuses and versions.
#include "pintle/pintle.h"
#include "schema/format_version.h"

namespace {

struct StatusText {
  pintle_status status;
  const char* name;
  const char* message;
};
constexpr StatusText kStatuses[] = {
    {PINTLE_OK, "PINTLE_OK", "no failure"},
    {PINTLE_ERR_INVALID_ARGUMENT, "PINTLE_ERR_INVALID_ARGUMENT",
     "an argument is not valid: a null pointer, a handle of the other kind, an unknown flag or "
     "value, or a struct without its struct_size (use PINTLE_*_INIT)"},
    {PINTLE_ERR_UNKNOWN_ITEM, "PINTLE_ERR_UNKNOWN_ITEM",
     "the catalogue has no such item: items are numbered from 0 to item_count - 1, and external "
     "ids are the app's own"},
    {PINTLE_ERR_BUFFER_TOO_SMALL, "PINTLE_ERR_BUFFER_TOO_SMALL",
     "the block or array is smaller than what is to be written: ask for the size first"},
    {PINTLE_ERR_MISALIGNED, "PINTLE_ERR_MISALIGNED",
     "the block is not aligned to PINTLE_SESSION_ALIGNMENT bytes"},
    {PINTLE_ERR_EMPTY_HISTORY, "PINTLE_ERR_EMPTY_HISTORY",
     "the history is empty: append an event first"},
    {PINTLE_ERR_UNKNOWN_ISA, "PINTLE_ERR_UNKNOWN_ISA",
     "the instruction set asked for is unknown, or this CPU or build lacks it: use scalar, or "
     "none"},
    {PINTLE_ERR_UNKNOWN_NAME, "PINTLE_ERR_UNKNOWN_NAME",
     "the model has no knob, preset, feature, SAE, attribute or group of that name or number: list "
     "them first"},
    {PINTLE_ERR_OUT_OF_RANGE, "PINTLE_ERR_OUT_OF_RANGE",
     "the strength lies outside the knob's range: see pintle_knob_info"},
    {PINTLE_ERR_IO, "PINTLE_ERR_IO", "the file could not be opened, read or mapped"},
    {PINTLE_ERR_NOT_A_MODEL, "PINTLE_ERR_NOT_A_MODEL",
     "this is no Pintle model: convert a checkpoint with `pintle convert`"},
    {PINTLE_ERR_NEWER_FORMAT, "PINTLE_ERR_NEWER_FORMAT",
     "the model was written for a newer runtime: update the library, or convert again"},
    {PINTLE_ERR_CORRUPT, "PINTLE_ERR_CORRUPT",
     "the model file is damaged or was not written by the converter: fetch or convert it again"},
    {PINTLE_ERR_CHECKSUM, "PINTLE_ERR_CHECKSUM",
     "the model file's data does not match its checksums: fetch it again"},
    {PINTLE_ERR_UNSUPPORTED, "PINTLE_ERR_UNSUPPORTED",
     "the model is sound but beyond what this runtime supports"},
    {PINTLE_ERR_OTHER_NETWORK, "PINTLE_ERR_OTHER_NETWORK",
     "an SAE in the file was trained on another network: train it again"},
    {PINTLE_ERR_OTHER_MODEL, "PINTLE_ERR_OTHER_MODEL",
     "the delta was made for another model: make it again for this one (pintle delta)"},
    {PINTLE_ERR_OUT_OF_MEMORY, "PINTLE_ERR_OUT_OF_MEMORY", "there is not enough memory"},
};

const StatusText* text_of(pintle_status status) {
  for (const StatusText& text : kStatuses) {
    if (text.status == status) return &text;
  }
  return nullptr;
}

}  // namespace

const char* pintle_status_name(pintle_status status) {
  const StatusText* text = text_of(status);
  return text == nullptr ? "unknown status" : text->name;
}

const char* pintle_status_message(pintle_status status) {
  const StatusText* text = text_of(status);
  return text == nullptr ? "a status that this version of the library does not know"
                         : text->message;
}

#define PINTLE_TEXT_OF(value) #value
#define PINTLE_TEXT(value) PINTLE_TEXT_OF(value)

const char* pintle_version(void) {
  return PINTLE_TEXT(PINTLE_VERSION_MAJOR) "." PINTLE_TEXT(PINTLE_VERSION_MINOR) "." PINTLE_TEXT(
      PINTLE_VERSION_PATCH);
}

uint32_t pintle_version_number(void) { return PINTLE_VERSION_NUMBER; }

uint32_t pintle_format_version(void) {
  return 1000u * pintle::format::kFormatMajor + pintle::format::kFormatMinor;
}
