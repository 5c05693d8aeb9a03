// SPDX-License-Identifier: Apache-2.0
#include "converter/file/exact_index.h"

#include <Eigen/Dense>
#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

#include "converter/io/error.h"
#include "converter/run/runtime_model.h"
#include "schema/exact_codes.h"
#include "schema/tensor_layout.h"

namespace pintle::converter {
namespace {

using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;
using format::kGroupCols;
using format::kPanelRows;
using format::round_up;

constexpr Index kHead = format::kExactCoarseCols;
constexpr double kLargestOperand = 8191;
constexpr int kLargestBound = 8 * 7 + 7;  // two digits of at most 7
// f64 results are off by less than this share, f32 and f16 neighbours apart by less than these.
constexpr double kSlack = 1e-6;
constexpr double kHalfStep = 1.002;
constexpr float kSmallestHalf = 6.2e-5f;  // the least normal one

const Matrix& scored_rows(const Network& network) {
  return network.output_items ? *network.output_items : network.items;
}

// Rows with their bias, and states with their 1, as fb::ExactScan has them.
MatrixXd extended_rows(const Network& network) {
  const Matrix& rows = scored_rows(network);
  const bool has_bias = !network.item_bias.empty();
  MatrixXd result(rows.rows, rows.cols + (has_bias ? 1 : 0));
  for (Index r = 0; r < rows.rows; ++r) {
    for (Index c = 0; c < rows.cols; ++c) result(r, c) = rows.row(r)[c];
    if (has_bias) result(r, rows.cols) = network.item_bias[static_cast<size_t>(r)];
  }
  return result;
}

MatrixXd extended_states(const States& states, Index width) {
  MatrixXd result = MatrixXd::Ones(states.rows(), width);
  result.leftCols(states.cols()) = states.cast<double>();
  return result;
}

MatrixXd with_ridge(MatrixXd moments) {
  const double mean = moments.trace() / static_cast<double>(moments.rows());
  moments.diagonal().array() += mean > 0 ? 1e-3 * mean : 1.0;
  return moments;
}

// A basis in which states (y = basis h) and items (w = basis^T v) have the same second moments, all
// of them diagonal, descending: its first dims hold the most of a score, by both sides. Then each dim
// scaled, since codes round all dims of a row with one step: where v varies more the step may be
// coarser, as far as y does not.
MatrixXd balanced_basis(const MatrixXd& centred, const MatrixXd& states) {
  const MatrixXd covariance =
      with_ridge(centred.transpose() * centred / static_cast<double>(centred.rows()));
  const MatrixXd moments =
      with_ridge(states.transpose() * states / static_cast<double>(states.rows()));
  const MatrixXd root = covariance.llt().matrixL();
  const Eigen::SelfAdjointEigenSolver<MatrixXd> solver(root.transpose() * moments * root);
  const Index width = covariance.rows();
  MatrixXd basis(width, width);
  for (Index j = 0; j < width; ++j) {
    const Index from = width - 1 - j;  // ascending there
    const double value = std::max(solver.eigenvalues()[from], 1e-30);
    // v then varies as value^(1/4); its scale^-1/2 goes into v, scale^1/2 into y.
    const double y_scale = std::pow(value, -0.25) * std::pow(value, 0.125);
    basis.row(j) = y_scale * (root * solver.eigenvectors().col(from)).transpose();
  }
  // Columns 30 and 31 of the fine code share their scale with what is left of the first 30 dims: the
  // two smallest dims go there.
  if (width > kHead + 2) {
    MatrixXd tail = basis.bottomRows(width - kHead);
    basis.middleRows(kHead, 2) = tail.bottomRows(2);
    basis.bottomRows(width - kHead - 2) = tail.topRows(width - kHead - 2);
  }
  return basis;
}

Eigen::half half_above(double value) {
  const float target = static_cast<float>(value * kHalfStep);
  const Eigen::half half(std::max(target, kSmallestHalf));
  if (!Eigen::numext::isfinite(half)) {
    throw Error("exact lists: the item table's values are beyond the range of f16");
  }
  return half;
}

// Codes of `values` in [-7, 7] with the least squared weighted error of some scales.
struct Codes {
  double scale = 0;
  Eigen::half half{0};
  std::vector<int> q;
};
Codes best_codes(const VectorXd& values, int lowest, int highest, double least_scale) {
  Codes best;
  double best_error = std::numeric_limits<double>::infinity();
  const double largest = values.size() == 0 ? 0 : values.cwiseAbs().maxCoeff();
  for (double factor = 1.0; factor > 0.55; factor -= 0.05) {
    Codes codes;
    codes.half = half_above(std::max(largest * factor / highest, least_scale));
    codes.scale = static_cast<float>(codes.half);
    double error = 0;
    for (Index i = 0; i < values.size(); ++i) {
      const int q = static_cast<int>(
          std::clamp<double>(std::nearbyint(values[i] / codes.scale), lowest, highest));
      codes.q.push_back(q);
      const double left = values[i] - q * codes.scale;
      error += left * left;
    }
    if (error < best_error) {
      best_error = error;
      best = std::move(codes);
    }
  }
  return best;
}

void put_nibble(uint8_t* bytes, size_t lane_stride, size_t col, int code) {
  uint8_t& byte = bytes[col / 8 * lane_stride + col % 4];
  const int stored = code + 8;
  byte = static_cast<uint8_t>(col % 8 < 4 ? (byte & 0xf0) | stored : (byte & 0x0f) | stored << 4);
}

// Weights with which |y w| |v / w| is the least for typical y and v: w_j^2 = v_j / y_j, but only as
// two numbers, one for the first dims and one for the others, since typical is not every.
VectorXd balanced_weights(const MatrixXd& y, const MatrixXd& v) {
  const Index width = y.cols(), head = std::min(kHead, width), tail = width - head;
  const auto mean_norm = [](const auto& m) { return m.rowwise().norm().mean(); };
  VectorXd weights = VectorXd::Ones(width);
  if (tail == 0) return weights;
  const double y_head = mean_norm(y.leftCols(head)), y_tail = mean_norm(y.rightCols(tail));
  const double v_head = mean_norm(v.leftCols(head)), v_tail = mean_norm(v.rightCols(tail));
  if (!(y_head > 0 && y_tail > 0 && v_head > 0 && v_tail > 0)) return weights;
  weights.head(head).setConstant(std::sqrt(v_head / y_head));
  weights.tail(tail).setConstant(std::sqrt(v_tail / y_tail));
  return weights / weights[0];
}

Matrix to_matrix(const MatrixXd& values) {
  Matrix matrix{values.rows(), values.cols(), {}};
  for (Index r = 0; r < values.rows(); ++r) {
    for (Index c = 0; c < values.cols(); ++c) {
      matrix.values.push_back(static_cast<float>(values(r, c)));
    }
  }
  return matrix;
}
std::vector<float> to_vector(const VectorXd& values) { return to_matrix(values).values; }
// As the file will hold it.
MatrixXd rounded(const MatrixXd& values) { return values.cast<float>().cast<double>(); }

class Index4 {
 public:
  Index4(const Network& network, const States& states)
      : rows_(extended_rows(network)), width_(rows_.cols()), head_(std::min(kHead, width_)) {
    centre_ = rounded(rows_.colwise().mean().transpose());
    const MatrixXd centred = rows_.rowwise() - centre_.transpose();
    const MatrixXd h = extended_states(states, width_);
    basis_ = rounded(balanced_basis(centred, h));
    y_ = h * basis_.transpose();
    // w - centre = basis^T v.
    v_ = basis_.transpose().partialPivLu().solve(centred.transpose()).transpose();
    if (!v_.allFinite() || !y_.allFinite())
      throw Error("exact lists: the item table is degenerate");
  }

  void pack(PackedNetwork* packed, const Matrix& f32_rows) {
    pack_coarse();
    pack_fine();
    std::vector<PackedTensor>& tensors = packed->tensors;
    tensors.push_back(pack_rows("exact.rows", f32_rows, fb::DType_F32));
    tensors.push_back(pack_rows("exact.basis", to_matrix(basis_), fb::DType_F32));
    tensors.push_back(pack_vector("exact.centre", to_vector(centre_)));
    tensors.push_back(coarse_);
    tensors.push_back(pack_vector("exact.coarse_weights", to_vector(coarse_weights_)));
    tensors.push_back(pack_vector("exact.fine_weights", to_vector(fine_weights_)));
    packed->exact_fine = fine_;
    packed->exact_step = static_cast<float>(step_);
    packed->exact_largest_row =
        static_cast<float>(rows_.rowwise().norm().maxCoeff() * (1 + kSlack));
  }

 private:
  // |v / weight| of a row, rounded up.
  double bound_of(const VectorXd& left, const VectorXd& weights) const {
    return left.cwiseQuotient(weights).norm() * (1 + kSlack);
  }

  // bound / scale of row r's codes, the operand's rounding included.
  double relative_bound(Index r, const Codes& codes, double step) const {
    VectorXd left = v_.row(r).transpose();
    double sum = 16;  // the two digits
    for (Index j = 0; j < head_; ++j) {
      left[j] -= codes.q[static_cast<size_t>(j)] * codes.scale;
      sum += std::abs(codes.q[static_cast<size_t>(j)]);
    }
    const double largest =
        std::max(coarse_weights_.head(head_).cwiseInverse().maxCoeff(), 8 * step);
    return bound_of(left, coarse_weights_) / codes.scale +
           format::kOperandRounding * sum * largest / kLargestOperand;
  }

  void pack_coarse() {
    const Index count = rows_.rows();
    std::vector<Codes> codes;
    MatrixXd left = v_;
    for (Index r = 0; r < count; ++r) {
      codes.push_back(best_codes(v_.row(r).head(head_).transpose(), -7, 7, 0));
      for (Index j = 0; j < head_; ++j) left(r, j) -= codes.back().q[j] * codes.back().scale;
    }
    coarse_weights_ = rounded(balanced_weights(y_, left));
    // A step with which nearly every row's bound has digits; the others take a coarser scale.
    std::vector<double> bounds;
    for (Index r = 0; r < count; ++r) bounds.push_back(relative_bound(r, codes[r], 0.4));
    const auto high = bounds.begin() + static_cast<std::ptrdiff_t>(bounds.size() * 99 / 100);
    std::nth_element(bounds.begin(), high, bounds.end());
    step_ = static_cast<float>(std::max(*high, 1e-3) / (kLargestBound - 1));

    coarse_ = {"exact.coarse",
               static_cast<uint32_t>(count),
               kGroupCols,
               fb::DType_I4,
               fb::Layout_Panels,
               {},
               {},
               0};
    const size_t panels = (static_cast<size_t>(count) + kPanelRows - 1) / kPanelRows;
    coarse_.data.assign(panels * kGroupCols / 2 * kPanelRows, 0x88);
    coarse_.scales.assign(panels * kPanelRows * 2, 0);
    for (Index r = 0; r < count; ++r) {
      Codes& code = codes[static_cast<size_t>(r)];
      int bound = bound_digits(r, code);
      while (bound > kLargestBound) {
        code = best_codes(v_.row(r).head(head_).transpose(), -7, 7, code.scale * 1.1);
        bound = bound_digits(r, code);
      }
      const size_t panel = static_cast<size_t>(r) / kPanelRows, lane = r % kPanelRows;
      uint8_t* bytes = coarse_.data.data() + (panel * 4 * kPanelRows + lane) * 4;
      for (Index j = 0; j < head_; ++j) put_nibble(bytes, kPanelRows * 4, j, code.q[j]);
      // 8 high + low with low in [-8, 7].
      const int high_digit = (bound + 8) / 8 > 7 ? 7 : (bound + 8) / 8;
      put_nibble(bytes, kPanelRows * 4, 30, high_digit);
      put_nibble(bytes, kPanelRows * 4, 31, bound - 8 * high_digit);
      std::memcpy(coarse_.scales.data() + static_cast<size_t>(r) * 2, &code.half, 2);
      for (Index j = 0; j < head_; ++j) v_(r, j) -= code.q[j] * code.scale;
    }
  }
  int bound_digits(Index r, const Codes& codes) const {
    const double bound = std::ceil(relative_bound(r, codes, step_) / step_ * (1 + kSlack));
    return bound < 1e6 ? static_cast<int>(bound) : 1000000;
  }

  // Of v_, from which pack_coarse took its codes.
  void pack_fine() {
    const Index count = rows_.rows(), groups = (width_ + 31) / 32;
    const size_t words = static_cast<size_t>(width_ + 7) / 8;
    const size_t record = words * 4 + static_cast<size_t>(groups) * 2 + 2;
    fine_.assign(static_cast<size_t>(count) * record, 0);
    for (Index r = 0; r < count; ++r) {
      uint8_t* bytes = fine_.data() + static_cast<size_t>(r) * record;
      std::memset(bytes, 0x88, words * 4);
      for (Index g = 0; g < groups; ++g) {
        const Index first = g * 32, cols = std::min<Index>(32, width_ - first);
        const Codes codes = best_codes(v_.row(r).segment(first, cols).transpose(), -8, 7, 0);
        for (Index j = 0; j < cols; ++j) {
          put_nibble(bytes, 4, static_cast<size_t>(first + j), codes.q[j]);
          v_(r, first + j) -= codes.q[j] * codes.scale;
        }
        std::memcpy(bytes + words * 4 + g * 2, &codes.half, 2);
      }
    }
    fine_weights_ = rounded(balanced_weights(y_, v_));
    for (Index r = 0; r < count; ++r) {
      const Eigen::half half = half_above(bound_of(v_.row(r).transpose(), fine_weights_));
      std::memcpy(fine_.data() + static_cast<size_t>(r) * record + record - 2, &half, 2);
    }
  }

  MatrixXd rows_;
  Index width_, head_;
  VectorXd centre_, coarse_weights_, fine_weights_;
  MatrixXd basis_, y_, v_;  // v_: what the codes have left so far
  double step_ = 0;
  PackedTensor coarse_;
  std::vector<uint8_t> fine_;
};

}  // namespace

void pack_exact_index(const Network& network, const States& states, PackedNetwork* packed) {
  Index4(network, states).pack(packed, scored_rows(network));
}

double pruned_share(const Model& model, const std::vector<std::vector<uint32_t>>& histories) {
  constexpr size_t kEvery = 8;
  Session session = new_session(model);
  Request request;
  request.includes_seen = true;
  double lists = 0, bytes = 0;
  for (size_t i = 0; i < histories.size(); i += kEvery, ++lists) {
    require(session.reset(), "cannot count what lists read");
    require(session.append(histories[i]), "cannot count what lists read");
    (void)require(session.recommend(request), "cannot count what lists read");
    bytes += static_cast<double>(session.scan().bytes_read);
  }
  const pintle_model_info info = model.info();
  const size_t row = round_up(info.dim, 4) + sizeof(float);  // in int8, with its scale
  return bytes / (lists * static_cast<double>(row * info.item_count));
}

void pack_f32_output(const Network& network, PackedNetwork* packed) {
  auto& tensors = packed->tensors;
  PackedTensor f32 = pack_panels("output_items", scored_rows(network), fb::DType_F32);
  const auto has_name = [](const PackedTensor& tensor) { return tensor.name == "output_items"; };
  const auto found = std::find_if(tensors.begin(), tensors.end(), has_name);
  if (found != tensors.end()) {
    *found = std::move(f32);
  } else if (packed->precision != fb::DType_F32) {
    tensors.insert(tensors.begin() + 1, std::move(f32));
  }
}

}  // namespace pintle::converter
