// SPDX-License-Identifier: Apache-2.0
//
// What conversion keeps of real checkpoints, on the data that they were trained for: NDCG@10 of the
// framework's own code at f32, and the bounds of the other precisions beside it.
#include <doctest/doctest.h>

#include <cmath>
#include <cstdlib>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "converter/jobs/convert.h"
#include "converter/run/evaluate.h"
#include "converter/run/runtime_model.h"
#include "support/scratch_dir.h"

namespace pintle::converter {
namespace {

const char* shared_folder() { return std::getenv("PINTLE_SHARED"); }
std::string shared(const std::string& name) { return std::string(shared_folder()) + "/" + name; }

struct Subject {
  const char* golden;  // also its name
  const char* weights;
  const char* arch;
  int64_t heads;
  const char* config;
  const char* mapping;  // "sas_id checkpoint_id" a line; empty: the data's ids are the checkpoint's
  const char* data;
  // Of another evaluation; 0: the golden file's own, `full_ranking.seen_excluded`.
  double ndcg, hit_rate;
};

const Subject kSubjects[] = {
    {"gpt2_ml1m", "gpt2-ml1m/model.safetensors", "", 0, "gpt2-ml1m/config.json", "",
     "ml-1m/ml-1m.txt", 0, 0},
    {"pmixer_sasrec_ml1m_epoch601",
     "pmixer-sasrec-2020/SASRec.epoch=601.lr=0.001.layer=2.head=1.hidden=50.maxlen=200.pth",
     "sasrec-pmixer-2020-linear", 1, "", "", "ml-1m/ml-1m.txt", 0, 0},
    {"pmixer_sasrec_ml1m_epoch1000",
     "pmixer-sasrec-2024/SASRec.epoch=1000.lr=0.001.layer=2.head=1.hidden=50.maxlen=200.pth",
     "sasrec-pmixer-2024", 1, "", "", "ml-1m/ml-1m.txt", 0, 0},
    {"snikem_sasrec_ml1m_postln_epoch120", "pmixer-sasrec-2025-postnorm/SASRec.epoch=120.pth",
     "sasrec-pmixer-2025-postnorm", 1, "", "", "ml-1m/ml-1m.txt", 0, 0},
    {"recbole_sasrec_ml1m_apr27", "recbole-sasrec/SASRec-Apr-27-2025-ml-1m.pth", "", 0, "",
     "recbole-sasrec/ml-1m_sas_to_recbole_items.txt", "ml-1m/ml-1m.txt", 0, 0},
    // This golden file's lists and its full_ranking are not of one protocol. What matches: the
    // lists of all 26 cases, by the runtime (tests/parity), and the rank of the held-out item in
    // all 26, by a forward pass written in NumPy for this comparison. That pass, over all 22,363
    // users, has 1,663 hits and NDCG@10 0.040321, which is what stands here and is met. What does
    // not match: full_ranking has NDCG@10 0.008837. Its hit rates at 1, 5, 10 and 20 are 19, 68,
    // 140 and 240 of 7,455 users, and whole numbers of no other count but twice that, so it is no
    // figure of every user; over every third user, which are 7,455, both passes have 550 hits and
    // 0.041290. Some 40 variants were tried (pads visible, heads, dropout left on, histories cut or
    // reversed). Near it come those that pad on the right and read the last slot, a pad for most
    // users (0.0083 to 0.0137), and those with ids or targets shifted or taken from other users
    // (0.0040 to 0.0107); none has its hits.
    {"iclrec_Beauty", "iclrec-beauty/ICLRec-Beauty-1.pt", "", 2, "", "", "amazon-beauty/Beauty.txt",
     0.040321, 1663.0 / 22363},
};

// The mapping as an item table: the checkpoint's id, then the data's.
std::string item_table(const Subject& subject, const test::ScratchDir& folder) {
  std::ifstream mapping(shared(std::string("checkpoints/") + subject.mapping));
  std::string table = "checkpoint_id\tsas_id\n", sas, checkpoint;
  while (mapping >> sas >> checkpoint) table += checkpoint + "\t" + sas + "\n";
  return folder.write("items.tsv", table);
}

struct Measured {
  Evaluation evaluation;
  double size_ratio;
};

Measured measure(const Subject& subject, fb::DType precision, const Interactions& interactions) {
  const test::ScratchDir folder;
  ConvertOptions options;
  options.weights_path = shared(std::string("checkpoints/") + subject.weights);
  options.import.arch = subject.arch;
  if (subject.heads != 0) options.import.heads = subject.heads;
  if (*subject.config != '\0') {
    options.import.config_path = shared(std::string("checkpoints/") + subject.config);
  }
  if (*subject.mapping != '\0') {
    options.items_path = item_table(subject, folder);
    options.items.id_column = "sas_id";
  }
  options.precision = precision;
  options.out_path = folder.path("m.pintle");
  ThreadPool pool(kDefaultThreads);
  const ConvertReport report = convert(options, &pool);
  const Model model = open_model(options.out_path);
  return {evaluate_leave_one_out(model, interactions, {}, &pool),
          static_cast<double>(report.tensor_bytes) / static_cast<double>(report.tensor_bytes_f32)};
}

TEST_CASE("quality and size of real checkpoints, by precision") {
  if (shared_folder() == nullptr) {
    MESSAGE("skipped: PINTLE_SHARED is not set");
    std::exit(77);
  }
  for (const Subject& subject : kSubjects) {
    CAPTURE(subject.golden);
    const Interactions interactions =
        read_interactions(shared(std::string("data/") + subject.data));
    const Measured f32 = measure(subject, fb::DType_F32, interactions);
    CHECK(f32.evaluation.unknown_events == 0);
    CHECK(f32.evaluation.unknown_targets == 0);
    double ndcg = subject.ndcg, hit_rate = subject.hit_rate;
    if (ndcg == 0) {
      std::ifstream golden(shared(std::string("golden/") + subject.golden + ".json"));
      const nlohmann::json expected =
          nlohmann::json::parse(golden)["full_ranking"]["seen_excluded"];
      ndcg = expected["ndcg@10"].get<double>();
      hit_rate = expected["hr@10"].get<double>();
    }
    CHECK(std::fabs(f32.evaluation.ndcg - ndcg) <= 0.0005);
    CHECK(std::fabs(f32.evaluation.hit_rate - hit_rate) <= 0.0005);
    const struct {
      fb::DType precision;
      double largest_loss;
    } bounds[] = {{fb::DType_F16, 0.002}, {fb::DType_I8, 0.005}, {fb::DType_I4, 0.02}};
    for (const auto& [precision, largest_loss] : bounds) {
      const Measured measured = measure(subject, precision, interactions);
      const double loss = 1 - measured.evaluation.ndcg / f32.evaluation.ndcg;
      MESSAGE(std::string(subject.golden)
              << " " << std::string(fb::EnumNameDType(precision)) << ": NDCG@10 "
              << measured.evaluation.ndcg << ", loss " << 100 * loss << " %, size "
              << measured.size_ratio << " of f32");
      CHECK(loss <= largest_loss);
      if (std::string(subject.golden) == "gpt2_ml1m") {
        if (precision == fb::DType_I8) CHECK(measured.size_ratio <= 0.30);
        if (precision == fb::DType_I4) CHECK(measured.size_ratio <= 0.18);
      }
    }
  }
}

}  // namespace
}  // namespace pintle::converter
