// SPDX-License-Identifier: Apache-2.0
#include "converter/sae_training/start_directions.h"

#include <Eigen/Eigenvalues>
#include <algorithm>
#include <cmath>
#include <numeric>

#include "converter/sae_training/random.h"

namespace pintle::converter {
namespace {

using RowMatrix = Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

constexpr int64_t kSampleRows = 32768;
constexpr int64_t kStartBlockRows = 512;
constexpr int kMostRounds = 200;
constexpr double kTolerance = 1e-4;
// Of the largest variance: directions of less are rounding.
constexpr double kLeastVariance = 1e-7;

// Normalised rows in blocks that lie evenly over the set, centred once more.
RowMatrix sample_rows(const ActivationSet& set, const ActivationStatistics& statistics) {
  const int64_t rows = std::min(kSampleRows, set.rows()), dim = set.dim();
  const int64_t blocks = (rows + kStartBlockRows - 1) / kStartBlockRows;
  RowMatrix sample(rows, dim);
  int64_t filled = 0;
  for (int64_t b = 0; b < blocks; ++b) {
    const int64_t count = std::min(kStartBlockRows, rows - filled);
    const int64_t room = set.rows() - count;
    set.read(blocks == 1 ? 0 : room * b / (blocks - 1), count, sample.data() + filled * dim);
    filled += count;
  }
  for (int64_t d = 0; d < dim; ++d) {
    sample.col(d).array() -= statistics.mean[static_cast<size_t>(d)];
  }
  sample /= statistics.scale;
  sample.rowwise() -= sample.colwise().mean().eval();
  return sample;
}

Eigen::MatrixXd symmetric_orthogonal(const Eigen::MatrixXd& m) {
  const Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd> eigen(m * m.transpose());
  const Eigen::VectorXd root = eigen.eigenvalues().cwiseMax(1e-300).cwiseSqrt().cwiseInverse();
  return eigen.eigenvectors() * root.asDiagonal() * eigen.eigenvectors().transpose() * m;
}

struct Components {
  Eigen::MatrixXd directions;  // a row a component, in the space of the states
  Eigen::VectorXd kurtosis;    // excess, of each
};

Components independent_components(const RowMatrix& rows) {
  const double count = static_cast<double>(rows.rows());
  const Eigen::MatrixXd covariance =
      (rows.transpose() * rows).cast<double>() / std::max(1.0, count - 1);
  const Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd> eigen(covariance);
  const Eigen::VectorXd& variance = eigen.eigenvalues();  // ascending
  const double least = kLeastVariance * variance(variance.size() - 1);
  const Eigen::Index kept = (variance.array() > least).count();
  const Eigen::MatrixXd axes = eigen.eigenvectors().rightCols(kept);
  const Eigen::VectorXd deviation = variance.tail(kept).cwiseSqrt();
  const Eigen::MatrixXd whitening = axes * deviation.cwiseInverse().asDiagonal();
  const RowMatrix white = rows * whitening.cast<float>();  // [rows][kept]

  Random random(1);
  Eigen::MatrixXd unmixing(kept, kept);
  for (Eigen::Index i = 0; i < unmixing.size(); ++i) unmixing.data()[i] = random.normal();
  unmixing = symmetric_orthogonal(unmixing);
  for (int round = 0; round < kMostRounds; ++round) {
    const RowMatrix bent = (white * unmixing.transpose().cast<float>()).array().tanh();
    const Eigen::VectorXd slope =
        (1 - bent.array().square()).colwise().mean().cast<double>().transpose();
    const Eigen::MatrixXd step = (bent.transpose() * white).cast<double>() / count;
    const Eigen::MatrixXd next = symmetric_orthogonal(step - slope.asDiagonal() * unmixing);
    const double turned =
        (1 - (next.cwiseProduct(unmixing)).rowwise().sum().array().abs()).maxCoeff();
    unmixing = next;
    if (turned < kTolerance) break;
  }
  const RowMatrix sources = white * unmixing.transpose().cast<float>();
  Components found;
  found.directions = unmixing * deviation.asDiagonal() * axes.transpose();
  found.kurtosis =
      (sources.array().square().square().colwise().mean().cast<double>() - 3).transpose();
  const Eigen::VectorXd skew = sources.array().cube().colwise().mean().cast<double>().transpose();
  for (Eigen::Index c = 0; c < kept; ++c) {
    found.directions.row(c) *= (skew(c) < 0 ? -1 : 1) / found.directions.row(c).norm();
  }
  return found;
}

}  // namespace

std::vector<float> start_directions(const ActivationSet& set,
                                    const ActivationStatistics& statistics, int64_t dict,
                                    uint64_t start) {
  const int64_t dim = set.dim();
  std::vector<float> directions(static_cast<size_t>(dict * dim));
  const Components found = independent_components(sample_rows(set, statistics));
  std::vector<Eigen::Index> order(static_cast<size_t>(found.kurtosis.size()));
  std::iota(order.begin(), order.end(), Eigen::Index{0});
  std::stable_sort(order.begin(), order.end(), [&](Eigen::Index a, Eigen::Index b) {
    return found.kurtosis(a) > found.kurtosis(b);
  });
  int64_t filled = 0;
  for (const int sign : {1, -1}) {
    for (size_t c = 0; c < order.size() && filled < dict; ++c, ++filled) {
      for (int64_t d = 0; d < dim; ++d) {
        directions[static_cast<size_t>(filled * dim + d)] =
            static_cast<float>(sign * found.directions(order[c], d));
      }
    }
  }
  Random random(start ^ 0x5ae5ae5ae5ae5ae5u);
  for (; filled < dict; ++filled) {
    float* row = directions.data() + filled * dim;
    double norm = 0;
    for (int64_t d = 0; d < dim; ++d) {
      row[d] = static_cast<float>(random.normal());
      norm += static_cast<double>(row[d]) * static_cast<double>(row[d]);
    }
    const float scale = static_cast<float>(1 / std::sqrt(norm + 1e-30));
    for (int64_t d = 0; d < dim; ++d) row[d] *= scale;
  }
  return directions;
}

}  // namespace pintle::converter
