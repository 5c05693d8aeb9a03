// SPDX-License-Identifier: Apache-2.0
#ifndef PINTLE_CONVERTER_INT4_ROWS_H_
#define PINTLE_CONVERTER_INT4_ROWS_H_

#include <Eigen/Core>
#include <cstdint>

namespace pintle::converter {

// Codes in [-8, 7] and one half scale a group of 32 columns, chosen for the least e^T moments e:
// starts from quantize_group_int4 and then changes one code, or all scales, as long as that helps.
void quantize_row_int4(const float* values, const Eigen::MatrixXd& moments, int8_t* q,
                       uint16_t* scales);

}  // namespace pintle::converter

#endif  // PINTLE_CONVERTER_INT4_ROWS_H_
