// SPDX-License-Identifier: Apache-2.0
#include "converter/file/int4_rows.h"

#include <doctest/doctest.h>

#include <Eigen/Dense>
#include <algorithm>
#include <cmath>
#include <limits>
#include <random>
#include <vector>

#include "converter/file/quantize.h"
#include "converter/file/writer.h"
#include "converter/io/output_file.h"
#include "converter/run/calibrate.h"
#include "converter/run/runtime_model.h"
#include "random_network.h"
#include "support/scratch_dir.h"

namespace pintle::converter {
namespace {

struct Codes {
  std::vector<int8_t> q;
  std::vector<Eigen::half> scales;
};

double cost(const std::vector<float>& values, const Codes& codes, const Eigen::MatrixXd& moments) {
  Eigen::VectorXd error(moments.rows());
  for (Eigen::Index c = 0; c < moments.rows(); ++c) {
    const size_t i = static_cast<size_t>(c);
    error[c] = static_cast<double>(values[i]) -
               static_cast<double>(static_cast<float>(codes.scales[i / 32])) * codes.q[i];
  }
  return error.dot(moments * error);
}

// States as networks have them: a few directions carry most of the energy.
Eigen::MatrixXd low_rank_moments(Eigen::Index dim, uint32_t seed) {
  std::mt19937 random(seed);
  std::normal_distribution<double> normal;
  Eigen::MatrixXd moments = 0.1 * Eigen::MatrixXd::Identity(dim, dim);
  for (int direction = 0; direction < 6; ++direction) {
    Eigen::VectorXd v(dim);
    for (Eigen::Index i = 0; i < dim; ++i) v[i] = normal(random);
    moments += v * v.transpose();
  }
  return moments;
}

Codes by_groups(const std::vector<float>& values) {
  Codes codes{std::vector<int8_t>(values.size()), {}};
  for (size_t first = 0; first < values.size(); first += 32) {
    codes.scales.push_back(quantize_group_int4(
        values.data() + first, std::min<size_t>(32, values.size() - first), &codes.q[first]));
  }
  return codes;
}

Codes by_moments(const std::vector<float>& values, const Eigen::MatrixXd& moments) {
  Codes codes{std::vector<int8_t>(values.size()),
              std::vector<Eigen::half>((values.size() + 31) / 32)};
  Int4RowQuantizer(moments).quantize(values.data(), codes.q.data(), codes.scales.data());
  return codes;
}

TEST_CASE("rows cost no more than without calibration, and far less where directions matter") {
  for (int64_t dim : {1, 7, 32, 33, 50, 64, 100}) {
    CAPTURE(dim);
    const Eigen::MatrixXd moments = low_rank_moments(dim, 3);
    double plain = 0, calibrated = 0;
    for (uint32_t seed = 0; seed < 40; ++seed) {
      const std::vector<float> values = RandomNumbers(seed).vector(dim);
      const Codes codes = by_moments(values, moments);
      for (int8_t code : codes.q) REQUIRE((code >= -8 && code <= 7));
      const double before = cost(values, by_groups(values), moments);
      const double after = cost(values, codes, moments);
      REQUIRE(after <= before * (1 + 1e-9) + 1e-18);
      plain += before;
      calibrated += after;
    }
    if (dim >= 32) CHECK(calibrated < 0.4 * plain);
  }
}

TEST_CASE("no change of a single code lowers the cost") {
  const Eigen::MatrixXd moments = low_rank_moments(50, 9);
  for (uint32_t seed = 0; seed < 10; ++seed) {
    const std::vector<float> values = RandomNumbers(seed).vector(50);
    Codes codes = by_moments(values, moments);
    const double least = cost(values, codes, moments);
    for (int8_t& code : codes.q) {
      const int8_t chosen = code;
      for (int other = -8; other <= 7; ++other) {
        code = static_cast<int8_t>(other);
        REQUIRE(cost(values, codes, moments) >= least * (1 - 1e-9));
      }
      code = chosen;
    }
  }
}

TEST_CASE("zeros stay zeros, and groups do not share scales") {
  const Eigen::MatrixXd moments = low_rank_moments(64, 4);
  std::vector<float> values(64, 0.0f);
  Codes codes = by_moments(values, moments);
  CHECK(std::all_of(codes.q.begin(), codes.q.end(), [](int8_t code) { return code == 0; }));
  CHECK(codes.scales == std::vector<Eigen::half>(2, Eigen::half(0)));
  values = RandomNumbers(1).vector(64);
  for (size_t i = 32; i < 64; ++i) values[i] *= 100;
  codes = by_moments(values, Eigen::MatrixXd::Identity(64, 64));
  CHECK(std::fabs(static_cast<float>(codes.scales[1])) >
        20 * std::fabs(static_cast<float>(codes.scales[0])));
}

TEST_CASE("moments are those of the scored states: symmetric, positive, the same on every run") {
  Network network = random_network();
  const Catalogue catalogue = plain_catalogue(&network);
  const std::vector<uint8_t> bytes =
      serialize_model(network, pack_network(network, fb::DType_F32), catalogue, {});
  const Model model = open_in_memory(bytes, "scalar");
  const Eigen::MatrixXd moments = scoring_moments(model);
  CHECK(moments.rows() == 12);
  CHECK((moments - moments.transpose()).norm() == 0);
  CHECK(moments.selfadjointView<Eigen::Lower>().llt().info() == Eigen::Success);
  CHECK(moments == scoring_moments(open_in_memory(bytes, "scalar")));
  // The final norm's outputs have its biases as their mean and its gains as their deviations.
  const Norm& norm = *network.final_norm;
  double expected = 0;
  for (size_t i = 0; i < 12; ++i) {
    expected += static_cast<double>(norm.gain[i]) * norm.gain[i] +
                static_cast<double>(norm.bias[i]) * norm.bias[i];
  }
  CHECK(moments.trace() == doctest::Approx(1.1 * expected).epsilon(0.2));
}

TEST_CASE("int4 files calibrated twice are the same, and score closer than uncalibrated ones") {
  NetworkShape shape;
  shape.items = 300;
  shape.dim = 64;
  shape.ffn_dim = 64;
  Network network = random_network(shape, 8);
  const Catalogue catalogue = plain_catalogue(&network);
  const test::ScratchDir folder;
  const auto save = [&](const std::string& name, const PackedNetwork& packed) {
    OutputFile file(folder.path(name));
    file.write(serialize_model(network, packed, catalogue, {}));
    file.commit();
    return open_model(folder.path(name), PINTLE_OPEN_VERIFY_ALL);
  };
  const Model exact = save("f32", pack_network(network, fb::DType_F32));
  const Eigen::MatrixXd moments = scoring_moments(open_model(folder.path("f32"), 0, "scalar"));
  const PackedNetwork packed = pack_network(network, fb::DType_I4, &moments);
  CHECK(packed.tensors[0].data == pack_network(network, fb::DType_I4, &moments).tensors[0].data);
  const Model calibrated = save("calibrated", packed);
  const Model plain = save("plain", pack_network(network, fb::DType_I4));
  std::vector<uint32_t> all(300);
  for (uint32_t i = 0; i < 300; ++i) all[i] = i;
  const auto score = [&](const Model& model, uint32_t first) {
    Session session = new_session(model);
    REQUIRE(session.append({first, (first * 7 + 3) % 300, (first * 11 + 5) % 300}));
    return require(session.score(all), "scores");
  };
  double plain_error = 0, calibrated_error = 0;
  for (uint32_t first = 0; first < 30; ++first) {
    const std::vector<float> truth = score(exact, first);
    const std::vector<float> a = score(plain, first), b = score(calibrated, first);
    for (size_t i = 0; i < 300; ++i) {
      plain_error += std::pow(static_cast<double>(a[i]) - truth[i], 2);
      calibrated_error += std::pow(static_cast<double>(b[i]) - truth[i], 2);
    }
  }
  CHECK(calibrated_error < plain_error);
}

}  // namespace
}  // namespace pintle::converter
