// SPDX-License-Identifier: Apache-2.0
#include "converter/sae_training/train.h"

#include <algorithm>
#include <cmath>
#include <memory>
#include <optional>

#include "converter/io/error.h"
#include "converter/sae_training/activation_stream.h"
#include "converter/sae_training/dead_features.h"
#include "converter/sae_training/item_means.h"
#include "converter/sae_training/parameter_block.h"
#include "converter/sae_training/quality.h"
#include "converter/sae_training/row_split.h"
#include "converter/sae_training/start_directions.h"
#include "converter/sae_training/train_kernels.h"
#include "converter/sae_training/train_schedule.h"

namespace pintle::converter {
namespace {

// What one thread writes to.
struct Worker {
  ParameterBlock gradients;
  std::vector<float> pre, value, aux_value, residual, aux_error, item_error;
  std::vector<uint32_t> index, aux_index, fired;
  std::vector<int64_t> row_start;
  TrainScratch scratch;
  TrainCounts counts{};

  Worker(int64_t dim, int64_t dict, int64_t nested_count)
      : gradients(dim, dict),
        pre(kTrainChunk * dict),
        value(kTrainChunk * dict + 1),  // collecting writes one place past the last entry
        aux_value(dict + 1),
        residual(nested_count * dim),
        aux_error(dim),
        item_error(dim),
        index(kTrainChunk * dict + 1),
        aux_index(dict + 1),
        fired(dict),
        row_start(kTrainChunk + 1) {
    scratch = {
        pre.data(),       index.data(),    value.data(),     row_start.data(),  aux_index.data(),
        aux_value.data(), residual.data(), aux_error.data(), item_error.data(), 0.0f};
    counts.fired = fired.data();
  }
};

class Trainer {
 public:
  Trainer(const ActivationSet& set, const TrainConfig& config, ThreadPool* pool);
  SaeWeights run(const std::function<void(const TrainProgress&)>& report, TrainOutcome* outcome);

 private:
  void initialise();
  void step(int64_t number);
  void update(int worker, const AdamStep& adam);
  void follow_features();
  void follow_threshold(float bound);
  TrainProgress take_progress(int64_t step_number);
  bool keep_best(const TrainProgress& progress);
  SaeWeights as_trained(int64_t step_number) const;
  std::vector<float> read_sample() const;
  float calibrate_threshold();
  SaeWeights fold() const;

  const ActivationSet& set_;
  const TrainConfig config_;
  const int64_t dim_, dict_;
  const ActivationStatistics statistics_;
  const RowSplit split_;
  const std::vector<float> held_out_;
  std::optional<ItemMeans> item_means_;  // where the item loss has weight
  ActivationStream stream_;
  const TrainKernels& kernels_;
  ThreadPool* const pool_;
  ParameterBlock weights_, first_moment_, second_moment_;
  std::vector<std::unique_ptr<Worker>> workers_;
  std::vector<float> batch_, targets_;
  std::vector<uint32_t> items_;  // of the batch
  std::vector<int64_t> nested_end_;
  DeadFeatures dead_;
  double squared_error_ = 0, active_ = 0;  // since the last report
  int64_t rows_ = 0;
  float threshold_ = 0;

  // The weights that explained most of the held-out rows.
  struct Best {
    std::vector<float> weights;
    float threshold = 0;
    double variance = 0;
    int64_t steps = 0;
    int reports_since = 0;
  };
  Best best_;
};

const ActivationSet& checked(const ActivationSet& set, const TrainConfig& config) {
  check_train_config(config);
  set.verify();
  return set;
}

Trainer::Trainer(const ActivationSet& set, const TrainConfig& config, ThreadPool* pool)
    : set_(checked(set, config)),
      config_(config),
      dim_(set.dim()),
      dict_(config.dict),
      statistics_(measure_activations(set)),
      split_(split_rows(set.rows(), config.held_out_share, config.most_held_out)),
      held_out_(read_blocks(set, split_.held_out)),
      stream_(set, split_, config.memory_bytes, config.seed),
      kernels_(train_kernels()),
      pool_(pool),
      weights_(dim_, dict_),
      first_moment_(dim_, dict_),
      second_moment_(dim_, dict_),
      batch_(static_cast<size_t>(config.batch * dim_)),
      targets_(batch_.size()),
      items_(static_cast<size_t>(config.batch)),
      nested_end_(config.nested),
      dead_(dict_, config.dead_after_rows) {
  nested_end_.push_back(dict_);
  for (int w = 0; w < pool_->size(); ++w) {
    workers_.push_back(
        std::make_unique<Worker>(dim_, dict_, static_cast<int64_t>(nested_end_.size())));
  }
  if (config_.item_scale > 0) item_means_.emplace(set_, statistics_);
  initialise();
}

// The encoder starts as the decoder's transpose, and so does what tells the item.
void Trainer::initialise() {
  const std::vector<float> start = config_.freeze_decoder
                                       ? random_directions(dict_, dim_, config_.start)
                                       : start_directions(set_, statistics_, dict_, config_.start);
  std::copy(start.begin(), start.end(), weights_.view.decoder);
  std::copy(start.begin(), start.end(), weights_.view.encoder);
  std::copy(start.begin(), start.end(), weights_.view.item_decoder);
}

void Trainer::step(int64_t number) {
  stream_.next(config_.batch, batch_.data(), items_.data());
  TrainStep step{};
  step.dim = dim_;
  step.dict = dict_;
  switch (config_.variant) {
    case SaeVariant::kReluL1:
      step.selection = TrainSelection::kPositive;
      break;
    case SaeVariant::kTopK:
      step.selection = TrainSelection::kTopK;
      break;
    case SaeVariant::kBatchTopK:
      step.selection = TrainSelection::kBatchTopK;
      break;
  }
  step.k = scheduled_k(config_, number);
  step.l1 = static_cast<float>(scheduled_l1(config_, number));
  step.nested_end = nested_end_.data();
  step.nested_count = static_cast<int64_t>(nested_end_.size());
  step.dead = dead_.list().data();
  step.dead_count = config_.aux_k > 0 ? static_cast<int64_t>(dead_.list().size()) : 0;
  step.aux_k = config_.aux_k;
  step.aux_scale = static_cast<float>(config_.aux_scale);
  step.item_scale = static_cast<float>(scheduled_item_scale(config_, number));

  AdamStep adam{};
  adam.learning_rate = static_cast<float>(scheduled_learning_rate(config_, number));
  adam.beta1 = 0.9f;
  adam.beta2 = 0.999f;
  adam.epsilon = 1e-8f;
  const double t = static_cast<double>(number) + 1;
  adam.correction1 = static_cast<float>(1 / (1 - std::pow(0.9, t)));
  adam.correction2 = static_cast<float>(1 / (1 - std::pow(0.999, t)));
  adam.gradient_scale = 1.0f / static_cast<float>(config_.batch);

  pool_->run([&](int w) {
    Worker& worker = *workers_[w];
    const Share share = share_of(config_.batch, w, pool_->size());
    float* rows = batch_.data() + share.begin * dim_;
    float* targets = targets_.data() + share.begin * dim_;
    const int64_t count = share.end - share.begin;
    const float scale = 1 / statistics_.scale;
    for (int64_t i = 0; i < count; ++i) {
      for (int64_t d = 0; d < dim_; ++d) {
        rows[i * dim_ + d] = (rows[i * dim_ + d] - statistics_.mean[d]) * scale;
      }
      if (!item_means_) continue;
      const float* mean = item_means_->of(items_[static_cast<size_t>(share.begin + i)]);
      std::copy(mean, mean + dim_, targets + i * dim_);
    }
    kernels_.accumulate(step, weights_.view, rows, targets, count, &worker.scratch,
                        worker.gradients.view, &worker.counts);
  });
  pool_->run([&](int w) { update(w, adam); });
  follow_features();
}

// Sums the workers' gradients in their order and moves the parameters, each worker its own part.
void Trainer::update(int worker, const AdamStep& adam) {
  float* const sum = workers_[0]->gradients.values.data();
  const auto part = [&](const float* begin, int64_t first, int64_t count, int64_t unit_row) {
    const int64_t offset = (begin - weights_.values.data()) + first;
    for (int w = 1; w < pool_->size(); ++w) {
      float* more = workers_[w]->gradients.values.data() + offset;
      for (int64_t i = 0; i < count; ++i) sum[offset + i] += more[i];
      std::fill(more, more + count, 0.0f);
    }
    kernels_.adam(adam, weights_.values.data() + offset, sum + offset,
                  first_moment_.values.data() + offset, second_moment_.values.data() + offset,
                  count, unit_row);
    std::fill(sum + offset, sum + offset + count, 0.0f);
  };
  const auto leave = [&](const float* begin, int64_t first, int64_t count) {
    const int64_t offset = (begin - weights_.values.data()) + first;
    for (int w = 0; w < pool_->size(); ++w) {
      float* unused = workers_[w]->gradients.values.data() + offset;
      std::fill(unused, unused + count, 0.0f);
    }
  };
  const Share rows = share_of(dict_, worker, pool_->size());
  const int64_t count = rows.end - rows.begin;
  part(weights_.view.encoder, rows.begin * dim_, count * dim_, 0);
  part(weights_.view.encoder_bias, rows.begin, count, 0);
  if (config_.freeze_decoder) {
    leave(weights_.view.decoder, rows.begin * dim_, count * dim_);
    leave(weights_.view.item_decoder, rows.begin * dim_, count * dim_);
  } else {
    part(weights_.view.decoder, rows.begin * dim_, count * dim_, dim_);
  }
  if (worker == 0) part(weights_.view.decoder_bias, 0, dim_, 0);
  if (config_.item_scale == 0) return;
  if (!config_.freeze_decoder) {
    part(weights_.view.item_decoder, rows.begin * dim_, count * dim_, 0);
  }
  if (worker == 0) part(weights_.view.item_bias, 0, dim_, 0);
}

void Trainer::follow_features() {
  std::vector<uint32_t> fired(dict_);
  double threshold_sum = 0;
  int64_t chunks = 0;
  for (const auto& worker : workers_) {
    TrainCounts& counts = worker->counts;
    squared_error_ += counts.squared_error;
    active_ += counts.active;
    threshold_sum += counts.threshold_sum;
    chunks += counts.chunks;
    for (int64_t j = 0; j < dict_; ++j) fired[j] |= worker->fired[j];
    std::fill(worker->fired.begin(), worker->fired.end(), 0u);
    counts.squared_error = counts.active = counts.threshold_sum = 0;
    counts.chunks = 0;
  }
  rows_ += config_.batch;
  if (chunks > 0) follow_threshold(static_cast<float>(threshold_sum / static_cast<double>(chunks)));
  dead_.pass(config_.batch, fired);
}

// The bound of one batch is chance to a part; over the last steps it is what all positions share.
void Trainer::follow_threshold(float bound) {
  constexpr float kNew = 0.1f;
  threshold_ += (threshold_ == 0 ? 1.0f : kNew) * (bound - threshold_);
}

TrainProgress Trainer::take_progress(int64_t step_number) {
  TrainProgress progress;
  progress.step = step_number;
  progress.steps = config_.steps;
  const double rows = static_cast<double>(rows_);
  // The inputs have unit variance per component.
  progress.explained_variance = 1 - squared_error_ / (rows * static_cast<double>(dim_));
  progress.active = active_ / rows;
  progress.dead_share = static_cast<double>(dead_.list().size()) / static_cast<double>(dict_);
  if (!std::isfinite(squared_error_)) {
    throw Error("train-sae: training diverged; lower the learning rate");
  }
  squared_error_ = active_ = 0;
  rows_ = 0;
  return progress;
}

// Folds normalisation and centring into the weights; the units of the features do not change.
SaeWeights Trainer::fold() const {
  SaeWeights sae;
  sae.dim = dim_;
  sae.dict = dict_;
  sae.hook = set_.header().hook;
  sae.model_hash = set_.header().model_hash;
  const float s = statistics_.scale;
  sae.encoder = {dict_, dim_, std::vector<float>(dict_ * dim_)};
  sae.decoder = {dict_, dim_, std::vector<float>(dict_ * dim_)};
  for (int64_t j = 0; j < dict_; ++j) {
    double shift = 0;
    for (int64_t d = 0; d < dim_; ++d) {
      const float weight = weights_.view.encoder[j * dim_ + d] / s;
      sae.encoder.row(j)[d] = weight;
      sae.decoder.row(j)[d] = weights_.view.decoder[j * dim_ + d] * s;
      shift += static_cast<double>(weight) * static_cast<double>(statistics_.mean[d]);
    }
    const double bias = static_cast<double>(weights_.view.encoder_bias[j]) - shift;
    sae.encoder_bias.push_back(static_cast<float>(bias));
  }
  for (int64_t d = 0; d < dim_; ++d) {
    sae.decoder_bias.push_back(weights_.view.decoder_bias[d] * s + statistics_.mean[d]);
  }
  return sae;
}

// As if step `step_number` were the last, with the threshold that features share in the steps so far.
SaeWeights Trainer::as_trained(int64_t step_number) const {
  SaeWeights sae = fold();
  switch (config_.variant) {
    case SaeVariant::kReluL1:
      break;
    case SaeVariant::kTopK:
      sae.activation = SaeActivation::kTopK;
      sae.k = static_cast<int64_t>(scheduled_k(config_, step_number));
      break;
    case SaeVariant::kBatchTopK:
      sae.activation = SaeActivation::kJumpRelu;
      sae.threshold.assign(dict_, threshold_);
      break;
  }
  return sae;
}

// False once nothing has got better for too long.
bool Trainer::keep_best(const TrainProgress& progress) {
  constexpr double kLeastGain = 1e-4;  // of the explained variance: less is no difference
  const double ramp = config_.sparsity_share * static_cast<double>(config_.steps);
  if (!progress.held_out_variance || static_cast<double>(progress.step) < ramp) return true;
  if (best_.weights.empty() || *progress.held_out_variance > best_.variance + kLeastGain) {
    best_ = {weights_.values, threshold_, *progress.held_out_variance, progress.step, 0};
    return true;
  }
  ++best_.reports_since;
  const bool is_last = progress.step == config_.steps;
  const bool goes_on = config_.patience == 0 || best_.reports_since < config_.patience;
  if (goes_on && !is_last) return true;
  if (*progress.held_out_variance < best_.variance - kLeastGain) {
    weights_.values = best_.weights;
    threshold_ = best_.threshold;
  } else {
    best_.steps = progress.step;
  }
  return false;
}

SaeWeights Trainer::run(const std::function<void(const TrainProgress&)>& report,
                        TrainOutcome* outcome) {
  TrainOutcome told;
  told.held_out_rows = static_cast<int64_t>(held_out_.size()) / dim_;
  for (int64_t number = 0; number < config_.steps; ++number) {
    step(number);
    told.steps = number + 1;
    if (told.steps % config_.report_steps != 0 && told.steps != config_.steps) continue;
    TrainProgress progress = take_progress(told.steps);
    if (!held_out_.empty()) {
      progress.held_out_variance = explained_variance(as_trained(number), held_out_, pool_);
    }
    if (report) report(progress);
    told.curve.push_back(progress);
    if (!keep_best(progress)) break;
  }
  told.kept_steps = best_.weights.empty() ? told.steps : best_.steps;
  SaeWeights sae = as_trained(config_.steps);
  if (config_.variant == SaeVariant::kBatchTopK) {
    sae.threshold.assign(dict_, calibrate_threshold());
  }
  check_sae(sae, "train-sae");
  if (outcome != nullptr && !held_out_.empty()) {
    told.train_variance = explained_variance(sae, read_sample(), pool_);
    told.held_out_variance = explained_variance(sae, held_out_, pool_);
  }
  if (outcome != nullptr) *outcome = std::move(told);
  return sae;
}

// As many rows to train on as are held out, blocks evenly taken.
std::vector<float> Trainer::read_sample() const {
  std::vector<uint32_t> blocks;
  const size_t count = std::min(split_.held_out.size(), split_.train.size());
  for (size_t i = 0; i < count; ++i) {
    blocks.push_back(split_.train[i * split_.train.size() / count]);
  }
  return read_blocks(set_, blocks);
}

// The threshold at which k features are on per row on average, over fresh training rows and the
// final weights.
float Trainer::calibrate_threshold() {
  constexpr int64_t kRows = 1 << 16;
  const SaeWeights sae = fold();
  const int64_t rows = std::min(kRows, set_.rows());
  const size_t budget = static_cast<size_t>(config_.k * static_cast<double>(rows));
  std::vector<float> x(kTrainChunk * dim_), pre(kTrainChunk * dict_), values;
  std::vector<uint32_t> items(kTrainChunk);
  for (int64_t done = 0; done < rows; done += kTrainChunk) {
    const int64_t n = std::min(kTrainChunk, rows - done);
    stream_.next(n, x.data(), items.data());
    pre_activations(sae, x.data(), n, pre.data());
    // Half of training's last threshold is a safe lower bound.
    std::copy_if(pre.begin(), pre.begin() + n * dict_, std::back_inserter(values),
                 [&](float v) { return v > 0.5f * threshold_; });
  }
  if (values.size() <= budget) return 0;  // fewer are positive than may be on
  std::nth_element(values.begin(), values.begin() + budget, values.end(), std::greater<float>());
  return values[budget];  // strictly above it: `budget` values
}

}  // namespace

SaeWeights train_sae(const ActivationSet& set, const TrainConfig& config, ThreadPool* pool,
                     const std::function<void(const TrainProgress&)>& report,
                     TrainOutcome* outcome) {
  return Trainer(set, config, pool).run(report, outcome);
}

}  // namespace pintle::converter
