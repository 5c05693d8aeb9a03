// SPDX-License-Identifier: Apache-2.0
#include "converter/io/json_file.h"

#include <fstream>

#include "converter/io/error.h"

namespace pintle::converter {

nlohmann::json read_json_file(const std::string& path) {
  std::ifstream file(path);
  if (!file) throw Error("cannot read " + path);
  try {
    return nlohmann::json::parse(file);
  } catch (const nlohmann::json::exception& error) {
    throw Error(path + ": not JSON: " + error.what());
  }
}

}  // namespace pintle::converter
