// SPDX-License-Identifier: Apache-2.0
#ifndef PINTLE_CONVERTER_IO_JSON_FILE_H_
#define PINTLE_CONVERTER_IO_JSON_FILE_H_

#include <nlohmann/json.hpp>
#include <string>

namespace pintle::converter {

// Throws Error "cannot read <path>", or "<path>: not JSON: <where and why>".
nlohmann::json read_json_file(const std::string& path);

}  // namespace pintle::converter

#endif  // PINTLE_CONVERTER_IO_JSON_FILE_H_
