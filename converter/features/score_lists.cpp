// SPDX-License-Identifier: Apache-2.0
#include "converter/features/score_lists.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>

#include "converter/features/temperature.h"
#include "converter/io/progress.h"
#include "converter/run/runtime_model.h"

namespace pintle::converter {

ScoreLists::ScoreLists(const Model& model, const Histories& histories,
                       const std::vector<uint32_t>& attributes, ThreadPool* pool)
    : model_(model),
      histories_(histories),
      trained_(trained_items(model)),
      temperature_(static_cast<double>(model.info().temperature)) {
  const size_t items = model.info().item_count;
  for (const uint32_t attribute : attributes) {
    places_.emplace(attribute, levels_.size());
    std::vector<uint8_t>& levels = levels_.emplace_back(items, uint8_t{0});
    const pintle_attribute_info info = require(model.attribute(attribute), "attribute", attribute);
    for (size_t i = 0; i < info.item_count; ++i) {
      levels[info.items[i]] =
          info.memberships == nullptr ? static_cast<uint8_t>(kWholeLevel) : info.memberships[i];
    }
    candidates_.emplace_back(histories.users.size());
  }
  std::vector<uint32_t> all_items(items);
  std::iota(all_items.begin(), all_items.end(), 0u);
  std::vector<Session> sessions;
  for (int i = 0; i < pool->size(); ++i) sessions.push_back(new_session(model));
  Progress progress("scoring for", "users", histories.users.size());
  pool->for_each(histories.users.size(), [&](size_t user, int worker) {
    if (is_measured(histories.items[user])) {
      collect(user, &sessions[static_cast<size_t>(worker)], all_items);
    }
    progress.advance();
  });
}

void ScoreLists::collect(size_t user, Session* session, const std::vector<uint32_t>& all_items) {
  const std::vector<uint32_t>& events = histories_.items[user];
  require(session->reset(), "cannot score");
  require(session->append(events.data(), events.size() - 1), "cannot score");
  const std::vector<float> scores = require(session->score(all_items), "cannot score");
  std::vector<bool> eligible = trained_;
  for (size_t t = 0; t + 1 < events.size(); ++t) eligible[events[t]] = false;

  const std::vector<double> probability = softmax(scores, trained_, temperature_);
  const auto before = [&](uint32_t a, uint32_t b) {
    return scores[a] > scores[b] || (scores[a] == scores[b] && a < b);
  };
  for (size_t place = 0; place < levels_.size(); ++place) {
    const std::vector<uint8_t>& levels = levels_[place];
    std::array<std::vector<uint32_t>, kWholeLevel + 1> best;  // by level, the best first
    for (uint32_t i = 0; i < scores.size(); ++i) {
      if (!eligible[i]) continue;
      std::vector<uint32_t>& list = best[levels[i]];
      if (list.size() == kTopTen && !before(i, list.back())) continue;
      if (list.size() == kTopTen) list.pop_back();
      list.insert(std::upper_bound(list.begin(), list.end(), i, before), i);
    }
    Candidates& candidates = candidates_[place][user];
    for (const std::vector<uint32_t>& list : best) {
      for (const uint32_t i : list) {
        candidates.push_back({i, scores[i], probability[i], levels[i]});
      }
    }
    std::sort(candidates.begin(), candidates.end(),
              [&](const Candidate& a, const Candidate& b) { return before(a.item, b.item); });
  }
}

std::vector<uint32_t> ScoreLists::quota_list(const Candidates& candidates, int64_t members) {
  const size_t length = std::min(kTopTen, candidates.size());
  std::vector<bool> chosen(candidates.size(), false);
  std::fill_n(chosen.begin(), length, true);
  for (int64_t swap = 0; swap < std::abs(members); ++swap) {
    // The first candidate outside that is to come, the last inside that is to go.
    size_t comes = candidates.size(), goes = candidates.size();
    for (size_t i = 0; i < candidates.size(); ++i) {
      const bool is_wanted = (candidates[i].level > 0) == (members > 0);
      if (!chosen[i] && is_wanted && comes == candidates.size()) comes = i;
      if (chosen[i] && !is_wanted) goes = i;
    }
    if (comes == candidates.size() || goes == candidates.size()) break;
    chosen[comes] = true;
    chosen[goes] = false;
  }
  std::vector<uint32_t> list;
  for (size_t i = 0; i < candidates.size(); ++i) {
    if (chosen[i]) list.push_back(candidates[i].item);
  }
  return list;
}

std::vector<uint32_t> ScoreLists::list_by(const Candidates& candidates, ScoreMethod method,
                                          double strength) {
  if (method == ScoreMethod::kQuota) return quota_list(candidates, std::llround(strength));
  std::vector<std::pair<double, size_t>> keys;  // (what it is ordered by, its place by score)
  for (size_t i = 0; i < candidates.size(); ++i) {
    const double membership = static_cast<double>(candidates[i].level) / kWholeLevel;
    const double own = method == ScoreMethod::kBonus ? candidates[i].probability
                                                     : static_cast<double>(candidates[i].score);
    keys.emplace_back(own + strength * membership, i);
  }
  std::sort(keys.begin(), keys.end(), [](const auto& a, const auto& b) {
    return a.first > b.first || (a.first == b.first && a.second < b.second);
  });
  keys.resize(std::min(kTopTen, keys.size()));
  if (method == ScoreMethod::kReweightOrdered) {
    std::sort(keys.begin(), keys.end(),
              [](const auto& a, const auto& b) { return a.second < b.second; });
  }
  std::vector<uint32_t> list;
  for (const auto& key : keys) list.push_back(candidates[key.second].item);
  return list;
}

std::vector<ListMeasure> ScoreLists::measure(ScoreMethod method, uint32_t attribute,
                                             const std::vector<float>& strengths,
                                             ThreadPool* pool) const {
  const std::vector<std::optional<uint32_t>> attributes(strengths.size(), attribute);
  const std::vector<float> no_values;
  ListTally tally(model_, histories_, attributes, no_values, static_cast<size_t>(pool->size()));
  const std::vector<Candidates>& candidates = candidates_[places_.at(attribute)];
  pool->for_each(candidates.size(), [&](size_t user, int worker) {
    if (!is_measured(histories_.items[user])) return;
    const std::vector<uint32_t> base = list_by(candidates[user], ScoreMethod::kReweight, 0);
    for (size_t s = 0; s < strengths.size(); ++s) {
      tally.count(s, user, static_cast<size_t>(worker),
                  list_by(candidates[user], method, static_cast<double>(strengths[s])), base);
    }
  });
  return tally.result();
}

}  // namespace pintle::converter
