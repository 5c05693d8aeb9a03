// SPDX-License-Identifier: Apache-2.0
#include "converter/import/sae_formats.h"

#include <filesystem>
#include <nlohmann/json.hpp>

#include "converter/import/sae_fold.h"
#include "converter/import/training_record.h"
#include "converter/io/error.h"
#include "converter/io/output_file.h"

namespace pintle::converter {
namespace {

using nlohmann::json;
namespace fs = std::filesystem;

bool is_sae_file(const fs::path& path) {
  const std::string name = path.filename().string();
  return name == "cfg.json" || name == "config.json" || name == "ae.pt" ||
         name == "sae.safetensors" || name == "sae_weights.safetensors";
}

SaeWeights read_folder(const std::string& folder, const SaeImportOptions& options) {
  const auto has = [&](const char* name) { return fs::exists(fs::path(folder) / name); };
  if (has("sae_weights.safetensors")) {
    SaeWeights sae = read_saelens(folder, options);
    read_training_record(folder, &sae);
    return sae;
  }
  if (has("sae.safetensors")) return read_sparsify(folder, options);
  if (has("ae.pt")) return read_dictionary_learning(folder, options);
  throw Error(folder +
              ": holds none of sae_weights.safetensors (SAELens), ae.pt (dictionary_learning) and "
              "sae.safetensors (sparsify)");
}

SaeWeights read_model_file(const std::string& path, const SaeImportOptions& options) {
  const Checkpoint checkpoint = read_checkpoint(path, CheckpointExtent::kAll);
  if (checkpoint.tensors.count("sae_module.encoder.weight") != 0) {
    return read_recsae(checkpoint, options);
  }
  if (checkpoint.tensors.count("pre_bias") != 0 && checkpoint.tensors.count("latent_bias") != 0) {
    throw Error(path +
                ": OpenAI's sparse_autoencoder files are not supported: they normalise every "
                "sample by its own mean and norm");
  }
  throw Error(path +
              ": holds no SAE (no tensors sae_module.*); give the folder of an SAE with its "
              "configuration");
}

struct SavedTensor {
  const char* name;
  std::vector<int64_t> shape;
  std::vector<float> values;
};

std::vector<SavedTensor> saelens_tensors(const SaeWeights& sae) {
  std::vector<float> encoder(sae.encoder.values.size());
  for (int64_t j = 0; j < sae.dict; ++j) {
    for (int64_t d = 0; d < sae.dim; ++d) encoder[d * sae.dict + j] = sae.encoder.row(j)[d];
  }
  std::vector<SavedTensor> tensors = {{"W_dec", {sae.dict, sae.dim}, sae.decoder.values},
                                      {"W_enc", {sae.dim, sae.dict}, std::move(encoder)},
                                      {"b_dec", {sae.dim}, sae.decoder_bias},
                                      {"b_enc", {sae.dict}, sae.encoder_bias}};
  if (sae.activation == SaeActivation::kJumpRelu) {
    tensors.push_back({"threshold", {sae.dict}, sae.threshold});
  }
  return tensors;
}

std::string safetensors_bytes(const std::vector<SavedTensor>& tensors) {
  json head = json::object();
  std::string data;
  for (const SavedTensor& tensor : tensors) {
    const size_t begin = data.size();
    data.append(reinterpret_cast<const char*>(tensor.values.data()),
                tensor.values.size() * sizeof(float));
    head[tensor.name] = {
        {"dtype", "F32"}, {"shape", tensor.shape}, {"data_offsets", {begin, data.size()}}};
  }
  std::string text = head.dump();
  text.resize((text.size() + 7) / 8 * 8, ' ');
  std::string bytes;
  for (int i = 0; i < 8; ++i) {
    bytes += static_cast<char>(static_cast<uint64_t>(text.size()) >> (8 * i) & 255);
  }
  return bytes + text + data;
}

// The names that SAELens gives these places in the models it knows.
std::string saelens_hook_name(const Hook& hook) {
  switch (hook.place) {
    case HookPlace::kBlock:
      return "blocks." + std::to_string(hook.index) + ".hook_resid_post";
    case HookPlace::kMlp:
      return "blocks." + std::to_string(hook.index) + ".hook_mlp_out";
    case HookPlace::kLast:
      break;
  }
  return "ln_final.hook_normalized";
}

json saelens_configuration(const SaeWeights& sae) {
  json cfg = {{"d_in", sae.dim},
              {"d_sae", sae.dict},
              {"dtype", "float32"},
              {"device", "cpu"},
              {"apply_b_dec_to_input", false},
              {"normalize_activations", "none"},
              {"reshape_activations", "none"},
              {"metadata",
               {{"hook_name", saelens_hook_name(sae.hook)},
                {"model_name", sae.model_name},
                {"pintle_hook", hook_name(sae.hook)},
                {"pintle_model_hash", sae.model_hash}}}};
  switch (sae.activation) {
    case SaeActivation::kRelu:
      cfg["architecture"] = "standard";
      break;
    case SaeActivation::kTopK:
      cfg["architecture"] = "topk";
      cfg["k"] = sae.k;
      cfg["rescale_acts_by_decoder_norm"] = false;
      break;
    case SaeActivation::kJumpRelu:
      cfg["architecture"] = "jumprelu";
      break;
  }
  return cfg;
}

void write_file(const fs::path& path, const std::string& bytes) {
  OutputFile file(path.string());
  file.write(std::vector<uint8_t>(bytes.begin(), bytes.end()));
  file.commit();
}

}  // namespace

SaeWeights read_sae(const std::string& path, const SaeImportOptions& options) {
  SaeWeights sae;
  if (fs::is_directory(path)) {
    sae = read_folder(path, options);
  } else if (!fs::exists(path)) {
    throw Error(path + ": does not exist");
  } else if (is_sae_file(path)) {
    sae = read_folder(fs::path(path).parent_path().string(), options);
  } else {
    sae = read_model_file(path, options);
  }
  check_sae(sae, path);
  if (options.k && sae.activation != SaeActivation::kTopK) {
    throw Error(path + ": the SAE is of the kind " + sae_activation_name(sae.activation) +
                ", which has no k; leave out --k (among several SAEs: give 0 for it)");
  }
  return sae;
}

void write_saelens(const std::string& folder, const SaeWeights& sae) {
  check_sae(sae, folder);
  std::error_code fault;
  fs::create_directories(folder, fault);
  if (fault) throw Error(folder + ": cannot be created: " + fault.message());
  write_file(fs::path(folder) / "sae_weights.safetensors", safetensors_bytes(saelens_tensors(sae)));
  write_file(fs::path(folder) / "cfg.json", saelens_configuration(sae).dump(2) + "\n");
}

}  // namespace pintle::converter
