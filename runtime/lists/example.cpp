// SPDX-License-Identifier: Apache-2.0
#include "runtime/lists/example.h"

#include <math.h>
#include <string.h>

#include "runtime/scan/panel_scorer.h"

namespace pintle::internal {
namespace {

constexpr uint32_t kRounds = 4;
constexpr float kCompany = 30;    // liked items that the other members count as
constexpr float kAgainst = 0.1f;  // of the disliked items' mean
constexpr double kFirstGap = 2, kLeastGap = 0.3;
// Odds are in powers of two: 1.5 d / ln 2, and a fourth.
constexpr double kSteepness = 2.164, kPrior = 2;

class ExampleGroup {
 public:
  ExampleGroup(Session* session, uint32_t slot, ExampleItems like, ExampleItems unlike)
      : session_(session),
        model_(*session->model),
        slot_(slot),
        like_(like),
        unlike_(unlike),
        liked_(session->list.vectors.front(5 * size_t{model_.dim})),
        disliked_(liked_ + model_.dim),
        members_(disliked_ + model_.dim),
        direction_(members_ + model_.dim),
        row_(direction_ + model_.dim) {}

  void make() {
    clear(liked_);
    clear(disliked_);
    for (size_t i = 0; i < like_.count; ++i) add(like_.items[i], 1, liked_);
    for (size_t i = 0; i < unlike_.count; ++i) add(unlike_.items[i], 1, disliked_);
    for (uint32_t round = 1; round <= kRounds; ++round) {
      aim();
      find_least();
      collect(round < kRounds);
      if (!(weight_ > 0)) break;  // nothing is like them
    }
    for (size_t i = 0; i < like_.count; ++i) set_level(like_.items[i], kWhole);
    for (size_t i = 0; i < unlike_.count; ++i) set_level(unlike_.items[i], 0);
  }

 private:
  void clear(float* vector) { memset(vector, 0, model_.dim * sizeof(float)); }
  float dot(const float* a, const float* b) const {
    return model_.kernels.dot_f32(a, b, model_.dim);
  }
  void set_level(uint32_t item, uint32_t level) {
    session_->list.set_example_level(slot_, item, level);
  }

  // sum += weight * a_item
  void add(uint32_t item, float weight, float* sum) {
    gather_row(model_.scored_items, item, row_);
    weight *= model_.likeness.inverse_norms[item];
    model_.kernels.axpy_f32(weight, row_, model_.dim, sum);
    model_.kernels.axpy_f32(-weight, model_.likeness.mean, model_.dim, sum);
  }

  bool is_named(uint32_t item) const {
    for (const ExampleItems& named : {like_, unlike_}) {
      for (size_t i = 0; i < named.count; ++i) {
        if (named.items[i] == item) return true;
      }
    }
    return false;
  }

  // direction_ = metric c: its product with an item's row, less offset_, times the inverse norm is a . c.
  void aim() {
    const size_t dim = model_.dim;
    const KernelTable& kernels = model_.kernels;
    count_ = static_cast<float>(like_.count) + (weight_ > 0 ? kCompany : 0);
    float* c = row_;  // count_ times it
    memcpy(c, liked_, dim * sizeof(float));
    if (weight_ > 0) kernels.axpy_f32(kCompany / weight_, members_, dim, c);
    const float against = kAgainst * count_ / static_cast<float>(unlike_.count + 1);
    kernels.axpy_f32(-against, disliked_, dim, c);
    for (size_t r = 0; r < dim; ++r) {
      direction_[r] = dot(model_.likeness.metric + r * dim, c) / count_;
    }
    offset_ = dot(direction_, model_.likeness.mean);
  }

  // The least a . c of every level: of `direction_`.
  void find_least() {
    double items = 0, sum = 0, squares = 0;
    for_each_trained([&](uint32_t item, float value) {
      set_level(item, 0);
      ++items;
      sum += static_cast<double>(value);
      squares += static_cast<double>(value * value);
    });
    const double mean = sum / items, deviation = sqrt(squares / items - mean * mean);
    double gap = kFirstGap;
    if (weight_ > 0) {  // a liked item's own part of c, 1 / count_, is taken out
      const double count = static_cast<double>(count_);
      const double liked =
          static_cast<double>(dot(direction_, liked_)) / static_cast<double>(like_.count);
      gap = ((count * liked - 1) / (count - 1) - mean) / deviation;
      if (!(gap > kLeastGap)) gap = kLeastGap;
    }
    for (int level = 0; level < kWhole; ++level) {
      const double odds = log2((level + 0.5) / (kWhole - level - 0.5)) + kPrior;
      // Where all items are the same, or numbers of a damaged file are none, there are no members.
      const double z = gap / 2 + odds / (kSteepness * gap);
      least_[level] = deviation > 0 ? static_cast<float>(mean + deviation * z) : INFINITY;
    }
  }

  // Levels by least_; with `gathers` also the sum of the members that nobody named.
  void collect(bool gathers) {
    weight_ = 0;
    clear(members_);
    for_each_trained([&](uint32_t item, float value) {
      uint32_t level = 0;
      while (level < kWhole && value >= least_[level]) ++level;
      if (level == 0) return;
      set_level(item, level);
      if (!gathers || is_named(item)) return;
      add(item, static_cast<float>(level), members_);
      weight_ += static_cast<float>(level);
    });
  }

  // use(item, a_item . c)
  template <typename Use>
  void for_each_trained(const Use& use) {
    PanelScorer scorer(session_, direction_);
    const float* products = nullptr;
    for (uint32_t item = 0; item < model_.item_count; ++item) {
      constexpr uint32_t kChunk = PanelScorer::kScores;
      if (item % kChunk == 0) {
        const size_t panel = item / kPanelRows, left = model_.scored_items.panel_count() - panel;
        products = scorer.products(panel, left < kScanPanels ? left : kScanPanels);
      }
      if (!model_.catalogue.is_trained(item)) continue;
      use(item, (products[item % kChunk] - offset_) * model_.likeness.inverse_norms[item]);
    }
  }

  Session* const session_;
  const Model& model_;
  const uint32_t slot_;
  const ExampleItems like_, unlike_;
  // [dim] each, in memory of list_buffers.h that no other part of such a call uses.
  float *const liked_, *const disliked_, *const members_, *const direction_, *const row_;
  float weight_ = 0;  // of members_, in fifteenths; 0 in the first round
  float count_ = 0;   // of items that c is the mean of
  float offset_ = 0;
  float least_[kWhole];
};

Status check_items(const Session& session, const char* list, ExampleItems items,
                   ExampleItems before) {
  const Model& model = *session.model;
  const Fault fault = session.fault();
  if (items.count > PINTLE_EXAMPLE_ITEMS) {
    return fault(PINTLE_ERR_INVALID_ARGUMENT, "%s: %zu items of at most %u", list, items.count,
                 PINTLE_EXAMPLE_ITEMS);
  }
  for (size_t i = 0; i < items.count; ++i) {
    const uint32_t item = items.items[i];
    if (item >= model.item_count) {
      return fault(PINTLE_ERR_UNKNOWN_ITEM, "%s %zu: item %u, of a catalogue of %u", list, i, item,
                   model.item_count);
    }
    bool is_named = !model.catalogue.is_trained(item);
    for (size_t j = 0; j < i; ++j) is_named |= items.items[j] == item;
    for (size_t j = 0; j < before.count; ++j) is_named |= before.items[j] == item;
    if (is_named) {
      return fault(PINTLE_ERR_INVALID_ARGUMENT,
                   "%s %zu: item %u is named before, or was never trained", list, i, item);
    }
  }
  return PINTLE_OK;
}

}  // namespace

Status set_example(Session* session, uint32_t slot, ExampleItems like, ExampleItems unlike) {
  if (session->model->likeness.metric == nullptr) {
    return session->fault()(PINTLE_ERR_INVALID_ARGUMENT,
                            "groups by example: open the model with PINTLE_OPEN_EXAMPLES");
  }
  if (slot >= PINTLE_EXAMPLES || like.count == 0) {
    return session->fault()(PINTLE_ERR_INVALID_ARGUMENT,
                            "example %u of %u, or no item that it is to be like", slot,
                            PINTLE_EXAMPLES);
  }
  PINTLE_TRY(check_items(*session, "like", like, {}));
  PINTLE_TRY(check_items(*session, "unlike", unlike, like));
  ExampleGroup(session, slot, like, unlike).make();
  session->list.examples_set |= 1u << slot;
  session->list.key = {};  // classes may be of its old members
  return PINTLE_OK;
}

}  // namespace pintle::internal
