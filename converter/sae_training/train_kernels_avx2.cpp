// SPDX-License-Identifier: Apache-2.0
//
// train_kernels.cpp once more, for CPUs with AVX2 and FMA. CMake compiles this file alone with
// -mavx2 -mfma. Eigen gets another name here, so that its functions do not share symbols with the
// baseline's: the linker keeps one copy of a symbol, and it must not be this one.
#if defined(__AVX2__) && defined(__FMA__)
#define Eigen pintle_eigen_avx2
#define PINTLE_TRAIN_ISA avx2
#include "converter/sae_training/train_kernels.cpp"
#else
#include "converter/sae_training/train_kernels.h"

namespace pintle::converter {
const TrainKernels* train_kernels_avx2() { return nullptr; }
}  // namespace pintle::converter
#endif
