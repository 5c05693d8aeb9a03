// SPDX-License-Identifier: Apache-2.0
#include "converter/sae_training/train_kernels.h"

namespace pintle::converter {

const TrainKernels& train_kernels() {
#if defined(__x86_64__) || defined(__i386__)
  const bool fast = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
#else
  const bool fast = false;
#endif
  const TrainKernels* avx2 = fast ? train_kernels_avx2() : nullptr;
  return avx2 != nullptr ? *avx2 : *train_kernels_baseline();
}

}  // namespace pintle::converter
