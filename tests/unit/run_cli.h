// SPDX-License-Identifier: Apache-2.0
//
// Runs the binary `pintle` for tests, on the repository's default model.
#ifndef PINTLE_TESTS_UNIT_RUN_CLI_H_
#define PINTLE_TESTS_UNIT_RUN_CLI_H_

#include <doctest/doctest.h>
#include <sys/wait.h>

#include <cstdlib>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>
#include <vector>

#include "support/read_file.h"
#include "support/scratch_dir.h"

namespace pintle::converter {

using nlohmann::json;
using test::read_file;

struct Outcome {
  int status = -1;
  std::string out, err;
  json parsed() const { return json::parse(out); }
};

// `arguments` as in a shell, quoted where they need it; `before`: shell commands such as ulimit.
inline Outcome pintle(const std::string& arguments, const std::string& before = "") {
  const test::ScratchDir folder;
  const std::string command = before + "'" PINTLE_CLI "' " + arguments + " >'" +
                              folder.path("out") + "' 2>'" + folder.path("err") + "'";
  const int status = std::system(command.c_str());
  return {WIFEXITED(status) ? WEXITSTATUS(status) : -1, read_file(folder.path("out")),
          read_file(folder.path("err"))};
}

inline bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

inline const std::string kDefaultModel = PINTLE_DEFAULT_MODEL;
inline const std::string kSource = "--weights '" + kDefaultModel +
                                   "/model.safetensors' --config '" + kDefaultModel +
                                   "/config.json' ";
inline const std::string kTables = "--items '" + kDefaultModel + "/items.csv' --id-column id ";
inline const std::string kInteractions = "--interactions '" + kDefaultModel + "/interactions.txt' ";

// The repository's default model, converted once.
inline const std::string& model_path() {
  static const test::ScratchDir folder;
  static const std::string path = [] {
    const std::string out = folder.path("m.pintle");
    const Outcome run = pintle("convert " + kSource + kTables + kInteractions + "--out " + out);
    REQUIRE_MESSAGE(run.status == 0, run.err);
    return out;
  }();
  return path;
}

// The first `count` ids of the first history.
inline std::vector<std::string> some_ids(size_t count) {
  std::ifstream file(kDefaultModel + "/interactions.txt");
  std::string id;
  file >> id;  // the user
  std::vector<std::string> ids;
  while (ids.size() < count && file >> id) ids.push_back(id);
  return ids;
}

inline std::string joined(const std::vector<std::string>& ids) {
  std::string text;
  for (const std::string& id : ids) text += (text.empty() ? "" : " ") + id;
  return text;
}

inline std::vector<json> lines_of(const std::string& text) {
  std::vector<json> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) lines.push_back(json::parse(line));
  return lines;
}

}  // namespace pintle::converter

#endif  // PINTLE_TESTS_UNIT_RUN_CLI_H_
