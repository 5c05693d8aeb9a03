// SPDX-License-Identifier: Apache-2.0
//
// write_genre_model FILE: the model of genre_model.h, for programs that link the runtime alone.
#include <cstdio>
#include <fstream>
#include <vector>

#include "bench/genre_model.h"

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fprintf(stderr, "usage: write_genre_model FILE\n");
    return 2;
  }
  const std::vector<uint8_t> file = pintle::bench::genre_model(128);
  std::ofstream out(argv[1], std::ios::binary);
  out.write(reinterpret_cast<const char*>(file.data()), static_cast<std::streamsize>(file.size()));
  out.close();
  if (!out) {
    std::fprintf(stderr, "cannot write %s\n", argv[1]);
    return 1;
  }
  return 0;
}
