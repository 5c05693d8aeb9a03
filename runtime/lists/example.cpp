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

bool is_in(ExampleItems named, uint32_t item) {
  for (size_t i = 0; i < named.count; ++i) {
    if (named.items[i] == item) return true;
  }
  return false;
}

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
    add_all(like_, liked_);
    add_all(unlike_, disliked_);
    for (uint32_t round = 1; round <= kRounds; ++round) {
      aim();
      for (const bool collects : {false, true}) scan(collects);
      if (!(weight_ > 0)) break;  // nothing is like them
    }
    set_levels(like_, kWhole);
    set_levels(unlike_, 0);
  }

 private:
  float dot(const float* a, const float* b) const {
    return model_.kernels.dot_f32(a, b, model_.dim);
  }
  void set_levels(ExampleItems items, uint32_t level) {
    for (size_t i = 0; i < items.count; ++i) {
      session_->list.set_example_level(slot_, items.items[i], level);
    }
  }

  // sum += weight * a_item
  void add(uint32_t item, float weight, float* sum) {
    gather_row(model_.scored_items, item, row_);
    weight *= model_.likeness.inverse_norms[item];
    model_.kernels.axpy_f32(weight, row_, model_.dim, sum);
    model_.kernels.axpy_f32(-weight, model_.likeness.mean, model_.dim, sum);
  }
  void add_all(ExampleItems items, float* sum) {
    memset(sum, 0, model_.dim * sizeof(float));
    for (size_t i = 0; i < items.count; ++i) add(items.items[i], 1, sum);
  }

  // direction_ = metric c: its product with an item's row, less offset_, times the inverse norm is a . c.
  void aim() {
    const size_t dim = model_.dim;
    count_ = static_cast<float>(like_.count);
    float* c = row_;  // count_ times it
    memcpy(c, liked_, dim * sizeof(float));
    if (weight_ > 0) {
      count_ += kCompany;
      model_.kernels.axpy_f32(kCompany / weight_, members_, dim, c);
    }
    const float against = kAgainst * count_ / static_cast<float>(unlike_.count + 1);
    model_.kernels.axpy_f32(-against, disliked_, dim, c);
    for (size_t r = 0; r < dim; ++r) {
      direction_[r] = dot(model_.likeness.metric + r * dim, c) / count_;
    }
    offset_ = dot(direction_, model_.likeness.mean);
  }

  // The least a . c of every level, from its mean and deviation over the catalogue.
  void find_least() {
    const double mean = sum_ / items_, deviation = sqrt(squares_ / items_ - mean * mean);
    double gap = kFirstGap;
    if (weight_ > 0) {  // a liked item's own part of c, 1 / count_, is taken out
      const double count = static_cast<double>(count_);
      const double liked = static_cast<double>(dot(direction_, liked_) / like_count());
      gap = ((count * liked - 1) / (count - 1) - mean) / deviation;
      if (!(gap > kLeastGap)) gap = kLeastGap;
    }
    for (int level = 0; level < kWhole; ++level) {
      const double odds = log2((level + 0.5) / (kWhole - level - 0.5)) + kPrior;
      const double z = gap / 2 + odds / (kSteepness * gap);
      // Where all items are the same, or numbers of a damaged file are none, there are no members.
      least_[level] = deviation > 0 ? static_cast<float>(mean + deviation * z) : INFINITY;
    }
  }
  float like_count() const { return static_cast<float>(like_.count); }

  // The sums of a . c and its squares; or, once they are known, every item's level and the weighted sum of the
  // members that nobody named.
  void scan(bool collects) {
    if (collects) {
      find_least();
      weight_ = 0;
      memset(members_, 0, model_.dim * sizeof(float));
    } else {
      items_ = sum_ = squares_ = 0;
    }
    for_each_product(session_, direction_, [&](uint32_t item, float product) {
      const float value = (product - offset_) * model_.likeness.inverse_norms[item];
      if (!collects) {
        ++items_;
        sum_ += static_cast<double>(value);
        squares_ += static_cast<double>(value * value);
        return;
      }
      uint32_t level = 0;
      while (level < kWhole && value >= least_[level]) ++level;
      session_->list.set_example_level(slot_, item, level);
      if (level == 0 || is_in(like_, item) || is_in(unlike_, item)) return;
      add(item, static_cast<float>(level), members_);
      weight_ += static_cast<float>(level);
    });
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
  double items_ = 0, sum_ = 0, squares_ = 0;
  float least_[kWhole];
};

// before: of the other list.
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
    if (!model.catalogue.has(item)) {
      return fault(PINTLE_ERR_UNKNOWN_ITEM, "%s %zu: item %u, of a catalogue of %u", list, i, item,
                   model.item_count);
    }
    if (!model.catalogue.is_trained(item) || is_in({items.items, i}, item) || is_in(before, item)) {
      return fault(PINTLE_ERR_INVALID_ARGUMENT,
                   "%s %zu: item %u is named before, or was never trained", list, i, item);
    }
  }
  return PINTLE_OK;
}

}  // namespace

Status set_example(Session* session, uint32_t slot, ExampleItems like, ExampleItems unlike) {
  const Fault fault = session->fault();
  if (session->model->likeness.metric == nullptr) {
    return fault(PINTLE_ERR_INVALID_ARGUMENT, "open the model with PINTLE_OPEN_EXAMPLES");
  }
  if (slot >= PINTLE_EXAMPLES || like.count == 0) {
    return fault(PINTLE_ERR_INVALID_ARGUMENT, "example %u of %u, or nothing that it is to be like",
                 slot, PINTLE_EXAMPLES);
  }
  PINTLE_TRY(check_items(*session, "like", like, {}));
  PINTLE_TRY(check_items(*session, "unlike", unlike, like));
  ExampleGroup(session, slot, like, unlike).make();
  session->list.examples_set |= 1u << slot;
  session->list.key.group_count = UINT32_MAX;  // its classes may be of the old members
  return PINTLE_OK;
}

}  // namespace pintle::internal
