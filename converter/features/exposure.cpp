// SPDX-License-Identifier: Apache-2.0
#include "converter/features/exposure.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>

#include "converter/run/runtime_model.h"

namespace pintle::converter {
namespace {

constexpr float kNever = -std::numeric_limits<float>::infinity();

Moment moment_of(Session* session, const std::vector<uint32_t>& history, uint32_t next) {
  require(session->reset(), "cannot reset");
  require(session->append(history), "cannot append");
  const std::vector<float> state = require(session->state("last"), "cannot tell the state");
  Moment moment{Eigen::Map<const Eigen::VectorXf>(state.data(), static_cast<int64_t>(state.size())),
                history, next};
  std::sort(moment.seen.begin(), moment.seen.end());
  return moment;
}

double discount(size_t rank) {
  return rank < kListPlaces ? 1 / std::log2(static_cast<double>(rank) + 2) : 0;
}

}  // namespace

std::vector<Moment> drawn_moments(const Model& model, size_t count) {
  constexpr size_t kMostEvents = 50, kChoices = 100;
  Session session = new_session(model);
  std::mt19937 random(20240607);
  Request request(std::min<size_t>(kChoices, model.info().item_count));
  const double temperature = static_cast<double>(model.info().temperature);
  const size_t events = std::min(kMostEvents, model.info().window);
  std::vector<Moment> moments;
  for (size_t tries = 0; moments.size() < count && tries < 4 * count; ++tries) {
    const uint32_t first = static_cast<uint32_t>(random() % model.info().base_item_count);
    if (require(model.item(first), "item", first).is_trained == 0) continue;
    require(session.reset(), "cannot reset");
    std::vector<uint32_t> history{first};
    while (history.size() < events) {
      require(session.append(history.back()), "cannot append");
      const auto list = require(session.recommend(request), "cannot recommend");
      if (list.empty()) break;
      std::vector<double> weights;
      for (const pintle_recommendation& entry : list) {
        weights.push_back(std::exp(static_cast<double>(entry.score - list[0].score) / temperature));
      }
      // As std::discrete_distribution, whose draws differ from library to library.
      double sum = 0;
      for (const double weight : weights) sum += weight;
      double left = sum * (static_cast<double>(random()) / 4294967296.0);
      size_t drawn = 0;
      while (drawn + 1 < list.size() && (left -= weights[drawn]) >= 0) ++drawn;
      history.push_back(list[drawn].item);
    }
    moments.push_back(moment_of(&session, history, PINTLE_NO_ITEM));
  }
  return moments;
}

std::vector<Moment> logged_moments(const Model& model, const Histories& histories, size_t most) {
  const Histories sample = sample_users_with_events(histories, most);
  Session session = new_session(model);
  std::vector<Moment> moments;
  for (const std::vector<uint32_t>& events : sample.items) {
    if (events.size() < 2) continue;
    moments.push_back(moment_of(&session, {events.begin(), events.end() - 1}, events.back()));
  }
  return moments;
}

HiddenMoments hidden_moments(const Model& model, const Histories& histories,
                             const std::vector<uint32_t>& hidden, size_t most) {
  const auto is_hidden = [&](uint32_t item) {
    return std::binary_search(hidden.begin(), hidden.end(), item);
  };
  Session session = new_session(model);
  HiddenMoments moments;
  for (const std::vector<uint32_t>& events : histories.items) {
    if (events.size() < 2 || !is_hidden(events.back()) || moments.whole.size() == most) continue;
    const std::vector<uint32_t> history(events.begin(), events.end() - 1);
    std::vector<uint32_t> known;
    std::copy_if(history.begin(), history.end(), std::back_inserter(known),
                 [&](uint32_t item) { return !is_hidden(item); });
    if (known.empty()) continue;
    moments.whole.push_back(moment_of(&session, history, events.back()));
    moments.without.push_back(moment_of(&session, known, events.back()));
    moments.without.back().seen = moments.whole.back().seen;  // what is seen stays so, known or not
  }
  return moments;
}

Exposure::Exposure(const ScoredRows& scored, const std::vector<int64_t>& hidden,
                   const Eigen::MatrixXf& built, const Eigen::RowVectorXf& mean,
                   const std::vector<Moment>& moments) {
  const int64_t dim = scored.rows.cols() - 1;
  const Eigen::MatrixXf parts = built.rowwise() - mean;
  for (const Moment& moment : moments) {
    Eigen::VectorXf state(dim + 1);
    state << moment.state, 1.0f;
    Eigen::VectorXf scores = scored.rows * state;
    Scores own;
    own.means = Eigen::VectorXf::Constant(static_cast<int64_t>(hidden.size()), mean.dot(state));
    own.parts = parts * state;
    const auto place_of = [&](uint32_t item) {
      const auto found = std::lower_bound(scored.items.begin(), scored.items.end(), item);
      return found == scored.items.end() || *found != item ? int64_t{-1}
                                                           : found - scored.items.begin();
    };
    for (const uint32_t item : moment.seen) {
      const int64_t place = place_of(item);
      if (place >= 0 && item != moment.next) scores[place] = kNever;
    }
    const int64_t next = place_of(moment.next);
    for (size_t i = 0; i < hidden.size(); ++i) {
      if (scores[hidden[i]] == kNever) own.means[static_cast<int64_t>(i)] = kNever;
      scores[hidden[i]] = kNever;
      if (hidden[i] == next) own.next = static_cast<int64_t>(i);
    }
    own.others.assign(scores.data(), scores.data() + scores.size());
    const size_t kept = std::min(kListPlaces, own.others.size());
    std::partial_sort(own.others.begin(), own.others.begin() + static_cast<std::ptrdiff_t>(kept),
                      own.others.end(), std::greater<float>());
    own.others.resize(kept);
    own.others.shrink_to_fit();
    moments_.push_back(std::move(own));
  }
}

double Exposure::share(double factor) const {
  size_t places = 0;
  for (const Scores& own : moments_) {
    Eigen::VectorXf scores = own.means + static_cast<float>(factor) * own.parts;
    std::vector<float> sorted(scores.data(), scores.data() + scores.size());
    const size_t most = std::min(own.others.size(), sorted.size());
    std::partial_sort(sorted.begin(), sorted.begin() + static_cast<std::ptrdiff_t>(most),
                      sorted.end(), std::greater<float>());
    size_t entered = 0;  // the next hidden one replaces the last of the others that are still in
    while (entered < most && sorted[entered] > own.others[own.others.size() - 1 - entered])
      ++entered;
    places += entered;
  }
  return static_cast<double>(places) / static_cast<double>(kListPlaces * moments_.size());
}

double Exposure::ndcg(double factor) const {
  double sum = 0;
  size_t count = 0;
  for (const Scores& own : moments_) {
    if (own.next < 0) continue;
    ++count;
    const Eigen::VectorXf scores = own.means + static_cast<float>(factor) * own.parts;
    const float score = scores[own.next];
    size_t rank = static_cast<size_t>((scores.array() > score).count());
    for (const float other : own.others) rank += other > score ? 1 : 0;
    sum += discount(rank);
  }
  return count == 0 ? 0 : sum / static_cast<double>(count);
}

}  // namespace pintle::converter
