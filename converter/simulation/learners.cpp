// SPDX-License-Identifier: Apache-2.0
#include "converter/simulation/learners.h"

#include <algorithm>
#include <numeric>
#include <utility>

#include "converter/run/runtime_model.h"

namespace pintle::converter {
namespace {

constexpr size_t kListLength = 10;

// What an app would append: items that the person took or liked.
bool is_consumed(const pintle_feedback& feedback) {
  return side_of(feedback.kind) > 0 && feedback.kind != PINTLE_FEEDBACK_MORE_OF;
}

class SessionLearner : public Learner {
 public:
  SessionLearner(const Model& model, bool appends, bool has_profile)
      : session_(new_session(model)), appends_(appends), has_profile_(has_profile) {}

  void begin(const std::vector<uint32_t>& history) override {
    require(session_.reset(), "session");
    if (has_profile_) require(session_.reset_profile(), "profile");
    require(session_.append(history), "append");
  }
  std::vector<uint32_t> show(const std::vector<uint32_t>& denied) override {
    std::vector<uint32_t> items;
    for (const pintle_recommendation& entry :
         require(session_.recommend(request(denied)), "recommend")) {
      items.push_back(entry.item);
    }
    return items;
  }
  std::vector<uint32_t> peek(const std::vector<uint32_t>& denied) override {
    std::vector<uint32_t> items;
    for (const pintle_list_entry& entry :
         require(session_.explain_list(request(denied)), "explain").entries) {
      items.push_back(entry.item);
    }
    return items;
  }
  void learn(const pintle_feedback& feedback) override {
    if (has_profile_) require(session_.give(feedback), "feedback");
    if (appends_ && is_consumed(feedback)) {
      require(session_.append(feedback.target), "append");
    }
  }

 private:
  static Request request(const std::vector<uint32_t>& denied) {
    Request request(kListLength);
    request.deny = denied;
    return request;
  }

  Session session_;
  const bool appends_, has_profile_;
};

class OffsetLearner : public Learner {
 public:
  OffsetLearner(const Model& model, const ItemFacts& facts, bool appends, OffsetRule rule)
      : facts_(facts), session_(new_session(model)), appends_(appends), rule_(std::move(rule)) {
    all_.resize(facts.item_count());
    std::iota(all_.begin(), all_.end(), 0u);
  }

  void begin(const std::vector<uint32_t>& history) override {
    require(session_.reset(), "session");
    require(session_.append(history), "append");
    feedback_.clear();
    seen_.assign(all_.size(), false);
    for (const uint32_t item : history) seen_[item] = true;
    scores_ = require(session_.score(all_), "score");
    offsets_ = rule_(facts_, feedback_);
  }
  std::vector<uint32_t> show(const std::vector<uint32_t>& denied) override { return peek(denied); }
  std::vector<uint32_t> peek(const std::vector<uint32_t>& denied) override {
    std::vector<bool> is_out = seen_;
    for (const uint32_t item : denied) is_out[item] = true;
    std::vector<std::pair<double, uint32_t>> order;
    for (const uint32_t item : all_) {
      if (is_out[item] || !facts_.is_trained(item)) continue;
      order.emplace_back(-(static_cast<double>(scores_[item]) + offsets_[item]), item);
    }
    const size_t count = std::min(kListLength, order.size());
    std::partial_sort(order.begin(), order.begin() + static_cast<std::ptrdiff_t>(count),
                      order.end());
    std::vector<uint32_t> list;
    for (size_t i = 0; i < count; ++i) list.push_back(order[i].second);
    return list;
  }
  void learn(const pintle_feedback& feedback) override {
    feedback_.push_back(feedback);
    if (appends_ && is_consumed(feedback)) {
      require(session_.append(feedback.target), "append");
      seen_[feedback.target] = true;
      scores_ = require(session_.score(all_), "score");
    }
    offsets_ = rule_(facts_, feedback_);
  }

 private:
  const ItemFacts& facts_;
  Session session_;
  const bool appends_;
  const OffsetRule rule_;
  std::vector<uint32_t> all_;
  std::vector<bool> seen_;
  std::vector<float> scores_;
  std::vector<double> offsets_;
  std::vector<pintle_feedback> feedback_;
};

}  // namespace

int side_of(uint32_t kind) {
  switch (kind) {
    case PINTLE_FEEDBACK_LIKE:
    case PINTLE_FEEDBACK_MORE_LIKE:
    case PINTLE_FEEDBACK_FINISH:
    case PINTLE_FEEDBACK_MORE_OF:
      return 1;
    case PINTLE_FEEDBACK_SEEN_ELSEWHERE:
    case PINTLE_FEEDBACK_SKIP:
      return 0;
    default:
      return -1;
  }
}

std::unique_ptr<Learner> session_learner(const Model& model, bool appends, bool has_profile) {
  return std::make_unique<SessionLearner>(model, appends, has_profile);
}

std::unique_ptr<Learner> offset_learner(const Model& model, const ItemFacts& facts, bool appends,
                                        OffsetRule rule) {
  return std::make_unique<OffsetLearner>(model, facts, appends, std::move(rule));
}

OffsetRule reweight_attributes(double gain, double prior) {
  return [=](const ItemFacts& facts, const std::vector<pintle_feedback>& all) {
    std::vector<double> sums(facts.attribute_count()), counts(facts.attribute_count());
    for (const pintle_feedback& feedback : all) {
      const int side = side_of(feedback.kind);
      const auto count = [&](uint32_t attribute, double level) {
        sums[attribute] += side * level;
        counts[attribute] += side == 0 ? 0 : level;
      };
      if (feedback.kind == PINTLE_FEEDBACK_MORE_OF || feedback.kind == PINTLE_FEEDBACK_LESS_OF) {
        count(feedback.target, kStated);
        continue;
      }
      for (const ItemFacts::Membership& own : facts.of(feedback.target)) {
        count(own.attribute, own.level);
      }
    }
    std::vector<double> offsets(facts.item_count());
    for (uint32_t item = 0; item < offsets.size(); ++item) {
      for (const ItemFacts::Membership& own : facts.of(item)) {
        offsets[item] += gain * own.level * sums[own.attribute] / (counts[own.attribute] + prior);
      }
    }
    return offsets;
  };
}

OffsetRule bias_items(double gain) {
  constexpr double kLeastCosine = 0.5;
  return [=](const ItemFacts& facts, const std::vector<pintle_feedback>& all) {
    std::vector<double> offsets(facts.item_count());
    for (const pintle_feedback& feedback : all) {
      const int side = side_of(feedback.kind);
      if (side == 0 || feedback.kind >= PINTLE_FEEDBACK_MORE_OF) continue;
      for (uint32_t item = 0; item < offsets.size(); ++item) {
        const double above = facts.likeness(item, feedback.target) - kLeastCosine;
        if (above > 0) offsets[item] += gain * side * above / (1 - kLeastCosine);
      }
    }
    return offsets;
  };
}

}  // namespace pintle::converter
