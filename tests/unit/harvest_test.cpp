// SPDX-License-Identifier: Apache-2.0
#include "converter/run/harvest.h"

#include <doctest/doctest.h>

#include "converter/io/error.h"
#include "converter/jobs/train_sae.h"
#include "converter/sae_training/activations.h"
#include "support/default_model.h"

namespace pintle::converter {
namespace {

using test::DefaultModel;

std::vector<UserStates> harvest(const DefaultModel& files, const Histories& histories,
                                const std::string& hook, int threads) {
  ThreadPool pool(threads);
  std::vector<UserStates> states;
  harvest_states(files.model, histories, parse_hook(hook), &pool,
                 [&](const UserStates& user) { states.push_back(user); });
  return states;
}

TEST_CASE("a state is the runtime's after the same events") {
  // f32: int8 products round differently over many events at once than one by one.
  const DefaultModel files(fb::DType_F32);
  Histories histories = files.users(3);
  histories.items[1].clear();
  for (const char* hook : {"block:0", "block:1", "mlp:0", "mlp:1", "last"}) {
    CAPTURE(hook);
    const std::vector<UserStates> all = harvest(files, histories, hook, 1);
    REQUIRE(all.size() == 3);
    CHECK(all[1].items.empty());
    CHECK(all[1].states.empty());
    for (const size_t user : {size_t{0}, size_t{2}}) {
      const std::vector<uint32_t>& items = histories.items[user];
      const size_t kept = std::min<size_t>(items.size(), 32);
      CHECK(all[user].user == user);
      REQUIRE(all[user].items ==
              std::vector<uint32_t>(items.end() - static_cast<std::ptrdiff_t>(kept), items.end()));
      REQUIRE(all[user].states.size() == kept * 32);
      for (const size_t t : {size_t{0}, kept / 2, kept - 1}) {
        Session session = new_session(files.model);
        REQUIRE(session.append(all[user].items.data(), t + 1));
        const std::vector<float> state = require(session.state(hook), "state");
        for (size_t d = 0; d < 32; ++d) {
          CHECK(all[user].states[t * 32 + d] == doctest::Approx(state[d]).epsilon(1e-4));
        }
      }
    }
  }
}

TEST_CASE("threads do not matter, and users come in order") {
  DefaultModel files;
  const Histories histories = files.users(600);  // more than are held at once
  const std::vector<UserStates> one = harvest(files, histories, "block:0", 1);
  const std::vector<UserStates> three = harvest(files, histories, "block:0", 3);
  REQUIRE(one.size() == 600);
  REQUIRE(three.size() == 600);
  bool same = true;
  for (size_t u = 0; u < 600; ++u) {
    same = same && one[u].user == u && three[u].user == u && one[u].states == three[u].states;
  }
  CHECK(same);
}

TEST_CASE("a hook that the model lacks") {
  DefaultModel files;
  CHECK_THROWS_AS(harvest(files, files.users(1), "block:2", 1), Error);
  CHECK_THROWS_AS(harvest(files, files.users(1), "mlp:7", 1), Error);
}

TEST_CASE("shards hold the same rows however many they are") {
  DefaultModel files;
  HarvestJob job;
  job.model_path = files.path;
  job.interactions_path = test::default_model_file("interactions.txt");
  const auto rows = [&](int64_t count) {
    const std::string folder = files.dir.path("shards-" + std::to_string(count));
    for (int64_t i = 0; i < count; ++i) harvest_shard(job, i, count, folder, &files.pool);
    const ActivationSet set(shard_files(folder));
    std::vector<float> values(static_cast<size_t>(set.rows() * set.dim()));
    set.read(0, set.rows(), values.data());
    return values;
  };
  const std::vector<float> whole = rows(1);
  CHECK(whole.size() > 32 * 20000);
  CHECK(rows(3) == whole);
  CHECK(shard_file_name(parse_hook("mlp:1"), 2, 8) == "mlp-1.2-of-8.act");
}

TEST_CASE("shards of another model, another hook or none") {
  DefaultModel files;
  TrainJob job;
  job.harvest.model_path = files.path;
  job.given.dict = 16;
  job.given.k = 4;
  job.given.steps = 2;
  job.out_folder = files.dir.path("sae");
  CHECK_THROWS_WITH_AS(run_train_job(job, &files.pool), doctest::Contains("--interactions"), Error);
  CHECK_THROWS_AS(shard_files(files.dir.path("nowhere")), Error);

  HarvestJob harvest = job.harvest;
  harvest.interactions_path = test::default_model_file("interactions.txt");
  job.shards = {harvest_shard(harvest, 0, 1, files.dir.path("shards"), &files.pool).path};
  const TrainReport report = run_train_job(job, &files.pool);
  CHECK(!report.quality);
  CHECK(report.sae.model_hash == report.model_hash);

  job.harvest.hook = parse_hook("last");
  CHECK_THROWS_WITH_AS(run_train_job(job, &files.pool), doctest::Contains("block:0"), Error);
  job.harvest.hook = parse_hook("block:0");
  ConvertOptions f32 = test::default_model_options(files.dir.path("f32.pintle"));
  f32.precision = fb::DType_F32;
  convert(f32, &files.pool);
  job.harvest.model_path = f32.out_path;
  CHECK_THROWS_WITH_AS(run_train_job(job, &files.pool), doctest::Contains("harvest again"), Error);
}

}  // namespace
}  // namespace pintle::converter
