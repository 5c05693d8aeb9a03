// SPDX-License-Identifier: Apache-2.0
//
// The whole way from a checkpoint to a model file; commands/convert.cpp is its command line.
#ifndef PINTLE_CONVERTER_JOBS_CONVERT_H_
#define PINTLE_CONVERTER_JOBS_CONVERT_H_

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "converter/file/catalogue.h"
#include "converter/import/architectures.h"
#include "converter/import/load_saes.h"
#include "converter/io/interactions.h"
#include "converter/io/items.h"
#include "converter/io/thread_pool.h"
#include "pintle_generated.h"

namespace pintle::converter {

struct ConvertOptions {
  std::string weights_path;
  ImportOptions import;
  std::string items_path;  // empty: none
  ItemOptions items;
  std::string memberships_path;   // empty: none
  std::string interactions_path;  // empty: none
  InteractionOptions log;
  fb::DType precision = fb::DType_I8;
  std::string exact;                 // lists by f32 scores: "auto", "pruned", "scan"; empty: no
  bool measure_quality = false;      // needs interactions; stores the metrics in the file
  SaeFiles sae;                      // to embed
  std::string main_parameters_path;  // empty: default_main_parameters
  std::string out_path;
};

struct TensorReport {
  std::string name;
  uint32_t rows = 0, cols = 0;
  fb::DType dtype = fb::DType_F32;
  uint64_t stored_bytes = 0;  // with scales and alignment
  float relative_error = 0;
};

struct ConvertReport {
  std::string architecture, container, source_sha256;
  uint64_t file_size_bytes = 0;
  uint64_t tensor_bytes = 0;      // of all tensors, as stored
  uint64_t tensor_bytes_f32 = 0;  // of all tensors, as plain f32
  size_t item_count = 0;
  CatalogueReport catalogue;
  std::vector<std::string> log_notes;    // how the interactions were read
  std::vector<std::string> item_table;   // what its columns became
  std::vector<std::string> memberships;  // what became attributes of them
  size_t dated_items = 0;
  std::vector<std::string> assumptions, settings;
  std::vector<TensorReport> tensors;
  std::vector<std::pair<std::string, double>> quality;
  std::vector<std::string> saes;  // "name: 512 features at block:0"
  size_t knob_count = 0, preset_count = 0;
  std::vector<std::string> main_parameters;
  // With ConvertOptions::exact: bytes that a list reads over those that an int8 scan would, measured
  // on the model's own histories; and whether that paid, so that the file has codes to prune with.
  double pruned_share = 0;
  bool prunes = false;
};

// Writes out_path, the same for a pool of any size, or throws Error and leaves it as it was.
ConvertReport convert(const ConvertOptions& options, ThreadPool* pool);

}  // namespace pintle::converter

#endif  // PINTLE_CONVERTER_JOBS_CONVERT_H_
