// SPDX-License-Identifier: Apache-2.0
#include "converter/features/comparison.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "converter/features/encoded_states.h"
#include "converter/features/moments.h"
#include "converter/features/probes.h"
#include "converter/features/splitting.h"
#include "converter/io/progress.h"
#include "converter/sae_training/start_directions.h"
#include "converter/sae_training/train.h"

namespace pintle::converter {
namespace {

// Features that sparse probes choose from: 128 MiB for the products of each two.
constexpr size_t kMostCandidates = 4096;
// Of the training positions, the last: they choose the penalty of ridge regression.
constexpr double kJudgeShare = 0.2;
constexpr uint64_t kRandomSeed = 1;

// Random unit rows on normalised states, the k largest of each position.
SaeWeights random_dictionary(const SaeWeights& like, const ActivationStatistics& statistics,
                             int64_t k) {
  SaeWeights sae;
  sae.dim = like.dim;
  sae.dict = like.dict;
  sae.hook = like.hook;
  sae.activation = SaeActivation::kTopK;
  sae.k = std::clamp<int64_t>(k, 1, like.dict);
  sae.encoder = {sae.dict, sae.dim, random_directions(sae.dict, sae.dim, kRandomSeed)};
  sae.decoder = sae.encoder;
  sae.decoder_bias = statistics.mean;
  for (int64_t j = 0; j < sae.dict; ++j) {
    double shift = 0;
    for (int64_t d = 0; d < sae.dim; ++d) {
      sae.encoder.row(j)[d] /= statistics.scale;
      sae.decoder.row(j)[d] *= statistics.scale;
      shift += static_cast<double>(sae.encoder.row(j)[d]) *
               static_cast<double>(statistics.mean[static_cast<size_t>(d)]);
    }
    sae.encoder_bias.push_back(static_cast<float>(-shift));
  }
  return sae;
}

SaeWeights frozen_dictionary(const SaeWeights& like, double k, const ActivationSet& train,
                             const ComparisonOptions& options, ThreadPool* pool) {
  TrainConfig config;
  const bool exact = like.activation == SaeActivation::kTopK;
  config.variant = exact ? SaeVariant::kTopK : SaeVariant::kBatchTopK;
  config.dict = like.dict;
  config.k = std::clamp(k, 1.0, static_cast<double>(like.dict));
  config.freeze_decoder = true;
  config.steps = options.frozen_steps;
  config.memory_bytes = options.memory_bytes;
  config.start = kRandomSeed;
  Progress progress("training the baseline", "steps", static_cast<size_t>(config.steps));
  int64_t done = 0;
  return train_sae(train, config, pool, [&](const TrainProgress& now) {
    progress.advance(static_cast<size_t>(now.step - done));
    done = now.step;
  });
}

class Comparer {
 public:
  Comparer(const SaeWeights& sae, const AttributeIndex& attributes, const ActivationSet& train,
           const ActivationSet& held_out, const ComparisonOptions& options, ThreadPool* pool)
      : sae_(sae),
        attributes_(attributes),
        train_(train),
        held_out_(held_out),
        options_(options),
        pool_(pool),
        count_(attributes.attributes.size()),
        statistics_(measure_activations(train)) {
    result_.attributes.resize(count_);
    result_.carriers.resize(count_);
  }

  Comparison run() {
    measure_training();
    measure_held_out();
    probe_states();
    probe_features();
    count_absorption();
    compare_baselines();
    result_.quality = measure_sae(sae_, held_out_, pool_);
    if (!sae_.stability.empty()) {
      result_.stability = std::accumulate(sae_.stability.begin(), sae_.stability.end(), 0.0) /
                          static_cast<double>(sae_.stability.size());
    }
    average();
    return std::move(result_);
  }

 private:
  // Moments of the training users' states and, in a second pass, of the features worth it.
  void measure_training() {
    MomentSums fit(statistics_.mean, attributes_), judge(statistics_.mean, attributes_);
    const size_t rows = static_cast<size_t>(train_.rows());
    const size_t fit_rows = rows - static_cast<size_t>(kJudgeShare * static_cast<double>(rows));
    AttributeCorrelations features(static_cast<size_t>(sae_.dict), attributes_);
    size_t row = 0, on = 0;
    encode_states(sae_, train_, pool_, [&](const EncodedStates& part) {
      const size_t first = std::min(part.rows(), fit_rows - std::min(fit_rows, row));
      fit.add(part.items.data(), part.states.data(), first);
      judge.add(part.items.data() + first,
                part.states.data() + first * static_cast<size_t>(sae_.dim), part.rows() - first);
      row += part.rows();
      for (size_t t = 0; t < part.rows(); ++t) {
        features.add(part.items[t], part.features[t]);
        on += part.features[t].index.size();
      }
    });
    result_.k = sae_.activation == SaeActivation::kTopK
                    ? static_cast<double>(sae_.k)
                    : static_cast<double>(on) / static_cast<double>(row);
    RidgeProbes ridge = ridge_probes(fit, judge);
    result_.ridge_penalty = ridge.penalty;
    probes_ = std::move(ridge.weights);
    fit.add(judge);
    states_ = fit.moments();
    choose_candidates(features);
    MomentSums chosen = no_features();
    encode_states(sae_, train_, pool_, [&](const EncodedStates& part) {
      for (size_t t = 0; t < part.rows(); ++t) chosen.add(part.items[t], part.features[t], slot_);
    });
    features_ = chosen.moments();
  }

  // By each feature's best correlation with an attribute.
  void choose_candidates(const AttributeCorrelations& features) {
    std::vector<double> best(static_cast<size_t>(sae_.dict), 0);
    for (size_t f = 0; f < best.size(); ++f) {
      for (size_t a = 0; a < count_; ++a) {
        best[f] = std::max(best[f], std::abs(features.correlation(f, a)));
      }
    }
    candidates_.resize(best.size());
    std::iota(candidates_.begin(), candidates_.end(), 0u);
    std::stable_sort(candidates_.begin(), candidates_.end(),
                     [&](uint32_t a, uint32_t b) { return best[a] > best[b]; });
    candidates_.resize(std::min(candidates_.size(), kMostCandidates));
    std::sort(candidates_.begin(), candidates_.end());
    slot_.assign(best.size(), -1);
    for (size_t i = 0; i < candidates_.size(); ++i) slot_[candidates_[i]] = static_cast<int32_t>(i);
    result_.candidates = candidates_.size();
  }

  MomentSums no_features() const {
    return MomentSums(std::vector<float>(candidates_.size(), 0.0f), attributes_);
  }

  void measure_held_out() {
    MomentSums states(statistics_.mean, attributes_), chosen = no_features();
    AttributeCorrelations features(static_cast<size_t>(sae_.dict), attributes_);
    encode_states(sae_, held_out_, pool_, [&](const EncodedStates& part) {
      states.add(part.items.data(), part.states.data(), part.rows());
      for (size_t t = 0; t < part.rows(); ++t) {
        features.add(part.items[t], part.features[t]);
        chosen.add(part.items[t], part.features[t], slot_);
      }
    });
    held_out_states_ = states.moments();
    held_out_features_ = chosen.moments();
    take_best(features, &AttributeComparison::feature);
  }

  void take_best(const AttributeCorrelations& features, double AttributeComparison::*where) {
    for (size_t a = 0; a < count_; ++a) {
      double& best = result_.attributes[a].*where;
      for (size_t f = 0; f < static_cast<size_t>(sae_.dict); ++f) {
        best = std::max(best, features.correlation(f, a));
      }
    }
  }

  // And which attributes count.
  void probe_states() {
    const Moments& seen = held_out_states_;
    const auto varies = [](double share) { return share > 0 && share < 1; };
    for (size_t a = 0; a < count_; ++a) {
      const auto column = static_cast<Eigen::Index>(a);
      AttributeComparison& compared = result_.attributes[a];
      result_.counted.push_back(varies(states_.share(column)) && varies(seen.share(column)));
      for (uint32_t d = 0; d < static_cast<uint32_t>(sae_.dim); ++d) {
        const double one = seen.correlation({d}, Eigen::VectorXd::Ones(1), a);
        compared.raw = std::max(compared.raw, std::abs(one));
      }
      compared.mean_difference = seen.correlation(states_.mean_difference(a), a);
      compared.ridge = seen.correlation(probes_.col(column), a);
    }
  }

  void probe_features() {
    pool_->for_each(count_, [&](size_t a, int) {
      AttributeComparison& compared = result_.attributes[a];
      const std::vector<uint32_t> chosen =
          choose_features(features_, a, kSparseProbeSizes.back(), false);
      for (size_t i = 0; i < kSparseProbeSizes.size(); ++i) {
        const Eigen::VectorXd weights = sparse_weights(features_, a, chosen, kSparseProbeSizes[i]);
        compared.sparse[i] = held_out_features_.correlation(chosen, weights, a);
      }
      std::vector<uint32_t> carriers = carrying_features(features_, held_out_features_, a);
      for (uint32_t& feature : carriers) feature = candidates_[feature];
      std::sort(carriers.begin(), carriers.end());
      compared.carriers = static_cast<double>(carriers.size());
      result_.carriers[a] = std::move(carriers);
    });
  }

  void count_absorption() {
    AbsorptionCounter counter(sae_, attributes_, result_.carriers, probes_, states_);
    encode_states(sae_, held_out_, pool_, [&](const EncodedStates& part) { counter.add(part); });
    for (size_t a = 0; a < count_; ++a) {
      const Absorption& counts = counter.counts()[a];
      if (counts.positions == 0) continue;
      const double positions = static_cast<double>(counts.positions);
      result_.attributes[a].unfired = static_cast<double>(counts.unfired) / positions;
      result_.attributes[a].absorbed = static_cast<double>(counts.absorbed) / positions;
    }
  }

  void measure_baseline(const SaeWeights& sae, double AttributeComparison::*where) {
    AttributeCorrelations features(static_cast<size_t>(sae.dict), attributes_);
    encode_states(sae, held_out_, pool_, [&](const EncodedStates& part) {
      for (size_t t = 0; t < part.rows(); ++t) features.add(part.items[t], part.features[t]);
    });
    take_best(features, where);
  }

  void compare_baselines() {
    const int64_t whole = static_cast<int64_t>(std::lround(result_.k));
    measure_baseline(random_dictionary(sae_, statistics_, whole), &AttributeComparison::random);
    const SaeWeights frozen = frozen_dictionary(sae_, result_.k, train_, options_, pool_);
    measure_baseline(frozen, &AttributeComparison::frozen);
    result_.frozen = measure_sae(frozen, held_out_, pool_);
    result_.frozen_steps = options_.frozen_steps;
  }

  void average() {
    const auto counted = std::count(result_.counted.begin(), result_.counted.end(), true);
    result_.counted_attributes = static_cast<size_t>(counted);
    const auto mean = [&](const auto& field) {
      double sum = 0;
      for (size_t a = 0; a < count_; ++a) {
        if (result_.counted[a]) sum += field(result_.attributes[a]);
      }
      return counted == 0 ? 0 : sum / static_cast<double>(counted);
    };
    for (double AttributeComparison::*field :
         {&AttributeComparison::raw, &AttributeComparison::random, &AttributeComparison::frozen,
          &AttributeComparison::feature, &AttributeComparison::mean_difference,
          &AttributeComparison::ridge, &AttributeComparison::carriers,
          &AttributeComparison::unfired, &AttributeComparison::absorbed}) {
      result_.mean.*field = mean([&](const AttributeComparison& a) { return a.*field; });
    }
    for (size_t i = 0; i < kSparseProbeSizes.size(); ++i) {
      result_.mean.sparse[i] = mean([&](const AttributeComparison& a) { return a.sparse[i]; });
    }
  }

  const SaeWeights& sae_;
  const AttributeIndex& attributes_;
  const ActivationSet& train_;
  const ActivationSet& held_out_;
  const ComparisonOptions& options_;
  ThreadPool* const pool_;
  const size_t count_;
  const ActivationStatistics statistics_;  // of the training users' states
  Moments states_, held_out_states_;
  Moments features_, held_out_features_;  // of the candidates
  Eigen::MatrixXd probes_;                // [dim][attributes]
  std::vector<uint32_t> candidates_;      // features, ascending
  std::vector<int32_t> slot_;             // [dict]: place among the candidates, or -1
  Comparison result_;
};

}  // namespace

Comparison compare_features(const SaeWeights& sae, const AttributeIndex& attributes,
                            const ActivationSet& train, const ActivationSet& held_out,
                            const ComparisonOptions& options, ThreadPool* pool) {
  return Comparer(sae, attributes, train, held_out, options, pool).run();
}

}  // namespace pintle::converter
