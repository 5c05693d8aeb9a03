// SPDX-License-Identifier: Apache-2.0
#include "converter/sae_training/activations.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "converter/io/error.h"

namespace pintle::converter {
namespace {

using nlohmann::json;

constexpr char kMagic[] = "PNTLACT2";
constexpr size_t kMagicBytes = 8, kDigestDigits = 64, kHeadBytes = 1024;
constexpr size_t kDigestBytes = kDigestDigits / 2;
constexpr size_t kTextBytes = kHeadBytes - kMagicBytes - kDigestBytes;
constexpr int64_t kMaxDim = 1 << 20;
constexpr int64_t kReadRows = 4096;  // rows at a time where a whole set is read

std::string digest_of(const std::string& text) {
  Sha256 digest;
  digest.update(text.data(), text.size());
  return digest.hex();
}

std::string unhex(const std::string& digits) {
  std::string bytes;
  for (size_t i = 0; i + 1 < digits.size(); i += 2) {
    bytes += static_cast<char>(std::stoi(digits.substr(i, 2), nullptr, 16));
  }
  return bytes;
}

int64_t state_bytes(int64_t dim) { return dim * static_cast<int64_t>(sizeof(float)); }
int64_t row_bytes(int64_t dim) { return state_bytes(dim) + static_cast<int64_t>(sizeof(uint32_t)); }

ActivationHeader header_from_json(const std::string& path, const json& text) {
  ActivationHeader header;
  try {
    header.dim = text.at("dim").get<int64_t>();
    header.rows = text.at("rows").get<int64_t>();
    header.model_hash = text.at("model").get<std::string>();
    header.data_hash = text.at("data").get<std::string>();
    header.hook = parse_hook(text.at("hook").get<std::string>());
    header.shard = text.at("shard").get<int64_t>();
    header.shard_count = text.at("shard_count").get<int64_t>();
  } catch (const json::exception& fault) {
    throw Error(path + ": the activation header lacks a field: " + fault.what());
  }
  if (header.dim < 1 || header.dim > kMaxDim || header.rows < 0 || header.shard < 0 ||
      header.shard >= header.shard_count) {
    throw Error(path + ": the activation header's width, row count or shard number is impossible");
  }
  return header;
}

}  // namespace

ActivationWriter::ActivationWriter(std::string path, ActivationHeader header)
    : path_(std::move(path)), temporary_(path_ + ".tmp"), header_(std::move(header)) {
  if (header_.dim < 1 || header_.dim > kMaxDim || header_.shard < 0 ||
      header_.shard >= header_.shard_count) {
    throw Error(path_ + ": width " + std::to_string(header_.dim) + ", shard " +
                std::to_string(header_.shard) + " of " + std::to_string(header_.shard_count) +
                " are no valid activation header");
  }
  header_.rows = 0;
  file_.open(temporary_, std::ios::binary | std::ios::trunc);
  file_ << std::string(kHeadBytes, ' ');  // its place; finish() knows what to write
  if (!file_) throw Error(temporary_ + ": cannot be written; does the folder exist?");
}

ActivationWriter::~ActivationWriter() {
  if (finished_) return;
  file_.close();
  std::remove(temporary_.c_str());
}

void ActivationWriter::append(const float* rows, const uint32_t* items, int64_t row_count) {
  const int64_t values = row_count * header_.dim;
  if (!std::all_of(rows, rows + values, [](float v) { return std::isfinite(v); })) {
    throw Error(path_ + ": the model produced activations that are not finite at " +
                hook_name(header_.hook));
  }
  const int64_t bytes = row_count * row_bytes(header_.dim);
  packed_.resize(static_cast<size_t>(bytes));
  for (int64_t i = 0; i < row_count; ++i) {
    char* row = packed_.data() + i * row_bytes(header_.dim);
    std::memcpy(row, rows + i * header_.dim, static_cast<size_t>(state_bytes(header_.dim)));
    std::memcpy(row + state_bytes(header_.dim), items + i, sizeof(uint32_t));
  }
  file_.write(packed_.data(), bytes);
  if (!file_) throw Error(temporary_ + ": writing failed; is the disk full?");
  digest_.update(packed_.data(), packed_.size());
  header_.rows += row_count;
}

void ActivationWriter::finish() {
  std::string text = json{
      {"dim", header_.dim},
      {"rows", header_.rows},
      {"model", header_.model_hash},
      {"data", header_.data_hash},
      {"hook", hook_name(header_.hook)},
      {"shard", header_.shard},
      {"shard_count", header_.shard_count},
      {"rows_sha256",
       digest_.hex()}}.dump();
  if (text.size() > kTextBytes) throw Error(path_ + ": the model or data hash is too long");
  text.resize(kTextBytes, ' ');
  file_.seekp(0);
  file_ << std::string(kMagic, kMagicBytes) << unhex(digest_of(text)) << text;
  file_.close();
  if (!file_) throw Error(temporary_ + ": writing failed; is the disk full?");
  std::error_code fault;
  std::filesystem::rename(temporary_, path_, fault);
  if (fault) throw Error(path_ + ": cannot be renamed from " + temporary_ + ": " + fault.message());
  finished_ = true;
}

ActivationShard open_activation_shard(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) throw Error(path + ": cannot be opened");
  std::string head(kHeadBytes, '\0');
  file.read(head.data(), kHeadBytes);
  if (file.gcount() != static_cast<std::streamsize>(kHeadBytes) ||
      head.compare(0, kMagicBytes, kMagic) != 0) {
    throw Error(path + ": is no activation shard of this version; harvest again");
  }
  const std::string text = head.substr(kMagicBytes + kDigestBytes);
  if (unhex(digest_of(text)) != head.substr(kMagicBytes, kDigestBytes)) {
    throw Error(path + ": the activation header is damaged; harvest this shard again");
  }
  const json parsed = json::parse(text, nullptr, false);
  if (!parsed.is_object()) throw Error(path + ": the activation header is no JSON object");
  ActivationShard shard;
  shard.path = path;
  shard.header = header_from_json(path, parsed);
  shard.rows_sha256 = parsed.value("rows_sha256", "");
  std::error_code fault;
  const uint64_t have = std::filesystem::file_size(path, fault);
  const uint64_t bytes_per_row = static_cast<uint64_t>(row_bytes(shard.header.dim));
  if (fault || have < kHeadBytes || (have - kHeadBytes) % bytes_per_row != 0 ||
      (have - kHeadBytes) / bytes_per_row != static_cast<uint64_t>(shard.header.rows)) {
    throw Error(path + ": is cut short or too long for its " + std::to_string(shard.header.rows) +
                " rows; harvest this shard again");
  }
  return shard;
}

ActivationSet::ActivationSet(const std::vector<std::string>& paths) {
  if (paths.empty()) throw Error("no activation shards given");
  for (const std::string& path : paths) shards_.push_back(open_activation_shard(path));
  std::stable_sort(shards_.begin(), shards_.end(),
                   [](const ActivationShard& a, const ActivationShard& b) {
                     return a.header.shard < b.header.shard;
                   });
  const ActivationHeader& first = shards_.front().header;
  row_start_.push_back(0);
  for (size_t i = 0; i < shards_.size(); ++i) {
    const ActivationShard& shard = shards_[i];
    const ActivationHeader& header = shard.header;
    if (header.dim != first.dim || header.hook != first.hook ||
        header.shard_count != first.shard_count || header.model_hash != first.model_hash ||
        header.data_hash != first.data_hash) {
      throw Error(shard.path + ": comes from another harvest than " + shards_.front().path +
                  " (width, hook, model, data or shard count differ)");
    }
    if (header.shard != static_cast<int64_t>(i)) {
      throw Error(shard.path + ": shard " + std::to_string(i) + " of " +
                  std::to_string(first.shard_count) + " is missing or given twice");
    }
    row_start_.push_back(row_start_.back() + header.rows);
  }
  if (static_cast<int64_t>(shards_.size()) != first.shard_count) {
    throw Error(shards_.back().path + ": only " + std::to_string(shards_.size()) + " of " +
                std::to_string(first.shard_count) + " shards were given");
  }
  if (rows() == 0) throw Error(shards_.front().path + ": the shards hold no activations");
}

void ActivationSet::read(int64_t first, int64_t count, float* out, uint32_t* items) const {
  std::vector<char> packed;
  while (count > 0) {
    const auto after = std::upper_bound(row_start_.begin(), row_start_.end(), first);
    const size_t s = static_cast<size_t>(after - row_start_.begin()) - 1;
    const int64_t n = std::min(count, *after - first);
    std::ifstream file(shards_[s].path, std::ios::binary);
    file.seekg(static_cast<int64_t>(kHeadBytes) + (first - row_start_[s]) * row_bytes(dim()));
    packed.resize(static_cast<size_t>(n * row_bytes(dim())));
    file.read(packed.data(), n * row_bytes(dim()));
    if (!file) throw Error(shards_[s].path + ": cannot be read any more");
    for (int64_t i = 0; i < n; ++i, out += dim()) {
      const char* row = packed.data() + i * row_bytes(dim());
      std::memcpy(out, row, static_cast<size_t>(state_bytes(dim())));
      if (items != nullptr) std::memcpy(items++, row + state_bytes(dim()), sizeof(uint32_t));
    }
    first += n;
    count -= n;
  }
}

void ActivationSet::verify() const {
  std::vector<char> rows(static_cast<size_t>(kReadRows * row_bytes(dim())));
  for (size_t s = 0; s < shards_.size(); ++s) {
    Sha256 digest;
    std::ifstream file(shards_[s].path, std::ios::binary);
    file.seekg(static_cast<int64_t>(kHeadBytes));
    for (int64_t row = row_start_[s]; row < row_start_[s + 1]; row += kReadRows) {
      const int64_t bytes = std::min(kReadRows, row_start_[s + 1] - row) * row_bytes(dim());
      file.read(rows.data(), bytes);
      if (!file) throw Error(shards_[s].path + ": cannot be read any more");
      digest.update(rows.data(), static_cast<size_t>(bytes));
    }
    if (digest.hex() != shards_[s].rows_sha256) {
      throw Error(shards_[s].path + ": the activations are damaged; harvest this shard again");
    }
  }
}

ActivationStatistics measure_activations(const ActivationSet& set) {
  const int64_t dim = set.dim();
  std::vector<float> rows(static_cast<size_t>(kReadRows * dim));
  // About the first row, so that a large common offset does not swallow the variance.
  std::vector<double> origin(dim), sum(dim), squares(dim);
  for (int64_t first = 0; first < set.rows(); first += kReadRows) {
    const int64_t n = std::min(kReadRows, set.rows() - first);
    set.read(first, n, rows.data());
    if (first == 0) std::copy(rows.begin(), rows.begin() + dim, origin.begin());
    for (int64_t i = 0; i < n * dim; ++i) {
      const double v = static_cast<double>(rows[i]) - origin[i % dim];
      sum[i % dim] += v;
      squares[i % dim] += v * v;
    }
  }
  const double count = static_cast<double>(set.rows());
  ActivationStatistics statistics;
  double variance = 0;
  for (int64_t d = 0; d < dim; ++d) {
    const double mean = sum[d] / count;
    statistics.mean.push_back(static_cast<float>(origin[d] + mean));
    variance += std::max(0.0, squares[d] / count - mean * mean);
  }
  if (!(variance > 0)) throw Error("the activations are all alike: there is nothing to learn");
  statistics.scale = static_cast<float>(std::sqrt(variance / static_cast<double>(dim)));
  return statistics;
}

}  // namespace pintle::converter
