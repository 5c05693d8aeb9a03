// SPDX-License-Identifier: Apache-2.0
#include "converter/import/zip_reader.h"

#include <doctest/doctest.h>

#include "converter/io/error.h"
#include "support/read_file.h"
#include "support/scratch_dir.h"
#include "support/torch_files.h"

namespace pintle::converter {
namespace {

using namespace pintle::test;

// Reads every entry; the message of the error, empty if there is none.
std::string fault_of(const std::string& path) {
  try {
    ZipReader zip(path);
    for (const std::string& name : zip.names()) zip.read(name);
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

TEST_CASE("entries are read by name") {
  const ScratchDir scratch;
  write_zip(scratch.path("a.zip"), {{"m/data.pkl", "pickle"}, {"m/data/0", ""}});
  ZipReader zip(scratch.path("a.zip"));
  CHECK(zip.names() == std::vector<std::string>{"m/data.pkl", "m/data/0"});
  CHECK(zip.has("m/data/0"));
  CHECK_FALSE(zip.has("m/data/1"));
  CHECK(zip.read("m/data.pkl").size() == 6);
  CHECK(zip.read("m/data/0").empty());
  CHECK_THROWS_WITH_AS(zip.read("m/data/1"), doctest::Contains("m/data/1: is not in the archive"),
                       Error);
}

TEST_CASE("a zip cut anywhere is an error") {
  const ScratchDir scratch;
  write_zip(scratch.path("a.zip"), {{"data.pkl", "pickle"}, {"data/0", std::string(50, 'x')}});
  const std::string bytes = read_file(scratch.path("a.zip"));
  CHECK(fault_of(scratch.path("a.zip")) == "");
  for (size_t length = 4; length < bytes.size(); ++length) {
    CAPTURE(length);
    const std::string path = scratch.write("cut.zip", bytes.substr(0, length));
    CHECK(contains(fault_of(path), "cut.zip: the zip archive is truncated or damaged"));
  }
}

TEST_CASE("a changed byte in the data is found by its checksum") {
  const ScratchDir scratch;
  write_zip(scratch.path("a.zip"), {{"data/0", "0123456789"}});
  std::string bytes = read_file(scratch.path("a.zip"));
  bytes[bytes.find("456")] = 'X';
  CHECK(contains(fault_of(scratch.write("b.zip", bytes)), "data/0: is damaged"));
}

TEST_CASE("any changed byte is read or is an error") {
  const ScratchDir scratch;
  write_zip(scratch.path("a.zip"), {{"data.pkl", "pickle"}, {"data/0", "0123456789"}});
  const std::string bytes = read_file(scratch.path("a.zip"));
  size_t refused = 0;
  for (size_t at = 0; at < bytes.size(); ++at) {
    for (const int flip : {0x01, 0x80, 0xff}) {
      std::string changed = bytes;
      changed[at] = static_cast<char>(changed[at] ^ flip);
      refused += fault_of(scratch.write("b.zip", changed)).empty() ? 0 : 1;
    }
  }
  CHECK(refused > bytes.size());
}

TEST_CASE("compressed entries are refused") {
  const ScratchDir scratch;
  write_zip(scratch.path("a.zip"), {{"data/0", std::string(1 << 20, 'x')}}, true);
  CHECK(contains(fault_of(scratch.path("a.zip")), "data/0: is compressed"));
}

TEST_CASE("reading an entry again and again is bounded by the file's size") {
  const ScratchDir scratch;
  write_zip(scratch.path("a.zip"), {{"data/0", std::string(1000, 'x')}});
  ZipReader zip(scratch.path("a.zip"));
  zip.read("data/0");
  CHECK_THROWS_WITH_AS(zip.read("data/0"), doctest::Contains("more bytes than the file has"),
                       Error);
}

TEST_CASE("missing files are named") {
  CHECK(contains(fault_of("/nonexistent/a.zip"), "/nonexistent/a.zip: cannot read"));
}

}  // namespace
}  // namespace pintle::converter
