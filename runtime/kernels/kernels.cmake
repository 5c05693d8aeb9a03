# SPDX-License-Identifier: Apache-2.0

# Every file on every architecture, with everybody's flags: target.h empties those that are not for it
# and sets the others' targets.
set(kernel_files cpu_features.cpp dispatch.cpp)
foreach(isa scalar avx2 avx512vnni neon neon_dotprod neon_i8mm wasm)
  list(APPEND kernel_files kernels_${isa}.cpp)
  # Optimised for speed even where the rest is built for size; but every arm64 CPU has NEON, which overrides
  # all scalar kernels: only tests run them there.
  if(NOT (isa STREQUAL "scalar" AND CMAKE_SYSTEM_PROCESSOR MATCHES "^(aarch64|arm64)"))
    set_source_files_properties(${CMAKE_CURRENT_SOURCE_DIR}/kernels/kernels_${isa}.cpp PROPERTIES
      COMPILE_OPTIONS $<$<NOT:$<CONFIG:Debug>>:-O3>)
  endif()
endforeach()
list(TRANSFORM kernel_files PREPEND ${CMAKE_CURRENT_SOURCE_DIR}/kernels/)
target_sources(pintle_objects PRIVATE ${kernel_files})
