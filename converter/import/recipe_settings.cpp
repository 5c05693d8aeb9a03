// SPDX-License-Identifier: Apache-2.0
#include "converter/import/recipe_settings.h"

#include <algorithm>
#include <cmath>
#include <map>

#include "converter/io/error.h"

namespace pintle::converter {
namespace {

using nlohmann::json;

std::string plain(const json& value) {
  return value.is_string() ? value.get<std::string>() : value.dump();
}

// Spellings of configurations: Hugging Face's ACT2FN, RecBole's and torch.nn's.
const std::map<std::string, fb::Activation>& activations() {
  static const std::map<std::string, fb::Activation> map = {
      {"none", fb::Activation_Identity},       {"identity", fb::Activation_Identity},
      {"linear", fb::Activation_Identity},     {"relu", fb::Activation_Relu},
      {"gelu", fb::Activation_GeluErf},        {"gelu_erf", fb::Activation_GeluErf},
      {"gelu_python", fb::Activation_GeluErf}, {"gelu_new", fb::Activation_GeluTanh},
      {"gelu_tanh", fb::Activation_GeluTanh},  {"gelu_pytorch_tanh", fb::Activation_GeluTanh},
      {"gelu_fast", fb::Activation_GeluTanh},  {"silu", fb::Activation_Silu},
      {"swish", fb::Activation_Silu}};
  return map;
}

// Whether two values of a setting mean the same: activations have several spellings.
bool means_same(const std::string& setting, const json& a, const json& b) {
  if (a == b) return true;
  if (setting != "activation" && setting != "head_activation") return false;
  const auto first = activations().find(plain(a)), second = activations().find(plain(b));
  return first != activations().end() && second != activations().end() &&
         first->second == second->second;
}

struct Resolved {
  json value;  // null: not told
  std::string source;
  bool is_a_modules = false;  // a pickled module says it
};

class SettingResolver {
 public:
  SettingResolver(const Recipe& recipe, const Configuration& configuration,
                  const OwnWords& own_words, const std::string& origin)
      : recipe_(recipe), configuration_(configuration), own_words_(own_words), origin_(origin) {}

  std::vector<std::string> report, contradictions;

  [[noreturn]] void fail(const std::string& name, const Resolved& resolved,
                         const std::string& expected) const {
    throw Error(origin_ + ": " + name + " = " + plain(resolved.value) + " (" + resolved.source +
                "): expected " + expected + "; pass --set " + name + "=VALUE to set it");
  }

  // What was told goes before the file's own word, and that before the recipe; but a pickled module
  // ran the forward pass, so its word stands unless overriding is forced. A window may be made smaller
  // at will; anything else that is told against the configuration is a contradiction.
  Resolved resolve(const std::string& name) {
    const auto found = recipe_.settings.find(name);
    const Setting setting = found == recipe_.settings.end() ? Setting() : found->second;
    const Resolved told = told_value(name, setting), own = own_value(name, setting);
    if (!told.value.is_null()) {
      if (own.value.is_null() || means_same(name, told.value, own.value) || name == "window") {
        return told;
      }
      if (own.is_a_modules && !configuration_.force) {
        return {own.value, own.source + "; " + plain(told.value) + " " + told.source +
                               " is not used, --force would use it"};
      }
      contradict(name, told, own);
      return told;
    }
    if (!own.value.is_null()) return own;
    if (setting.value.is_null()) return {};
    return {setting.value, setting.keys.empty() ? "fixed by the recipe"
                                                : "not told by the checkpoint: recipe's default"};
  }

  void note(const std::string& name, const Resolved& resolved) {
    report.push_back(name + " = " + plain(resolved.value) + " (" + resolved.source + ")");
  }

  float number(const std::string& name, float fallback, bool positive) {
    const Resolved resolved = resolve(name);
    if (resolved.value.is_null()) return fallback;
    if (!resolved.value.is_number()) fail(name, resolved, "a number");
    const double value = resolved.value.get<double>();
    if (!std::isfinite(value) || (positive && !(value > 0)) || std::fabs(value) > 1e30) {
      fail(name, resolved, positive ? "a number above 0" : "a finite number");
    }
    note(name, resolved);
    return static_cast<float>(value);
  }

  // A row of the item table; negative ones count from its end.
  std::optional<int64_t> row(const std::string& name, int64_t rows) {
    Resolved resolved = resolve(name);
    if (resolved.value.is_null() || resolved.value == json("none")) return std::nullopt;
    const json& value = resolved.value;
    const bool in_reach = value.is_number_integer() &&
                          value.get<double>() >= -static_cast<double>(rows) &&
                          value.get<double>() < static_cast<double>(rows);
    if (!in_reach)
      fail(name, resolved, "a row of the item table, which has " + std::to_string(rows));
    const int64_t at =
        value.get<int64_t>() < 0 ? rows + value.get<int64_t>() : value.get<int64_t>();
    resolved.value = at;
    note(name, resolved);
    return at;
  }

  std::optional<int64_t> integer(const std::string& name, int64_t least) {
    const Resolved resolved = resolve(name);
    if (resolved.value.is_null() || resolved.value == json("none")) return std::nullopt;
    const json& value = resolved.value;
    const bool whole = value.is_number_integer() &&
                       (!value.is_number_unsigned() || value.get<uint64_t>() < (1ull << 40));
    if (!whole || value.get<int64_t>() < least || value.get<int64_t>() > (int64_t{1} << 40)) {
      fail(name, resolved, "a whole number of at least " + std::to_string(least));
    }
    note(name, resolved);
    return value.get<int64_t>();
  }

  template <typename T>
  T choice(const std::string& name, T fallback, const std::map<std::string, T>& values,
           bool noted) {
    const Resolved resolved = resolve(name);
    if (resolved.value.is_null()) return fallback;
    const auto found = values.find(plain(resolved.value));
    if (found == values.end()) {
      std::string known;
      for (const auto& [value, unused] : values) known += (known.empty() ? "" : ", ") + value;
      fail(name, resolved, "one of " + known);
    }
    if (noted || resolved.source != "fixed by the recipe") note(name, resolved);
    return found->second;
  }

 private:
  Resolved told_value(const std::string& name, const Setting& setting) const {
    if (name == "heads" && configuration_.heads) return {*configuration_.heads, "from --heads"};
    if (const json* value = configured_at(configuration_.set, name)) return {*value, "from --set"};
    const std::string source = "from --config " + configuration_.user_name;
    if (const json* value = configured_at(configuration_.user, name)) return {*value, source};
    return keyed_value(name, setting, configuration_.user, source);
  }

  // A pickled module's word, or else the configuration's; if they disagree, that is told.
  Resolved own_value(const std::string& name, const Setting& setting) {
    const Resolved configured = keyed_value(name, setting, configuration_.checkpoint,
                                            "from " + configuration_.checkpoint_source);
    const auto word = own_words_.settings.find(name);
    // The order of norms is compared, not set: the rest of a recipe is built on its own.
    if (word == own_words_.settings.end() || name == "norm_placement") return configured;
    const Resolved own = {word->second.value, word->second.source, true};
    if (!configured.value.is_null() && !means_same(name, configured.value, own.value)) {
      contradict(name, configured, own);
    }
    return own;
  }

  void contradict(const std::string& name, const Resolved& told, const Resolved& own) {
    const std::string line = name + " = " + plain(told.value) + " (" + told.source +
                             "), but it is " + plain(own.value) + " " + own.source;
    if (std::find(contradictions.begin(), contradictions.end(), line) == contradictions.end()) {
      contradictions.push_back(line);
    }
  }

  Resolved keyed_value(const std::string& name, const Setting& setting, const json& config,
                       const std::string& place) const {
    for (const std::string& key : setting.keys) {
      const json* value = find_configured(config, key);
      if (value == nullptr) continue;
      const std::string source = place + ", " + key;
      if (setting.map.empty()) return {*value, source};
      const auto mapped = setting.map.find(plain(*value));
      if (mapped != setting.map.end()) return {*mapped, source + " = " + plain(*value)};
      std::string known;
      for (const auto& [from, unused] : setting.map.items()) {
        known += (known.empty() ? "" : ", ") + from;
      }
      fail(name, {*value, source}, "one of " + known);
    }
    return {};
  }

  const Recipe& recipe_;
  const Configuration& configuration_;
  const OwnWords& own_words_;
  const std::string& origin_;
};

int64_t resolve_heads(SettingResolver* resolver, int64_t dim, const std::string& origin) {
  const std::optional<int64_t> heads = resolver->integer("heads", 1);
  std::string divisors;
  for (int64_t h = 1; h <= dim && h <= 64; ++h) {
    if (dim % h == 0) divisors += (divisors.empty() ? "" : ", ") + std::to_string(h);
  }
  if (!heads) {
    throw Error(origin +
                ": the number of attention heads is not in the checkpoint; pass --heads N (" +
                std::to_string(dim) + " dimensions: N is one of " + divisors +
                ") or --config FILE with {\"heads\": N}");
  }
  if (dim % *heads != 0) {
    throw Error(origin + ": " + std::to_string(*heads) + " heads do not divide " +
                std::to_string(dim) + " dimensions; pass --heads N with N one of " + divisors);
  }
  return *heads;
}

fb::AttentionMask resolve_mask(SettingResolver* resolver) {
  const bool is_open =
      resolver->choice("mask", false, {{"causal", false}, {"bidirectional", true}}, false);
  const bool reads_newest =
      resolver->choice("read_at", !is_open, {{"mask", false}, {"newest", true}}, is_open);
  if (!is_open && !reads_newest) {
    resolver->fail("read_at", resolver->resolve("read_at"),
                   "newest, as the mask is causal: no event would see a mask token");
  }
  if (!is_open) return fb::AttentionMask_Causal;
  return reads_newest ? fb::AttentionMask_BidirectionalNewest : fb::AttentionMask_Bidirectional;
}

int64_t resolve_block_repeats(SettingResolver* resolver) {
  constexpr int64_t kMost = 64;  // blocks that a model can have
  const int64_t repeats = resolver->integer("block_repeats", 1).value_or(1);
  if (repeats > kMost) {
    resolver->fail("block_repeats", resolver->resolve("block_repeats"),
                   "at most " + std::to_string(kMost));
  }
  return repeats;
}

float resolve_item_scale(SettingResolver* resolver, int64_t dim) {
  const Resolved resolved = resolver->resolve("item_scale");
  if (resolved.value != json("sqrt_dim")) return resolver->number("item_scale", 1, true);
  resolver->note("item_scale", resolved);
  return static_cast<float>(std::sqrt(static_cast<double>(dim)));
}

}  // namespace

const std::vector<std::string>& architecture_setting_names() {
  static const std::vector<std::string> names = {"heads",
                                                 "item_scale",
                                                 "norm_placement",
                                                 "key_value_source",
                                                 "attention_residual",
                                                 "ffn_residual",
                                                 "activation",
                                                 "head_activation",
                                                 "norm_form",
                                                 "norm_eps",
                                                 "embedding_norm_eps",
                                                 "attention_norm_eps",
                                                 "ffn_norm_eps",
                                                 "final_norm_eps",
                                                 "head_norm_eps",
                                                 "pad_keys",
                                                 "mask",
                                                 "read_at",
                                                 "window",
                                                 "softmax_temperature",
                                                 "skip_oldest",
                                                 "block_repeats"};
  return names;
}

Settings resolve_settings(const Recipe& recipe, const Configuration& configuration,
                          const OwnWords& own_words, int64_t dim, int64_t item_rows,
                          const std::string& origin) {
  SettingResolver resolver(recipe, configuration, own_words, origin);
  const std::map<std::string, fb::Source> sources = {{"raw", fb::Source_Raw},
                                                     {"normed", fb::Source_Normed}};
  Settings s;
  s.heads = resolve_heads(&resolver, dim, origin);
  s.item_scale = resolve_item_scale(&resolver, dim);
  s.norm_placement = resolver.choice<fb::NormPlacement>(
      "norm_placement", s.norm_placement,
      {{"pre", fb::NormPlacement_Pre}, {"post", fb::NormPlacement_Post}}, false);
  s.key_value_source = resolver.choice("key_value_source", s.key_value_source, sources, false);
  s.attention_residual =
      resolver.choice("attention_residual", s.attention_residual, sources, false);
  s.ffn_residual = resolver.choice("ffn_residual", s.ffn_residual, sources, false);
  if (s.norm_placement == fb::NormPlacement_Post) {  // no normed input: one spelling
    s.key_value_source = s.attention_residual = s.ffn_residual = fb::Source_Raw;
  }
  s.activation = resolver.choice("activation", s.activation, activations(), true);
  s.head_activation = resolver.choice("head_activation", s.head_activation, activations(),
                                      recipe.head_dense.has_value());
  s.unbiased_std =
      resolver.choice("norm_form", false, {{"layer_norm", false}, {"unbiased_std", true}}, true);
  const float norm_eps = resolver.number("norm_eps", 1e-5f, true);
  s.embedding_norm_eps = resolver.number("embedding_norm_eps", norm_eps, true);
  s.attention_norm_eps = resolver.number("attention_norm_eps", norm_eps, true);
  s.ffn_norm_eps = resolver.number("ffn_norm_eps", norm_eps, true);
  s.final_norm_eps = resolver.number("final_norm_eps", norm_eps, true);
  s.head_norm_eps = resolver.number("head_norm_eps", norm_eps, true);
  s.pad_keys = resolver.choice<fb::PadKeys>("pad_keys", s.pad_keys,
                                            {{"hidden", fb::PadKeys_Hidden},
                                             {"reset", fb::PadKeys_Reset},
                                             {"evolving", fb::PadKeys_Evolving}},
                                            true);
  s.mask = resolve_mask(&resolver);
  s.window = resolver.integer("window", 1);
  s.softmax_temperature = resolver.number("softmax_temperature", 1, true);
  s.skip_oldest = resolver.integer("skip_oldest", 0).value_or(0);
  s.block_repeats = resolve_block_repeats(&resolver);
  s.pad_row = resolver.row("pad_row", item_rows);
  s.mask_row = resolver.row("mask_row", item_rows);
  if (s.pad_row) s.special_rows.emplace(*s.pad_row, "the pad");
  if (s.mask_row) s.special_rows.emplace(*s.mask_row, "the mask token");
  s.report = std::move(resolver.report);
  s.contradictions = std::move(resolver.contradictions);
  return s;
}

}  // namespace pintle::converter
