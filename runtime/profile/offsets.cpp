// SPDX-License-Identifier: Apache-2.0
#include "runtime/profile/offsets.h"

#include <math.h>
#include <string.h>

namespace pintle::internal {
namespace {

// No item's |u| is above it: odds change by a factor of 150 at most, whatever feedback a profile holds.
constexpr float kLargestOffset = 5;

// Adds an attribute's weight to the items of one part of the catalogue that have it.
void add_weight(const Catalogue& part, uint32_t attribute, float weight, float* offsets) {
  const uint32_t* items = nullptr;
  uint32_t count = 0;
  if (part.get_items(attribute, &items, &count) != PINTLE_OK) return;
  const uint8_t* memberships = part.memberships_in(attribute);
  for (uint32_t i = 0; i < count; ++i) {
    if (items[i] >= part.item_count) continue;
    offsets[items[i]] +=
        memberships == nullptr ? weight : weight * static_cast<float>(memberships[i]) * (1 / 15.0f);
  }
}

}  // namespace

void find_offsets(Session* session) {
  ProfileState& profile = session->profile;
  if (profile.has_offsets) return;
  const Model& model = *session->model;
  const size_t padded = static_cast<size_t>(format::round_up(model.item_count, kPanelRows));
  float* offsets = profile.offsets.front(padded);
  memset(offsets, 0, padded * sizeof(float));
  // By ascending attribute, so that the order in which they were touched does not tell.
  for (uint32_t attribute = 0; attribute < model.catalogue.attribute_count; ++attribute) {
    const float weight = *profile.weights.at(attribute, 1);
    if (weight == 0) continue;
    for (const Catalogue* part = &model.catalogue; part != nullptr; part = part->added) {
      add_weight(*part, attribute, weight, offsets + part->first_item);
    }
  }
  const ItemTerm* terms = profile.terms.front(profile.term_count);
  for (uint32_t i = 0; i < profile.term_count; ++i) {
    offsets[terms[i].item] += static_cast<float>(static_cast<double>(terms[i].weight) / kFixedOne);
  }
  float most = 0;
  for (size_t i = 0; i < padded; ++i) {
    const float up = offsets[i] > -kLargestOffset ? offsets[i] : -kLargestOffset;
    offsets[i] = up < kLargestOffset ? up : kLargestOffset;
    most = offsets[i] > most ? offsets[i] : most;
  }
  profile.most = most;
  profile.has_offsets = true;
}

}  // namespace pintle::internal
