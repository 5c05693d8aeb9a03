// SPDX-License-Identifier: Apache-2.0
#include "converter/file/int4_rows.h"

#include <Eigen/Dense>
#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "converter/file/quantize.h"
#include "schema/tensor_layout.h"

namespace pintle::converter {
namespace {

using format::kGroupCols;

constexpr int kLowest = -8, kHighest = 7;
// Where the search starts, in the scales that suit squared error alone.
constexpr float kScaleFactors[] = {1.0f, 0.8f, 0.85f, 0.9f, 0.95f, 1.05f, 1.1f, 1.2f};

Eigen::Index group_of(Eigen::Index col) { return col / static_cast<Eigen::Index>(kGroupCols); }

int8_t nearest_code(double value) {
  return static_cast<int8_t>(std::clamp<double>(std::nearbyint(value), kLowest, kHighest));
}

// A row's codes and scales under improvement.
class Row {
 public:
  Row(const float* values, const Eigen::MatrixXd& moments, const Eigen::MatrixXd& factor)
      : moments_(moments),
        factor_(factor),
        exact_(Eigen::Map<const Eigen::VectorXf>(values, moments.rows()).cast<double>()),
        codes_(static_cast<size_t>(moments.rows()), 0) {}

  // Rounded without calibration.
  void start(const int8_t* codes, const std::vector<Eigen::half>& scales) {
    codes_.assign(codes, codes + exact_.size());
    halves_ = scales;
    unpack_scales();
  }

  void start(const std::vector<Eigen::half>& scales, float factor) {
    halves_.clear();
    for (Eigen::half scale : scales) {
      halves_.push_back(Eigen::half(static_cast<float>(scale) * factor));
    }
    unpack_scales();
    round_columns();
  }

  // Moves single codes to where the cost is least, given the others. Returns whether any moved.
  bool improve_codes() {
    constexpr int kSweeps = 8;
    Eigen::VectorXd pull = moments_ * error();
    bool any = false;
    for (int sweep = 0; sweep < kSweeps; ++sweep) {
      bool moved = false;
      for (Eigen::Index c = 0; c < exact_.size(); ++c) {
        const double scale = scales_[group_of(c)];
        if (scale == 0) continue;
        const int8_t code = nearest_code(codes_[c] + pull[c] / (moments_(c, c) * scale));
        if (code == codes_[c]) continue;
        pull -= moments_.col(c) * (scale * (code - codes_[c]));
        codes_[c] = code;
        moved = true;
      }
      any = any || moved;
      if (!moved) break;
    }
    return any;
  }

  // Refits all scales to the codes. Returns whether that lowered the cost.
  bool improve_scales() {
    Eigen::MatrixXd codes = Eigen::MatrixXd::Zero(exact_.size(), scales_.size());
    for (Eigen::Index c = 0; c < exact_.size(); ++c) codes(c, group_of(c)) = codes_[c];
    const Eigen::MatrixXd weighted = moments_ * codes;
    const Eigen::VectorXd fitted =
        (codes.transpose() * weighted).ldlt().solve(weighted.transpose() * exact_);
    const double before = cost();
    const std::vector<Eigen::half> kept = halves_;
    for (Eigen::Index g = 0; g < fitted.size(); ++g) {
      const float scale = static_cast<float>(fitted[g]);
      const Eigen::half half(scale);
      if (!std::isfinite(scale) || !Eigen::numext::isfinite(half)) break;
      halves_[static_cast<size_t>(g)] = half;
    }
    unpack_scales();
    if (cost() < before) return true;
    halves_ = kept;
    unpack_scales();
    return false;
  }

  double cost() const {
    const Eigen::VectorXd e = error();
    return e.dot(moments_ * e);
  }
  const std::vector<int8_t>& codes() const { return codes_; }
  const std::vector<Eigen::half>& scales() const { return halves_; }

 private:
  void unpack_scales() {
    scales_.resize(static_cast<Eigen::Index>(halves_.size()));
    for (size_t g = 0; g < halves_.size(); ++g) {
      scales_[static_cast<Eigen::Index>(g)] = static_cast<float>(halves_[g]);
    }
  }

  // From the last column to the first, each code the best for the errors of those after it.
  void round_columns() {
    Eigen::VectorXd errors = Eigen::VectorXd::Zero(exact_.size());
    for (Eigen::Index c = exact_.size() - 1; c >= 0; --c) {
      const Eigen::Index after = exact_.size() - 1 - c;
      const double carried = factor_.row(c).tail(after).dot(errors.tail(after)) / factor_(c, c);
      const double scale = scales_[group_of(c)];
      codes_[c] = scale == 0 ? int8_t{0} : nearest_code((exact_[c] + carried) / scale);
      errors[c] = exact_[c] - scale * codes_[c];
    }
  }

  Eigen::VectorXd error() const {
    Eigen::VectorXd result = exact_;
    for (Eigen::Index c = 0; c < result.size(); ++c) result[c] -= scales_[group_of(c)] * codes_[c];
    return result;
  }

  const Eigen::MatrixXd& moments_;
  const Eigen::MatrixXd& factor_;
  Eigen::VectorXd exact_, scales_;  // scales_: halves_ as numbers
  std::vector<int8_t> codes_;
  std::vector<Eigen::half> halves_;
};

}  // namespace

Int4RowQuantizer::Int4RowQuantizer(const Eigen::MatrixXd& moments)
    : moments_(moments), factor_(moments.llt().matrixU()) {}

void Int4RowQuantizer::quantize(const float* values, int8_t* q, Eigen::half* scales) const {
  constexpr int kRounds = 6;
  const size_t cols = static_cast<size_t>(moments_.rows());
  const size_t groups = (cols + kGroupCols - 1) / kGroupCols;
  std::vector<Eigen::half> first_scales(groups);
  for (size_t g = 0; g < groups; ++g) {
    const size_t first = g * kGroupCols;
    first_scales[g] =
        quantize_group_int4(values + first, std::min(kGroupCols, cols - first), q + first);
  }
  Row row(values, moments_, factor_);
  double least = std::numeric_limits<double>::infinity();
  const auto improve = [&] {
    for (int round = 0; round < kRounds; ++round) {
      const bool codes_moved = row.improve_codes();
      const bool scales_moved = row.improve_scales();
      if (!codes_moved && !scales_moved) break;
    }
    const double cost = row.cost();
    if (!(cost < least)) return;
    least = cost;
    std::copy(row.codes().begin(), row.codes().end(), q);
    std::copy(row.scales().begin(), row.scales().end(), scales);
  };
  row.start(q, first_scales);
  improve();
  for (float factor : kScaleFactors) {
    row.start(first_scales, factor);
    improve();
  }
}

}  // namespace pintle::converter
