// SPDX-License-Identifier: Apache-2.0
//
// What rounding an item costs, as int4 needs to know it. Models must have scalar kernels: the same
// sums, and so the same file, on every processor; with others Error is thrown.
#ifndef PINTLE_CONVERTER_RUN_CALIBRATE_H_
#define PINTLE_CONVERTER_RUN_CALIBRATE_H_

#include <Eigen/Core>
#include <cstdint>
#include <vector>

#include "converter/io/interactions.h"
#include "pintle/pintle.hpp"

namespace pintle::converter {

// E[h h^T] over the vectors h that a model scores its items against, [dim][dim]: a rounding error e
// of an item's row costs e^T E[h h^T] e in squared score. The histories are made by the model
// itself (a random item, then draws from its own best twenty), so no data is needed; they are the
// same on every run. `model`: in f32. A ridge keeps the matrix positive definite.
Eigen::MatrixXd scoring_moments(const Model& model);

// Such vectors h themselves, one a row, and the histories that they come from.
using States = Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
struct ScoringStates {
  States states;
  std::vector<std::vector<uint32_t>> histories;  // one a row
};

// For codes whose cost depends on them. Without interactions every second walk draws any items: of
// some models the walks from their best alone are all alike. With them, real histories, users evenly,
// cut at seeded places. `model`: at any precision.
ScoringStates scoring_states(const Model& model, const Interactions* interactions);

}  // namespace pintle::converter

#endif  // PINTLE_CONVERTER_RUN_CALIBRATE_H_
