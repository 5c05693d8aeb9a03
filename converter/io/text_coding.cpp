// SPDX-License-Identifier: Apache-2.0
#include "converter/io/text_coding.h"

#include <zlib.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

#include "converter/io/error.h"

namespace pintle::converter {
namespace {

using namespace std::string_view_literals;

// Logs shrink to a third or a twentieth; deflate's limit is 1032. Beyond both a file is taken for a
// bomb, so memory stays in proportion to the file.
constexpr size_t kUsualBytes = size_t{64} << 20;
constexpr size_t kMostExpansion = 200;

struct Container {
  std::string_view magic;
  size_t offset;
  const char* name;
  const char* reader;  // pandas'; null: `advice` says what to do
  const char* advice;
};

constexpr Container kContainers[] = {
    {"PAR1"sv, 0, "a Parquet file", "read_parquet", nullptr},
    {"ARROW1"sv, 0, "an Arrow (Feather) file", "read_feather", nullptr},
    {"FEA1"sv, 0, "a Feather file", "read_feather", nullptr},
    {"\x89HDF"sv, 0, "an HDF5 file", "read_hdf", nullptr},
    {"ORC"sv, 0, "an ORC file", "read_orc", nullptr},
    {"\xd0\xcf\x11\xe0"sv, 0, "an old Excel file", "read_excel", nullptr},
    {"\x80\x02"sv, 0, "a Python pickle", "read_pickle", nullptr},
    {"\x80\x03"sv, 0, "a Python pickle", "read_pickle", nullptr},
    {"\x80\x04"sv, 0, "a Python pickle", "read_pickle", nullptr},
    {"\x80\x05"sv, 0, "a Python pickle", "read_pickle", nullptr},
    {"(dp0\n"sv, 0, "a Python pickle", "read_pickle", nullptr},
    {"(lp0\n"sv, 0, "a Python pickle", "read_pickle", nullptr},
    {"BZh"sv, 0, "a bzip2 file", nullptr, "unpack it with bunzip2"},
    {"\xfd\x37zXZ\0"sv, 0, "an xz file", nullptr, "unpack it with unxz"},
    {"\x28\xb5\x2f\xfd"sv, 0, "a zstd file", nullptr, "unpack it with unzstd"},
    {"\x04\x22\x4d\x18"sv, 0, "an lz4 file", nullptr, "unpack it with unlz4"},
    {"7z\xbc\xaf\x27\x1c"sv, 0, "a 7z archive", nullptr, "unpack it with 7z x"},
    {"Rar!\x1a"sv, 0, "a RAR archive", nullptr, "unpack it with unrar x"},
    {"ustar"sv, 257, "a tar archive", nullptr, "unpack it with tar xf and pass the file in it"},
    {"SQLite format 3\0"sv, 0, "an SQLite database", nullptr,
     "write the table as CSV with sqlite3 -header -csv FILE 'select * from TABLE' > log.csv"},
    {"\x93NUMPY"sv, 0, "a NumPy array", nullptr,
     "convert it:\n  import numpy as np\n  np.savetxt('log.txt', np.load(FILE), fmt='%d')\nand "
     "write a line with its columns' names first"},
    {"Obj\x01"sv, 0, "an Avro file", nullptr, "write it as CSV or as JSON lines"},
    {"RDX"sv, 0, "an R data file", nullptr,
     "in R: load(FILE); write.csv(NAME, 'log.csv', row.names = FALSE)"},
    {"version https://git-lfs"sv, 0, "a pointer of Git LFS, not the file itself", nullptr,
     "fetch the file with git lfs pull"},
    {"<!DOCTYPE"sv, 0, "a web page, not the file that was to be fetched", nullptr,
     "download it again"},
    {"<html"sv, 0, "a web page, not the file that was to be fetched", nullptr, "download it again"},
};

bool starts_at(std::string_view bytes, size_t offset, std::string_view magic) {
  return bytes.size() >= offset + magic.size() && bytes.substr(offset, magic.size()) == magic;
}

void refuse_zip(const std::string& path, std::string_view bytes) {
  const auto has = [&](std::string_view part) {
    return bytes.find(part) != std::string_view::npos;
  };
  if (has("xl/workbook"))
    throw Error(path + ": is an Excel file; " + pandas_advice(path, "read_excel"));
  if (has("opendocument.spreadsheet")) {
    throw Error(path + ": is an OpenDocument table; " + pandas_advice(path, "read_excel"));
  }
  if (has("/data.pkl")) {
    throw Error(path + ": is a PyTorch checkpoint, not a table or a log; write it as CSV");
  }
  if (has(".npy")) {
    throw Error(path + ": is a NumPy archive; convert it:\n  import numpy as np, pandas as pd\n" +
                "  pd.DataFrame(dict(np.load('" + path + "'))).to_csv('" + path +
                ".csv', index=False)");
  }
  throw Error(path + ": is a zip archive; unpack it with unzip and pass the file in it");
}

void refuse_containers(const std::string& path, std::string_view bytes) {
  if (starts_at(bytes, 0, "PK\x03\x04")) refuse_zip(path, bytes);
  for (const Container& container : kContainers) {
    if (!starts_at(bytes, container.offset, container.magic)) continue;
    throw Error(path + ": is " + container.name + "; " +
                (container.reader != nullptr ? pandas_advice(path, container.reader)
                                             : std::string(container.advice)));
  }
}

bool is_gzip(std::string_view bytes) { return starts_at(bytes, 0, "\x1f\x8b"); }

// All members of a gzip file, one after the other.
std::string gunzip(const std::string& path, std::string_view bytes) {
  z_stream stream = {};
  constexpr int kGzip = 16;  // added to the window's size: a gzip header is expected
  if (inflateInit2(&stream, kGzip + MAX_WBITS) != Z_OK) throw Error("out of memory");
  const std::unique_ptr<z_stream, int (*)(z_streamp)> owner(&stream, inflateEnd);
  const size_t limit = std::max(kUsualBytes, bytes.size() * kMostExpansion);
  constexpr size_t kStep = size_t{1} << 20;
  std::string text;
  std::string_view rest = bytes;
  while (true) {
    const size_t fed = std::min(rest.size(), size_t{1} << 30);  // zlib counts in 32 bits
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(rest.data()));
    stream.avail_in = static_cast<uInt>(fed);
    const size_t before = text.size();
    text.resize(before + kStep);
    stream.next_out = reinterpret_cast<Bytef*>(&text[before]);
    stream.avail_out = static_cast<uInt>(kStep);
    const int status = inflate(&stream, Z_NO_FLUSH);
    text.resize(text.size() - stream.avail_out);
    rest.remove_prefix(fed - stream.avail_in);
    if (status == Z_STREAM_END) {
      // Tapes and disks fill up with zeros.
      if (rest.find_first_not_of('\0') == std::string_view::npos) return text;
      if (!is_gzip(rest))
        throw Error(path + ": has other bytes behind its gzip data; pack it again");
      inflateReset(&stream);
    } else if (status == Z_BUF_ERROR || (status == Z_OK && rest.empty() && stream.avail_out != 0)) {
      throw Error(path + ": its gzip data is cut short; copy or download it again");
    } else if (status != Z_OK) {
      throw Error(path + ": its gzip data is damaged; copy or download it again");
    }
    if (text.size() > limit) {
      throw Error(path + ": grows to more than " + std::to_string(kMostExpansion) +
                  " times its size; if that is right, unpack it with gunzip first");
    }
  }
}

void append_utf8(uint32_t c, std::string* text) {
  const auto put = [&](uint32_t byte) { text->push_back(static_cast<char>(byte)); };
  if (c < 0x80) {
    put(c);
  } else if (c < 0x800) {
    put(0xc0 | c >> 6);
    put(0x80 | (c & 0x3f));
  } else if (c < 0x10000) {
    put(0xe0 | c >> 12);
    put(0x80 | (c >> 6 & 0x3f));
    put(0x80 | (c & 0x3f));
  } else {
    put(0xf0 | c >> 18);
    put(0x80 | (c >> 12 & 0x3f));
    put(0x80 | (c >> 6 & 0x3f));
    put(0x80 | (c & 0x3f));
  }
}

std::string from_utf16(const std::string& path, std::string_view bytes, bool is_big) {
  const auto unit = [&](size_t i) {
    const uint32_t first = static_cast<uint8_t>(bytes[i]);
    const uint32_t second = static_cast<uint8_t>(bytes[i + 1]);
    return is_big ? first << 8 | second : second << 8 | first;
  };
  const auto fail = [&] { throw Error(path + ": is UTF-16, but damaged; save it as UTF-8"); };
  if (bytes.size() % 2 != 0) fail();
  std::string text;
  text.reserve(bytes.size() / 2);
  for (size_t i = 0; i < bytes.size(); i += 2) {
    uint32_t c = unit(i);
    if (c >= 0xd800 && c < 0xe000) {  // half of a character beyond U+FFFF
      if (c >= 0xdc00 || i + 4 > bytes.size()) fail();
      const uint32_t low = unit(i += 2);
      if (low < 0xdc00 || low >= 0xe000) fail();
      c = 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00);
    }
    append_utf8(c, &text);
  }
  return text;
}

enum class Utf16 { kNo, kLittle, kBig };

// Without a byte order mark: digits and letters leave every second byte zero.
Utf16 guess_utf16(std::string_view bytes) {
  const size_t pairs = std::min<size_t>(bytes.size(), 4096) / 2;
  if (pairs < 4) return Utf16::kNo;
  size_t first = 0, second = 0;
  for (size_t i = 0; i < pairs; ++i) {
    first += bytes[2 * i] == '\0' ? 1 : 0;
    second += bytes[2 * i + 1] == '\0' ? 1 : 0;
  }
  if (first == 0 && second * 4 >= pairs * 3) return Utf16::kLittle;
  if (second == 0 && first * 4 >= pairs * 3) return Utf16::kBig;
  return Utf16::kNo;
}

}  // namespace

std::string pandas_advice(const std::string& path, const std::string& reader) {
  return "convert it:\n  import pandas as pd\n  pd." + reader + "('" + path + "').to_csv('" + path +
         ".csv', index=False)";
}

DecodedText decode_text(const std::string& path, std::string bytes) {
  DecodedText result;
  refuse_containers(path, bytes);
  if (is_gzip(bytes)) {
    bytes = gunzip(path, bytes);
    if (is_gzip(bytes)) throw Error(path + ": is packed twice with gzip; unpack it with gunzip");
    refuse_containers(path, bytes);
    result.coding = "gzip";
  }
  if (starts_at(bytes, 0, "\xff\xfe\0\0"sv) || starts_at(bytes, 0, "\0\0\xfe\xff"sv)) {
    throw Error(path + ": is UTF-32; convert the file with iconv -f utf-32 -t utf-8");
  }
  const bool has_little_mark = starts_at(bytes, 0, "\xff\xfe");
  const bool has_big_mark = starts_at(bytes, 0, "\xfe\xff");
  const Utf16 coding = has_little_mark ? Utf16::kLittle
                       : has_big_mark  ? Utf16::kBig
                                       : guess_utf16(bytes);
  if (coding != Utf16::kNo) {
    const size_t mark = has_little_mark || has_big_mark ? 2 : 0;
    bytes = from_utf16(path, std::string_view(bytes).substr(mark), coding == Utf16::kBig);
    result.coding += result.coding.empty() ? "UTF-16" : ", UTF-16";
  }
  if (starts_at(bytes, 0, "\xef\xbb\xbf")) bytes.erase(0, 3);
  result.text = std::move(bytes);
  return result;
}

}  // namespace pintle::converter
