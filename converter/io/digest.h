// SPDX-License-Identifier: Apache-2.0
#ifndef PINTLE_CONVERTER_IO_DIGEST_H_
#define PINTLE_CONVERTER_IO_DIGEST_H_

#include <string>

namespace pintle::converter {

// SHA-256 of a file, in lower-case hexadecimal. Throws Error if it cannot be read.
std::string sha256_of_file(const std::string& path);

}  // namespace pintle::converter

#endif  // PINTLE_CONVERTER_IO_DIGEST_H_
