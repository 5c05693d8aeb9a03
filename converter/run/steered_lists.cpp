// SPDX-License-Identifier: Apache-2.0
#include "converter/run/steered_lists.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "converter/io/progress.h"
#include "converter/run/runtime_model.h"

namespace pintle::converter {
namespace {

constexpr size_t kTop = 10;

// Sums over one worker's users.
struct Tally {
  size_t hits = 0, kept = 0, base_items = 0, list_items = 0;
  std::vector<size_t> having;        // by attribute
  std::vector<uint8_t> recommended;  // by item
};

class Measurer {
 public:
  Measurer(const Model& model, const Histories& histories, const std::vector<ListVariant>& variants,
           size_t workers, const std::vector<float>& item_values)
      : model_(model),
        histories_(histories),
        variants_(variants),
        item_values_(item_values),
        info_(model.info()),
        ndcg_(variants.size(), std::vector<double>(histories.users.size(), 0.0)),
        values_(ndcg_),
        tallies_(workers, std::vector<Tally>(variants.size())),
        progress_("measuring lists of", "users", histories.users.size()) {
    for (size_t i = 0; i < workers; ++i) sessions_.push_back(new_session(model));
    for (std::vector<Tally>& tallies : tallies_) {
      for (Tally& tally : tallies) {
        tally.having.assign(info_.attribute_count, 0);
        tally.recommended.assign(info_.item_count, 0);
      }
    }
  }

  // Of different workers at once.
  void run(size_t user, size_t worker) {
    measure_user(user, &sessions_[worker], &tallies_[worker]);
    progress_.advance();
  }

  std::vector<ListMeasure> result() const {
    size_t users = 0, trained = 0;
    for (const auto& items : histories_.items) users += items.size() >= 2 ? 1 : 0;
    for (uint32_t i = 0; i < info_.item_count; ++i) {
      trained += require(model_.item(i), "item", i).is_trained != 0 ? 1 : 0;
    }
    std::vector<ListMeasure> measures;
    for (size_t v = 0; v < variants_.size(); ++v) measures.push_back(measure(v, users, trained));
    return measures;
  }

 private:
  void measure_user(size_t user, Session* session, std::vector<Tally>* tallies) {
    const std::vector<uint32_t>& items = histories_.items[user];
    if (items.size() < 2) return;
    require(session->reset(), "cannot recommend");
    require(session->append(items.data(), items.size() - 1), "cannot recommend");
    const auto base = require(session->recommend(kTop), "cannot recommend");
    pintle_request request = PINTLE_REQUEST_INIT;
    request.k = kTop;
    for (size_t v = 0; v < variants_.size(); ++v) {
      const pintle_steering steering = steer(variants_[v].edits, variants_[v].flags);
      request.steering = &steering;
      const auto list = variants_[v].edits.empty()
                            ? base
                            : require(session->recommend(request), "cannot recommend");
      count_list(list, base, items.back(), &(*tallies)[v], &ndcg_[v][user]);
      for (const pintle_recommendation& entry : list) {
        if (!item_values_.empty())
          values_[v][user] += static_cast<double>(item_values_[entry.item]);
      }
    }
  }

  void count_list(const std::vector<pintle_recommendation>& list,
                  const std::vector<pintle_recommendation>& base, uint32_t target, Tally* tally,
                  double* ndcg) const {
    for (size_t rank = 0; rank < list.size(); ++rank) {
      const uint32_t item = list[rank].item;
      tally->recommended[item] = 1;
      if (item == target) {
        ++tally->hits;
        *ndcg = 1 / std::log2(static_cast<double>(rank) + 2);
      }
      const pintle_item_info info = require(model_.item(item), "item", item);
      for (uint32_t a = 0; a < info.attribute_count; ++a) ++tally->having[info.attributes[a]];
      tally->kept += std::any_of(base.begin(), base.end(),
                                 [&](const pintle_recommendation& b) { return b.item == item; });
    }
    tally->list_items += list.size();
    tally->base_items += base.size();
  }

  ListMeasure measure(size_t variant, size_t users, size_t trained) const {
    Tally sum;
    sum.having.assign(info_.attribute_count, 0);
    sum.recommended.assign(info_.item_count, 0);
    for (const std::vector<Tally>& tallies : tallies_) {
      const Tally& part = tallies[variant];
      sum.hits += part.hits;
      sum.kept += part.kept;
      sum.base_items += part.base_items;
      sum.list_items += part.list_items;
      for (size_t a = 0; a < sum.having.size(); ++a) sum.having[a] += part.having[a];
      for (size_t i = 0; i < sum.recommended.size(); ++i) sum.recommended[i] |= part.recommended[i];
    }
    const auto ratio = [](double a, size_t b) { return b == 0 ? 0.0 : a / static_cast<double>(b); };
    ListMeasure result;
    const auto total = [](const std::vector<double>& values) {
      return std::accumulate(values.begin(), values.end(), 0.0);
    };
    result.ndcg = ratio(total(ndcg_[variant]), users);
    result.mean_value = ratio(total(values_[variant]), sum.list_items);
    result.hit_rate = ratio(static_cast<double>(sum.hits), users);
    result.coverage = ratio(
        static_cast<double>(std::count(sum.recommended.begin(), sum.recommended.end(), uint8_t{1})),
        trained);
    result.overlap = ratio(static_cast<double>(sum.kept), sum.base_items);
    for (size_t having : sum.having) {
      result.shares.push_back(ratio(static_cast<double>(having), sum.list_items));
    }
    return result;
  }

  const Model model_;
  const Histories& histories_;
  const std::vector<ListVariant>& variants_;
  const std::vector<float>& item_values_;
  const pintle_model_info info_;
  std::vector<std::vector<double>> ndcg_;    // [variant][user]: summed in the users' order
  std::vector<std::vector<double>> values_;  // the same for item_values
  std::vector<Session> sessions_;            // [worker]
  std::vector<std::vector<Tally>> tallies_;  // [worker][variant]
  Progress progress_;
};

}  // namespace

std::vector<ListMeasure> measure_lists(const Model& model, const Histories& histories,
                                       const std::vector<ListVariant>& variants, ThreadPool* pool,
                                       const std::vector<float>& item_values) {
  Measurer measurer(model, histories, variants, static_cast<size_t>(pool->size()), item_values);
  pool->for_each(histories.users.size(),
                 [&](size_t user, int worker) { measurer.run(user, static_cast<size_t>(worker)); });
  return measurer.result();
}

}  // namespace pintle::converter
