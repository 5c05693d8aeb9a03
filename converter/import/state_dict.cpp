// SPDX-License-Identifier: Apache-2.0
#include "converter/import/state_dict.h"

#include <algorithm>
#include <array>
#include <iterator>
#include <set>
#include <vector>

#include "converter/io/error.h"

namespace pintle::converter {
namespace {

constexpr size_t kMaxDepth = 100;
// Values may be shared, so a small file can describe a tree of any size.
constexpr size_t kMaxVisits = size_t{1} << 22;
constexpr size_t kMaxNameLength = 4096;

// The key under which training scripts keep the model beside other things.
constexpr std::array<std::string_view, 14> kModelKeys = {
    "state_dict",    "model_state_dict", "model_state", "model_dict",
    "model_weights", "net_state_dict",   "model",       "net",
    "network",       "module",           "weights",     "params",
    "recommender",   "generator"};

bool is_model_key(std::string_view key) {
  return std::find(kModelKeys.begin(), kModelKeys.end(), key) != kModelKeys.end();
}

bool is_optimizer(std::string_view key, const PickleValue& value) {
  return key.substr(0, 5) == "optim" ||
         (find_item(value, "param_groups") != nullptr && find_item(value, "state") != nullptr);
}

bool is_module(const PickleValue& value) {
  return find_attribute(value, "_parameters") != nullptr ||
         find_attribute(value, "_modules") != nullptr;
}

// Tensors, and Parameter and Variable objects as torch 0.1–0.3 pickled them.
const PickleTensor* tensor_of(const PickleValue& value) {
  if (value.kind == PickleKind::kTensor) return value.tensor;
  if (value.kind == PickleKind::kObject && value.state != nullptr &&
      (value.text == "torch.nn.parameter.Parameter" ||
       value.text == "torch.autograd.variable.Variable") &&
      value.state->kind == PickleKind::kTuple && !value.state->items.empty() &&
      value.state->items[0]->kind == PickleKind::kTensor) {
    return value.state->items[0]->tensor;
  }
  return nullptr;
}

class Flattener {
 public:
  explicit Flattener(const std::string& path) : path_(path) {}

  StateDict flatten(const PickleValue& value) {
    state_ = {};
    visits_ = 0;
    open_.clear();
    walk(value, "");
    return std::move(state_);
  }

 private:
  static std::string join(const std::string& prefix, std::string_view name) {
    return prefix.empty() ? std::string(name) : prefix + "." + std::string(name);
  }

  void add(const std::string& name, const PickleTensor* tensor) {
    if (!state_.tensors.emplace(name, tensor).second) {
      throw Error(path_ + ": two tensors are named '" + name + "'; file damaged?");
    }
  }

  void walk(const PickleValue& value, const std::string& name) {
    if (open_.size() > kMaxDepth || ++visits_ > kMaxVisits || name.size() > kMaxNameLength) {
      throw Error(path_ + ": refuses to load: its dicts and modules nest without end");
    }
    if (const PickleTensor* tensor = tensor_of(value)) return add(name, tensor);
    if (value.kind == PickleKind::kObject && value.text.substr(0, 21) == "torch._utils._rebuild") {
      throw Error(path_ + ": tensor '" + name + "' is of a kind that is not read (" +
                  std::string(value.text) +
                  "); save dense tensors of an integer, float or bool type");
    }
    // A value that contains itself is no part of a model.
    if (std::find(open_.begin(), open_.end(), &value) != open_.end()) return;
    open_.push_back(&value);
    if (is_module(value)) {
      walk_module(value, name);
    } else if (value.kind == PickleKind::kDict) {
      walk_dict(value, name);
    } else if (value.kind == PickleKind::kList || value.kind == PickleKind::kTuple) {
      for (size_t i = 0; i < value.items.size(); ++i) {
        walk(*value.items[i], join(name, std::to_string(i)));
      }
    }
    open_.pop_back();
  }

  void walk_dict(const PickleValue& dict, const std::string& name) {
    for (size_t i = 0; i + 1 < dict.items.size(); i += 2) {
      const PickleValue& key = *dict.items[i];
      const PickleValue& value = *dict.items[i + 1];
      if (key.kind == PickleKind::kInt) {
        walk(value, join(name, std::to_string(key.integer)));
      } else if (key.kind == PickleKind::kString) {
        if (tensor_of(value) == nullptr && is_optimizer(key.text, value)) continue;
        walk(value, join(name, key.text));
      }
    }
  }

  void walk_module(const PickleValue& module, const std::string& name) {
    state_.modules.emplace(
        name, ModuleRecord{std::string(module.text), module_attributes(module, path_)});
    const PickleValue* transient = find_attribute(module, "_non_persistent_buffers_set");
    for (const char* group : {"_parameters", "_buffers", "_modules"}) {
      const PickleValue* members = find_attribute(module, group);
      if (members == nullptr) continue;
      for (size_t i = 0; i + 1 < members->items.size(); i += 2) {
        const PickleValue& key = *members->items[i];
        if (key.kind != PickleKind::kString) continue;
        const auto is_key = [&](const PickleValue* item) { return item->is_string(key.text); };
        if (transient != nullptr && std::string_view(group) == "_buffers" &&
            std::any_of(transient->items.begin(), transient->items.end(), is_key)) {
          continue;
        }
        walk(*members->items[i + 1], join(name, key.text));
      }
    }
  }

  const std::string& path_;
  StateDict state_;
  std::vector<const PickleValue*> open_;  // the containers being walked
  size_t visits_ = 0;
};

// Of the dicts and modules in `dict`, the one with the most tensors, and how many have any.
struct Part {
  const PickleValue* value = nullptr;
  size_t tensor_count = 0;
  size_t rivals = 0;
};

template <typename Accept>
Part largest_part(Flattener& flattener, const PickleValue& dict, Accept accept) {
  Part best;
  for (size_t i = 0; i + 1 < dict.items.size(); i += 2) {
    const PickleValue& key = *dict.items[i];
    const PickleValue& value = *dict.items[i + 1];
    if (key.kind != PickleKind::kString || !accept(key.text) || is_optimizer(key.text, value) ||
        (value.kind != PickleKind::kDict && !is_module(value))) {
      continue;
    }
    const size_t count = flattener.flatten(value).tensors.size();
    if (count > 0) ++best.rivals;
    if (count > best.tensor_count) {
      best.value = &value;
      best.tensor_count = count;
    }
  }
  return best;
}

StateDict choose(Flattener& flattener, const PickleValue& value, int depth) {
  if (value.kind != PickleKind::kDict || depth > 8) return flattener.flatten(value);
  size_t direct = 0;
  for (size_t i = 1; i < value.items.size(); i += 2) {
    if (tensor_of(*value.items[i]) != nullptr) ++direct;
  }
  const Part named = largest_part(flattener, value, is_model_key);
  // A few tensors may lie beside the model: an epoch, a best score.
  if (named.value != nullptr && named.tensor_count >= direct) {
    return choose(flattener, *named.value, depth + 1);
  }
  if (direct == 0) {
    const Part any = largest_part(flattener, value, [](std::string_view) { return true; });
    if (any.rivals == 1) return choose(flattener, *any.value, depth + 1);
  }
  return flattener.flatten(value);
}

}  // namespace

StateDict find_state_dict(const PickleValue& root, const std::string& path) {
  Flattener flattener(path);
  StateDict state = choose(flattener, root, 0);
  if (state.tensors.empty()) {
    throw Error(path + ": holds no tensors; save the model's state_dict() with torch.save");
  }
  return state;
}

std::map<std::string, const PickleTensor*> find_beside(
    const PickleValue& root, const std::map<std::string, const PickleTensor*>& state,
    const std::string& path) {
  std::set<const PickleTensor*> known;
  for (const auto& [name, tensor] : state) known.insert(tensor);
  std::map<std::string, const PickleTensor*> all = Flattener(path).flatten(root).tensors;
  for (auto entry = all.begin(); entry != all.end();) {
    entry = known.count(entry->second) != 0 ? all.erase(entry) : std::next(entry);
  }
  return all;
}

}  // namespace pintle::converter
