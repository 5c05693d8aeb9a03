# SPDX-License-Identifier: Apache-2.0
#
# XNNPACK as Debian ships it: a shared library and one header, no CMake or pkg-config file. It has
# neither releases nor a version macro, so the API is probed. Two generations are found: that of
# February 2022 and today's, where an operator is run by reshape and setup and its creation takes a
# weights cache. Those between (their creation takes other caches) count as not found.
# Defines the target XNNPACK::XNNPACK and XNNPACK_HAS_RESHAPE (today's generation).
include(CheckCXXSourceCompiles)
include(CheckSymbolExists)
include(CMakePushCheckState)
include(FindPackageHandleStandardArgs)

find_path(XNNPACK_INCLUDE_DIR xnnpack.h)
find_path(XNNPACK_PTHREADPOOL_INCLUDE_DIR pthreadpool.h)  # xnnpack.h includes it
find_library(XNNPACK_LIBRARY XNNPACK)
mark_as_advanced(XNNPACK_INCLUDE_DIR XNNPACK_PTHREADPOOL_INCLUDE_DIR XNNPACK_LIBRARY)

if(XNNPACK_LIBRARY AND XNNPACK_INCLUDE_DIR AND XNNPACK_PTHREADPOOL_INCLUDE_DIR)
  cmake_push_check_state(RESET)
  set(CMAKE_REQUIRED_QUIET TRUE)
  set(CMAKE_REQUIRED_INCLUDES ${XNNPACK_INCLUDE_DIR} ${XNNPACK_PTHREADPOOL_INCLUDE_DIR})
  set(CMAKE_REQUIRED_LIBRARIES ${XNNPACK_LIBRARY})
  check_symbol_exists(xnn_reshape_fully_connected_nc_f32 xnnpack.h XNNPACK_HAS_RESHAPE)
  if(XNNPACK_HAS_RESHAPE)
    set(cache "nullptr,")
  else()
    set(cache "")
  endif()
  check_cxx_source_compiles("#include <xnnpack.h>
    int main() {
      xnn_operator_t op = nullptr;
      const float weights[64] = {};
      return xnn_create_fully_connected_nc_f32(8, 8, 8, 8, weights, weights, 0.0f, 1.0f, 0,
                                               ${cache} &op);
    }" XNNPACK_API_KNOWN)
  cmake_pop_check_state()
endif()
find_package_handle_standard_args(XNNPACK REQUIRED_VARS
  XNNPACK_LIBRARY XNNPACK_INCLUDE_DIR XNNPACK_PTHREADPOOL_INCLUDE_DIR XNNPACK_API_KNOWN)

if(XNNPACK_FOUND AND NOT TARGET XNNPACK::XNNPACK)
  add_library(XNNPACK::XNNPACK UNKNOWN IMPORTED)
  set_target_properties(XNNPACK::XNNPACK PROPERTIES
    IMPORTED_LOCATION ${XNNPACK_LIBRARY}
    INTERFACE_INCLUDE_DIRECTORIES "${XNNPACK_INCLUDE_DIR};${XNNPACK_PTHREADPOOL_INCLUDE_DIR}")
endif()
