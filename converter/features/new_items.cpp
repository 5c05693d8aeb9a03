// SPDX-License-Identifier: Apache-2.0
#include "converter/features/new_items.h"

#include <algorithm>
#include <cmath>
#include <random>

#include "converter/features/exposure.h"
#include "converter/features/row_regression.h"
#include "converter/io/error.h"
#include "converter/run/runtime_model.h"

namespace pintle::converter {
namespace {

using Eigen::MatrixXf;

constexpr size_t kMostLearned = 20000;  // of a larger catalogue every second, third, ... item
constexpr size_t kFewestLearned = 40, kFolds = 4, kMostHidden = 1000;
constexpr size_t kMoments = 600, kMostEvents = 1000;

Eigen::Map<const Eigen::Matrix<float, -1, -1, Eigen::RowMajor>> view_of(const Matrix& matrix) {
  return {matrix.values.data(), matrix.rows, matrix.cols};
}

// Where the parts of a joined row are: what scores come from with its bias, then the embedding on the way in
// where that is another table.
struct JoinedRows {
  explicit JoinedRows(const ItemTables& tables)
      : dim(tables.items.cols), has_input(tables.output_items.has_value()) {
    const Matrix& scored = tables.scored();
    all.setZero(scored.rows, dim + 1 + (has_input ? dim : 0));
    all.leftCols(dim) = view_of(scored);
    if (!tables.item_bias.empty()) {
      all.col(dim) = Eigen::Map<const Eigen::VectorXf>(tables.item_bias.data(), scored.rows);
    }
    if (has_input) all.rightCols(dim) = view_of(tables.items);
  }
  int64_t dim;
  bool has_input;
  MatrixXf all;
};

class Builder {
 public:
  Builder(const Model& model, const ItemTables& tables, const std::vector<ItemContent>& known,
          const std::vector<ItemContent>& added)
      : model_(model), tables_(tables), joined_(tables) {
    for (uint32_t i = 0; i < known.size(); ++i) {
      if (require(model.item(i), "item", i).is_trained != 0) scored_.items.push_back(i);
    }
    const size_t step = (scored_.items.size() + kMostLearned - 1) / kMostLearned;
    std::vector<ItemContent> content;
    for (size_t i = 0; i < scored_.items.size(); i += std::max<size_t>(step, 1)) {
      learned_.push_back(scored_.items[i]);
      content.push_back(known[scored_.items[i]]);
    }
    if (learned_.size() < kFewestLearned) {
      throw Error("the model has " + std::to_string(learned_.size()) +
                  " trained items: too few to learn vectors of new items from; pass --vectors");
    }
    content.insert(content.end(), added.begin(), added.end());
    content_ = content_matrix(content);
    if (content_.rows.cols() == 0) {
      throw Error(
          "nothing is known of the items that vectors could be built from: no attributes, "
          "dates or titles that items share, no --text-vectors; pass --vectors");
    }
    rows_ = rows_of(learned_);
    scored_.rows = rows_of(scored_.items).leftCols(joined_.dim + 1);
  }

  NewItems build(size_t added, const Histories* histories, double exposure) {
    choose_folds();
    RowRegression regression(content_, rows_);
    quality_.cosine = regression.choose(folds_, joined_.dim);
    quality_.method = regression.method().text();
    quality_.learned_items = learned_.size();
    find_factor(regression, histories, exposure);
    std::vector<int64_t> places;
    for (size_t i = 0; i < added; ++i) {
      places.push_back(static_cast<int64_t>(learned_.size() + i));
    }
    NewItems result;
    result.tables = tables_of(regression.build(places, {}), rows_.colwise().mean());
    result.quality = quality_;
    return result;
  }

 private:
  MatrixXf rows_of(const std::vector<uint32_t>& items) const {
    MatrixXf rows(static_cast<int64_t>(items.size()), joined_.all.cols());
    for (size_t i = 0; i < items.size(); ++i) {
      rows.row(static_cast<int64_t>(i)) = joined_.all.row(items[i]);
    }
    return rows;
  }

  // Every fold another five in a hundred of the learned items.
  void choose_folds() {
    std::vector<int64_t> order(learned_.size());
    for (size_t i = 0; i < order.size(); ++i) order[i] = static_cast<int64_t>(i);
    std::mt19937 random(5);
    for (size_t i = order.size(); i > 1; --i) std::swap(order[i - 1], order[random() % i]);
    const size_t size = std::clamp<size_t>(order.size() / 20, 1, kMostHidden);
    for (size_t f = 0; f < kFolds; ++f) {
      folds_.emplace_back(order.begin() + static_cast<std::ptrdiff_t>(f * size),
                          order.begin() + static_cast<std::ptrdiff_t>((f + 1) * size));
      std::sort(folds_.back().begin(), folds_.back().end());
      quality_.hidden_items += size;
    }
  }

  // Built rows of a fold, its mean, and the places of its items among the scored ones.
  struct Fold {
    MatrixXf built, truth;
    Eigen::RowVectorXf mean;
    std::vector<int64_t> places;
    std::vector<uint32_t> items;
  };
  Fold fold_of(const RowRegression& regression, const std::vector<int64_t>& hidden) const {
    Fold fold;
    const int64_t cols = joined_.dim + 1;
    fold.built = regression.build(hidden, hidden).leftCols(cols);
    fold.truth.resize(fold.built.rows(), cols);
    fold.mean = rows_.leftCols(cols).colwise().mean();
    for (size_t i = 0; i < hidden.size(); ++i) {
      const uint32_t item = learned_[static_cast<size_t>(hidden[i])];
      fold.truth.row(static_cast<int64_t>(i)) = rows_.row(hidden[i]).leftCols(cols);
      fold.items.push_back(item);
      fold.places.push_back(std::lower_bound(scored_.items.begin(), scored_.items.end(), item) -
                            scored_.items.begin());
    }
    return fold;
  }

  void find_factor(const RowRegression& regression, const Histories* histories, double exposure) {
    quality_.has_log = histories != nullptr;
    const std::vector<Moment> moments = histories != nullptr
                                            ? logged_moments(model_, *histories, kMoments)
                                            : drawn_moments(model_, kMoments);
    if (moments.empty()) throw Error("no history has two events that the model knows");
    std::vector<Fold> folds;
    std::vector<Exposure> built;
    for (const std::vector<int64_t>& hidden : folds_) {
      folds.push_back(fold_of(regression, hidden));
      const Fold& fold = folds.back();
      built.emplace_back(scored_, fold.places, fold.built, fold.mean, moments);
      quality_.true_exposure +=
          Exposure(scored_, fold.places, fold.truth, fold.mean, moments).share(1) / kFolds;
    }
    const auto share = [&](double factor) {
      double sum = 0;
      for (const Exposure& fold : built) sum += fold.share(factor) / kFolds;
      return sum;
    };
    // Longer rows get more places; where even these are too few, the longest that rows may be.
    double low = 0, high = 8;
    const double wanted = exposure * quality_.true_exposure;
    for (int i = 0; i < 24; ++i) {
      const double middle = (low + high) / 2;
      (share(middle) < wanted ? low : high) = middle;
    }
    quality_.scale = (low + high) / 2;
    quality_.exposure = share(quality_.scale);
    if (histories != nullptr) measure(folds, *histories);
  }

  void measure(const std::vector<Fold>& folds, const Histories& histories) {
    double sum = 0, true_sum = 0;
    for (const Fold& fold : folds) {
      const HiddenMoments moments = hidden_moments(model_, histories, fold.items, kMostEvents);
      const double events = static_cast<double>(moments.whole.size());
      if (moments.whole.empty()) continue;
      quality_.events += moments.whole.size();
      sum += events * Exposure(scored_, fold.places, fold.built, fold.mean, moments.without)
                          .ndcg(quality_.scale);
      true_sum +=
          events * Exposure(scored_, fold.places, fold.truth, fold.mean, moments.whole).ndcg(1);
    }
    if (quality_.events == 0) return;
    quality_.ndcg = sum / static_cast<double>(quality_.events);
    quality_.true_ndcg = true_sum / static_cast<double>(quality_.events);
  }

  ItemTables tables_of(const MatrixXf& built, const Eigen::RowVectorXf& mean) const {
    const int64_t dim = joined_.dim;
    const auto matrix_of = [&](int64_t first, float factor) {
      Matrix matrix{built.rows(), dim, {}};
      for (int64_t r = 0; r < built.rows(); ++r) {
        for (int64_t c = first; c < first + dim; ++c) {
          matrix.values.push_back(mean[c] + factor * (built(r, c) - mean[c]));
        }
      }
      return matrix;
    };
    const float factor = static_cast<float>(quality_.scale);
    const Matrix scored = matrix_of(0, factor);
    ItemTables tables;
    tables.items = joined_.has_input ? matrix_of(dim + 1, 1) : scored;
    if (joined_.has_input) tables.output_items = scored;
    if (tables_.exact_rows) tables.exact_rows = scored;
    for (int64_t r = 0; !tables_.item_bias.empty() && r < built.rows(); ++r) {
      tables.item_bias.push_back(mean[dim] + factor * (built(r, dim) - mean[dim]));
    }
    return tables;
  }

  const Model& model_;
  const ItemTables& tables_;
  const JoinedRows joined_;
  ScoredRows scored_;              // all trained items
  std::vector<uint32_t> learned_;  // those that are learned from
  ContentMatrix content_;
  MatrixXf rows_;                            // of learned_
  std::vector<std::vector<int64_t>> folds_;  // places in learned_
  NewItemQuality quality_;
};

}  // namespace

NewItems build_new_items(const Model& model, const ItemTables& tables,
                         const std::vector<ItemContent>& known,
                         const std::vector<ItemContent>& added, const Histories* histories,
                         double exposure) {
  return Builder(model, tables, known, added).build(added.size(), histories, exposure);
}

}  // namespace pintle::converter
