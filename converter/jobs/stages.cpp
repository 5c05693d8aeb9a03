// SPDX-License-Identifier: Apache-2.0
#include "converter/jobs/stages.h"

#include <cstdio>
#include <filesystem>
#include <fstream>

#include "converter/io/error.h"
#include "converter/io/output_file.h"
#include "converter/io/sha256.h"
#include "pintle/pintle.h"

namespace pintle::converter {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

json digests_of(const std::vector<std::string>& paths) {
  json digests = json::array();
  for (const std::string& path : paths) digests.push_back(sha256_of_file(path));
  return digests;
}

json read_record(const std::string& path) {
  std::ifstream file(path);
  return file ? json::parse(file, nullptr, /*allow_exceptions=*/false) : json();
}

}  // namespace

Stages::Stages(std::string folder, size_t count) : folder_(std::move(folder)), count_(count) {
  std::error_code fault;
  fs::create_directories(folder_, fault);
  if (fault) throw Error(folder_ + ": cannot be created: " + fault.message());
}

std::string Stages::path(const std::string& name) const {
  return (fs::path(folder_) / name).string();
}

bool Stages::run(const std::string& name, const json& inputs,
                 const std::vector<std::string>& outputs, const std::function<void()>& work) {
  ++done_;
  const auto say = [&](const char* what) {
    std::fprintf(stderr, "[%zu/%zu] %s%s\n", done_, count_, name.c_str(), what);
    std::fflush(stderr);
  };
  json record = {{"stage", name}, {"version", pintle_version()}, {"inputs", inputs}};
  const std::string record_path = path(name + ".stage.json");
  json found = read_record(record_path);
  if (found.is_object() && found.contains("outputs")) {
    const json left = found["outputs"];
    found.erase("outputs");
    bool exist = true;
    for (const std::string& output : outputs) exist = exist && fs::exists(output);
    if (found == record && exist && left == digests_of(outputs)) {
      say(": up to date");
      return false;
    }
  }
  say("");
  std::error_code ignored;
  fs::remove(record_path, ignored);
  work();
  record["outputs"] = digests_of(outputs);
  const std::string text = record.dump(1) + "\n";
  OutputFile file(record_path);
  file.write(std::vector<uint8_t>(text.begin(), text.end()));
  file.commit();
  return true;
}

}  // namespace pintle::converter
