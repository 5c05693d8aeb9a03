// SPDX-License-Identifier: Apache-2.0
#include "converter/import/numpy_values.h"

#include <charconv>
#include <cstdint>
#include <string_view>

#include "converter/io/text_file.h"
#include "converter/io/utf8.h"

namespace pintle::converter {
namespace {

// Bytes, also as protocol 2 writes them: _codecs.encode(text, 'latin1').
std::optional<std::string> raw_bytes(const PickleValue& value) {
  if (value.kind == PickleKind::kBytes) return std::string(value.text);
  if (value.kind != PickleKind::kObject || value.text != "_codecs.encode" ||
      value.args == nullptr || value.args->items.empty() ||
      value.args->items[0]->kind != PickleKind::kString) {
    return std::nullopt;
  }
  const std::string_view text = value.args->items[0]->text;
  std::string bytes;
  for (size_t i = 0; i < text.size(); ++i) {
    const uint8_t first = static_cast<uint8_t>(text[i]);
    if (first < 0x80) {
      bytes.push_back(text[i]);
    } else if (first <= 0xc3 && i + 1 < text.size()) {  // U+0080 to U+00FF
      bytes.push_back(static_cast<char>((first << 6) | (static_cast<uint8_t>(text[++i]) & 0x3f)));
    } else {
      return std::nullopt;
    }
  }
  return bytes;
}

struct DType {
  char kind = 0;  // O, U (UTF-32), S (bytes), i, u
  size_t size_bytes = 0;
};

// numpy.dtype('<U7', False, True), its byte order in the state. Big-endian types are not read.
std::optional<DType> read_dtype(const PickleValue& value) {
  if (value.kind != PickleKind::kObject || value.text != "numpy.dtype" || value.args == nullptr ||
      value.args->items.empty() || value.args->items[0]->kind != PickleKind::kString) {
    return std::nullopt;
  }
  const std::string_view name = value.args->items[0]->text;
  if (name.size() < 2) return std::nullopt;
  DType type;
  type.kind = name[0];
  const auto [end, fault] =
      std::from_chars(name.data() + 1, name.data() + name.size(), type.size_bytes);
  if (fault != std::errc() || end != name.data() + name.size() || type.size_bytes > 4096) {
    return std::nullopt;
  }
  const PickleValue* state = value.state;
  if (state != nullptr && state->kind == PickleKind::kTuple && state->items.size() > 1 &&
      state->items[1]->is_string(">")) {
    return std::nullopt;
  }
  if (type.kind == 'U') type.size_bytes *= 4;
  if (type.size_bytes == 0) return std::nullopt;
  return type;
}

uint64_t little_endian(std::string_view bytes) {
  uint64_t value = 0;
  for (size_t i = bytes.size(); i > 0; --i) {
    value = (value << 8) | static_cast<uint8_t>(bytes[i - 1]);
  }
  return value;
}

std::optional<std::string> element_text(const DType& type, std::string_view bytes) {
  switch (type.kind) {
    case 'U': {
      std::string text;
      for (size_t i = 0; i + 4 <= bytes.size(); i += 4) {
        const uint64_t point = little_endian(bytes.substr(i, 4));
        if (point == 0) break;
        if (point > 0x10ffff) return std::nullopt;
        append_utf8(static_cast<uint32_t>(point), &text);
      }
      return is_utf8(text) ? std::optional<std::string>(text) : std::nullopt;
    }
    case 'S': {
      const std::string text(bytes.substr(0, bytes.find('\0')));
      return is_utf8(text) ? std::optional<std::string>(text) : std::nullopt;
    }
    case 'i':
    case 'u': {
      const size_t size = bytes.size();
      if (size != 1 && size != 2 && size != 4 && size != 8) return std::nullopt;
      const uint64_t value = little_endian(bytes);
      if (type.kind == 'u') return std::to_string(value);
      const int shift = static_cast<int>(64 - 8 * size);
      return std::to_string(static_cast<int64_t>(value << shift) >> shift);
    }
    default:
      return std::nullopt;
  }
}

std::optional<std::vector<std::string>> all_texts(const std::vector<const PickleValue*>& items) {
  std::vector<std::string> texts;
  texts.reserve(items.size());
  for (const PickleValue* item : items) {
    std::optional<std::string> text = plain_text(*item);
    if (!text) return std::nullopt;
    texts.push_back(std::move(*text));
  }
  return texts;
}

// The state is (version, shape, dtype, is_fortran, list of objects or bytes).
std::optional<std::vector<std::string>> array_texts(const PickleValue& array) {
  const PickleValue* state = array.state;
  if (state == nullptr || state->kind != PickleKind::kTuple || state->items.size() != 5 ||
      state->items[1]->items.size() != 1 || state->items[1]->items[0]->kind != PickleKind::kInt) {
    return std::nullopt;
  }
  const std::optional<DType> type = read_dtype(*state->items[2]);
  const PickleValue& data = *state->items[4];
  const int64_t told = state->items[1]->items[0]->integer;
  if (!type || told < 0) return std::nullopt;
  const size_t count = static_cast<size_t>(told);
  if (type->kind == 'O') {
    if (data.kind != PickleKind::kList || data.items.size() != count) return std::nullopt;
    return all_texts(data.items);
  }
  const std::optional<std::string> bytes = raw_bytes(data);
  if (!bytes || bytes->size() / type->size_bytes != count ||
      bytes->size() % type->size_bytes != 0) {
    return std::nullopt;
  }
  std::vector<std::string> texts;
  texts.reserve(count);
  for (size_t i = 0; i < count; ++i) {
    std::optional<std::string> text = element_text(
        *type, std::string_view(*bytes).substr(i * type->size_bytes, type->size_bytes));
    if (!text) return std::nullopt;
    texts.push_back(std::move(*text));
  }
  return texts;
}

}  // namespace

std::optional<std::string> plain_text(const PickleValue& value) {
  switch (value.kind) {
    case PickleKind::kString:
      return is_utf8(value.text) ? std::optional<std::string>(std::string(value.text))
                                 : std::nullopt;
    case PickleKind::kInt:
      return std::to_string(value.integer);
    case PickleKind::kObject: {
      if (!ends_with(value.text, "multiarray.scalar") || value.args == nullptr ||
          value.args->items.size() != 2) {
        return std::nullopt;
      }
      const std::optional<DType> type = read_dtype(*value.args->items[0]);
      const std::optional<std::string> bytes = raw_bytes(*value.args->items[1]);
      if (!type || !bytes || bytes->size() != type->size_bytes) return std::nullopt;
      return element_text(*type, *bytes);
    }
    default:
      return std::nullopt;
  }
}

std::optional<std::vector<std::string>> plain_texts(const PickleValue& value) {
  if (value.kind == PickleKind::kList || value.kind == PickleKind::kTuple) {
    return all_texts(value.items);
  }
  if (value.kind == PickleKind::kObject && ends_with(value.text, "multiarray._reconstruct")) {
    return array_texts(value);
  }
  return std::nullopt;
}

}  // namespace pintle::converter
