// SPDX-License-Identifier: Apache-2.0
#include "converter/network/hook.h"

#include <algorithm>
#include <cctype>
#include <regex>

#include "converter/io/error.h"
#include "schema/hooks.h"

namespace pintle::converter {
namespace {

std::string lower_case(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text;
}

std::optional<Hook> match(const std::string& text, const char* pattern, HookPlace place) {
  std::smatch found;
  if (!std::regex_match(text, found, std::regex(pattern))) return std::nullopt;
  return Hook{place, found.size() > 1 ? std::stoll(found[1].str()) : 0};
}

std::optional<Hook> parse_own(const std::string& text) {
  fb::HookKind kind;
  uint32_t layer;
  if (!format::parse_hook(text.c_str(), &kind, &layer)) return std::nullopt;
  return Hook{static_cast<HookPlace>(kind), layer};
}

}  // namespace

std::string hook_name(const Hook& hook) {
  char text[format::kHookTextBytes];
  format::print_hook(hook_kind(hook.place), static_cast<uint32_t>(hook.index), text);
  return text;
}

Hook parse_hook(const std::string& text) {
  if (auto hook = parse_own(text)) return *hook;
  throw Error("hook '" + text + "' is unknown: use block:N, mlp:N (N from 0) or last");
}

std::optional<Hook> hook_from_metadata(const std::string& text) {
  if (auto hook = parse_own(text)) return hook;
  const std::string name = lower_case(text);
  struct Form {
    const char* pattern;
    HookPlace place;
  };
  // The first that matches wins. Block inputs (hook_resid_pre, hook_resid_mid) are left out on
  // purpose: they are not places where Pintle can write back.
  static const Form kForms[] = {
      {R"(blocks\.([0-9]{1,6})\.hook_resid_post)", HookPlace::kBlock},
      {R"(blocks\.([0-9]{1,6})\.hook_mlp_out)", HookPlace::kMlp},
      {R"((?:transformer\.|model\.)?(?:h|layers?)\.([0-9]{1,6})(?: output.*)?)", HookPlace::kBlock},
      {R"((?:transformer\.|model\.)?(?:h|layers?)\.([0-9]{1,6})\.mlp(?: output.*)?)",
       HookPlace::kMlp},
      {R"(resid_post_layer_([0-9]{1,6}))", HookPlace::kBlock},
      {R"(mlp_out_layer_([0-9]{1,6}))", HookPlace::kMlp},
      {R"(after (?:the )?(?:ln_f|final norm|last_layernorm)(?: .*)?)", HookPlace::kLast},
      {R"((?:transformer\.)?ln_f(?: output.*)?|ln_final\.hook_normalized|last_layernorm)",
       HookPlace::kLast},
  };
  for (const Form& form : kForms) {
    if (auto hook = match(name, form.pattern, form.place)) return hook;
  }
  return std::nullopt;
}

}  // namespace pintle::converter
