// SPDX-License-Identifier: Apache-2.0
#include "runtime/support/status.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

namespace pintle::internal {
namespace {

// Drops a last UTF-8 character of which only a part is there.
void drop_cut_character(char* text, size_t length) {
  size_t lead = length;
  while (lead > 0 && length - lead < 3 && (text[lead - 1] & 0xC0) == 0x80) --lead;
  if (lead == 0) return;
  const unsigned char first = static_cast<unsigned char>(text[--lead]);
  const size_t whole = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : first >= 0xC0 ? 2 : 1;
  if (whole > length - lead) text[lead] = '\0';
}

}  // namespace

pintle_status Fault::operator()(pintle_status status, const char* format, ...) const {
  if (error_ != nullptr) {
    error_->status = status;
    va_list arguments;
    va_start(arguments, format);
    const size_t lead = strlen(where_);  // of a few words of ours
    memcpy(error_->message, where_, lead);
    const size_t longest = sizeof(error_->message) - 1 - lead;
    const int length = vsnprintf(error_->message + lead, longest + 1, format, arguments);
    va_end(arguments);
    if (length > static_cast<int>(longest)) drop_cut_character(error_->message, lead + longest);
  }
  return status;
}

}  // namespace pintle::internal
