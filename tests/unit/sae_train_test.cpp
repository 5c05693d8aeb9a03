// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>

#include "converter/io/error.h"
#include "converter/sae_training/item_means.h"
#include "converter/sae_training/quality.h"
#include "converter/sae_training/random.h"
#include "converter/sae_training/start_directions.h"
#include "converter/sae_training/train.h"
#include "tests/support/scratch_dir.h"

namespace pintle::converter {
namespace {

constexpr int64_t kDim = 16, kTrue = 24, kOn = 3;

// Sums of a few of some known directions, off centre and off scale.
struct Synthetic {
  std::vector<std::vector<float>> directions;
  std::vector<float> rows;

  explicit Synthetic(int64_t count, uint64_t seed = 1, int64_t direction_count = kTrue) {
    Random random(99);
    for (int64_t t = 0; t < direction_count; ++t) {
      std::vector<float> direction;
      double norm = 0;
      for (int64_t d = 0; d < kDim; ++d) {
        direction.push_back(static_cast<float>(random.normal()));
        norm += static_cast<double>(direction.back()) * static_cast<double>(direction.back());
      }
      for (float& v : direction) v /= static_cast<float>(std::sqrt(norm));
      directions.push_back(direction);
    }
    random = Random(seed);
    for (int64_t r = 0; r < count; ++r) {
      std::vector<float> row(kDim, 5.0f);
      for (int64_t i = 0; i < kOn; ++i) {
        const auto& direction = directions[random.below(static_cast<uint64_t>(direction_count))];
        const float strength = static_cast<float>(3 + 3 * random.uniform());
        for (int64_t d = 0; d < kDim; ++d) row[d] += strength * direction[d];
      }
      rows.insert(rows.end(), row.begin(), row.end());
    }
  }
};

// Every row at a position of the same item, if items are not told.
std::string write_rows(const test::ScratchDir& dir, const std::string& name,
                       const std::vector<float>& rows, int64_t dim = kDim,
                       std::vector<uint32_t> items = {}) {
  items.resize(rows.size() / static_cast<size_t>(dim));
  ActivationHeader header;
  header.dim = dim;
  header.model_hash = "hash";
  header.hook = {HookPlace::kMlp, 2};
  ActivationWriter writer(dir.path(name), header);
  writer.append(rows.data(), items.data(), static_cast<int64_t>(items.size()));
  writer.finish();
  return dir.path(name);
}

TrainConfig small_config(SaeVariant variant) {
  TrainConfig config;
  config.variant = variant;
  config.dict = 32;
  config.k = kOn;
  config.k_start = 1;
  config.l1 = 1;
  config.steps = 1500;
  config.batch = 256;
  config.learning_rate = 5e-3;
  config.dead_after_rows = 5000;
  return config;
}

// Mean over the true directions of the best cosine with a decoder row.
double recovered(const Synthetic& data, const SaeWeights& sae) {
  double sum = 0;
  for (const auto& direction : data.directions) {
    double best = -1;
    for (int64_t j = 0; j < sae.dict; ++j) {
      double dot = 0, norm = 0;
      for (int64_t d = 0; d < sae.dim; ++d) {
        const double weight = static_cast<double>(sae.decoder.row(j)[d]);
        dot += weight * static_cast<double>(direction[d]);
        norm += weight * weight;
      }
      best = std::max(best, dot / std::sqrt(norm));
    }
    sum += best;
  }
  return sum / static_cast<double>(kTrue);
}

SaeWeights train(const ActivationSet& set, const TrainConfig& config,
                 const std::function<void(const TrainProgress&)>& report, int threads = 2) {
  ThreadPool pool(threads);
  return train_sae(set, config, &pool, report);
}

TEST_CASE("a frozen decoder stays random, and only the encoder learns") {
  const test::ScratchDir dir;
  const Synthetic data(20000);
  const ActivationSet set({write_rows(dir, "train", data.rows)});
  ThreadPool pool(2);
  TrainConfig config = small_config(SaeVariant::kTopK);
  const SaeWeights learned = train(set, config, nullptr);
  config.freeze_decoder = true;
  const SaeWeights frozen = train(set, config, nullptr);
  const std::vector<float> start = random_directions(config.dict, kDim, config.start);
  const float scale = measure_activations(set).scale;
  for (size_t i = 0; i < start.size(); ++i) {
    REQUIRE(frozen.decoder.values[i] == start[i] * scale);
  }
  config.steps = 1;
  const SaeWeights untrained = train(set, config, nullptr);
  const double variance = measure_sae(frozen, set, &pool).explained_variance;
  CHECK(variance > measure_sae(untrained, set, &pool).explained_variance + 0.1);
  CHECK(variance < measure_sae(learned, set, &pool).explained_variance - 0.1);
}

TEST_CASE("every variant finds a known sparse dictionary") {
  const test::ScratchDir dir;
  const Synthetic data(20000), unseen(4000, 2);
  const ActivationSet set({write_rows(dir, "train", data.rows)});
  const ActivationSet held_out({write_rows(dir, "test", unseen.rows)});
  for (const SaeVariant variant :
       {SaeVariant::kReluL1, SaeVariant::kTopK, SaeVariant::kBatchTopK}) {
    CAPTURE(static_cast<int>(variant));
    TrainProgress last;
    const SaeWeights sae =
        train(set, small_config(variant), [&](const TrainProgress& progress) { last = progress; });
    CHECK(recovered(data, sae) > 0.9);
    CHECK(last.step == 1500);
    CHECK(sae.hook == Hook{HookPlace::kMlp, 2});
    CHECK(sae.model_hash == "hash");
    ThreadPool pool(2);
    const SaeQuality quality = measure_sae(sae, held_out, &pool);
    CHECK(quality.explained_variance > 0.9);
    CHECK(quality.explained_variance == doctest::Approx(last.explained_variance).epsilon(0.03));
    if (variant == SaeVariant::kTopK) {
      CHECK(sae.activation == SaeActivation::kTopK);
      CHECK(quality.active <= static_cast<double>(kOn));
    }
    if (variant == SaeVariant::kBatchTopK) {
      CHECK(sae.activation == SaeActivation::kJumpRelu);
      CHECK(quality.active == doctest::Approx(static_cast<double>(kOn)).epsilon(0.05));
    }
    // Decoder rows are of norm 1 before normalisation is folded in: all alike after it.
    const float scale = measure_activations(set).scale;
    for (int64_t j = 0; j < sae.dict; ++j) {
      double norm = 0;
      for (int64_t d = 0; d < kDim; ++d) {
        norm += static_cast<double>(sae.decoder.row(j)[d] * sae.decoder.row(j)[d]);
      }
      CHECK(std::sqrt(norm) == doctest::Approx(static_cast<double>(scale)).epsilon(1e-4));
    }
  }
}

bool same_bytes(const SaeWeights& a, const SaeWeights& b) {
  return a.encoder.values == b.encoder.values && a.encoder_bias == b.encoder_bias &&
         a.decoder.values == b.decoder.values && a.decoder_bias == b.decoder_bias &&
         a.threshold == b.threshold;
}

TEST_CASE("the same seed and thread count give the same bytes") {
  const test::ScratchDir dir;
  const Synthetic data(3000);
  const ActivationSet set({write_rows(dir, "train", data.rows)});
  for (const SaeVariant variant :
       {SaeVariant::kReluL1, SaeVariant::kTopK, SaeVariant::kBatchTopK}) {
    for (const int threads : {1, 2, 3}) {
      TrainConfig config = small_config(variant);
      config.steps = 60;
      const SaeWeights first = train(set, config, nullptr, threads);
      CHECK(same_bytes(first, train(set, config, nullptr, threads)));
      config.seed = 2;
      CHECK_FALSE(same_bytes(first, train(set, config, nullptr, threads)));
    }
  }
}

TEST_CASE("a memory budget far below the data trains as well") {
  const test::ScratchDir dir;
  const Synthetic data(20000);
  const ActivationSet set({write_rows(dir, "train", data.rows)});
  TrainConfig config = small_config(SaeVariant::kTopK);
  config.memory_bytes = 100000;  // of 1.4 million
  CHECK(recovered(data, train(set, config, nullptr)) > 0.9);
}

// At a high learning rate, where features die fastest.
TEST_CASE("dead features come back by the auxiliary loss") {
  const test::ScratchDir dir;
  const Synthetic data(20000, 1, 400);
  const ActivationSet set({write_rows(dir, "train", data.rows)});
  TrainConfig config = small_config(SaeVariant::kBatchTopK);
  config.dict = 128;
  config.learning_rate = 1e-2;
  config.decay_share = 0;
  const auto dead_share = [&](bool revive) {
    config.aux_k = revive ? 16 : 0;
    config.aux_scale = 1;
    TrainProgress last;
    train(set, config, [&](const TrainProgress& progress) { last = progress; });
    return last.dead_share;
  };
  const double without = dead_share(false), with = dead_share(true);
  CAPTURE(without);
  CAPTURE(with);
  CHECK(without > 0.2);
  CHECK(with < 0.3 * without);
}

TEST_CASE("nested dictionaries: a prefix alone explains more than of a plain SAE") {
  const test::ScratchDir dir;
  const Synthetic data(20000);
  const ActivationSet set({write_rows(dir, "train", data.rows)});
  TrainConfig config = small_config(SaeVariant::kTopK);
  const auto prefix_variance = [&] {
    SaeWeights sae = train(set, config, nullptr);
    std::fill(sae.decoder.row(8), sae.decoder.row(0) + sae.dict * sae.dim, 0.0f);
    ThreadPool pool(1);
    return measure_sae(sae, set, &pool).explained_variance;
  };
  const double plain = prefix_variance();
  config.nested = {8, 16};
  CHECK(prefix_variance() > plain + 0.05);
}

// States are an item's vector and a context's. With the item loss the strongest feature of a position tells
// more of the item: within an item it varies less.
TEST_CASE("the item loss makes features answer to the item") {
  const test::ScratchDir dir;
  constexpr int64_t kRows = 20000;
  constexpr uint32_t kItems = 40, kContexts = 40;
  Random random(7);
  std::vector<float> vectors;
  for (int64_t i = 0; i < (kItems + kContexts) * kDim; ++i) {
    vectors.push_back(static_cast<float>(random.normal()));
  }
  std::vector<float> rows;
  std::vector<uint32_t> items;
  for (int64_t r = 0; r < kRows; ++r) {
    items.push_back(static_cast<uint32_t>(random.below(kItems)));
    const int64_t context = kItems + static_cast<int64_t>(random.below(kContexts));
    for (int64_t d = 0; d < kDim; ++d) {
      rows.push_back(vectors[items.back() * kDim + d] + vectors[context * kDim + d]);
    }
  }
  const ActivationSet set({write_rows(dir, "train", rows, kDim, items)});
  // Of the variance of all activations, the part that lies between items.
  const auto between = [&](double item_scale) {
    TrainConfig config = small_config(SaeVariant::kBatchTopK);
    config.item_scale = item_scale;
    config.item_decay_share = 0;
    const SaeWeights sae = train(set, config, nullptr);
    std::vector<double> sum(kItems * sae.dict), total(sae.dict), squares(sae.dict), count(kItems);
    for (int64_t r = 0; r < kRows; ++r) {
      const SparseFeatures features = encode(sae, rows.data() + r * kDim);
      ++count[items[static_cast<size_t>(r)]];
      for (size_t i = 0; i < features.index.size(); ++i) {
        const double value = static_cast<double>(features.value[i]);
        sum[items[static_cast<size_t>(r)] * sae.dict + features.index[i]] += value;
        total[features.index[i]] += value;
        squares[features.index[i]] += value * value;
      }
    }
    double of_items = 0, of_all = 0;
    for (int64_t j = 0; j < sae.dict; ++j) {
      const double mean = total[j] / kRows;
      of_all += squares[j] - kRows * mean * mean;
      for (uint32_t i = 0; i < kItems; ++i) {
        of_items += sum[i * sae.dict + j] * sum[i * sae.dict + j] / count[i];
      }
      of_items -= kRows * mean * mean;
    }
    return of_items / of_all;
  };
  const double without = between(0), with = between(1);
  CAPTURE(without);
  CAPTURE(with);
  CHECK(with > without + 0.1);
}

TEST_CASE("an item's mean state, drawn towards the mean of all") {
  const test::ScratchDir dir;
  const std::vector<float> rows = {1, 0, 3, 0, 2, 6};
  const ActivationSet set({write_rows(dir, "train", rows, 2, {5, 5, 9})});
  ActivationStatistics statistics;
  statistics.mean = {2, 2};
  statistics.scale = 2;
  const ItemMeans means(set, statistics);
  // Two rows and two more at the mean; one row and two more.
  CHECK(means.of(5)[0] == doctest::Approx(0.0));
  CHECK(means.of(5)[1] == doctest::Approx(-2.0 / 4));
  CHECK(means.of(9)[0] == doctest::Approx(0.0));
  CHECK(means.of(9)[1] == doctest::Approx(2.0 / 3));
}

TEST_CASE("an SAE starts at the independent components of the states") {
  const test::ScratchDir dir;
  constexpr int64_t kRows = 8000, kSources = 6;
  const auto mixed = [&](uint64_t seed) {  // sparse sources through one fixed mixing
    Random mixing(11), random(seed);
    std::vector<float> mix;
    for (int64_t i = 0; i < kSources * kSources; ++i) {
      mix.push_back(static_cast<float>(mixing.normal()));
    }
    std::vector<float> rows;
    for (int64_t r = 0; r < kRows; ++r) {
      float source[kSources];
      for (float& s : source) {
        s = random.below(4) == 0 ? static_cast<float>(-std::log(random.uniform())) : 0.0f;
      }
      for (int64_t d = 0; d < kSources; ++d) {
        float sum = 0;
        for (int64_t s = 0; s < kSources; ++s) sum += source[s] * mix[s * kSources + d];
        rows.push_back(sum);
      }
    }
    return std::pair{rows, mix};
  };
  const auto [rows, mix] = mixed(1);
  const ActivationSet set({write_rows(dir, "a", rows, kSources)});
  const ActivationSet other({write_rows(dir, "b", mixed(2).first, kSources)});
  const std::vector<float> start = start_directions(set, measure_activations(set), 20, 1);
  const std::vector<float> again = start_directions(other, measure_activations(other), 20, 1);
  const auto cosine = [](const float* a, const float* b) {
    double dot = 0, aa = 0, bb = 0;
    for (int64_t d = 0; d < kSources; ++d) {
      dot += static_cast<double>(a[d] * b[d]);
      aa += static_cast<double>(a[d] * a[d]);
      bb += static_cast<double>(b[d] * b[d]);
    }
    return dot / std::sqrt(aa * bb);
  };
  for (int64_t s = 0; s < kSources;
       ++s) {  // each source's pattern is among the first, its sign too
    double best = -1;
    for (int64_t c = 0; c < kSources; ++c) {
      best = std::max(best, cosine(&mix[s * kSources], &start[c * kSources]));
    }
    CHECK(best > 0.99);
  }
  for (int64_t c = 0; c < 20; ++c) {
    double best = -1;
    for (int64_t o = 0; o < 20; ++o) {
      best = std::max(best, cosine(&start[c * kSources], &again[o * kSources]));
    }
    CHECK(best > 0.99);  // other rows of the same kind start alike
  }
  // The opposite ways follow, then directions that `start` alone tells.
  CHECK(cosine(&start[0], &start[kSources * kSources]) == doctest::Approx(-1.0));
  const std::vector<float> moved = start_directions(set, measure_activations(set), 20, 2);
  CHECK(std::equal(start.begin(), start.begin() + 12 * kSources, moved.begin()));
  CHECK_FALSE(
      std::equal(start.begin() + 12 * kSources, start.end(), moved.begin() + 12 * kSources));
}

// Rows that repeat a few patterns, and others held out: what is learnt by heart helps those not at all.
TEST_CASE("training ends early when held-out rows are explained no better, and keeps the best") {
  const test::ScratchDir dir;
  const Synthetic data(6000);
  const ActivationSet set({write_rows(dir, "train", data.rows)});
  TrainConfig config = small_config(SaeVariant::kBatchTopK);
  config.report_steps = 50;
  config.decay_share = 0;
  config.steps = 6000;
  config.patience = 3;
  TrainOutcome outcome;
  ThreadPool pool(2);
  const SaeWeights sae = train_sae(set, config, &pool, nullptr, &outcome);
  CHECK(outcome.steps < 6000);
  CHECK(outcome.steps >= 3000);  // not while k still rises
  CHECK(outcome.kept_steps <= outcome.steps);
  CHECK(outcome.held_out_rows == 384);
  CHECK(outcome.curve.size() == static_cast<size_t>(outcome.steps / 50));
  double best = 0;
  for (const TrainProgress& at : outcome.curve) {
    REQUIRE(at.held_out_variance);
    if (at.step >= 3000) best = std::max(best, *at.held_out_variance);
  }
  CHECK(outcome.held_out_variance > best - 5e-3);  // the last bound is fitted anew
  CHECK(outcome.train_variance == doctest::Approx(outcome.held_out_variance).epsilon(0.02));

  config.patience = 0;
  config.steps = 400;
  train_sae(set, config, &pool, nullptr, &outcome);
  CHECK(outcome.steps == 400);
  config.held_out_share = 0;
  train_sae(set, config, &pool, nullptr, &outcome);
  CHECK(outcome.held_out_rows == 0);
  CHECK_FALSE(outcome.curve.back().held_out_variance);
}

TEST_CASE("more features than the rows bear: others are explained worse, and it is seen") {
  const test::ScratchDir dir;
  const Synthetic data(512, 1, 400);  // of 400 directions, three a row
  const ActivationSet set({write_rows(dir, "train", data.rows)});
  TrainConfig config = small_config(SaeVariant::kTopK);
  config.dict = 256;
  config.held_out_share = 0.3;
  TrainOutcome outcome;
  ThreadPool pool(2);
  train_sae(set, config, &pool, nullptr, &outcome);
  CHECK(outcome.train_variance > outcome.held_out_variance + 0.05);
}

TEST_CASE("what cannot be trained is refused") {
  const test::ScratchDir dir;
  const Synthetic data(100);
  const ActivationSet set({write_rows(dir, "train", data.rows)});
  const auto refuses = [&](auto change) {
    TrainConfig config = small_config(SaeVariant::kTopK);
    change(&config);
    CHECK_THROWS_AS(train(set, config, nullptr), Error);
  };
  refuses([](TrainConfig* c) { c->dict = 0; });
  refuses([](TrainConfig* c) { c->k = 0; });
  refuses([](TrainConfig* c) { c->k = 33; });
  refuses([](TrainConfig* c) { c->k = 2.5; });
  refuses([](TrainConfig* c) { c->k = std::nan(""); });
  refuses([](TrainConfig* c) { c->steps = 0; });
  refuses([](TrainConfig* c) { c->batch = 0; });
  refuses([](TrainConfig* c) { c->learning_rate = 0; });
  refuses([](TrainConfig* c) { c->decay_share = 1.5; });
  refuses([](TrainConfig* c) { c->k_start = 0.5; });
  refuses([](TrainConfig* c) { c->item_scale = -1; });
  refuses([](TrainConfig* c) { c->item_decay_share = 2; });
  refuses([](TrainConfig* c) { c->held_out_share = 0.6; });
  refuses([](TrainConfig* c) { c->most_held_out = -1; });
  refuses([](TrainConfig* c) { c->patience = -1; });
  refuses([](TrainConfig* c) { c->nested = {8, 8}; });
  refuses([](TrainConfig* c) { c->nested = {32}; });
  const ActivationSet constant({write_rows(dir, "constant", std::vector<float>(kDim * 10, 1.0f))});
  CHECK_THROWS_WITH_AS(train(constant, small_config(SaeVariant::kTopK), nullptr),
                       doctest::Contains("all alike"), Error);
  TrainConfig wild = small_config(SaeVariant::kReluL1);
  wild.learning_rate = 1e30;
  CHECK_THROWS_WITH_AS(train(set, wild, nullptr), doctest::Contains("diverged"), Error);
}

TEST_CASE("a damaged shard does not reach training") {
  const test::ScratchDir dir;
  const Synthetic data(100);
  const std::string path = write_rows(dir, "train", data.rows);
  std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
  file.seekp(2000);
  file.put('x');
  file.close();
  CHECK_THROWS_WITH_AS(train(ActivationSet({path}), small_config(SaeVariant::kTopK), nullptr),
                       doctest::Contains("damaged"), Error);
}

}  // namespace
}  // namespace pintle::converter
