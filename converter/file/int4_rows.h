// SPDX-License-Identifier: Apache-2.0
#ifndef PINTLE_CONVERTER_FILE_INT4_ROWS_H_
#define PINTLE_CONVERTER_FILE_INT4_ROWS_H_

#include <Eigen/Core>
#include <cstdint>

namespace pintle::converter {

// Rounds rows to codes in [-8, 7] with one half scale a group of 32 columns, so that the error e of
// a row has a small e^T moments e. Finding the least is a closest-vector problem; from several
// scales it rounds one column after the other, each making up for the columns before (Babai's
// nearest plane), then changes single codes and refits the scales as long as that helps.
class Int4RowQuantizer {
 public:
  // REQUIRES: moments is symmetric and positive definite.
  explicit Int4RowQuantizer(const Eigen::MatrixXd& moments);
  // values: [cols]; q: [cols]; scales: one a group. Any thread.
  void quantize(const float* values, int8_t* q, Eigen::half* scales) const;

 private:
  Eigen::MatrixXd moments_, factor_;  // moments = factor^T factor, factor upper triangular
};

}  // namespace pintle::converter

#endif  // PINTLE_CONVERTER_FILE_INT4_ROWS_H_
