// SPDX-License-Identifier: Apache-2.0
#include "converter/sae_training/train_schedule.h"

#include <algorithm>
#include <cmath>

#include "converter/io/error.h"

namespace pintle::converter {
namespace {

void require_that(bool good, const char* what) {
  if (!good) throw Error(std::string("train-sae: ") + what);
}

bool is_share(double value) { return value >= 0 && value <= 1; }

// 0 at the first step, 1 from `span` on.
double ramp(double span, int64_t step) {
  return span > 0 ? std::min(1.0, static_cast<double>(step) / span) : 1.0;
}

}  // namespace

void check_train_config(const TrainConfig& config) {
  require_that(config.dict >= 1 && config.dict <= (1 << 24), "the dictionary size is out of range");
  if (config.variant != SaeVariant::kReluL1) {
    require_that(config.k >= 1 && config.k <= static_cast<double>(config.dict),
                 "k must be between 1 and the dictionary size");
    require_that(config.k_start >= 1 && std::isfinite(config.k_start), "k_start must be 1 or more");
  }
  require_that(config.variant != SaeVariant::kTopK || config.k == std::floor(config.k),
               "k must be a whole number for topk");
  require_that(config.l1 >= 0 && std::isfinite(config.l1), "l1 must not be negative");
  require_that(config.item_scale >= 0 && std::isfinite(config.item_scale),
               "the weight of the items must not be negative");
  require_that(config.learning_rate > 0, "the learning rate must be positive");
  require_that(is_share(config.warmup_share) && is_share(config.decay_share) &&
                   is_share(config.item_decay_share) && is_share(config.sparsity_share),
               "shares of the steps must be between 0 and 1");
  require_that(config.steps >= 1 && config.report_steps >= 1, "steps must be positive");
  require_that(config.batch >= 1 && config.batch <= (1 << 24), "the batch size is out of range");
  require_that(config.dead_after_rows >= 1, "rows until a feature counts as dead must be positive");
  require_that(
      config.held_out_share >= 0 && config.held_out_share <= 0.5 && config.most_held_out >= 0,
      "the share of the held-out positions must be between 0 and a half");
  require_that(config.patience >= 0, "patience must not be negative");
  require_that(config.aux_k >= 0 && config.aux_scale >= 0,
               "the auxiliary loss must not be negative");
  int64_t before = 0;
  for (const int64_t end : config.nested) {
    require_that(end > before && end < config.dict,
                 "nested dictionary sizes must ascend and stay below the dictionary size");
    before = end;
  }
}

double scheduled_k(const TrainConfig& config, int64_t step) {
  const double done = ramp(config.sparsity_share * static_cast<double>(config.steps), step);
  const double start = std::min(config.k, config.k_start);
  const double k = start * std::pow(config.k / start, done);
  return config.variant == SaeVariant::kTopK ? std::round(k) : k;
}

double scheduled_l1(const TrainConfig& config, int64_t step) {
  if (config.variant != SaeVariant::kReluL1) return 0;
  return config.l1 * ramp(config.sparsity_share * static_cast<double>(config.steps), step);
}

double scheduled_item_scale(const TrainConfig& config, int64_t step) {
  const double left = static_cast<double>(config.steps - step);
  const double decay = config.item_decay_share * static_cast<double>(config.steps);
  return config.item_scale * (left < decay ? left / decay : 1.0);
}

double scheduled_learning_rate(const TrainConfig& config, int64_t step) {
  const double steps = static_cast<double>(config.steps);
  const double done = static_cast<double>(step) + 1;
  const double warmup = config.warmup_share * steps, decay = config.decay_share * steps;
  double factor = done < warmup ? done / warmup : 1.0;
  if (steps - done < decay) factor = std::min(factor, (steps - done + 1) / decay);
  return config.learning_rate * factor;
}

}  // namespace pintle::converter
