// SPDX-License-Identifier: Apache-2.0
#include "converter/import/build_network.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "converter/io/error.h"

namespace pintle::converter {
namespace {

class NetworkBuilder {
 public:
  NetworkBuilder(const Recipe& recipe, const Binding& binding, const Settings& settings,
                 const std::string& origin)
      : recipe_(recipe), b_(binding), s_(settings), origin_(origin) {}

  Network build() {
    n_.recipe = recipe_.name;
    n_.dim = b_.dim;
    n_.heads = s_.heads;
    n_.ffn_dim = b_.ffn_dim;
    n_.item_scale = s_.item_scale;
    n_.pad_keys = s_.pad_keys;
    n_.mask = s_.mask;
    n_.norm_placement = s_.norm_placement;
    n_.key_value_source = s_.key_value_source;
    n_.attention_residual = s_.attention_residual;
    n_.ffn_residual = s_.ffn_residual;
    n_.ffn_activation = s_.activation;
    n_.skip_oldest = s_.skip_oldest;
    if (n_.skip_oldest > 0 && !has_mask_token()) {
      fail("skip_oldest = " + std::to_string(n_.skip_oldest) +
           " needs a bidirectional mask with a mask token");
    }
    n_.norm_form = s_.unbiased_std ? fb::NormForm_EpsOutside : fb::NormForm_EpsInside;
    n_.assumptions = s_.report;
    build_items();
    build_positions();
    build_pad_embedding();
    if (b_.embedding_norm) n_.embedding_norm = norm(*b_.embedding_norm, s_.embedding_norm_eps);
    for (const BoundBlock& block : b_.blocks) {
      n_.blocks.insert(n_.blocks.end(), static_cast<size_t>(s_.block_repeats), build_block(block));
    }
    if (b_.final_norm) n_.final_norm = norm(*b_.final_norm, s_.final_norm_eps);
    if (b_.head_dense) {
      n_.head_dense = linear(*b_.head_dense);
      n_.head_activation = s_.head_activation;
    }
    if (b_.head_norm) n_.head_norm = norm(*b_.head_norm, s_.head_norm_eps);
    fold_temperature();
    for (const std::string& text : recipe_.notes) n_.assumptions.push_back(text);
    for (const std::string& name : b_.unused) n_.assumptions.push_back("not used: tensor " + name);
    return std::move(n_);
  }

 private:
  [[noreturn]] void fail(const std::string& fault) const { throw Error(origin_ + ": " + fault); }

  // Row-major values, all finite.
  std::vector<float> values(const NamedTensor& named) const {
    std::vector<float> v = named.tensor->to_f32();
    for (size_t i = 0; i < v.size(); ++i) {
      if (!std::isfinite(v[i])) {
        fail("tensor " + named.name + " holds " + (std::isnan(v[i]) ? "NaN" : "an infinite value") +
             " at element " + std::to_string(i) + " of shape " + extents_text(named.tensor->shape) +
             "; the checkpoint is damaged or its training diverged: use another one");
      }
    }
    return v;
  }

  Matrix matrix(const NamedTensor& named, bool transposed) const {
    Matrix m;
    m.rows = named.tensor->shape[0];
    m.cols = named.tensor->shape[1];
    m.values = values(named);
    if (!transposed) return m;
    Matrix t;
    t.rows = m.cols;
    t.cols = m.rows;
    t.values.resize(m.values.size());
    for (int64_t r = 0; r < t.rows; ++r) {
      for (int64_t c = 0; c < t.cols; ++c) t.row(r)[c] = m.row(c)[r];
    }
    return t;
  }

  Linear linear(const BoundLinear& bound) const {
    Linear l;
    l.weight = matrix(*bound.weight, bound.transposed);
    l.bias = bound.bias == nullptr ? std::vector<float>(static_cast<size_t>(l.weight.rows))
                                   : values(*bound.bias);
    return l;
  }

  bool has_mask_token() const { return s_.mask == fb::AttentionMask_Bidirectional; }

  Norm norm(const BoundNorm& bound, float eps) const {
    Norm n{values(*bound.gain), std::vector<float>(static_cast<size_t>(b_.dim)), eps};
    if (bound.bias != nullptr) n.bias = values(*bound.bias);
    if (s_.unbiased_std) fold_unbiased(&n);
    return n;
  }

  // The deviation with d - 1 in its root is k = sqrt(d / (d - 1)) times the schema's, s, and
  // gain / (k s + eps) = (gain / k) / (s + eps / k).
  void fold_unbiased(Norm* n) const {
    if (b_.dim < 2) fail("norm_form = unbiased_std needs more than one dimension");
    const double dim = static_cast<double>(b_.dim), k = std::sqrt(dim / (dim - 1));
    for (float& value : n->gain) value = static_cast<float>(value / k);
    n->eps = static_cast<float>(n->eps / k);
  }

  // Whole numbers of an index tensor, which f32 could round.
  std::vector<int64_t> indices(const NamedTensor& named) const {
    const CheckpointTensor& t = *named.tensor;
    if (t.type != ScalarType::kI64 && t.type != ScalarType::kI32) {
      fail("tensor " + named.name + " has type " + scalar_type_name(t.type) +
           ", expected i64 or i32");
    }
    std::vector<int64_t> out(static_cast<size_t>(t.shape[0]));
    const size_t size = scalar_size_bytes(t.type);
    for (size_t i = 0; i < out.size(); ++i) {
      const std::byte* from =
          t.storage->data() +
          size * static_cast<size_t>(t.offset + static_cast<int64_t>(i) * t.strides[0]);
      int32_t narrow = 0;
      if (size == sizeof narrow) {
        std::memcpy(&narrow, from, size);
        out[i] = narrow;
      } else {
        std::memcpy(&out[i], from, size);
      }
    }
    return out;
  }

  void add_bag(Matrix* table) const {
    const Matrix bag = matrix(*b_.bag_table, false);
    const std::vector<int64_t> inputs = indices(*b_.bag_inputs);
    const std::vector<int64_t> offsets = indices(*b_.bag_offsets);
    const std::vector<int64_t> lengths = indices(*b_.bag_lengths);
    const int64_t count = static_cast<int64_t>(inputs.size());
    for (int64_t r = 0; r < table->rows; ++r) {
      const int64_t first = offsets[r], length = lengths[r];
      if (first < 0 || length < 0 || first > count || length > count - first) {
        fail("tensors " + b_.bag_offsets->name + " and " + b_.bag_lengths->name +
             " point outside " + b_.bag_inputs->name + " at row " + std::to_string(r));
      }
      for (int64_t k = first; k < first + length; ++k) {
        if (inputs[k] < 0 || inputs[k] >= bag.rows) {
          fail("tensor " + b_.bag_inputs->name + " points outside " + b_.bag_table->name +
               " at element " + std::to_string(k));
        }
        for (int64_t c = 0; c < table->cols; ++c) table->row(r)[c] += bag.row(inputs[k])[c];
      }
    }
  }

  // Item row r is scored by row r + this.
  int64_t output_offset() const { return recipe_.output_offset.value_or(0); }

  // The items' rows of a table, item row r being row r + offset there.
  Matrix item_rows(const Matrix& table, int64_t offset = 0) const {
    Matrix m;
    m.rows = static_cast<int64_t>(n_.checkpoint_ids.size());
    m.cols = table.cols;
    m.values.reserve(static_cast<size_t>(m.rows * m.cols));
    for (const int64_t id : n_.checkpoint_ids) {
      const float* row = table.row(id + offset);
      m.values.insert(m.values.end(), row, row + table.cols);
    }
    return m;
  }

  // Leaves out the items that no row of the output table scores, and says so; of the table's other
  // rows, too.
  void drop_unscored_items() {
    if (b_.output_items == nullptr) return;
    const int64_t rows = b_.output_items->tensor->shape[0];
    std::vector<int64_t>& ids = n_.checkpoint_ids;
    const auto is_scored = [&](int64_t id) {
      return id + output_offset() >= 0 && id + output_offset() < rows;
    };
    const auto unscored = std::stable_partition(ids.begin(), ids.end(), is_scored);
    if (unscored != ids.end()) {
      n_.assumptions.push_back("row " + rows_text({unscored, ids.end()}) +
                               " of the item table: no item, as " + b_.output_items->name +
                               " has no row for it");
      for (auto id = unscored; id != ids.end(); ++id) {
        n_.origin.special_rows.emplace(*id, "not scored by " + b_.output_items->name);
      }
      ids.erase(unscored, ids.end());
    }
    std::vector<int64_t> unused;
    for (int64_t row = 0; row < rows; ++row) {
      const int64_t id = row - output_offset();
      if (id < 0 || id >= b_.item_rows) unused.push_back(row);
    }
    if (!unused.empty()) {
      n_.assumptions.push_back("not used: row " + rows_text(unused) + " of " +
                               b_.output_items->name + ", which the item table has no row for");
    }
  }

  // "1", "1 ... 7 (7 rows)"; ascending.
  static std::string rows_text(const std::vector<int64_t>& rows) {
    const std::string first = std::to_string(rows.front());
    if (rows.size() == 1) return first;
    return first + " ... " + std::to_string(rows.back()) + " (" + std::to_string(rows.size()) +
           " rows)";
  }

  std::vector<float> bias_of_items() const {
    const std::vector<float> bias = values(*b_.item_bias);
    const std::vector<int64_t>& ids = n_.checkpoint_ids;
    const int64_t needed = ids.back() + output_offset() + 1;
    if (needed > static_cast<int64_t>(bias.size())) {
      fail("tensor " + b_.item_bias->name + " has shape " +
           extents_text(b_.item_bias->tensor->shape) + ", expected at least " +
           std::to_string(needed) + " values, one an item");
    }
    if (ids.front() + output_offset() < 0) {
      fail("recipe " + recipe_.name + ": with offset " + std::to_string(output_offset()) +
           ", row " + std::to_string(ids.front()) + " of the item table has no value in " +
           b_.item_bias->name + "; set another offset, or name rows that are no items");
    }
    std::vector<float> of_items;
    for (const int64_t id : ids) of_items.push_back(bias[id + output_offset()]);
    return of_items;
  }

  void build_mask_embedding(const Matrix& item_table) {
    if (b_.mask_embedding != nullptr && s_.mask_row) {
      fail("mask_row = " + std::to_string(*s_.mask_row) + ", but recipe " + recipe_.name +
           " has the mask token in " + b_.mask_embedding->name + "; tell no mask_row");
    }
    if (!has_mask_token()) {
      if (b_.mask_embedding != nullptr) {
        n_.assumptions.push_back("not used: tensor " + b_.mask_embedding->name +
                                 ", as no mask token is appended");
      }
      return;
    }
    if (b_.mask_embedding != nullptr) {
      n_.mask_embedding = values(*b_.mask_embedding);
    } else if (s_.mask_row) {
      const float* row = item_table.row(*s_.mask_row);
      n_.mask_embedding.assign(row, row + b_.dim);
    } else {
      fail("no row of " + b_.items->name +
           " is told to be the mask token; pass --set mask_row=N, or --config FILE with "
           "{\"mask_row\": N}");
    }
  }

  void build_items() {
    Matrix table = matrix(*b_.items, false);
    if (b_.bag_table != nullptr) {
      add_bag(&table);
      n_.assumptions.push_back("items = " + b_.items->name + " + " + b_.bag_table->name +
                               " (folded into one table)");
    }
    n_.origin.rows = b_.item_rows;
    n_.origin.special_rows = s_.special_rows;
    for (const int64_t told : recipe_.drop_rows) {
      const int64_t row = told < 0 ? b_.item_rows + told : told;
      if (row < 0 || row >= b_.item_rows) {
        fail("recipe " + recipe_.name + " drops row " + std::to_string(told) + " of " +
             b_.items->name + ", which has " + std::to_string(b_.item_rows) + " rows");
      }
      n_.origin.special_rows.emplace(row, "fixed by the recipe");
    }
    for (const auto& [row, why] : n_.origin.special_rows) {
      if (s_.pad_row == row || s_.mask_row == row) continue;  // reported as settings
      n_.assumptions.push_back("row " + std::to_string(row) + " of the item table is no item (" +
                               why + ")");
    }
    for (int64_t row = 0; row < b_.item_rows; ++row) {
      if (n_.origin.special_rows.count(row) == 0) n_.checkpoint_ids.push_back(row);
    }
    drop_unscored_items();
    if (n_.checkpoint_ids.empty()) fail("tensor " + b_.items->name + " holds no items");
    n_.items = item_rows(table);
    if (b_.output_items != nullptr) {
      Matrix output = item_rows(matrix(*b_.output_items, false), output_offset());
      if (output.values != n_.items.values) n_.output_items = std::move(output);
    }
    if (b_.item_bias != nullptr) n_.item_bias = bias_of_items();
    build_mask_embedding(table);
    if (recipe_.pad_embedding != PadEmbedding::kNone && s_.pad_row) {
      const float* row = table.row(*s_.pad_row);
      pad_item_.assign(row, row + b_.dim);
    }
  }

  void build_positions() {
    if (b_.positions == nullptr) {
      n_.position_origin = fb::PositionOrigin_None;
      if (!s_.window) {
        fail("recipe " + recipe_.name +
             " has no position table to tell the window; pass --set window=N");
      }
      n_.window = *s_.window;
      return;
    }
    const Matrix table = matrix(*b_.positions, false);
    const int64_t first = recipe_.first_position_row;
    const int64_t mask_rows = has_mask_token() ? 1 : 0;
    const int64_t usable = table.rows - first - mask_rows;
    if (usable < 1) {
      fail("tensor " + b_.positions->name + " has shape " +
           extents_text(b_.positions->tensor->shape) + ", expected at least " +
           std::to_string(first + mask_rows + 1) + " rows");
    }
    n_.window = s_.window.value_or(usable);
    if (n_.window > usable) {
      fail("window = " + std::to_string(n_.window) + ", but " + b_.positions->name +
           " has room for " + std::to_string(usable) +
           " items; pass a smaller one with --set window=N");
    }
    if (!s_.window) {
      n_.assumptions.push_back("window = " + std::to_string(n_.window) + " (rows of " +
                               b_.positions->name + ")");
    }
    const bool from_oldest = recipe_.position_order == PositionOrder::kOldestFirst;
    n_.position_origin = from_oldest ? fb::PositionOrigin_Oldest : fb::PositionOrigin_Newest;
    n_.positions.rows = n_.window + mask_rows;
    n_.positions.cols = b_.dim;
    for (int64_t r = 0; r < n_.positions.rows; ++r) {
      int64_t from = first + r;  // oldest first, newest first
      if (recipe_.position_order == PositionOrder::kSlots) from = first + n_.positions.rows - 1 - r;
      if (recipe_.position_order == PositionOrder::kSlotsFromEnd) from = table.rows - 1 - r;
      n_.positions.values.insert(n_.positions.values.end(), table.row(from),
                                 table.row(from) + b_.dim);
    }
    if (recipe_.pad_embedding == PadEmbedding::kItemAndPositionRow) {
      const int64_t row = recipe_.pad_position_row;
      if (row < 0 || row >= table.rows) {
        fail("recipe " + recipe_.name + ": " + b_.positions->name + " has no row " +
             std::to_string(row) + " for pads");
      }
      pad_position_.assign(table.row(row), table.row(row) + b_.dim);
    }
    if (b_.position_add == nullptr) return;
    const Matrix add = matrix(*b_.position_add, false);
    if (recipe_.position_add_row < 0 || recipe_.position_add_row >= add.rows) {
      fail("tensor " + b_.position_add->name + " has no row " +
           std::to_string(recipe_.position_add_row));
    }
    for (int64_t r = 0; r < n_.positions.rows; ++r) {
      for (int64_t c = 0; c < b_.dim; ++c)
        n_.positions.row(r)[c] += add.row(recipe_.position_add_row)[c];
    }
  }

  void build_pad_embedding() {
    if (s_.pad_keys == fb::PadKeys_Hidden) return;
    if (s_.mask != fb::AttentionMask_Causal || recipe_.embedding_norm ||
        recipe_.pad_embedding == PadEmbedding::kNone) {
      fail("pad_keys = " + std::string(fb::EnumNamePadKeys(s_.pad_keys)) + ", but recipe " +
           recipe_.name + " does not say what a pad's embedding is; pad_keys can only be hidden");
    }
    n_.pad_embedding.assign(static_cast<size_t>(b_.dim), 0.0f);
    if (recipe_.pad_embedding == PadEmbedding::kZero) return;
    if (pad_item_.empty()) fail("no row of " + b_.items->name + " is told to be the pad");
    for (int64_t c = 0; c < b_.dim; ++c) {
      n_.pad_embedding[c] = n_.item_scale * pad_item_[c];
      if (!pad_position_.empty()) n_.pad_embedding[c] += pad_position_[c];
    }
  }

  Block build_block(const BoundBlock& bound) const {
    Block block;
    block.attention_norm = norm(bound.attention_norm, s_.attention_norm_eps);
    block.ffn_norm = norm(bound.ffn_norm, s_.ffn_norm_eps);
    if (bound.query_key_value) {
      Linear stacked = linear(*bound.query_key_value);
      const auto split = static_cast<std::ptrdiff_t>(b_.dim * b_.dim);
      block.query.weight = {
          b_.dim, b_.dim, {stacked.weight.values.begin(), stacked.weight.values.begin() + split}};
      block.query.bias.assign(stacked.bias.begin(), stacked.bias.begin() + b_.dim);
      block.key_value.weight = {
          2 * b_.dim, b_.dim, {stacked.weight.values.begin() + split, stacked.weight.values.end()}};
      block.key_value.bias.assign(stacked.bias.begin() + b_.dim, stacked.bias.end());
    } else {
      block.query = linear(*bound.query);
      block.key_value = linear(*bound.key);
      const Linear value = linear(*bound.value);
      block.key_value.weight.rows += value.weight.rows;
      std::vector<float>& weight = block.key_value.weight.values;
      weight.insert(weight.end(), value.weight.values.begin(), value.weight.values.end());
      block.key_value.bias.insert(block.key_value.bias.end(), value.bias.begin(), value.bias.end());
    }
    if (bound.output) block.output = linear(*bound.output);
    block.ffn_in = linear(bound.ffn_in);
    block.ffn_out = linear(bound.ffn_out);
    return block;
  }

  // Scores are (state . item) / temperature: the last norm's gain and bias take the division.
  void fold_temperature() {
    if (s_.softmax_temperature == 1) return;
    Norm* last = n_.head_norm                      ? &*n_.head_norm
                 : n_.final_norm && !n_.head_dense ? &*n_.final_norm
                                                   : nullptr;
    if (last == nullptr || !n_.item_bias.empty()) {
      fail("softmax_temperature = " + std::to_string(s_.softmax_temperature) +
           " needs a final norm to fold it into and no item bias; recipe " + recipe_.name +
           " has another form");
    }
    for (float& value : last->gain) value /= s_.softmax_temperature;
    for (float& value : last->bias) value /= s_.softmax_temperature;
  }

  const Recipe& recipe_;
  const Binding& b_;
  const Settings& s_;
  const std::string& origin_;
  Network n_;
  std::vector<float> pad_item_, pad_position_;
};

}  // namespace

Network build_network(const Recipe& recipe, const Binding& binding, const Settings& settings,
                      const std::string& origin) {
  return NetworkBuilder(recipe, binding, settings, origin).build();
}

}  // namespace pintle::converter
