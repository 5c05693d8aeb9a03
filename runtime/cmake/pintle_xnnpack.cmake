# SPDX-License-Identifier: Apache-2.0
#
# XNNPACK::XNNPACK and XNNPACK_HAS_RESHAPE, from the system or fetched (it has no releases: a commit).
set(XNNPACK_LIBRARY_TYPE static CACHE INTERNAL "")
foreach(what TESTS BENCHMARKS ALL_MICROKERNELS)
  set(XNNPACK_BUILD_${what} OFF CACHE INTERNAL "")
endforeach()
pintle_dependency(xnnpack PACKAGES XNNPACK TARGET XNNPACK::XNNPACK FETCHED_TARGET XNNPACK
                  GIT https://github.com/google/XNNPACK.git
                  COMMIT 75db3c093b6d74fe90b8df82670cd8a01102ba38)
if(TARGET XNNPACK)
  set(XNNPACK_HAS_RESHAPE TRUE)
endif()
