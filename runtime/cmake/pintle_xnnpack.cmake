# SPDX-License-Identifier: Apache-2.0
#
# XNNPACK::XNNPACK and XNNPACK_HAS_RESHAPE, from the system or fetched (no releases: a commit).
# Where there is neither, PINTLE_WITH_XNNPACK turns off for this build: our own kernels serve.
foreach(what TESTS BENCHMARKS ALL_MICROKERNELS)
  set(XNNPACK_BUILD_${what} OFF CACHE INTERNAL "")
endforeach()
set(XNNPACK_LIBRARY_TYPE static CACHE INTERNAL "")
# Only its f32 fully connected operator is used: without these it compiles in half the time, and an app
# carries none of their kernels.
foreach(what ARM_BF16 ARM_FP16_SCALAR ARM_FP16_VECTOR ARM_DOTPROD ARM_I8MM ARM_SME ARM_SME2 KLEIDIAI
        AVXVNNI AVXVNNIINT8 AVX256SKX AVX256VNNI AVX256VNNIGFNI AVX512VBMI AVX512VNNI AVX512VNNIGFNI
        AVX512AMX AVX512FP16 AVX512BF16 SPARSE MEMOPT)
  set(XNNPACK_ENABLE_${what} OFF CACHE INTERNAL "")
endforeach()
pintle_dependency(xnnpack PACKAGES XNNPACK TARGET XNNPACK::XNNPACK FETCHED_TARGET XNNPACK OPTIONAL
                  GIT https://github.com/google/XNNPACK.git
                  COMMIT 75db3c093b6d74fe90b8df82670cd8a01102ba38)
if(TARGET XNNPACK)
  set(XNNPACK_HAS_RESHAPE TRUE)
  # So that --gc-sections drops the operators that nobody creates.
  get_target_property(folder XNNPACK SOURCE_DIR)
  get_property(parts DIRECTORY ${folder} PROPERTY BUILDSYSTEM_TARGETS)
  foreach(part ${parts})
    get_target_property(type ${part} TYPE)
    if(type MATCHES "STATIC_LIBRARY|OBJECT_LIBRARY")
      target_compile_options(${part} PRIVATE -ffunction-sections -fdata-sections)
    endif()
  endforeach()
elseif(NOT TARGET XNNPACK::XNNPACK)
  message(STATUS "xnnpack: none usable on this system and PINTLE_FETCH is off: building without")
  set(PINTLE_WITH_XNNPACK OFF)
endif()
