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
std::vector<uint32_t> walked_items(size_t item_count, std::mt19937_64* random) {
  std::vector<uint32_t> items;
  for (uint32_t i = 0; i < item_count && item_count <= kScannedItems; ++i) items.push_back(i);
  while (items.size() < std::min<size_t>(item_count, kScannedItems)) {
    items.push_back(static_cast<uint32_t>((*random)() % item_count));
  }
  return items;
}

constexpr char kCannotCalibrate[] = "cannot calibrate";

// Of the session, whose history this is, to the next row.
void add_state(Session* session, const std::vector<uint32_t>& history, ScoringStates* result) {
  const std::vector<float> state = require(session->state("last"), kCannotCalibrate);
  const Eigen::Index row = static_cast<Eigen::Index>(result->histories.size());
  std::copy(state.begin(), state.end(), result->states.row(row).data());
  result->histories.push_back(history);
}

enum class Draws { kBest, kBestOrAny };

void require_scalar(const pintle_model_info& info) {
  if (std::strcmp(info.isa, "scalar") != 0) {
    throw Error(std::string("calibration needs the scalar kernels, not ") + info.isa);
  }
}

ScoringStates walk_states(const Model& model, Draws draws) {
  const pintle_model_info info = model.info();
  require_scalar(info);
  std::mt19937_64 random(kSeed);
  const std::vector<uint32_t> items = walked_items(info.item_count, &random);
  Request request(kDrawnFrom);
  request.only_allowed = items.size() < info.item_count;
  if (request.only_allowed) request.allow = items;

  ScoringStates result;
  result.states.resize(kWalks * kSteps, static_cast<Eigen::Index>(info.dim));
  Session session = new_session(model);
  Progress progress("calibrating", "histories", kWalks);
  for (size_t walk = 0; walk < kWalks; ++walk) {
    require(session.reset(), kCannotCalibrate);
    std::vector<uint32_t> history;
    const auto append = [&](uint32_t item) {
      history.push_back(item);
      require(session.append(item), kCannotCalibrate);
    };
    append(items[random() % items.size()]);
    for (size_t step = 0; step < kSteps; ++step) {
      add_state(&session, history, &result);
      const auto list = require(session.recommend(request), kCannotCalibrate);
      const bool any = draws == Draws::kBestOrAny && walk % 2 == 1;
      for (size_t draw = 0; draw < kDraws && !list.empty(); ++draw) {
        append(any ? items[random() % items.size()] : list[random() % list.size()].item);
      }
    }
    progress.advance();
  }
  return result;
}

ScoringStates history_states(const Model& model, const Interactions& interactions) {
  constexpr size_t kStates = 2000;
  const pintle_model_info info = model.info();
  require_scalar(info);
  Histories histories = map_histories(model, interactions);
  auto& items = histories.items;
  items.erase(std::remove_if(items.begin(), items.end(), [](const auto& h) { return h.empty(); }),
              items.end());
  if (items.empty()) return {};
  std::mt19937_64 random(kSeed);
  ScoringStates result;
  result.states.resize(kStates, static_cast<Eigen::Index>(info.dim));
  Session session = new_session(model);
  Progress progress("calibrating", "histories", kStates);
  for (size_t i = 0; i < kStates; ++i) {
    const std::vector<uint32_t>& history = items[i * items.size() / kStates];
    const std::vector<uint32_t> begun(history.begin(),
                                      history.begin() + 1 + random() % history.size());
    require(session.reset(), kCannotCalibrate);
    require(session.append(begun), kCannotCalibrate);
    add_state(&session, begun, &result);
    progress.advance();
  }
  return result;
}

}  // namespace

ScoringStates scoring_states(const Model& model, const Interactions* interactions) {
  ScoringStates states;
  if (interactions != nullptr) states = history_states(model, *interactions);
  return states.histories.empty() ? walk_states(model, Draws::kBestOrAny) : states;
}

Eigen::MatrixXd scoring_moments(const Model& model) {
  const States states = walk_states(model, Draws::kBest).states;
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
