// SPDX-License-Identifier: Apache-2.0
#include "converter/io/text_coding.h"

#include <doctest/doctest.h>

#include "converter/io/error.h"
#include "converter/io/text_file.h"
#include "support/gzip.h"
#include "support/scratch_dir.h"

namespace pintle::converter {
namespace {

using namespace std::string_literals;
using test::gzip;

std::string text_of(const std::string& bytes) { return decode_text("log", bytes).text; }

std::string fault_of(const std::string& bytes) {
  try {
    decode_text("log", bytes);
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

TEST_CASE("gzip, also in several members, and only whole") {
  const std::string text = "user,item\n1,2\n";
  CHECK(text_of(gzip(text)) == text);
  CHECK(decode_text("log", gzip(text)).coding == "gzip");
  CHECK(text_of(gzip(text) + gzip("3,4\n")) == text + "3,4\n");
  CHECK(text_of(gzip(text) + std::string(512, '\0')) == text);
  CHECK(text_of(gzip("")) == "");
  std::string large;
  for (int64_t i = 0; i < 400000; ++i) large += std::to_string(i * 7919 % 100003) + "\n";
  CHECK(text_of(gzip(large)) == large);
  const std::string packed = gzip(large);
  for (const size_t size : {size_t{3}, size_t{12}, packed.size() / 2, packed.size() - 1}) {
    CAPTURE(size);
    CHECK(fault_of(packed.substr(0, size)).find("cut short") != std::string::npos);
  }
  std::string damaged = packed;
  damaged[damaged.size() / 2] = static_cast<char>(damaged[damaged.size() / 2] ^ 0x40);
  CHECK(fault_of(damaged).find("gzip data is") != std::string::npos);
  CHECK(fault_of(gzip(text) + "more").find("behind its gzip data") != std::string::npos);
  CHECK(fault_of(gzip(gzip(text))).find("twice") != std::string::npos);
  CHECK(fault_of(gzip("PAR1" + text)).find("Parquet") != std::string::npos);
}

TEST_CASE("a gzip bomb is stopped") {
  const std::string bomb = gzip(std::string(size_t{80} << 20, '1'));
  REQUIRE(bomb.size() < size_t{200} << 10);
  CHECK(fault_of(bomb).find("more than 200 times its size") != std::string::npos);
}

TEST_CASE("UTF-16 with and without a mark") {
  CHECK(text_of("\xff\xfe"
                "1\0 \0"
                "2\0"s) == "1 2");
  CHECK(text_of("\xfe\xff\0"
                "1\0 \0"
                "2"s) == "1 2");
  CHECK(text_of("1\0 \0"
                "2\0\n\0"
                "3\0 \0"
                "4\0"s) == "1 2\n3 4");
  CHECK(text_of("\0"
                "1\0 \0"
                "2\0\n\0"
                "3\0 \0"
                "4"s) == "1 2\n3 4");
  CHECK(text_of("\xff\xfe\xe9\0\xac\x20\x3d\xd8\x00\xde"s) ==
        "\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80");
  CHECK(fault_of("\xff\xfe\x3d\xd8"s).find("UTF-16, but damaged") != std::string::npos);
  CHECK(fault_of("\xff\xfe\x00\xdc"s).find("UTF-16, but damaged") != std::string::npos);
  CHECK(fault_of("\xff\xfe"
                 "1"s)
            .find("UTF-16, but damaged") != std::string::npos);
  CHECK(fault_of("\xff\xfe\0\0"
                 "1\0\0\0"s)
            .find("UTF-32") != std::string::npos);
  CHECK(text_of("\xef\xbb\xbf"
                "1 2"s) == "1 2");
}

TEST_CASE("other containers are named, with what to do") {
  struct Container {
    std::string bytes;
    const char* name;
    const char* advice;
  };
  for (const Container& container :
       {Container{"PAR1....", "Parquet", "pd.read_parquet('log').to_csv('log.csv'"},
        Container{"ARROW1..", "Feather", "read_feather"},
        Container{"\x89HDF\r\n", "HDF5", "read_hdf"},
        Container{"\x80\x04\x95", "pickle", "read_pickle"},
        Container{"PK\x03\x04 xl/workbook.xml", "Excel", "read_excel"},
        Container{"PK\x03\x04 log.csv", "zip", "unzip"},
        Container{"PK\x03\x04 a.npy", "NumPy", "np.load"}, Container{"BZh91AY", "bzip2", "bunzip2"},
        Container{"\xfd"
                  "7zXZ\0"s,
                  "xz", "unxz"},
        Container{"\x28\xb5\x2f\xfd...", "zstd", "unzstd"},
        Container{"SQLite format 3\0"s, "SQLite", "sqlite3"},
        Container{"\x93NUMPY", "NumPy", "np.load"},
        Container{"<!DOCTYPE html>", "web page", "download"}}) {
    CAPTURE(container.name);
    const std::string fault = fault_of(container.bytes);
    CHECK(fault.find(container.name) != std::string::npos);
    CHECK(fault.find(container.advice) != std::string::npos);
  }
}

TEST_CASE("lines ended as old Macs did") {
  const test::ScratchDir folder;
  CHECK(read_text_file(folder.write("mac", "1 2\r3 4\r")) == "1 2\n3 4\n");
  CHECK(read_text_file(folder.write("dos", "1 2\r\n3 4\r\n")) == "1 2\r\n3 4\r\n");
  std::string coding;
  read_text_file(folder.write("packed", gzip("1 2\n")), &coding);
  CHECK(coding == "gzip");
}

}  // namespace
}  // namespace pintle::converter
