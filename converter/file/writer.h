// SPDX-License-Identifier: Apache-2.0
//
// From a network and its catalogue to a .pintle file, as schema/README.md lays it out.
#ifndef PINTLE_CONVERTER_FILE_WRITER_H_
#define PINTLE_CONVERTER_FILE_WRITER_H_

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "converter/file/catalogue.h"
#include "converter/file/quantize.h"
#include "converter/network/interpretation.h"
#include "converter/network/network.h"

namespace pintle::converter {

// The network's tensors as the file will hold them, in the file's order.
struct PackedNetwork {
  fb::DType precision = fb::DType_F32;
  std::vector<PackedTensor> tensors;
  std::vector<std::string> settings;  // "setting=value": how they were quantized
  // fb::ExactScan besides its tensors, which are named "exact.*"; empty `exact_fine`: none.
  std::vector<uint8_t> exact_fine;
  float exact_step = 0, exact_largest_row = 0;
};

// Matrices take `precision`; vectors stay f32; the position table is f32 or, below f32, f16. With
// I4 the blocks' matrices stay int8, all but ffn_in: they are a small part of the file, and more
// sensitive. moments: with I4, what rounding the table that is scored costs (see calibrate.h).
// parallel_for: as in pack_panels.
PackedNetwork pack_network(const Network& network, fb::DType precision,
                           const Eigen::MatrixXd* moments = nullptr,
                           const ParallelFor& parallel_for = one_by_one);

// Appends the tensors of the SAEs: weights and decoder rows f32 for an f32 file, else int8.
void pack_saes(const Interpretation& interpretation, PackedNetwork* packed);

// What the file tells people of itself; the rest of fb::Provenance is in the network and its tensors.
struct Provenance {
  std::string source_name;    // without its folder
  std::string source_sha256;  // hexadecimal
  std::vector<std::pair<std::string, double>> quality;
  std::vector<std::string> main_parameters = {};  // see main_parameters.h
};

// The whole file. Equal inputs give equal bytes. Throws Error if `packed` lacks a tensor, if the
// metadata or a table of strings would outgrow the format, if an SAE was trained on another network
// than this one as packed, or if a knob or preset names what does not exist.
std::vector<uint8_t> serialize_model(const Network& network, const PackedNetwork& packed,
                                     const Catalogue& catalogue, const Provenance& provenance,
                                     const Interpretation& interpretation = {});

// A network's hash as SAE files tell it: fb::Sae.network_hash in hexadecimal.
std::string network_hash_text(uint32_t hash);

// Bytes in the file of the tensor and its scales, alignment included.
uint64_t stored_bytes(const PackedTensor& tensor);

}  // namespace pintle::converter

#endif  // PINTLE_CONVERTER_FILE_WRITER_H_
