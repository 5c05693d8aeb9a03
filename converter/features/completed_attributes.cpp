// SPDX-License-Identifier: Apache-2.0
#include "converter/features/completed_attributes.h"

#include <Eigen/Eigenvalues>
#include <algorithm>
#include <cmath>

#include "converter/features/concepts.h"
#include "converter/io/error.h"
#include "converter/run/list_tally.h"
#include "converter/run/runtime_model.h"
#include "converter/run/steering_names.h"

namespace pintle::converter {
namespace {

using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;

// Penalties that are tried, of the mean eigenvalue.
constexpr double kFirstPenalty = 1e-3, kPenaltyFactor = 2.5;
constexpr int kPenalties = 14;
constexpr int kLogisticSteps = 50;

// Columns about 0 with variance 1 as a whole: vectors and activations have units of their own.
MatrixXd standardised(MatrixXd block) {
  block.rowwise() -= block.colwise().mean().eval();
  const double size = std::sqrt(block.squaredNorm() / static_cast<double>(block.size()));
  if (size > 0) block /= size;
  return block;
}

MatrixXd inputs_of(const Model& model, const ItemLevels* levels) {
  MatrixXd vectors = standardised(item_vectors(model).cast<double>());
  if (levels == nullptr) return vectors;
  const MatrixXd means = standardised(levels->means());
  MatrixXd both(vectors.rows(), vectors.cols() + means.cols());
  both << vectors, means;
  return both;
}

// P(y = 1) = 1 / (1 + exp(-(slope x + offset))), by Newton's method.
struct Logistic {
  double slope = 0, offset = 0;
  double operator()(double x) const { return 1 / (1 + std::exp(-(slope * x + offset))); }
};

Logistic fit_logistic(const VectorXd& x, const VectorXd& y) {
  Logistic fit;
  const double mean = std::clamp(y.mean(), 1e-6, 1 - 1e-6);
  fit.offset = std::log(mean / (1 - mean));
  for (int step = 0; step < kLogisticSteps; ++step) {
    // A slight pull to 0 keeps the slope finite where the answers separate.
    double gs = -1e-3 * fit.slope, go = 0, ss = 1e-3, so = 0, oo = 1e-9;
    for (Index i = 0; i < x.size(); ++i) {
      const double p = fit(x(i)), w = p * (1 - p), error = y(i) - p;
      gs += error * x(i);
      go += error;
      ss += w * x(i) * x(i);
      so += w * x(i);
      oo += w;
    }
    const double determinant = ss * oo - so * so;
    if (!(determinant > 0)) break;
    // Never more than a few units at once.
    const double ds = std::clamp((oo * gs - so * go) / determinant, -5.0, 5.0);
    const double dof = std::clamp((ss * go - so * gs) / determinant, -5.0, 5.0);
    fit.slope += ds;
    fit.offset += dof;
    if (std::abs(ds) + std::abs(dof) < 1e-9) break;
  }
  return fit;
}

double correlation_of(const VectorXd& a, const VectorXd& b) {
  const VectorXd x = a.array() - a.mean(), y = b.array() - b.mean();
  const double size = x.norm() * y.norm();
  return size > 0 ? x.dot(y) / size : 0;
}

// Ridge regression of several 0-or-1 columns on the same rows, and its leave-one-out answers.
class Regression {
 public:
  // inputs: [items][columns]; known: rows of it; answers: [known][attributes].
  Regression(const MatrixXd& inputs, const std::vector<Index>& known, const MatrixXd& answers)
      : rows_(static_cast<Index>(known.size()), inputs.cols()),
        centre_(inputs.cols()),
        mean_(answers.colwise().mean()) {
    for (size_t i = 0; i < known.size(); ++i) {
      rows_.row(static_cast<Index>(i)) = inputs.row(known[i]);
    }
    centre_ = rows_.colwise().mean();
    rows_.rowwise() -= centre_;
    const Eigen::SelfAdjointEigenSolver<MatrixXd> solver(rows_.transpose() * rows_);
    axes_ = solver.eigenvectors();
    rotated_ = rows_ * axes_;
    const VectorXd sizes = solver.eigenvalues().cwiseMax(0);
    const MatrixXd about = answers.rowwise() - mean_;
    const MatrixXd aims = rotated_.transpose() * about;
    double least = -1;
    for (int i = 0; i < kPenalties; ++i) {
      const double penalty = sizes.mean() * kFirstPenalty * std::pow(kPenaltyFactor, i) + 1e-12;
      const VectorXd shrink = (sizes.array() + penalty).inverse();
      // The mean is fitted too: 1 / known of each answer is its own.
      const VectorXd own = (rotated_.array().square().matrix() * shrink).array() +
                           1.0 / static_cast<double>(known.size());
      const MatrixXd fitted = rotated_ * (shrink.asDiagonal() * aims);
      MatrixXd left_out = about - fitted;
      for (Index r = 0; r < left_out.rows(); ++r) left_out.row(r) /= std::max(1 - own(r), 1e-6);
      const double error = left_out.squaredNorm();
      if (least >= 0 && error >= least) continue;
      least = error;
      weights_ = axes_ * (shrink.asDiagonal() * aims);
      left_out_ = answers - left_out;
    }
  }

  // Of every known row without its own answer: [known][attributes].
  const MatrixXd& left_out() const { return left_out_; }
  // Of rows of inputs: [items][attributes].
  MatrixXd predict(const MatrixXd& inputs) const {
    return ((inputs.rowwise() - centre_) * weights_).rowwise() + mean_;
  }

 private:
  MatrixXd rows_;
  Eigen::RowVectorXd centre_, mean_;
  MatrixXd axes_, rotated_, weights_, left_out_;
};

// The attributes of one group, and who has them.
struct Group {
  std::vector<uint32_t> attributes;
  MatrixXd has;                // [items][attributes]
  std::vector<Index> known;    // items
  std::vector<bool> is_known;  // by item
};

Group read_group(const Model& model, const std::string& name) {
  const pintle_model_info info = model.info();
  Group group;
  std::vector<int64_t> number(info.attribute_count, -1);
  std::string names;
  for (uint32_t a = 0; a < info.attribute_count; ++a) {
    const std::string its_group(attribute_name(model, a).group);
    if (names.find("\"" + its_group + "\"") == std::string::npos) {
      names += (names.empty() ? "\"" : ", \"") + its_group + "\"";
    }
    if (its_group != name || is_soft(model, a)) continue;
    number[a] = static_cast<int64_t>(group.attributes.size());
    group.attributes.push_back(a);
  }
  if (group.attributes.empty()) {
    throw Error("--complete " + name +
                ": no whole attribute of the model is of that group; there are " +
                (names.empty() ? "none" : names));
  }
  group.has.setZero(info.item_count, static_cast<Index>(group.attributes.size()));
  group.is_known.assign(info.item_count, false);
  for (uint32_t i = 0; i < info.item_count; ++i) {
    const pintle_item_info item = require(model.item(i), "item", i);
    for (size_t k = 0; k < item.attribute_count; ++k) {
      const int64_t a = number[item.attributes[k]];
      if (a >= 0) group.has(i, a) = 1;
      group.is_known[i] = group.is_known[i] || a >= 0;
    }
    if (group.is_known[i]) group.known.push_back(i);
  }
  if (group.known.size() == info.item_count) {
    throw Error("--complete " + name +
                ": every item has an attribute of that group, there is nothing " + "to complete");
  }
  return group;
}

}  // namespace

std::vector<CompletedAttribute> complete_attributes(const Model& model, const std::string& name,
                                                    const ItemLevels* levels) {
  const Group group = read_group(model, name);
  const MatrixXd inputs = inputs_of(model, levels);
  MatrixXd answers(static_cast<Index>(group.known.size()), group.has.cols());
  for (size_t i = 0; i < group.known.size(); ++i) {
    answers.row(static_cast<Index>(i)) = group.has.row(group.known[i]);
  }
  const Regression regression(inputs, group.known, answers);
  const MatrixXd predicted = regression.predict(inputs);

  std::vector<CompletedAttribute> completed;
  MatrixXd level = group.has;  // [items][attributes]
  for (Index a = 0; a < group.has.cols(); ++a) {
    CompletedAttribute one;
    one.group = name;
    one.name = std::string(attribute_name(model, group.attributes[static_cast<size_t>(a)]).name);
    one.content = {name + ", completed", one.name, {}};
    one.known = static_cast<size_t>(answers.col(a).sum());
    one.correlation = correlation_of(regression.left_out().col(a), answers.col(a));
    if (one.known < kFewestKnown) {
      one.refusal =
          std::to_string(one.known) + " known items, fewer than " + std::to_string(kFewestKnown);
    } else if (one.correlation < kLeastCorrelation) {
      one.refusal = "cannot be told from what people do: correlation " +
                    std::to_string(one.correlation).substr(0, 4);
    }
    const Logistic curve = fit_logistic(regression.left_out().col(a), answers.col(a));
    for (Index i = 0; i < level.rows(); ++i) {
      if (!one.refusal.empty()) level(i, a) = 0;
      if (one.refusal.empty() && !group.is_known[static_cast<size_t>(i)]) {
        level(i, a) = curve(predicted(i, a));
      }
    }
    completed.push_back(std::move(one));
  }
  for (Index i = 0; i < level.rows(); ++i) {
    std::vector<std::pair<double, Index>> of_item;
    for (Index a = 0; a < level.cols(); ++a) of_item.emplace_back(level(i, a), a);
    std::stable_sort(of_item.begin(), of_item.end(),
                     [](const auto& x, const auto& y) { return x.first > y.first; });
    for (size_t k = 0; k < std::min(of_item.size(), kMostConceptsOfItem); ++k) {
      const auto [value, a] = of_item[k];
      const auto fifteenths = static_cast<uint8_t>(std::lround(value * kWholeLevel));
      if (fifteenths == 0) continue;
      completed[static_cast<size_t>(a)].content.items.emplace_back(
          item_id(model, static_cast<uint32_t>(i)), fifteenths);
    }
  }
  return completed;
}

}  // namespace pintle::converter
