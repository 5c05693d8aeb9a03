// SPDX-License-Identifier: Apache-2.0
#ifndef PINTLE_CONVERTER_JOBS_REPLACE_LOSS_H_
#define PINTLE_CONVERTER_JOBS_REPLACE_LOSS_H_

#include <cstddef>
#include <string>

#include "converter/features/bootstrap.h"
#include "converter/io/thread_pool.h"
#include "converter/network/sae.h"
#include "converter/run/histories.h"

namespace pintle::converter {

// What recommendations lose where the newest state is replaced by its reconstruction and nothing is edited.
struct ReplaceLoss {
  size_t users = 0;
  bool includes_seen = false;  // people take items again: such items stay eligible
  double base_ndcg = 0, ndcg = 0;
  double lost = 0;  // 1 - ndcg / base_ndcg; 0 where that is 0
  Interval interval;
};

// Leave-one-out, NDCG@10, over users with two known events or more, evenly at most kMostReplaced of them. The
// model at `model_path` is opened with this SAE alone.
inline constexpr size_t kMostReplaced = 4096;
ReplaceLoss measure_replace_loss(const std::string& model_path, const SaeWeights& sae,
                                 const Histories& histories, ThreadPool* pool);

}  // namespace pintle::converter

#endif  // PINTLE_CONVERTER_JOBS_REPLACE_LOSS_H_
