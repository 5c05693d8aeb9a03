// SPDX-License-Identifier: Apache-2.0
#include "converter/io/sha256.h"

#include <openssl/evp.h>

#include <fstream>
#include <vector>

#include "converter/io/error.h"

namespace pintle::converter {

void Sha256::Free::operator()(evp_md_ctx_st* context) const { EVP_MD_CTX_free(context); }

Sha256::Sha256() : context_(EVP_MD_CTX_new()) {
  if (!context_ || EVP_DigestInit_ex(context_.get(), EVP_sha256(), nullptr) != 1) {
    throw Error("OpenSSL could not start a SHA-256 digest");
  }
}

void Sha256::update(const void* data, size_t size_bytes) {
  if (EVP_DigestUpdate(context_.get(), data, size_bytes) != 1) {
    throw Error("OpenSSL could not compute a SHA-256 digest");
  }
}

std::string Sha256::hex() {
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned int size = 0;
  if (EVP_DigestFinal_ex(context_.get(), digest, &size) != 1) {
    throw Error("OpenSSL could not finish a SHA-256 digest");
  }
  static const char kDigits[] = "0123456789abcdef";
  std::string text;
  for (unsigned int i = 0; i < size; ++i) {
    text += kDigits[digest[i] >> 4];
    text += kDigits[digest[i] & 15];
  }
  return text;
}

std::string sha256_of_files(const std::vector<std::string>& paths) {
  Sha256 digest;
  std::vector<char> piece(size_t{1} << 20);
  for (const std::string& path : paths) {
    std::ifstream file(path, std::ios::binary);
    if (!file) throw Error("cannot read " + path);
    while (file) {
      file.read(piece.data(), static_cast<std::streamsize>(piece.size()));
      digest.update(piece.data(), static_cast<size_t>(file.gcount()));
    }
    if (file.bad()) throw Error("cannot read " + path);
  }
  return digest.hex();
}

std::string sha256_of_file(const std::string& path) { return sha256_of_files({path}); }

}  // namespace pintle::converter
