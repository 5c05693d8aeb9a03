// SPDX-License-Identifier: Apache-2.0
#include "support/split_model.h"

#include <algorithm>
#include <numeric>

namespace pintle::test {
namespace {

using converter::Catalogue;
using converter::Matrix;

Matrix rows_of(const Matrix& whole, int64_t begin, int64_t end) {
  return {end - begin, whole.cols, std::vector<float>(whole.row(begin), whole.row(end))};
}

template <typename T>
std::vector<T> part_of(const std::vector<T>& whole, int64_t begin, int64_t end) {
  if (whole.empty()) return {};
  return {whole.begin() + begin, whole.begin() + end};
}

}  // namespace

TinyModel part_of_model(const TinyModel& tiny, int64_t begin, int64_t end) {
  TinyModel part = tiny;
  part.network.items = rows_of(tiny.network.items, begin, end);
  if (tiny.network.output_items) {
    part.network.output_items = rows_of(*tiny.network.output_items, begin, end);
  }
  part.network.item_bias = part_of(tiny.network.item_bias, begin, end);
  part.network.checkpoint_ids = part_of(tiny.network.checkpoint_ids, begin, end);
  const Catalogue& whole = tiny.catalogue;
  Catalogue& catalogue = part.catalogue;
  catalogue.integer_ids = part_of(whole.integer_ids, begin, end);
  catalogue.text_ids = part_of(whole.text_ids, begin, end);
  catalogue.trained = part_of(whole.trained, begin, end);
  catalogue.titles = part_of(whole.titles, begin, end);
  catalogue.item_attributes = part_of(whole.item_attributes, begin, end);
  catalogue.item_memberships = part_of(whole.item_memberships, begin, end);
  catalogue.dates = part_of(whole.dates, begin, end);
  catalogue.id_order.resize(static_cast<size_t>(end - begin));
  std::iota(catalogue.id_order.begin(), catalogue.id_order.end(), 0u);
  std::sort(catalogue.id_order.begin(), catalogue.id_order.end(), [&](uint32_t a, uint32_t b) {
    return catalogue.has_text_ids ? catalogue.text_ids[a] < catalogue.text_ids[b]
                                  : catalogue.integer_ids[a] < catalogue.integer_ids[b];
  });
  return part;
}

converter::Delta delta_of(const TinyModel& rest, const std::vector<uint32_t>& retired) {
  converter::Delta delta;
  delta.retired = retired;
  delta.tables = {rest.network.items, rest.network.output_items, rest.network.item_bias, {}};
  delta.catalogue = rest.catalogue;
  delta.catalogue.trained.clear();
  return delta;
}

std::vector<uint8_t> delta_file(const std::vector<uint8_t>& base, const converter::Delta& delta) {
  return serialize_delta(*fb::GetSizePrefixedModel(base.data()), delta);
}

}  // namespace pintle::test
