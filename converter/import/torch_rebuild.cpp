// SPDX-License-Identifier: Apache-2.0
#include "converter/import/torch_rebuild.h"

#include <algorithm>
#include <array>
#include <optional>

namespace pintle::converter {
namespace {

constexpr size_t kMaxKeyLength = 256;  // keys are numbers or addresses

bool any_of(std::string_view name, std::initializer_list<std::string_view> names) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

// Modules whose functions run programs, load code, or touch files and network.
bool is_system_module(std::string_view module) {
  return any_of(module,
                {"os",       "posix",      "nt",        "subprocess", "sys",     "shutil", "socket",
                 "runpy",    "pty",        "importlib", "imp",        "pkgutil", "pip",    "ctypes",
                 "_ctypes",  "cffi",       "popen2",    "codeop",     "pdb",     "bdb",    "timeit",
                 "cProfile", "pickle",     "_pickle",   "cPickle",    "marshal", "shelve", "urllib",
                 "urllib2",  "webbrowser", "asyncio"});
}

// The same in modules that also hold harmless names, or that projects give to modules of their own.
bool is_system_function(std::string_view name) {
  return any_of(name, {"io.open", "_io.open", "io.open_code", "_io.open_code", "io.FileIO",
                       "_io.FileIO", "types.FunctionType", "types.CodeType", "code.interact",
                       "code.InteractiveConsole", "code.InteractiveInterpreter", "profile.run",
                       "commands.getoutput", "commands.getstatusoutput", "torch.load",
                       "torch.hub.load", "numpy.testing._private.utils.runstring"});
}

bool is_builtins(std::string_view module) {
  return module == "builtins" || module == "__builtin__" || module == "__builtins__";
}

// Constructors of plain values. Names that start with a capital (ValueError, Ellipsis) are classes
// too.
bool is_harmless_builtin(std::string_view name) {
  return (!name.empty() && name[0] >= 'A' && name[0] <= 'Z') ||
         any_of(name, {"set", "frozenset", "dict", "list", "tuple", "slice", "complex", "bytearray",
                       "bytes", "int", "float", "bool", "str", "object", "range", "getattr", "long",
                       "unicode"});
}

// Tests every part of a dotted name: 'torch.serialization' + 'os.system' reaches os as well.
bool reaches_system(const PickleValue& callable) {
  const size_t module_length = static_cast<size_t>(callable.integer);
  const std::string_view module = callable.text.substr(0, module_length);
  std::string_view name = callable.text.substr(module_length + 1);
  if (is_system_function(callable.text)) return true;
  if (is_builtins(module)) return !is_harmless_builtin(name);
  if (is_system_module(module.substr(0, module.find('.')))) return true;
  for (size_t dot = name.find('.'); dot != std::string_view::npos; dot = name.find('.')) {
    const std::string_view part = name.substr(0, dot);
    if (is_system_module(part) || is_builtins(part)) return true;
    name.remove_prefix(dot + 1);
  }
  return false;
}

std::optional<ScalarType> storage_scalar_type(std::string_view class_name) {
  static constexpr std::array<std::pair<std::string_view, ScalarType>, 10> kStorages = {{
      {"DoubleStorage", ScalarType::kF64},
      {"FloatStorage", ScalarType::kF32},
      {"HalfStorage", ScalarType::kF16},
      {"BFloat16Storage", ScalarType::kBF16},
      {"LongStorage", ScalarType::kI64},
      {"IntStorage", ScalarType::kI32},
      {"ShortStorage", ScalarType::kI16},
      {"CharStorage", ScalarType::kI8},
      {"ByteStorage", ScalarType::kU8},
      {"BoolStorage", ScalarType::kBool},
  }};
  for (const std::string_view module : {"torch.cuda.", "torch."}) {
    if (class_name.substr(0, module.size()) != module) continue;
    for (const auto& [name, type] : kStorages) {
      if (class_name.substr(module.size()) == name) return type;
    }
  }
  return std::nullopt;
}

bool read_integers(const PickleValue& list, std::vector<int64_t>* integers) {
  if (list.kind != PickleKind::kTuple && list.kind != PickleKind::kList) return false;
  if (list.items.size() > 64) return false;  // torch's own limit
  for (const PickleValue* item : list.items) {
    if (item->kind != PickleKind::kInt) return false;
    integers->push_back(item->integer);
  }
  return true;
}

// (storage, offset, shape, strides, …). Null if the storage is of a type that is not read.
PickleValue* rebuild_tensor(PickleArena& arena, const PickleValue& args) {
  PickleTensor tensor;
  if (args.items.size() < 4 || args.items[1]->kind != PickleKind::kInt ||
      !read_integers(*args.items[2], &tensor.shape) ||
      !read_integers(*args.items[3], &tensor.strides)) {
    arena.fail("a tensor in its pickle is not (storage, offset, shape, strides); file damaged?");
  }
  if (args.items[0]->kind != PickleKind::kStorage) return nullptr;
  tensor.storage = args.items[0]->storage;
  tensor.offset = args.items[1]->integer;
  PickleValue* value = arena.add(PickleKind::kTensor);
  value->tensor = arena.add_tensor(std::move(tensor));
  return value;
}

PickleValue* rebuild_dict(PickleArena& arena, std::string_view name, const PickleValue& args) {
  PickleValue* dict = arena.add(PickleKind::kDict);
  // defaultdict's first argument makes the default values.
  const size_t first = name == "collections.defaultdict" ? 1 : 0;
  if (args.items.size() <= first) return dict;
  const PickleValue& source = *args.items[first];
  if (source.kind == PickleKind::kDict) {
    for (const PickleValue* item : source.items) arena.attach(dict, item);
    return dict;
  }
  for (const PickleValue* pair : source.items) {
    if ((pair->kind != PickleKind::kTuple && pair->kind != PickleKind::kList) ||
        pair->items.size() != 2) {
      arena.fail("a dict in its pickle is built from something other than pairs; file damaged?");
    }
    arena.attach(dict, pair->items[0]);
    arena.attach(dict, pair->items[1]);
  }
  return dict;
}

PickleValue* rebuild_sequence(PickleArena& arena, PickleKind kind, const PickleValue& args) {
  PickleValue* sequence = arena.add(kind);
  if (!args.items.empty()) {
    for (const PickleValue* item : args.items[0]->items) arena.attach(sequence, item);
  }
  return sequence;
}

PickleValue* make_object(PickleArena& arena, const PickleValue& type, const PickleValue& args) {
  PickleValue* object = arena.add(PickleKind::kObject);
  object->text = type.text;
  arena.note_depth(object, &args);
  object->args = &args;
  return object;
}

// getattr(Enum, 'NAME') is how Python 3.4–3.10 writes enum members: a longer name, nothing more.
PickleValue* join_attribute(PickleArena& arena, const PickleValue& args) {
  if (args.items.size() != 2 || args.items[0]->kind != PickleKind::kClass ||
      args.items[1]->kind != PickleKind::kString) {
    return nullptr;
  }
  const PickleValue& owner = *args.items[0];
  const size_t module_length = static_cast<size_t>(owner.integer);
  return arena.add_class(
      owner.text.substr(0, module_length),
      std::string(owner.text.substr(module_length + 1)) + "." + std::string(args.items[1]->text));
}

// Null: nothing is known about the callable.
PickleValue* rebuild_known(PickleArena& arena, std::string_view name, const PickleValue& args) {
  if (any_of(name, {"torch._utils._rebuild_tensor_v2", "torch._utils._rebuild_tensor"})) {
    return rebuild_tensor(arena, args);
  }
  if (any_of(name,
             {"torch._utils._rebuild_parameter", "torch._utils._rebuild_parameter_with_state"}) &&
      !args.items.empty() && args.items[0]->kind == PickleKind::kTensor) {
    PickleValue* parameter = arena.add(PickleKind::kTensor);
    parameter->tensor = args.items[0]->tensor;
    return parameter;
  }
  if (any_of(name, {"torch._tensor._rebuild_from_type_v2", "torch._tensor._rebuild_from_type"}) &&
      args.items.size() >= 3 && args.items[0]->kind == PickleKind::kClass &&
      args.items[2]->kind == PickleKind::kTuple &&
      args.items[0]->text.substr(0, 21) == "torch._utils._rebuild") {
    return rebuild_known(arena, args.items[0]->text, *args.items[2]);
  }
  if (any_of(name, {"collections.OrderedDict", "collections.defaultdict", "collections.Counter",
                    "builtins.dict", "__builtin__.dict"})) {
    return rebuild_dict(arena, name, args);
  }
  if (any_of(name,
             {"builtins.set", "builtins.frozenset", "__builtin__.set", "__builtin__.frozenset"})) {
    return rebuild_sequence(arena, PickleKind::kSet, args);
  }
  if (any_of(name, {"builtins.list", "__builtin__.list"})) {
    return rebuild_sequence(arena, PickleKind::kList, args);
  }
  if (any_of(name, {"torch.Size", "builtins.tuple", "__builtin__.tuple"})) {
    return rebuild_sequence(arena, PickleKind::kTuple, args);
  }
  if (any_of(name, {"builtins.getattr", "__builtin__.getattr"})) {
    return join_attribute(arena, args);
  }
  if (any_of(name, {"copyreg._reconstructor", "copy_reg._reconstructor", "copyreg.__newobj__",
                    "copy_reg.__newobj__"}) &&
      !args.items.empty() && args.items[0]->kind == PickleKind::kClass) {
    return make_object(arena, *args.items[0], args);
  }
  return nullptr;
}

}  // namespace

PickleValue* rebuild_call(PickleArena& arena, const PickleValue& callable,
                          const PickleValue& args) {
  if (args.kind != PickleKind::kTuple) {
    arena.fail("its pickle calls something with arguments that are no tuple; file damaged?");
  }
  // The result of a call may be called in turn (functools.partial): still only recorded.
  if (callable.kind == PickleKind::kObject) return make_object(arena, callable, args);
  if (callable.kind != PickleKind::kClass) {
    arena.fail("its pickle calls something that is no class or function; file damaged?");
  }
  const auto refuse = [&](const PickleValue& named, const char* how) {
    arena.fail(
        "refuses to load: its pickle " + std::string(how) + " " + std::string(named.text) +
        ", which no trained model needs and which would run code in Python; do not load this "
        "file with torch.load either");
  };
  if (reaches_system(callable)) refuse(callable, "calls");
  for (const PickleValue* arg : args.items) {
    if (arg->kind == PickleKind::kClass && reaches_system(*arg)) refuse(*arg, "passes on");
  }
  PickleValue* known = rebuild_known(arena, callable.text, args);
  return known != nullptr ? known : make_object(arena, callable, args);
}

PickleValue* load_persistent(PickleArena& arena, const PickleValue& id) {
  const auto damaged = [&]() {
    arena.fail("a persistent id in its pickle is none that torch.save writes; file damaged?");
  };
  if (id.kind != PickleKind::kTuple || id.items.size() < 2) damaged();
  const std::vector<const PickleValue*>& items = id.items;
  if (items[0]->is_string("module") && items[1]->kind == PickleKind::kClass) {
    PickleValue* type =
        arena.add(PickleKind::kClass);  // old torch kept the class's source beside it
    type->text = items[1]->text;
    type->integer = items[1]->integer;
    return type;
  }
  if (!items[0]->is_string("storage") || items.size() < 5 || items[1]->kind != PickleKind::kClass ||
      items[2]->kind != PickleKind::kString || items[4]->kind != PickleKind::kInt ||
      items[4]->integer < 0 || items[2]->text.size() > kMaxKeyLength) {
    damaged();
  }
  const std::optional<ScalarType> type = storage_scalar_type(items[1]->text);
  if (!type) return make_object(arena, *items[1], id);

  const std::string key(items[2]->text);
  PickleStorage* root = arena.storage(key);
  if (root == nullptr) root = arena.add_storage({key, *type, items[4]->integer});
  if (root->type != *type || root->element_count != items[4]->integer) {
    arena.fail("storage '" + key +
               "' is declared twice, with different types or sizes; file damaged?");
  }
  StorageView view{root, 0, root->element_count};
  if (items.size() >= 6 &&
      items[5]->kind == PickleKind::kTuple) {  // legacy: (key, offset, elements)
    const PickleValue& part = *items[5];
    if (part.items.size() != 3 || part.items[1]->kind != PickleKind::kInt ||
        part.items[2]->kind != PickleKind::kInt || part.items[1]->integer < 0 ||
        part.items[2]->integer < 0 || part.items[1]->integer > root->element_count ||
        part.items[2]->integer > root->element_count - part.items[1]->integer) {
      arena.fail("a view of storage '" + key + "' reaches outside it; file damaged?");
    }
    view.offset = part.items[1]->integer;
    view.element_count = part.items[2]->integer;
  }
  PickleValue* value = arena.add(PickleKind::kStorage);
  value->storage = arena.add_view(view);
  return value;
}

}  // namespace pintle::converter
