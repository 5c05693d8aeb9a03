// SPDX-License-Identifier: Apache-2.0
#ifndef PINTLE_CONVERTER_IO_SHA256_H_
#define PINTLE_CONVERTER_IO_SHA256_H_

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

struct evp_md_ctx_st;  // OpenSSL's EVP_MD_CTX

namespace pintle::converter {

// SHA-256 by OpenSSL, of data that comes in pieces.
class Sha256 {
 public:
  Sha256();
  void update(const void* data, size_t size_bytes);
  std::string hex();  // 64 lower-case digits; ends the computation

 private:
  struct Free {
    void operator()(evp_md_ctx_st* context) const;
  };
  std::unique_ptr<evp_md_ctx_st, Free> context_;
};

// Of a file's content; of several files' contents, one behind the other. Throws Error if one cannot be
// read.
std::string sha256_of_file(const std::string& path);
std::string sha256_of_files(const std::vector<std::string>& paths);

}  // namespace pintle::converter

#endif  // PINTLE_CONVERTER_IO_SHA256_H_
