# SPDX-License-Identifier: Apache-2.0

# Every file on every architecture, with everybody's flags: target.h empties those that are not for it
# and sets the others' targets.
set(kernel_files cpu_features.cpp dispatch.cpp)
foreach(isa scalar avx2 avx512vnni neon neon_dotprod neon_i8mm wasm)
  list(APPEND kernel_files kernels_${isa}.cpp)
  # Optimised for speed even where the rest is built for size.
  set_source_files_properties(${CMAKE_CURRENT_SOURCE_DIR}/kernels/kernels_${isa}.cpp PROPERTIES
    COMPILE_OPTIONS $<$<NOT:$<CONFIG:Debug>>:-O3>)
endforeach()
list(TRANSFORM kernel_files PREPEND ${CMAKE_CURRENT_SOURCE_DIR}/kernels/)
target_sources(pintle_objects PRIVATE ${kernel_files})
