// SPDX-License-Identifier: Apache-2.0
//
// From an item table to a delta of a model's catalogue: `pintle delta`.
#ifndef PINTLE_CONVERTER_JOBS_DELTA_H_
#define PINTLE_CONVERTER_JOBS_DELTA_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "converter/features/new_items.h"
#include "converter/io/interactions.h"
#include "converter/io/items.h"

namespace pintle::converter {

struct DeltaOptions {
  std::string model_path, out_path;
  std::string items_path, remove_path, vectors_path, text_vectors_path, interactions_path;
  ItemOptions
      items;  // of items_path; without `attributes`: the columns that are the model's groups
  InteractionOptions log;
  bool is_complete = false;  // the table is the whole catalogue: what it lacks is removed
  double exposure = 1;       // see new_items.h
};

struct DeltaReport {
  uint64_t file_size_bytes = 0;
  size_t new_items = 0, changed_items = 0, removed_items = 0, unchanged_items = 0;
  size_t supplied_vectors = 0, built_vectors = 0, kept_vectors = 0;
  std::optional<NewItemQuality> quality;  // of built vectors
  std::vector<std::string> notes;         // what the table's columns became, what was left out
  std::vector<std::string> log_notes;
};

// Writes the delta, verified with its model, to out_path. Throws Error and leaves no file otherwise.
DeltaReport make_delta(const DeltaOptions& options);

}  // namespace pintle::converter

#endif  // PINTLE_CONVERTER_JOBS_DELTA_H_
