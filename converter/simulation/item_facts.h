// SPDX-License-Identifier: Apache-2.0
#ifndef PINTLE_CONVERTER_SIMULATION_ITEM_FACTS_H_
#define PINTLE_CONVERTER_SIMULATION_ITEM_FACTS_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "pintle/pintle.hpp"

namespace pintle::converter {

// What simulated people know of a model's items.
class ItemFacts {
 public:
  explicit ItemFacts(const Model& model);

  size_t item_count() const { return memberships_.size(); }
  size_t attribute_count() const { return sizes_.size(); }
  // How much the item belongs to the attribute, 0 to 1.
  double membership(uint32_t item, uint32_t attribute) const;
  bool has(uint32_t item, uint32_t attribute) const { return membership(item, attribute) >= 0.5; }
  bool is_trained(uint32_t item) const { return is_trained_[item]; }
  // Items that have it.
  size_t size(uint32_t attribute) const { return sizes_[attribute]; }
  struct Membership {
    uint32_t attribute;
    double level;
  };
  const std::vector<Membership>& of(uint32_t item) const { return memberships_[item]; }
  // Cosine of the items' vectors, less the catalogue's mean.
  double likeness(uint32_t a, uint32_t b) const;

 private:
  std::vector<std::vector<Membership>> memberships_;
  std::vector<bool> is_trained_;
  std::vector<size_t> sizes_;
  std::vector<float> directions_;  // [items][dim], of length 1 (or 0)
  size_t dim_;
};

}  // namespace pintle::converter

#endif  // PINTLE_CONVERTER_SIMULATION_ITEM_FACTS_H_
