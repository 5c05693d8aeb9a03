# SPDX-License-Identifier: Apache-2.0
#
# XNNPACK::XNNPACK and XNNPACK_HAS_RESHAPE, from the system or fetched (no releases: a commit).
# Where there is neither, PINTLE_WITH_XNNPACK turns off for this build: our own kernels serve.
foreach(what TESTS BENCHMARKS ALL_MICROKERNELS)
  set(XNNPACK_BUILD_${what} OFF CACHE INTERNAL "")
endforeach()
set(XNNPACK_LIBRARY_TYPE static CACHE INTERNAL "")
pintle_dependency(xnnpack PACKAGES XNNPACK TARGET XNNPACK::XNNPACK FETCHED_TARGET XNNPACK OPTIONAL
                  GIT https://github.com/google/XNNPACK.git
                  COMMIT 75db3c093b6d74fe90b8df82670cd8a01102ba38)
if(TARGET XNNPACK)
  set(XNNPACK_HAS_RESHAPE TRUE)
elseif(NOT TARGET XNNPACK::XNNPACK)
  message(STATUS "xnnpack: none usable on this system and PINTLE_FETCH is off: building without")
  set(PINTLE_WITH_XNNPACK OFF)
endif()
