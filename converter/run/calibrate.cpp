// SPDX-License-Identifier: Apache-2.0
#include "converter/run/calibrate.h"

#include <algorithm>
#include <cstring>
#include <random>
#include <vector>

#include "converter/io/error.h"
#include "converter/io/progress.h"
#include "converter/run/histories.h"
#include "converter/run/runtime_model.h"

namespace pintle::converter {
namespace {

constexpr uint64_t kSeed = 20250712;
constexpr size_t kWalks = 64, kSteps = 25, kDraws = 4;  // draws a step: a step runs the network
constexpr size_t kScannedItems = 4096;                  // bounds the cost for large catalogues
constexpr uint32_t kDrawnFrom = 20;                     // draws from fewer repeat themselves
// The rest of a row's use: as an input of the network, and for states that no walk met.
constexpr double kRidge = 0.1;

// The items that walks visit: all, or a seeded sample of a large catalogue.
std::vector<uint32_t> walked_items(uint32_t item_count, std::mt19937_64* random) {
  std::vector<uint32_t> items;
  for (uint32_t i = 0; i < item_count && item_count <= kScannedItems; ++i) items.push_back(i);
  while (items.size() < std::min<size_t>(item_count, kScannedItems)) {
    items.push_back(static_cast<uint32_t>((*random)() % item_count));
  }
  return items;
}

enum class Draws { kBest, kBestOrAny };

void require_scalar(const pintle_model_info& info) {
  if (std::strcmp(info.isa, "scalar") != 0) {
    throw Error(std::string("calibration needs the scalar kernels, not ") + info.isa);
  }
}

States walk_states(const pintle_model* model, Draws draws) {
  const pintle_model_info info = model_info(model);
  require_scalar(info);
  std::mt19937_64 random(kSeed);
  const std::vector<uint32_t> items = walked_items(info.item_count, &random);
  pintle_request request = PINTLE_REQUEST_INIT;
  request.k = kDrawnFrom;
  if (items.size() < info.item_count) {
    request.allow = items.data();
    request.allow_count = items.size();
  }

  const Eigen::Index dim = info.dim;
  States states(kWalks * kSteps, dim);
  Eigen::Index count = 0;
  Session session(model);
  Progress progress("calibrating", "histories", kWalks);
  for (size_t walk = 0; walk < kWalks; ++walk) {
    session.reset();
    session.append(&items[random() % items.size()], 1);
    for (size_t step = 0; step < kSteps; ++step) {
      require_ok(pintle_session_state(session.get(), "last", states.row(count++).data()),
                 "cannot calibrate");
      const std::vector<pintle_recommendation> list = session.recommend(request);
      const bool any = draws == Draws::kBestOrAny && walk % 2 == 1;
      for (size_t draw = 0; draw < kDraws && !list.empty(); ++draw) {
        session.append(any ? &items[random() % items.size()] : &list[random() % list.size()].item,
                       1);
      }
    }
    progress.advance();
  }
  return states;
}

States history_states(const pintle_model* model, const Interactions& interactions) {
  constexpr size_t kStates = 2000;
  const pintle_model_info info = model_info(model);
  require_scalar(info);
  Histories histories = map_histories(model, interactions);
  auto& items = histories.items;
  items.erase(std::remove_if(items.begin(), items.end(), [](const auto& h) { return h.empty(); }),
              items.end());
  if (items.empty()) return {};
  std::mt19937_64 random(kSeed);
  States states(kStates, info.dim);
  Session session(model);
  Progress progress("calibrating", "histories", kStates);
  for (size_t i = 0; i < kStates; ++i) {
    const std::vector<uint32_t>& history = items[i * items.size() / kStates];
    session.reset();
    session.append(history.data(), 1 + random() % history.size());
    require_ok(pintle_session_state(session.get(), "last",
                                    states.row(static_cast<Eigen::Index>(i)).data()),
               "cannot calibrate");
    progress.advance();
  }
  return states;
}

}  // namespace

States scoring_states(const pintle_model* model, const Interactions* interactions) {
  States states;
  if (interactions != nullptr) states = history_states(model, *interactions);
  return states.rows() > 0 ? states : walk_states(model, Draws::kBestOrAny);
}

Eigen::MatrixXd scoring_moments(const pintle_model* model) {
  const States states = walk_states(model, Draws::kBest);
  const Eigen::Index dim = states.cols();
  Eigen::MatrixXd moments = Eigen::MatrixXd::Zero(dim, dim);
  for (Eigen::Index i = 0; i < states.rows(); ++i) {
    const Eigen::VectorXd h = states.row(i).cast<double>();
    moments += h * h.transpose();
  }
  moments /= static_cast<double>(states.rows());
  const double mean = moments.trace() / static_cast<double>(dim);
  moments.diagonal().array() += mean > 0 ? kRidge * mean : 1.0;
  return moments;
}

}  // namespace pintle::converter
