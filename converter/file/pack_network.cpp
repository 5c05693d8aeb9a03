// SPDX-License-Identifier: Apache-2.0
#include <optional>

#include "converter/file/writer.h"
#include "schema/network_fields.h"

namespace pintle::converter {
namespace {

struct LinearView {
  const Matrix& weight;
  const std::vector<float>& bias;
};

// An SAE's tensors under the names that fb::Sae has for them.
struct SaeTensors {
  LinearView encoder;
  const std::vector<float>& threshold;
  const Matrix& decoder;
  const std::vector<float>& decoder_bias;
  Matrix statistics;
};

SaeTensors tensors_of(const InterpretedSae& sae) {
  const SaeWeights& weights = sae.weights;
  Matrix statistics{static_cast<int64_t>(sae.statistics.size()), format::kStatistics, {}};
  for (const FeatureStatistics& s : sae.statistics) {
    statistics.values.insert(statistics.values.end(), {s.density, s.p50, s.p95, s.p99, s.max});
  }
  return {{weights.encoder, weights.encoder_bias},
          weights.threshold,
          weights.decoder,
          weights.decoder_bias,
          std::move(statistics)};
}

// Appends tensors, each as its kind says. One that is empty is one that the network lacks.
class Packer {
 public:
  Packer(fb::DType panels, fb::DType rows, std::vector<PackedTensor>* tensors,
         const ParallelFor& parallel_for = one_by_one)
      : panels_(panels), rows_(rows), tensors_(tensors), parallel_for_(parallel_for) {}

  // The member of `peer` that has the field's name. moments: see pack_panels.
  template <typename Field, typename Peer>
  void field([[maybe_unused]] Field f, [[maybe_unused]] const std::string& prefix,
             [[maybe_unused]] const Peer& peer,
             [[maybe_unused]] const Eigen::MatrixXd* moments = nullptr) {
    if constexpr (format::is_tensor<Field>) {
      moments_ = moments;
      add(typename Field::Kind(), prefix + Field::kName, Field::in(peer));
    }
  }

 private:
  template <typename Kind, typename Value>
  void add(Kind kind, const std::string& name, const std::optional<Value>& value) {
    if (value) add(kind, name, *value);
  }
  void add(format::Panels, const std::string& name, const Matrix& matrix) {
    tensors_->push_back(pack_panels(name, matrix, panels_, moments_, parallel_for_));
  }
  void add(format::Rows, const std::string& name, const Matrix& matrix) {
    if (matrix.rows != 0) tensors_->push_back(pack_rows(name, matrix, rows_));
  }
  void add(format::RowsF32, const std::string& name, const Matrix& matrix) {
    if (matrix.rows != 0) tensors_->push_back(pack_rows(name, matrix, fb::DType_F32));
  }
  void add(format::Vector, const std::string& name, const std::vector<float>& values) {
    if (!values.empty()) tensors_->push_back(pack_vector(name, values));
  }
  void add(format::Linear, const std::string& name, const LinearView& linear) {
    add(format::Panels(), name + ".weight", linear.weight);
    add(format::Vector(), name + ".bias", linear.bias);
  }
  void add(format::Linear kind, const std::string& name, const Linear& linear) {
    add(kind, name, LinearView{linear.weight, linear.bias});
  }
  void add(format::Norm, const std::string& name, const Norm& norm) {
    add(format::Vector(), name + ".gain", norm.gain);
    add(format::Vector(), name + ".bias", norm.bias);
  }

  fb::DType panels_, rows_;
  std::vector<PackedTensor>* tensors_;
  const ParallelFor parallel_for_;
  const Eigen::MatrixXd* moments_ = nullptr;
};

}  // namespace

PackedNetwork pack_network(const Network& network, fb::DType precision,
                           const Eigen::MatrixXd* moments, const ParallelFor& parallel_for) {
  const fb::DType sensitive = precision == fb::DType_I4 ? fb::DType_I8 : precision;
  const fb::DType rows = precision == fb::DType_F32 ? fb::DType_F32 : fb::DType_F16;
  PackedNetwork packed;
  packed.precision = precision;
  Packer coarse(precision, rows, &packed.tensors, parallel_for);
  Packer fine(sensitive, rows, &packed.tensors);
  format::for_each(
      format::FieldsOf<format::Model>::List(),
      format::Overloaded{
          [&](format::Model::items field) {
            coarse.field(field, "", network, network.output_items ? nullptr : moments);
          },
          [&](format::Model::output_items field) { coarse.field(field, "", network, moments); },
          [&](format::Model::blocks field) {
            for (size_t i = 0; i < network.blocks.size(); ++i) {
              const Block& block = network.blocks[i];
              const std::string prefix = std::string(field.kName) + "." + std::to_string(i) + ".";
              format::for_each(
                  format::FieldsOf<format::Block>::List(),
                  format::Overloaded{
                      [&](format::Block::ffn_in in) { coarse.field(in, prefix, block); },
                      [&](auto other) { fine.field(other, prefix, block); }});
            }
          },
          [&](auto field) { fine.field(field, "", network); }});

  packed.settings.push_back(std::string("items=") + precision_name(precision));
  packed.settings.push_back(std::string("blocks=") + precision_name(sensitive) +
                            (sensitive != precision ? ", ffn_in int4" : ""));
  packed.settings.push_back("vectors=f32");
  packed.settings.push_back(std::string("positions=") +
                            (precision == fb::DType_F32 ? "f32" : "f16"));
  if (sensitive == fb::DType_I8) packed.settings.push_back("int8=f32 scale a row");
  if (precision == fb::DType_I4) packed.settings.push_back("int4=f16 scale a row and 32 columns");
  if (moments != nullptr) packed.settings.push_back("calibration=the model's own histories");
  return packed;
}

void pack_saes(const Interpretation& interpretation, PackedNetwork* packed) {
  const fb::DType dtype = packed->precision == fb::DType_F32 ? fb::DType_F32 : fb::DType_I8;
  Packer pack(dtype, dtype, &packed->tensors);
  for (size_t i = 0; i < interpretation.saes.size(); ++i) {
    const SaeTensors tensors = tensors_of(interpretation.saes[i]);
    const std::string prefix = "saes." + std::to_string(i) + ".";
    format::for_each(format::FieldsOf<format::Sae>::List(),
                     [&](auto field) { pack.field(field, prefix, tensors); });
  }
}

}  // namespace pintle::converter
