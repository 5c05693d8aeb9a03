// SPDX-License-Identifier: Apache-2.0
#include "converter/io/temporary_folder.h"

#include <unistd.h>

#include <filesystem>

#include "converter/io/error.h"

namespace pintle::converter {

TemporaryFolder::TemporaryFolder(const std::string& start)
    : path_(start + "-" + std::to_string(::getpid())) {
  std::error_code fault;
  std::filesystem::create_directories(path_, fault);
  if (fault) throw Error(path_ + ": cannot be created: " + fault.message());
}

TemporaryFolder::~TemporaryFolder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

std::string TemporaryFolder::file(const std::string& name) const {
  return (std::filesystem::path(path_) / name).string();
}

}  // namespace pintle::converter
