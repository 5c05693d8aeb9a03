// SPDX-License-Identifier: Apache-2.0
//
// From untrusted bytes to a Model: structure (sizes, offsets, FlatBuffers), then meaning (shapes,
// ranges). After PINTLE_OK no later code checks what was checked here.
#ifndef PINTLE_RUNTIME_MODEL_READ_MODEL_H_
#define PINTLE_RUNTIME_MODEL_READ_MODEL_H_

#include "runtime/model/model.h"

namespace pintle::internal {

// Limits of this runtime; a file beyond them is refused as PINTLE_ERR_UNSUPPORTED.
inline constexpr uint32_t kMaxDim = 4096;
inline constexpr uint32_t kMaxFfnDim = 16384;
inline constexpr uint32_t kMaxLayers = 64;
inline constexpr uint32_t kMaxWindow = 1u << 16;
inline constexpr uint32_t kMaxItems = 1u << 30;
inline constexpr uint32_t kMaxSaes = 64;
inline constexpr uint32_t kMaxFeatures = 1u << 20;
inline constexpr uint32_t kMaxKnobs = 1u << 16;

using FileVerifier = flatbuffers::Verifier;

// Checks what both kinds of file begin with: the size prefix, the identifier, FlatBuffers' own structure (by
// `verify`), the version, the file's size.
Status check_root(const Mapping& file, const char* identifier, bool (*verify)(FileVerifier&),
                  const Fault& fault, uint64_t* metadata_bytes);

// Fills every field of `model` but mappings, kernels and isa from model->mapping. On failure
// model->blocks may be set: the caller frees it either way.
Status read_model(Model* model, const Fault& fault);

// Adds what model->delta says. What it allocates is the caller's to free, on failure, too. REQUIRES:
// read_model succeeded, and there is a delta.
Status read_delta(Model* model, const Fault& fault);

// Reads every byte: checksums, finite numbers, catalogue entries. REQUIRES: read_model succeeded.
Status verify_contents(const Model& model, const Fault& fault);

// The root table. REQUIRES: read_model succeeded.
const fb::Model* model_root(const Model& model);

}  // namespace pintle::internal

#endif  // PINTLE_RUNTIME_MODEL_READ_MODEL_H_
