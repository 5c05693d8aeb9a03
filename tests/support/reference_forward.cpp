// SPDX-License-Identifier: Apache-2.0
#include "support/reference_forward.h"

#include <algorithm>
#include <cmath>
#include <stdexcept>

namespace pintle::converter {
namespace {

using Vector = std::vector<double>;

Vector add(Vector a, const Vector& b) {
  for (size_t i = 0; i < a.size(); ++i) a[i] += b[i];
  return a;
}

Vector run(const Linear& linear, const Vector& x) {
  Vector y(static_cast<size_t>(linear.weight.rows));
  for (int64_t r = 0; r < linear.weight.rows; ++r) {
    double sum = linear.bias[r];
    for (int64_t c = 0; c < linear.weight.cols; ++c) sum += double{linear.weight.row(r)[c]} * x[c];
    y[r] = sum;
  }
  return y;
}

Vector run(const Norm& norm, fb::NormForm form, const Vector& x) {
  double mean = 0, variance = 0;
  for (const double v : x) mean += v / static_cast<double>(x.size());
  for (const double v : x) variance += (v - mean) * (v - mean) / static_cast<double>(x.size());
  const double divisor = form == fb::NormForm_EpsOutside ? std::sqrt(variance) + norm.eps
                                                         : std::sqrt(variance + norm.eps);
  Vector y(x.size());
  for (size_t i = 0; i < x.size(); ++i) {
    y[i] = norm.gain[i] * (x[i] - mean) / divisor + norm.bias[i];
  }
  return y;
}

Vector activate(fb::Activation activation, Vector x) {
  for (double& v : x) {
    switch (activation) {
      case fb::Activation_Identity:
        break;
      case fb::Activation_Relu:
        v = std::max(v, 0.0);
        break;
      case fb::Activation_GeluErf:
        v = 0.5 * v * (1 + std::erf(v / std::sqrt(2.0)));
        break;
      case fb::Activation_GeluTanh:
        v = 0.5 * v * (1 + std::tanh(std::sqrt(2 / std::acos(-1.0)) * (v + 0.044715 * v * v * v)));
        break;
      case fb::Activation_Silu:
        v = v / (1 + std::exp(-v));
        break;
    }
  }
  return x;
}

struct Slot {
  bool pad = false;
  Vector state;
};

// Attention of the slot `at` over `slots`, whose keys and values come from `inputs`.
Vector attend(const Network& n, const Block& block, const Vector& query_input,
              const std::vector<Vector>& keys_values, const std::vector<Slot>& slots, size_t at) {
  const Vector query = run(block.query, query_input);
  const int64_t head_dim = n.dim / n.heads;
  Vector mixed(static_cast<size_t>(n.dim));
  for (int64_t head = 0; head < n.heads; ++head) {
    const int64_t first = head * head_dim;
    std::vector<std::pair<size_t, double>> seen;
    double largest = -INFINITY;
    for (size_t s = 0; s < slots.size(); ++s) {
      if (n.mask == fb::AttentionMask_Causal && s > at) continue;
      double dot = 0;
      for (int64_t c = first; c < first + head_dim; ++c) dot += query[c] * keys_values[s][c];
      dot /= std::sqrt(static_cast<double>(head_dim));
      seen.emplace_back(s, dot);
      largest = std::max(largest, dot);
    }
    double total = 0;
    for (auto& [s, weight] : seen) total += weight = std::exp(weight - largest);
    for (const auto& [s, weight] : seen) {
      for (int64_t c = first; c < first + head_dim; ++c) {
        mixed[c] += weight / total * keys_values[s][n.dim + c];
      }
    }
  }
  return block.output ? run(*block.output, mixed) : mixed;
}

void run_block(const Network& n, int64_t layer, const HookVisitor& visit,
               std::vector<Slot>* slots) {
  const Block& block = n.blocks[static_cast<size_t>(layer)];
  const bool pre = n.norm_placement == fb::NormPlacement_Pre;
  std::vector<Vector> normed, keys_values;
  for (const Slot& slot : *slots) {
    normed.push_back(pre ? run(block.attention_norm, n.norm_form, slot.state) : slot.state);
    const bool raw = !pre || n.key_value_source == fb::Source_Raw;
    keys_values.push_back(run(block.key_value, raw ? slot.state : normed.back()));
  }
  std::vector<Slot> next = *slots;
  for (size_t s = 0; s < slots->size(); ++s) {
    const Vector& raw = (*slots)[s].state;
    const Vector attended = attend(n, block, normed[s], keys_values, *slots, s);
    Vector x = add(pre && n.attention_residual == fb::Source_Normed ? normed[s] : raw, attended);
    if (!pre) x = run(block.attention_norm, n.norm_form, x);
    const Vector input = pre ? run(block.ffn_norm, n.norm_form, x) : x;
    Vector output = run(block.ffn_out, activate(n.ffn_activation, run(block.ffn_in, input)));
    const bool is_visited = visit && !(*slots)[s].pad, is_newest = s + 1 == slots->size();
    if (is_visited) visit({HookPlace::kMlp, layer}, is_newest, &output);
    x = add(pre && n.ffn_residual == fb::Source_Normed ? input : x, output);
    if (!pre) x = run(block.ffn_norm, n.norm_form, x);
    if (is_visited) visit({HookPlace::kBlock, layer}, is_newest, &x);
    next[s].state = x;
  }
  *slots = std::move(next);
}

Vector embed(const Network& n, const float* item, int64_t position_row) {
  Vector x(static_cast<size_t>(n.dim));
  for (int64_t c = 0; c < n.dim; ++c) {
    x[c] = double{n.item_scale} * item[c];
    if (n.position_origin != fb::PositionOrigin_None) x[c] += n.positions.row(position_row)[c];
  }
  return n.embedding_norm ? run(*n.embedding_norm, n.norm_form, x) : x;
}

std::vector<Slot> embed_history(const Network& n, const std::vector<int64_t>& items) {
  std::vector<Slot> slots;
  const int64_t events = static_cast<int64_t>(items.size());
  const int64_t kept = std::min(std::max<int64_t>(events - n.skip_oldest, 0), n.window);
  const bool has_mask = n.mask == fb::AttentionMask_Bidirectional;
  // Rows count slots from the newest, the mask token where there is one, or from the oldest.
  const auto position_row = [&](int64_t slot) {
    return n.position_origin == fb::PositionOrigin_Newest ? kept - (has_mask ? 0 : 1) - slot : slot;
  };
  if (n.pad_keys != fb::PadKeys_Hidden) {
    const Slot pad{true, Vector(n.pad_embedding.begin(), n.pad_embedding.end())};
    slots.assign(static_cast<size_t>(n.window - kept), pad);
  }
  for (int64_t i = 0; i < kept; ++i) {
    slots.push_back({false, embed(n, n.items.row(items[events - kept + i]), position_row(i))});
  }
  if (has_mask) slots.push_back({false, embed(n, n.mask_embedding.data(), position_row(kept))});
  return slots;
}

}  // namespace

Vector reference_state(const Network& n, const std::vector<int64_t>& items,
                       const HookVisitor& visit) {
  if (items.empty()) throw std::invalid_argument("empty history");
  std::vector<Slot> slots = embed_history(n, items);
  for (size_t layer = 0; layer < n.blocks.size(); ++layer) {
    if (n.pad_keys == fb::PadKeys_Reset) {
      for (Slot& slot : slots) {
        if (slot.pad) slot.state.assign(n.pad_embedding.begin(), n.pad_embedding.end());
      }
    }
    run_block(n, static_cast<int64_t>(layer), visit, &slots);
  }
  Vector state = slots.back().state;
  if (n.final_norm) state = run(*n.final_norm, n.norm_form, state);
  if (n.head_dense) state = activate(n.head_activation, run(*n.head_dense, state));
  if (n.head_norm) state = run(*n.head_norm, n.norm_form, state);
  if (visit) visit({HookPlace::kLast, 0}, true, &state);
  return state;
}

Vector reference_scores(const Network& n, const std::vector<int64_t>& items,
                        const HookVisitor& visit) {
  const Vector state = reference_state(n, items, visit);
  const Matrix& table = n.output_items ? *n.output_items : n.items;
  Vector scores(static_cast<size_t>(table.rows));
  for (int64_t i = 0; i < table.rows; ++i) {
    double score = n.item_bias.empty() ? 0 : n.item_bias[i];
    for (int64_t c = 0; c < n.dim; ++c) score += state[c] * table.row(i)[c];
    scores[i] = score;
  }
  return scores;
}

}  // namespace pintle::converter
