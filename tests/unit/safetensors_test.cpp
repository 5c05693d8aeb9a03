// SPDX-License-Identifier: Apache-2.0
#include "converter/import/safetensors.h"

#include <doctest/doctest.h>

#include "converter/io/error.h"
#include "support/scratch_dir.h"
#include "support/torch_files.h"

namespace pintle::converter {
namespace {

using namespace pintle::test;

std::string fault_of(const std::string& bytes) {
  const ScratchDir scratch;
  try {
    read_safetensors(scratch.write("model.safetensors", bytes));
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

std::string entry(const std::string& name, const std::string& type, const std::string& shape,
                  const std::string& offsets) {
  return "\"" + name + R"(":{"dtype":")" + type + R"(","shape":)" + shape + R"(,"data_offsets":)" +
         offsets + "}";
}

TEST_CASE("tensors of every type") {
  const std::string header =
      "{\"__metadata__\":{\"format\":\"pt\"}," + entry("f64", "F64", "[1]", "[0,8]") + "," +
      entry("f32", "F32", "[2,2]", "[8,24]") + "," + entry("f16", "F16", "[2]", "[24,28]") + "," +
      entry("bf16", "BF16", "[1]", "[28,30]") + "," + entry("i64", "I64", "[1]", "[30,38]") + "," +
      entry("i32", "I32", "[]", "[38,42]") + "," + entry("i16", "I16", "[1]", "[42,44]") + "," +
      entry("i8", "I8", "[1]", "[44,45]") + "," + entry("u8", "U8", "[1]", "[45,46]") + "," +
      entry("bool", "BOOL", "[2]", "[46,48]") + "," + entry("none", "F32", "[0,4]", "[48,48]") +
      "}";
  const std::string data = bytes_of<double>({0.5}) + bytes_of<float>({1, 2, 3, 4}) +
                           bytes_of<uint16_t>({0x3c00, 0xc000}) + bytes_of<uint16_t>({0x3fc0}) +
                           bytes_of<int64_t>({-7}) + bytes_of<int32_t>({70000}) +
                           bytes_of<int16_t>({-300}) + bytes_of<int8_t>({-128}) +
                           bytes_of<uint8_t>({255, 0, 2});
  const ScratchDir scratch;
  const auto tensors = read_safetensors(scratch.write("m.safetensors", safetensors(header, data)));
  CHECK(tensors.size() == 11);
  using Floats = std::vector<float>;
  CHECK(tensors.at("f64").to_f32() == Floats{0.5f});
  CHECK(tensors.at("f32").to_f32() == Floats{1, 2, 3, 4});
  CHECK(tensors.at("f32").shape == std::vector<int64_t>{2, 2});
  CHECK(tensors.at("f16").to_f32() == Floats{1, -2});
  CHECK(tensors.at("bf16").to_f32() == Floats{1.5f});
  CHECK(tensors.at("i64").to_f32() == Floats{-7});
  CHECK(tensors.at("i32").to_f32() == Floats{70000});
  CHECK(tensors.at("i16").to_f32() == Floats{-300});
  CHECK(tensors.at("i8").to_f32() == Floats{-128});
  CHECK(tensors.at("u8").to_f32() == Floats{255});
  CHECK(tensors.at("bool").to_f32() == Floats{0, 1});
  CHECK(tensors.at("none").to_f32().empty());
}

TEST_CASE("wrong offsets are named") {
  const std::string data(16, '\0');
  const auto fault = [&](const std::string& entries) {
    return fault_of(safetensors("{" + entries + "}", data));
  };
  CHECK(fault(entry("a", "F32", "[4]", "[0,16]")) == "");
  CHECK(contains(fault(entry("a", "F32", "[4]", "[0,12]")), "tensor 'a': its offsets do not fit"));
  CHECK(contains(fault(entry("a", "F32", "[4]", "[16,0]")), "tensor 'a': its offsets do not fit"));
  CHECK(contains(fault(entry("a", "F32", "[5]", "[0,20]")), "reaches past the end"));
  CHECK(contains(fault(entry("a", "F32", "[4]", "[4,20]")), "reaches past the end"));
  CHECK(
      contains(fault(entry("a", "F32", "[3]", "[0,12]") + "," + entry("b", "F32", "[2]", "[8,16]")),
               "tensor 'b' overlaps"));
  CHECK(
      contains(fault(entry("a", "F32", "[4]", "[0,16]") + "," + entry("b", "F32", "[4]", "[0,16]")),
               "overlaps another one"));
  CHECK(
      contains(fault(entry("a", "F32", "[1]", "[0,4]") + "," + entry("b", "F32", "[2]", "[8,16]")),
               "tensor 'b' leaves a gap"));
  CHECK(contains(fault(entry("a", "F32", "[3]", "[0,12]")), "bytes after the last tensor"));
  // 2^62 * 4 * 4 bytes wraps to 0, 2^31 * 2^31 * 4 to 0.
  CHECK(contains(fault(entry("a", "F32", "[4611686018427387904,4]", "[0,0]")), "do not fit"));
  CHECK(contains(fault(entry("a", "F32", "[2147483648,2147483648]", "[0,0]")), "do not fit"));
  CHECK(contains(fault(entry("a", "F32", "[-4]", "[0,16]")), "no natural number"));
  CHECK(contains(fault(entry("a", "F32", "[4.0]", "[0,16]")), "no natural number"));
  CHECK(contains(fault(entry("a", "F32", "[4]", "[0,18446744073709551615]")), "no natural number"));
  CHECK(contains(fault(entry("a", "F32", "[4]", "[0]")), "lacks dtype, shape or data_offsets"));
  CHECK(contains(fault(entry("a", "F8_E4M3", "[16]", "[0,16]")), "type F8_E4M3 is not read"));
  CHECK(contains(fault("\"a\":3"), "lacks dtype"));
  CHECK(
      contains(fault(entry("a", "F32", "[2]", "[0,8]") + "," + entry("a", "F32", "[2]", "[8,16]")),
               "\"a\" twice"));
}

TEST_CASE("wrong headers are named") {
  CHECK(contains(fault_of("short"), "too short"));
  CHECK(contains(fault_of(little_endian(UINT64_MAX, 8) + "{}"), "claims a header"));
  CHECK(contains(fault_of(little_endian(100'000'001, 8) + "{}"), "claims a header"));
  CHECK(contains(fault_of(little_endian(3, 8) + "{}"), "claims a header"));
  CHECK(contains(fault_of(safetensors("{\"a\":", "")), "header is damaged"));
  CHECK(contains(fault_of(safetensors("[]", "")), "no JSON object"));
  CHECK(contains(fault_of(safetensors(std::string(100000, '['), "")), "nests too deep"));
  CHECK(contains(fault_of(safetensors("{\"\xff\":{}}", "")), "header is damaged"));
}

TEST_CASE("a file cut anywhere is an error") {
  const std::string bytes =
      safetensors("{" + entry("a", "F32", "[2]", "[0,8]") + "}", bytes_of<float>({1, 2}));
  CHECK(fault_of(bytes) == "");
  for (size_t length = 0; length < bytes.size(); ++length) {
    CAPTURE(length);
    CHECK(contains(fault_of(bytes.substr(0, length)), "model.safetensors: "));
  }
}

}  // namespace
}  // namespace pintle::converter
