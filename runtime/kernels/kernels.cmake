# SPDX-License-Identifier: Apache-2.0

# pintle_add_isa(isa flags ...): compiles kernels_<isa>.cpp with its own flags and tells dispatch.
function(pintle_add_isa isa)
  set(file ${CMAKE_CURRENT_SOURCE_DIR}/kernels/kernels_${isa}.cpp)
  # Optimised for speed even where the rest is built for size.
  set_source_files_properties(${file} PROPERTIES COMPILE_OPTIONS
    "-ffp-contract=off;$<$<NOT:$<CONFIG:Debug>>:-O3>;${ARGN}")
  target_sources(pintle_objects PRIVATE ${file})
  string(TOUPPER PINTLE_HAVE_${isa} macro)
  set_property(SOURCE ${CMAKE_CURRENT_SOURCE_DIR}/kernels/dispatch.cpp
    APPEND PROPERTY COMPILE_DEFINITIONS ${macro})
endfunction()

target_sources(pintle_objects PRIVATE
  ${CMAKE_CURRENT_SOURCE_DIR}/kernels/cpu_features.cpp
  ${CMAKE_CURRENT_SOURCE_DIR}/kernels/dispatch.cpp)
pintle_add_isa(scalar)
if(CMAKE_SYSTEM_PROCESSOR MATCHES "^(x86_64|AMD64|amd64)$")
  pintle_add_isa(avx2 -mavx2 -mfma -mf16c)
  # GCC 12's own AVX-512 header sets off -Wuninitialized (its bug 105593).
  pintle_add_isa(avx512vnni -mavx2 -mfma -mf16c -mavx512f -mavx512bw -mavx512dq -mavx512vl
    -mavx512vnni $<$<CXX_COMPILER_ID:GNU>:-Wno-uninitialized>
    $<$<CXX_COMPILER_ID:GNU>:-Wno-maybe-uninitialized>)
elseif(CMAKE_SYSTEM_PROCESSOR MATCHES "^(aarch64|arm64|ARM64)$")
  pintle_add_isa(neon)
  pintle_add_isa(neon_dotprod -march=armv8.2-a+dotprod)
  pintle_add_isa(neon_i8mm -march=armv8.2-a+dotprod+i8mm)
elseif(CMAKE_SYSTEM_PROCESSOR MATCHES "^wasm(32|64)$")
  pintle_add_isa(wasm -msimd128)
endif()
