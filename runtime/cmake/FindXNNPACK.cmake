# SPDX-License-Identifier: Apache-2.0
#
# XNNPACK as Debian ships it: a shared library and one header, no CMake or pkg-config file.
# Defines the target XNNPACK::XNNPACK, and XNNPACK_HAS_RESHAPE: whether an operator is run by
# reshape + setup (today's API) or by setup alone (2022). XNNPACK has no version macro, so we probe.
include(CheckSymbolExists)
include(CMakePushCheckState)
include(FindPackageHandleStandardArgs)

find_path(XNNPACK_INCLUDE_DIR xnnpack.h)
find_path(XNNPACK_PTHREADPOOL_INCLUDE_DIR pthreadpool.h)  # xnnpack.h includes it
find_library(XNNPACK_LIBRARY XNNPACK)
mark_as_advanced(XNNPACK_INCLUDE_DIR XNNPACK_PTHREADPOOL_INCLUDE_DIR XNNPACK_LIBRARY)
find_package_handle_standard_args(XNNPACK REQUIRED_VARS
  XNNPACK_LIBRARY XNNPACK_INCLUDE_DIR XNNPACK_PTHREADPOOL_INCLUDE_DIR)

if(XNNPACK_FOUND AND NOT TARGET XNNPACK::XNNPACK)
  add_library(XNNPACK::XNNPACK UNKNOWN IMPORTED)
  set_target_properties(XNNPACK::XNNPACK PROPERTIES
    IMPORTED_LOCATION ${XNNPACK_LIBRARY}
    INTERFACE_INCLUDE_DIRECTORIES
      "${XNNPACK_INCLUDE_DIR};${XNNPACK_PTHREADPOOL_INCLUDE_DIR}")
  cmake_push_check_state(RESET)
  set(CMAKE_REQUIRED_QUIET TRUE)
  set(CMAKE_REQUIRED_LIBRARIES XNNPACK::XNNPACK)
  check_symbol_exists(xnn_reshape_fully_connected_nc_f32 xnnpack.h XNNPACK_HAS_RESHAPE)
  cmake_pop_check_state()
endif()
