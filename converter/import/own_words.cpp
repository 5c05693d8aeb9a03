// SPDX-License-Identifier: Apache-2.0
#include "converter/import/own_words.h"

#include <algorithm>
#include <set>

namespace pintle::converter {
namespace {

using nlohmann::json;

class Reader {
 public:
  Reader(const Recipe& recipe, const Binding& binding, const Checkpoint& checkpoint)
      : recipe_(recipe), b_(binding), modules_(checkpoint.modules) {}

  OwnWords read() {
    if (modules_.empty()) return {};
    read_heads();
    read_item_table();
    read_norm_order();
    for (const BoundBlock& block : b_.blocks) {
      read_eps("attention_norm_eps", block.attention_norm);
      read_eps("ffn_norm_eps", block.ffn_norm);
    }
    if (b_.embedding_norm) read_eps("embedding_norm_eps", *b_.embedding_norm);
    if (b_.final_norm) read_eps("final_norm_eps", *b_.final_norm);
    if (b_.head_norm) read_eps("head_norm_eps", *b_.head_norm);
    refuse_unknown_attention();
    compare_activation();
    return std::move(words_);
  }

 private:
  static std::string shown(const std::string& module) {
    return module.empty() ? "the pickled model itself" : "the pickled module " + module;
  }

  const ModuleRecord* module_of(const NamedTensor* tensor) const {
    const size_t dot = tensor == nullptr ? std::string::npos : tensor->name.rfind('.');
    const auto found = modules_.find(dot == std::string::npos ? "" : tensor->name.substr(0, dot));
    return tensor == nullptr || found == modules_.end() ? nullptr : &found->second;
  }

  void say(const std::string& setting, const json& value, const std::string& module,
           const std::string& key) {
    const std::string source = shown(module) + ", " + key;
    const auto [entry, is_new] = words_.settings.emplace(setting, OwnWord{value, "from " + source});
    if (is_new || entry->second.value == value) return;
    words_.contradictions.push_back(source + " = " + value.dump() + ", but " + setting + " = " +
                                    entry->second.value.dump() + " " + entry->second.source);
  }

  void read_heads() {
    const auto setting = recipe_.settings.find("heads");
    std::set<std::string> keys = {"num_heads", "nhead"};
    if (setting != recipe_.settings.end()) {
      keys.insert(setting->second.keys.begin(), setting->second.keys.end());
    }
    for (const auto& [name, module] : modules_) {
      for (const std::string& key : keys) {
        const auto found = module.attributes.find(key);
        if (found != module.attributes.end() && found->is_number_integer()) {
          say("heads", *found, name, key);
        }
      }
    }
  }

  void read_item_table() {
    const ModuleRecord* table = module_of(b_.items);
    if (table == nullptr) return;
    const std::string name = b_.items->name.substr(0, b_.items->name.rfind('.'));
    if (table->attributes.contains("padding_idx") &&
        table->attributes["padding_idx"].is_number_integer()) {
      say("pad_row", table->attributes["padding_idx"], name, "padding_idx");
    }
    if (table->attributes.contains("max_norm") && !table->attributes["max_norm"].is_null()) {
      words_.contradictions.push_back(shown(name) +
                                      " has max_norm: its rows change as they are looked up");
    }
  }

  void read_norm_order() {
    for (const auto& [name, module] : modules_) {
      const auto found = module.attributes.find("norm_first");
      if (found == module.attributes.end() || !found->is_boolean()) continue;
      say("norm_placement", found->get<bool>() ? "pre" : "post", name, "norm_first");
    }
  }

  void read_eps(const std::string& setting, const BoundNorm& norm) {
    const ModuleRecord* module = module_of(norm.gain);
    if (module == nullptr || !module->attributes.contains("eps") ||
        !module->attributes["eps"].is_number()) {
      return;
    }
    say(setting, module->attributes["eps"], norm.gain->name.substr(0, norm.gain->name.rfind('.')),
        "eps");
  }

  void refuse_unknown_attention() {
    for (const auto& [name, module] : modules_) {
      if (module.attributes.value("add_zero_attn", json(false)) == json(true)) {
        words_.contradictions.push_back(shown(name) +
                                        " has add_zero_attn: an extra key that no recipe has");
      }
    }
  }

  // Only if all activations of the model are of one kind, and that is another than the recipe's.
  void compare_activation() {
    const std::string prefix = "torch.nn.modules.activation.";
    const std::map<std::string, std::string> names = {
        {"ReLU", "relu"}, {"GELU", "gelu"}, {"SiLU", "silu"}};
    std::set<std::string> found;
    std::string where;
    for (const auto& [name, module] : modules_) {
      if (module.type.compare(0, prefix.size(), prefix) != 0) continue;
      const auto known = names.find(module.type.substr(prefix.size()));
      if (known == names.end()) continue;
      const bool tanh = module.attributes.value("approximate", json("none")) == json("tanh");
      found.insert(known->second == "gelu" && tanh ? "gelu_new" : known->second);
      where = name;
    }
    const auto setting = recipe_.settings.find("activation");
    if (found.size() != 1 || setting == recipe_.settings.end()) return;
    if (!setting->second.keys.empty()) {
      say("activation", *found.begin(), where, "its class");
    } else if (setting->second.value != json("none") && setting->second.value != *found.begin()) {
      words_.contradictions.push_back(shown(where) + " is a " + *found.begin() +
                                      ", but the recipe's activation is " +
                                      setting->second.value.get<std::string>());
    }
  }

  const Recipe& recipe_;
  const Binding& b_;
  const std::map<std::string, ModuleRecord>& modules_;
  OwnWords words_;
};

}  // namespace

OwnWords read_own_words(const Recipe& recipe, const Binding& binding,
                        const Checkpoint& checkpoint) {
  return Reader(recipe, binding, checkpoint).read();
}

}  // namespace pintle::converter
