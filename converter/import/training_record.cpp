// SPDX-License-Identifier: Apache-2.0
#include "converter/import/training_record.h"

#include <algorithm>
#include <filesystem>

#include "converter/io/error.h"
#include "converter/io/json_file.h"
#include "converter/io/output_file.h"
#include "converter/io/sha256.h"

namespace pintle::converter {
namespace {

namespace fs = std::filesystem;

constexpr char kRecordName[] = "training.json";

std::string weights_digest(const std::string& folder) {
  return sha256_of_file((fs::path(folder) / "sae_weights.safetensors").string());
}

}  // namespace

void write_training_record(const std::string& folder, const SaeWeights& sae,
                           nlohmann::ordered_json record) {
  record["weights_sha256"] = weights_digest(folder);
  if (!sae.stability.empty()) record["stability"] = sae.stability;
  const std::string text = record.dump(1) + "\n";
  OutputFile file((fs::path(folder) / kRecordName).string());
  file.write(std::vector<uint8_t>(text.begin(), text.end()));
  file.commit();
}

void read_training_record(const std::string& folder, SaeWeights* sae) {
  const std::string path = (fs::path(folder) / kRecordName).string();
  if (!fs::exists(path)) return;
  const nlohmann::json record = read_json_file(path);
  const auto digest = record.find("weights_sha256");
  if (digest == record.end() || *digest != weights_digest(folder)) {
    throw Error(path +
                ": belongs to other weights than those beside it: remove it, or train again");
  }
  const auto stability = record.find("stability");
  if (stability == record.end()) return;
  try {
    sae->stability = stability->get<std::vector<float>>();
  } catch (const nlohmann::json::exception&) {
    throw Error(path + ": stability is no list of numbers");
  }
}

}  // namespace pintle::converter
