// SPDX-License-Identifier: Apache-2.0
#include <pintle/pintle.h>

#include <cstdio>
#include <string>

// The same through the library that find_package(pintle) prefers.
int main(int, char** argv) {
  pintle_model* model = nullptr;
  pintle_error error;
  const pintle_status status = pintle_model_open_file(argv[0], nullptr, &model, &error);
  const std::string name = pintle_status_name(status);
  std::printf("pintle %s: %s: %s\n", pintle_version(), name.c_str(), error.message);
  return name == "PINTLE_ERR_NOT_A_MODEL" && model == nullptr ? 0 : 1;
}
