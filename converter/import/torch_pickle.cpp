// SPDX-License-Identifier: Apache-2.0
#include "converter/import/torch_pickle.h"

#include <charconv>
#include <limits>
#include <unordered_map>
#include <vector>

#include "converter/import/pickle_stream.h"
#include "converter/import/pickle_text.h"
#include "converter/import/torch_rebuild.h"

namespace pintle::converter {
namespace {

class Machine {
 public:
  Machine(std::string_view bytes, PickleArena& arena) : stream_(bytes, arena), arena_(arena) {
    none_ = arena_.add(PickleKind::kNone);
    for (int64_t i = 0; i < 2; ++i) {
      booleans_[i] = arena_.add(PickleKind::kBool);
      booleans_[i]->integer = i;
    }
  }

  const PickleValue* run() {
    while (true) {
      const uint8_t opcode = static_cast<uint8_t>(stream_.take(1)[0]);
      if (opcode == '.') return pop();
      if (!step_scalar(opcode) && !step_text(opcode) && !step_container(opcode) &&
          !step_object(opcode) && !step_stack(opcode)) {
        damaged("unknown opcode " + std::to_string(opcode));
      }
    }
  }

  size_t position() const { return stream_.position(); }

 private:
  [[noreturn]] void damaged(const std::string& fault) const { stream_.damaged(fault); }

  size_t floor() const { return marks_.empty() ? 0 : marks_.back(); }
  void push(PickleValue* value) { stack_.push_back(value); }
  PickleValue* pop() {
    if (stack_.size() <= floor()) damaged("it takes more values than it made");
    PickleValue* value = stack_.back();
    stack_.pop_back();
    return value;
  }
  PickleValue* top() {
    if (stack_.size() <= floor()) damaged("it takes more values than it made");
    return stack_.back();
  }
  std::vector<PickleValue*> pop_to_mark() {
    if (marks_.empty()) damaged("it closes a group that it did not open");
    const auto first = stack_.begin() + static_cast<std::ptrdiff_t>(marks_.back());
    std::vector<PickleValue*> group(first, stack_.end());
    stack_.erase(first, stack_.end());
    marks_.pop_back();
    return group;
  }
  PickleValue* add_sequence(PickleKind kind, const std::vector<PickleValue*>& items) {
    PickleValue* sequence = arena_.add(kind);
    sequence->items.reserve(items.size());
    for (const PickleValue* item : items) arena_.attach(sequence, item);
    return sequence;
  }
  // The last `count` values of the stack as a tuple, list or dict.
  void push_sequence(PickleKind kind, size_t count) {
    std::vector<PickleValue*> items(count);
    for (size_t i = count; i > 0; --i) items[i - 1] = pop();
    push(add_sequence(kind, items));
  }
  void push_text(PickleKind kind, std::string_view text) {
    PickleValue* value = arena_.add(kind);
    value->text = text;
    push(value);
  }
  void push_integer(int64_t integer) {
    PickleValue* value = arena_.add(PickleKind::kInt);
    value->integer = integer;
    push(value);
  }
  void push_float(double real) {
    PickleValue* value = arena_.add(PickleKind::kFloat);
    value->real = real;
    push(value);
  }
  // Little-endian two's complement of any length.
  void push_long(std::string_view digits) {
    if (digits.size() > 8) return push_text(PickleKind::kBigInt, digits);
    uint64_t value = 0;
    for (size_t i = 0; i < digits.size(); ++i) {
      value |= static_cast<uint64_t>(static_cast<uint8_t>(digits[i])) << (8 * i);
    }
    if (!digits.empty() && digits.size() < 8 && (static_cast<uint8_t>(digits.back()) & 0x80) != 0) {
      value |= std::numeric_limits<uint64_t>::max() << (8 * digits.size());
    }
    push_integer(static_cast<int64_t>(value));
  }
  void push_decimal(std::string_view line) {
    if (line == "00" || line == "01") return push(booleans_[line[1] - '0']);
    if (!line.empty() && line.back() == 'L') line.remove_suffix(1);
    int64_t integer = 0;
    const auto [end, error] = std::from_chars(line.data(), line.data() + line.size(), integer);
    if (error == std::errc::result_out_of_range) return push_text(PickleKind::kBigInt, line);
    if (error != std::errc() || end != line.data() + line.size()) damaged("a number is malformed");
    push_integer(integer);
  }

  bool step_scalar(uint8_t opcode) {
    switch (opcode) {
      case 'N':
        push(none_);
        return true;
      case 0x88:  // NEWTRUE
      case 0x89:  // NEWFALSE
        push(booleans_[opcode == 0x88 ? 1 : 0]);
        return true;
      case 'J':
        push_integer(static_cast<int32_t>(static_cast<uint32_t>(stream_.take_unsigned(4))));
        return true;
      case 'K':
        push_integer(static_cast<int64_t>(stream_.take_unsigned(1)));
        return true;
      case 'M':
        push_integer(static_cast<int64_t>(stream_.take_unsigned(2)));
        return true;
      case 'I':
      case 'L':
        push_decimal(stream_.take_line());
        return true;
      case 0x8a:  // LONG1
        push_long(stream_.take(stream_.take_unsigned(1)));
        return true;
      case 0x8b: {  // LONG4, the length is signed
        const uint64_t length = stream_.take_unsigned(4);
        if (length > std::numeric_limits<int32_t>::max()) damaged("a length is negative");
        push_long(stream_.take(length));
        return true;
      }
      case 'F':
        push_float(stream_.take_double_line());
        return true;
      case 'G':
        push_float(stream_.take_double());
        return true;
      default:
        return false;
    }
  }

  bool step_text(uint8_t opcode) {
    switch (opcode) {
      case 'S': {
        std::string text;
        if (!decode_string_literal(stream_.take_line(), &text)) damaged("a string is malformed");
        push_text(PickleKind::kString, arena_.keep(std::move(text)));
        return true;
      }
      case 'V': {
        std::string text;
        if (!decode_raw_unicode(stream_.take_line(), &text)) damaged("a string is malformed");
        push_text(PickleKind::kString, arena_.keep(std::move(text)));
        return true;
      }
      case 'U':   // SHORT_BINSTRING
      case 0x8c:  // SHORT_BINUNICODE
        push_text(PickleKind::kString, stream_.take(stream_.take_unsigned(1)));
        return true;
      case 'T':  // BINSTRING
      case 'X':  // BINUNICODE
        push_text(PickleKind::kString, stream_.take(stream_.take_unsigned(4)));
        return true;
      case 0x8d:  // BINUNICODE8
        push_text(PickleKind::kString, stream_.take(stream_.take_unsigned(8)));
        return true;
      case 'C':
        push_text(PickleKind::kBytes, stream_.take(stream_.take_unsigned(1)));
        return true;
      case 'B':
        push_text(PickleKind::kBytes, stream_.take(stream_.take_unsigned(4)));
        return true;
      case 0x8e:  // BINBYTES8
      case 0x96:  // BYTEARRAY8
        push_text(PickleKind::kBytes, stream_.take(stream_.take_unsigned(8)));
        return true;
      default:
        return false;
    }
  }

  void set_items(PickleValue* target, const std::vector<PickleValue*>& pairs) {
    if (target->kind != PickleKind::kDict && target->kind != PickleKind::kObject) {
      damaged("it sets keys on something that has none");
    }
    if (pairs.size() % 2 != 0) damaged("a key has no value");
    for (const PickleValue* item : pairs) arena_.attach(target, item);
  }
  void append(PickleValue* target, const std::vector<PickleValue*>& items, PickleKind kind) {
    if (target->kind == PickleKind::kObject)
      return;  // a subclass of list: nobody asks for its items
    if (target->kind != kind) damaged("it appends to something that is no list or set");
    for (const PickleValue* item : items) arena_.attach(target, item);
  }

  bool step_container(uint8_t opcode) {
    switch (opcode) {
      case ')':
        push(arena_.add(PickleKind::kTuple));
        return true;
      case ']':
        push(arena_.add(PickleKind::kList));
        return true;
      case '}':
        push(arena_.add(PickleKind::kDict));
        return true;
      case 0x8f:  // EMPTY_SET
        push(arena_.add(PickleKind::kSet));
        return true;
      case 0x85:  // TUPLE1 to TUPLE3
      case 0x86:
      case 0x87:
        push_sequence(PickleKind::kTuple, opcode - 0x84u);
        return true;
      case 't':
        push(add_sequence(PickleKind::kTuple, pop_to_mark()));
        return true;
      case 'l':
        push(add_sequence(PickleKind::kList, pop_to_mark()));
        return true;
      case 0x91:  // FROZENSET
        push(add_sequence(PickleKind::kSet, pop_to_mark()));
        return true;
      case 'd': {
        const std::vector<PickleValue*> pairs = pop_to_mark();
        PickleValue* dict = arena_.add(PickleKind::kDict);
        set_items(dict, pairs);
        push(dict);
        return true;
      }
      case 'a': {
        PickleValue* item = pop();
        append(top(), {item}, PickleKind::kList);
        return true;
      }
      case 'e': {
        const std::vector<PickleValue*> items = pop_to_mark();
        append(top(), items, PickleKind::kList);
        return true;
      }
      case 0x90: {  // ADDITEMS
        const std::vector<PickleValue*> items = pop_to_mark();
        append(top(), items, PickleKind::kSet);
        return true;
      }
      case 's': {
        PickleValue* value = pop();
        PickleValue* key = pop();
        set_items(top(), {key, value});
        return true;
      }
      case 'u': {
        const std::vector<PickleValue*> pairs = pop_to_mark();
        set_items(top(), pairs);
        return true;
      }
      default:
        return false;
    }
  }

  // INST and OBJ: a class, and its arguments since the mark.
  void call_with(const PickleValue& callable, const std::vector<PickleValue*>& args) {
    push(rebuild_call(arena_, callable, *add_sequence(PickleKind::kTuple, args)));
  }

  bool step_object(uint8_t opcode) {
    switch (opcode) {
      case 'c': {
        const std::string_view module = stream_.take_line();
        push(arena_.add_class(module, stream_.take_line()));
        return true;
      }
      case 0x93: {  // STACK_GLOBAL
        const PickleValue* name = pop();
        const PickleValue* module = pop();
        if (name->kind != PickleKind::kString || module->kind != PickleKind::kString) {
          damaged("the name of a class is no string");
        }
        push(arena_.add_class(module->text, name->text));
        return true;
      }
      case 'i': {
        const std::string_view module = stream_.take_line();
        push(arena_.add_class(module, stream_.take_line()));
        const PickleValue* type = pop();
        call_with(*type, pop_to_mark());
        return true;
      }
      case 'o': {
        std::vector<PickleValue*> group = pop_to_mark();
        if (group.empty()) damaged("an object has no class");
        const PickleValue* type = group.front();
        group.erase(group.begin());
        call_with(*type, group);
        return true;
      }
      case 'R':     // REDUCE
      case 0x81:    // NEWOBJ
      case 0x92: {  // NEWOBJ_EX: keyword arguments carry nothing that is read
        if (opcode == 0x92) pop();
        const PickleValue* args = pop();
        const PickleValue* callable = pop();
        push(rebuild_call(arena_, *callable, *args));
        return true;
      }
      case 'b': {
        const PickleValue* state = pop();
        PickleValue* object = top();
        if (object->kind == PickleKind::kObject) {  // attributes of dicts and tensors are not read
          arena_.note_depth(object, state);
          object->state = state;
        }
        return true;
      }
      case 'P': {
        PickleValue* id = arena_.add_string(std::string(stream_.take_line()));
        push(load_persistent(arena_, *id));
        return true;
      }
      case 'Q': {
        const PickleValue* id = pop();
        push(load_persistent(arena_, *id));
        return true;
      }
      default:
        return false;
    }
  }

  void remember(uint64_t index) { memo_[index] = top(); }
  void recall(uint64_t index) {
    const auto found = memo_.find(index);
    if (found == memo_.end()) damaged("it recalls a value that it did not remember");
    push(found->second);
  }

  bool step_stack(uint8_t opcode) {
    switch (opcode) {
      case '(':
        marks_.push_back(stack_.size());
        return true;
      case '0':
        if (!marks_.empty() && stack_.size() == marks_.back()) {
          marks_.pop_back();
        } else {
          pop();
        }
        return true;
      case '1':
        pop_to_mark();
        return true;
      case '2':
        push(top());
        return true;
      case 'p':
        remember(stream_.take_decimal_line());
        return true;
      case 'q':
        remember(stream_.take_unsigned(1));
        return true;
      case 'r':
        remember(stream_.take_unsigned(4));
        return true;
      case 0x94:  // MEMOIZE
        remember(memo_.size());
        return true;
      case 'g':
        recall(stream_.take_decimal_line());
        return true;
      case 'h':
        recall(stream_.take_unsigned(1));
        return true;
      case 'j':
        recall(stream_.take_unsigned(4));
        return true;
      case 0x80: {  // PROTO
        const uint64_t protocol = stream_.take_unsigned(1);
        if (protocol > 5) {
          arena_.fail("its pickle has protocol " + std::to_string(protocol) +
                      "; protocols 0 to 5 are read");
        }
        return true;
      }
      case 0x95:  // FRAME
        stream_.require(stream_.take_unsigned(8));
        return true;
      case 0x82:  // EXT1, EXT2, EXT4: names in a registry of the process that wrote the file
      case 0x83:
      case 0x84:
      case 0x97:  // NEXT_BUFFER and READONLY_BUFFER: data outside the file
      case 0x98:
        arena_.fail("its pickle refers to data outside the file; save it again with torch.save");
      default:
        return false;
    }
  }

  PickleStream stream_;
  PickleArena& arena_;
  PickleValue* none_ = nullptr;
  PickleValue* booleans_[2] = {};
  std::vector<PickleValue*> stack_;
  std::vector<size_t> marks_;
  std::unordered_map<uint64_t, PickleValue*> memo_;
};

}  // namespace

PickleTree read_pickle(std::string_view bytes, const std::string& path, size_t* consumed) {
  PickleTree tree;
  tree.arena = std::make_unique<PickleArena>(path);
  Machine machine(bytes, *tree.arena);
  tree.root = machine.run();
  if (consumed != nullptr) *consumed = machine.position();
  return tree;
}

}  // namespace pintle::converter
