// SPDX-License-Identifier: Apache-2.0
#include "converter/sae_training/choose_hook.h"

#include <algorithm>
#include <cstdio>
#include <unordered_map>

#include "converter/run/harvest.h"

namespace pintle::converter {
namespace {

constexpr size_t kSampledUsers = 256;
constexpr double kPriorRows = 2;
constexpr double kLeastOfOthers = 0.5;

struct Harvested {
  std::vector<float> states;  // [items.size()][dim]
  std::vector<uint32_t> items;
};

Harvested harvest_all(const Model& model, const Histories& histories, const Hook& hook,
                      ThreadPool* pool) {
  Harvested all;
  harvest_states(model, histories, hook, pool, [&](const UserStates& user) {
    all.states.insert(all.states.end(), user.states.begin(), user.states.end());
    all.items.insert(all.items.end(), user.items.begin(), user.items.end());
  });
  return all;
}

// The mean of all and what each item's mean state differs from it.
class ItemOffsets {
 public:
  ItemOffsets(const Harvested& rows, size_t dim) : mean_(dim) {
    const size_t count = rows.items.size();
    for (size_t i = 0; i < count * dim; ++i) {
      mean_[i % dim] += static_cast<double>(rows.states[i]) / static_cast<double>(count);
    }
    std::unordered_map<uint32_t, double> rows_of;
    for (size_t r = 0; r < count; ++r) {
      std::vector<double>& sum = offset_.try_emplace(rows.items[r], dim).first->second;
      rows_of[rows.items[r]] += 1;
      for (size_t d = 0; d < dim; ++d) {
        sum[d] += static_cast<double>(rows.states[r * dim + d]) - mean_[d];
      }
    }
    for (auto& [item, sum] : offset_) {
      for (double& v : sum) v /= rows_of[item] + kPriorRows;
    }
  }

  // 1 - sum |x - mean - offset|^2 / sum |x - mean|^2; an item without an offset has none.
  double explained(const Harvested& rows) const {
    const size_t dim = mean_.size();
    double error = 0, variance = 0;
    for (size_t r = 0; r < rows.items.size(); ++r) {
      const auto offset = offset_.find(rows.items[r]);
      for (size_t d = 0; d < dim; ++d) {
        const double centred = static_cast<double>(rows.states[r * dim + d]) - mean_[d];
        const double left = offset == offset_.end() ? centred : centred - offset->second[d];
        variance += centred * centred;
        error += left * left;
      }
    }
    return variance > 0 ? 1 - error / variance : 0;
  }

 private:
  std::vector<double> mean_;
  std::unordered_map<uint32_t, std::vector<double>> offset_;
};

}  // namespace

std::vector<HookFigure> measure_hooks(const Model& model, const Histories& train,
                                      const Histories& held_out, ThreadPool* pool) {
  const pintle_model_info info = model.info();
  std::vector<Hook> hooks;
  for (uint32_t block = 0; block < info.layer_count; ++block) {
    hooks.push_back({HookPlace::kBlock, block});
    hooks.push_back({HookPlace::kMlp, block});
  }
  hooks.push_back({HookPlace::kLast, 0});
  const Histories known = sample_users_with_events(train, kSampledUsers),
                  others = sample_users_with_events(held_out, kSampledUsers);
  std::vector<HookFigure> figures;
  for (const Hook& hook : hooks) {
    const Harvested rows = harvest_all(model, known, hook, pool);
    const ItemOffsets offsets(rows, info.dim);
    figures.push_back(
        {hook, offsets.explained(rows), offsets.explained(harvest_all(model, others, hook, pool))});
  }
  return figures;
}

Hook choose_hook(const std::vector<HookFigure>& figures) {
  const HookFigure *block = nullptr, *other = nullptr;
  for (const HookFigure& figure : figures) {
    const HookFigure*& best = figure.hook.place == HookPlace::kBlock ? block : other;
    if (best == nullptr || figure.held_out_share > best->held_out_share) best = &figure;
  }
  if (block == nullptr) return other->hook;
  if (other == nullptr) return block->hook;
  const bool keeps_block = block->held_out_share >= kLeastOfOthers * other->held_out_share;
  return keeps_block ? block->hook : other->hook;
}

std::string hook_figures_text(const std::vector<HookFigure>& figures) {
  std::string text;
  for (const HookFigure& figure : figures) {
    char part[96];
    std::snprintf(part, sizeof(part), "%s%s %.3f (other users %.3f)", text.empty() ? "" : ", ",
                  hook_name(figure.hook).c_str(), figure.share, figure.held_out_share);
    text += part;
  }
  return text;
}

}  // namespace pintle::converter
