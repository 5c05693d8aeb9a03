// SPDX-License-Identifier: Apache-2.0
#include "converter/simulation/item_facts.h"

#include <cmath>

#include "converter/run/runtime_model.h"

namespace pintle::converter {

ItemFacts::ItemFacts(const Model& model) : dim_(model.info().dim) {
  const pintle_model_info info = model.info();
  sizes_.resize(info.attribute_count);
  memberships_.resize(info.item_count);
  directions_.resize(info.item_count * dim_);
  std::vector<double> mean(dim_);
  for (uint32_t item = 0; item < info.item_count; ++item) {
    const pintle_item_info about = require(model.item(item), "item", item);
    is_trained_.push_back(about.is_trained != 0);
    for (size_t i = 0; i < about.attribute_count; ++i) {
      const double level = about.memberships == nullptr ? 1 : about.memberships[i] / 15.0;
      memberships_[item].push_back({about.attributes[i], level});
      if (level >= 0.5) ++sizes_[about.attributes[i]];
    }
    const std::vector<float> row = require(model.item_vector(item), "vector of item", item);
    for (size_t c = 0; c < dim_; ++c) {
      directions_[item * dim_ + c] = row[c];
      mean[c] += static_cast<double>(row[c]) / static_cast<double>(info.item_count);
    }
  }
  for (size_t item = 0; item < info.item_count; ++item) {
    float* row = directions_.data() + item * dim_;
    double squares = 0;
    for (size_t c = 0; c < dim_; ++c) {
      row[c] -= static_cast<float>(mean[c]);
      squares += static_cast<double>(row[c]) * static_cast<double>(row[c]);
    }
    for (size_t c = 0; squares > 0 && c < dim_; ++c) {
      row[c] /= static_cast<float>(std::sqrt(squares));
    }
  }
}

double ItemFacts::membership(uint32_t item, uint32_t attribute) const {
  for (const Membership& own : memberships_[item]) {
    if (own.attribute == attribute) return own.level;
  }
  return 0;
}

double ItemFacts::likeness(uint32_t a, uint32_t b) const {
  const float *row = directions_.data() + a * dim_, *other = directions_.data() + b * dim_;
  double sum = 0;
  for (size_t c = 0; c < dim_; ++c) {
    sum += static_cast<double>(row[c]) * static_cast<double>(other[c]);
  }
  return sum;
}

}  // namespace pintle::converter
