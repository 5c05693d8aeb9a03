// SPDX-License-Identifier: Apache-2.0
#include "converter/io/vector_table.h"

#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>

#include "converter/io/error.h"
#include "converter/io/table_reader.h"
#include "converter/io/text_file.h"

namespace pintle::converter {
namespace {

// What follows `key` in the header of an array, a literal of Python: "'<f4'", "(3, 8)".
std::string header_value(const std::string& header, const std::string& key, char begin, char end) {
  const size_t at = header.find("'" + key + "':");
  const size_t from = at == std::string::npos ? at : header.find(begin, at + key.size() + 3);
  const size_t to = from == std::string::npos ? from : header.find(end, from + 1);
  return to == std::string::npos ? "" : header.substr(from + 1, to - from - 1);
}

VectorTable read_npy(const std::string& path, const std::vector<std::string>& ids) {
  std::ifstream file(path, std::ios::binary);
  const std::string bytes{std::istreambuf_iterator<char>(file), {}};
  if (!file.is_open()) throw Error("cannot read " + path);
  const auto fail = [&](const std::string& fault) { throw Error(path + ": " + fault); };
  if (bytes.size() < 12 || bytes.compare(0, 6, "\x93NUMPY") != 0) fail("is no array of NumPy");
  const bool is_first = bytes[6] == 1;
  const auto byte = [&](size_t i) { return static_cast<size_t>(static_cast<uint8_t>(bytes[i])); };
  const size_t length = byte(8) | byte(9) << 8 | (is_first ? 0 : byte(10) << 16 | byte(11) << 24);
  const size_t start = (is_first ? 10 : 12) + length;
  if (start > bytes.size()) fail("was cut short");
  const std::string header = bytes.substr(is_first ? 10 : 12, length);
  const std::string type = header_value(header, "descr", '\'', '\'');
  const std::string shape = header_value(header, "shape", '(', ')');
  char* rest = nullptr;
  const size_t rows = std::strtoul(shape.c_str(), &rest, 10);
  const size_t cols = *rest == ',' ? std::strtoul(rest + 1, &rest, 10) : 0;
  const size_t width = type == "<f4" ? 4 : type == "<f8" ? 8 : 0;
  if (width == 0 || cols == 0 || header.find("'fortran_order': False") == std::string::npos) {
    fail("holds type " + type + ", shape (" + shape + "); write float32, [items][dim], in C order");
  }
  if (rows != ids.size()) {
    fail("has " + std::to_string(rows) + " rows, the item table " + std::to_string(ids.size()) +
         ": its rows are the items of the table, in its order");
  }
  if (cols > (bytes.size() - start) / width / rows) fail("was cut short");
  VectorTable table;
  table.path = path;
  table.dim = cols;
  for (size_t r = 0; r < rows; ++r) {
    std::vector<float>& vector = table.by_id[ids[r]];
    vector.resize(cols);
    for (size_t c = 0; c < cols; ++c) {
      const char* at = bytes.data() + start + (r * cols + c) * width;
      double wide = 0;
      std::memcpy(width == 4 ? static_cast<void*>(&vector[c]) : &wide, at, width);
      if (width == 8) vector[c] = static_cast<float>(wide);
      if (!std::isfinite(vector[c])) fail("row " + std::to_string(r) + " is not finite");
    }
  }
  return table;
}

VectorTable read_text(const std::string& path) {
  const std::string text = read_text_file(path);
  const TableReader reader(path, text);
  VectorTable table;
  table.path = path;
  table.dim = reader.columns().size() - 1;
  reader.read_rows([&](size_t line, std::vector<std::string>& fields) {
    std::vector<float> vector;
    for (size_t i = 1; i < fields.size(); ++i) {
      const std::string field(trim(fields[i]));
      char* end = nullptr;
      vector.push_back(std::strtof(field.c_str(), &end));
      if (field.empty() || *end != '\0' || !std::isfinite(vector.back())) {
        throw Error(at_line(path, line) + "'" + field +
                    "' is no number; the first column holds the app's ids, each other one a "
                    "number of the vector");
      }
    }
    const std::string id(trim(fields[0]));
    if (!table.by_id.emplace(id, std::move(vector)).second) {
      throw Error(at_line(path, line) + "the id '" + id + "' comes twice");
    }
  });
  return table;
}

}  // namespace

VectorTable read_vectors(const std::string& path, const std::vector<std::string>& ids) {
  return ends_with(path, ".npy") ? read_npy(path, ids) : read_text(path);
}

}  // namespace pintle::converter
