// SPDX-License-Identifier: Apache-2.0
//
// What likeness of items is, for groups by example (lists/example.h): the cosine of their rows of the table
// that scores come from, after the mean row is taken off and the covariance of the rows is evened out.
#ifndef PINTLE_RUNTIME_MODEL_LIKENESS_H_
#define PINTLE_RUNTIME_MODEL_LIKENESS_H_

#include <stdint.h>

#include "runtime/support/allocator.h"
#include "runtime/support/status.h"

namespace pintle::internal {

struct Model;

// With z an item's row less `mean`, the likeness of a and b is z_a' metric z_b times both inverse norms.
struct Likeness {
  float* metric = nullptr;  // [dim][dim], symmetric; null: not asked for
  float* mean;              // [dim], behind it, as is the rest
  float* inverse_norms;     // [items]; 0 where z is 0
};

// Costs dim^2 additions and as many multiplications for each of up to 4,096 items, and again for each item.
// PINTLE_ERR_OUT_OF_MEMORY. REQUIRES: model->likeness is empty, the rest is read.
Status make_likeness(Model* model);
void release_likeness(const Allocator& allocator, Model* model);

}  // namespace pintle::internal

#endif  // PINTLE_RUNTIME_MODEL_LIKENESS_H_
