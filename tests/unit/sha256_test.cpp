// SPDX-License-Identifier: Apache-2.0
#include "converter/io/sha256.h"

#include <doctest/doctest.h>

#include <string>

#include "converter/io/error.h"
#include "support/scratch_dir.h"

namespace pintle::converter {
namespace {

// FIPS 180-4's examples.
TEST_CASE("digests are those of the standard, in one piece, in several and of a file") {
  const test::ScratchDir dir;
  const auto check = [&](const std::string& text, const char* expected) {
    Sha256 whole, pieces;
    whole.update(text.data(), text.size());
    for (const char& c : text) pieces.update(&c, 1);
    CHECK(whole.hex() == expected);
    CHECK(pieces.hex() == expected);
    CHECK(sha256_of_file(dir.write("f", text)) == expected);
  };
  check("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  check("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  check(std::string(1000000, 'a'),
        "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

TEST_CASE("a file that cannot be read has no digest") {
  const test::ScratchDir dir;
  CHECK_THROWS_AS(sha256_of_file(dir.path("missing")), Error);
  CHECK_THROWS_AS(sha256_of_file(dir.path("")), Error);  // a folder
}

}  // namespace
}  // namespace pintle::converter
