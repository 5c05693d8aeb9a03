// SPDX-License-Identifier: Apache-2.0
//
// Where in the network a sparse autoencoder reads and writes: fb::HookKind and a block.
#ifndef PINTLE_CONVERTER_NETWORK_HOOK_H_
#define PINTLE_CONVERTER_NETWORK_HOOK_H_

#include <cstdint>
#include <optional>
#include <string>

#include "pintle_generated.h"

namespace pintle::converter {

enum class HookPlace {
  kBlock = fb::HookKind_Block,  // residual stream after block `index`
  kMlp = fb::HookKind_Mlp,      // what that block's feed-forward network adds to it
  kLast = fb::HookKind_Last,    // final hidden state, after the final norm
};
inline fb::HookKind hook_kind(HookPlace place) { return static_cast<fb::HookKind>(place); }

struct Hook {
  HookPlace place = HookPlace::kBlock;
  int64_t index = 0;  // block; 0 for kLast
};

inline bool operator==(const Hook& a, const Hook& b) {
  return a.place == b.place && a.index == b.index;
}
inline bool operator!=(const Hook& a, const Hook& b) { return !(a == b); }

// "block:0", "mlp:1", "last": how hooks are written on the command line and in our files
// (schema/hooks.h).
std::string hook_name(const Hook& hook);

// Reads hook_name's form. Throws Error if `text` is anything else.
Hook parse_hook(const std::string& text);

// The hook that another tool's metadata means: hook_name's form, "h.0 output (…)",
// "blocks.0.hook_resid_post", "transformer.h.1.mlp", "after ln_f", "ln_final.hook_normalized", …
// None if the text names no place that Pintle has, a block's input for instance.
std::optional<Hook> hook_from_metadata(const std::string& text);

}  // namespace pintle::converter

#endif  // PINTLE_CONVERTER_NETWORK_HOOK_H_
