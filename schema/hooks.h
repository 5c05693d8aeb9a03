// SPDX-License-Identifier: Apache-2.0
//
// Hooks as text: "block:0", "mlp:1", "last".
#ifndef PINTLE_SCHEMA_HOOKS_H_
#define PINTLE_SCHEMA_HOOKS_H_

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "pintle_generated.h"

namespace pintle::format {

// Room for a hook's text and its NUL: "block:4294967295" is the longest.
inline constexpr size_t kHookTextBytes = 17;

inline void print_hook(fb::HookKind kind, uint32_t layer, char (&text)[kHookTextBytes]) {
  if (kind == fb::HookKind_Last) {
    snprintf(text, sizeof(text), "last");
  } else {
    snprintf(text, sizeof(text), "%s:%u", kind == fb::HookKind_Block ? "block" : "mlp",
             static_cast<unsigned>(layer));
  }
}

// False for anything else, more than 4 digits too: no network has so many blocks. "last" is of layer 0.
inline bool parse_hook(const char* text, fb::HookKind* kind, uint32_t* layer) {
  *layer = 0;
  if (strcmp(text, "last") == 0) {
    *kind = fb::HookKind_Last;
    return true;
  }
  const bool is_block = strncmp(text, "block:", 6) == 0;
  if (!is_block && strncmp(text, "mlp:", 4) != 0) return false;
  *kind = is_block ? fb::HookKind_Block : fb::HookKind_Mlp;
  const char* digits = text + (is_block ? 6 : 4);
  size_t length = 0;
  for (; digits[length] >= '0' && digits[length] <= '9' && length < 4; ++length) {
    *layer = *layer * 10 + static_cast<uint32_t>(digits[length] - '0');
  }
  return length > 0 && digits[length] == '\0';
}

}  // namespace pintle::format

#endif  // PINTLE_SCHEMA_HOOKS_H_
