// SPDX-License-Identifier: Apache-2.0
#include "converter/int4_rows.h"

#include <Eigen/Dense>
#include <algorithm>
#include <cmath>
#include <vector>

#include "converter/quantize.h"
#include "runtime/kernels/kernels.h"

namespace pintle::converter {
namespace {

// A row's codes and scales under improvement.
class Row {
 public:
  Row(const float* values, const Eigen::MatrixXd& moments)
      : moments_(moments),
        cols_(static_cast<size_t>(moments.rows())),
        exact_(Eigen::Map<const Eigen::VectorXf>(values, moments.rows()).cast<double>()),
        codes_(cols_, 0),
        scales_((cols_ + kGroupCols - 1) / kGroupCols, 0) {
    for (size_t g = 0; g < scales_.size(); ++g) {
      const size_t first = g * kGroupCols;
      scales_[g] = quantize_group_int4(values + first, std::min(kGroupCols, cols_ - first),
                                       codes_.data() + first);
    }
  }

  // Moves single codes to where the cost is least, given the others. Returns whether any moved.
  bool improve_codes() {
    constexpr int kSweeps = 8;
    Eigen::VectorXd pull = moments_ * error(scales_);
    bool any = false;
    for (int sweep = 0; sweep < kSweeps; ++sweep) {
      bool moved = false;
      for (size_t c = 0; c < cols_; ++c) {
        const double scale = half_bits_to_float(scales_[c / kGroupCols]);
        if (scale == 0) continue;
        const Eigen::Index i = static_cast<Eigen::Index>(c);
        const double step = std::nearbyint(pull[i] / (moments_(i, i) * scale));
        const int code = static_cast<int>(std::clamp(codes_[c] + step, -8.0, 7.0));
        if (code == codes_[c]) continue;
        pull -= moments_.col(i) * (scale * (code - codes_[c]));
        codes_[c] = static_cast<int8_t>(code);
        moved = true;
      }
      any = any || moved;
      if (!moved) break;
    }
    return any;
  }

  // Refits all scales to the codes. Returns whether that lowered the cost.
  bool improve_scales() {
    const Eigen::Index groups = static_cast<Eigen::Index>(scales_.size());
    Eigen::MatrixXd codes = Eigen::MatrixXd::Zero(moments_.rows(), groups);
    for (size_t c = 0; c < cols_; ++c) {
      codes(static_cast<Eigen::Index>(c), static_cast<Eigen::Index>(c / kGroupCols)) = codes_[c];
    }
    const Eigen::MatrixXd weighted = moments_ * codes;
    const Eigen::VectorXd fitted =
        (codes.transpose() * weighted).ldlt().solve(weighted.transpose() * exact_);
    std::vector<uint16_t> candidate(scales_.size());
    for (size_t g = 0; g < scales_.size(); ++g) {
      const float scale = static_cast<float>(fitted[static_cast<Eigen::Index>(g)]);
      if (!std::isfinite(scale) || std::fabs(scale) > 65504.0f) return false;
      candidate[g] = float_to_half(scale);
    }
    if (!(cost(candidate) < cost(scales_))) return false;
    scales_ = candidate;
    return true;
  }

  const std::vector<int8_t>& codes() const { return codes_; }
  const std::vector<uint16_t>& scales() const { return scales_; }

 private:
  Eigen::VectorXd error(const std::vector<uint16_t>& scales) const {
    Eigen::VectorXd result = exact_;
    for (size_t c = 0; c < cols_; ++c) {
      result[static_cast<Eigen::Index>(c)] -=
          static_cast<double>(half_bits_to_float(scales[c / kGroupCols])) * codes_[c];
    }
    return result;
  }
  double cost(const std::vector<uint16_t>& scales) const {
    const Eigen::VectorXd e = error(scales);
    return e.dot(moments_ * e);
  }

  const Eigen::MatrixXd& moments_;
  size_t cols_;
  Eigen::VectorXd exact_;
  std::vector<int8_t> codes_;
  std::vector<uint16_t> scales_;
};

}  // namespace

void quantize_row_int4(const float* values, const Eigen::MatrixXd& moments, int8_t* q,
                       uint16_t* scales) {
  constexpr int kRounds = 6;
  Row row(values, moments);
  for (int round = 0; round < kRounds; ++round) {
    const bool codes_moved = row.improve_codes();
    const bool scales_moved = row.improve_scales();
    if (!codes_moved && !scales_moved) break;
  }
  std::copy(row.codes().begin(), row.codes().end(), q);
  std::copy(row.scales().begin(), row.scales().end(), scales);
}

}  // namespace pintle::converter
