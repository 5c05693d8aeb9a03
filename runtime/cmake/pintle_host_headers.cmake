# SPDX-License-Identifier: Apache-2.0
#
# Header-only libraries of the build machine, for cross builds. Its /usr/include as a whole would
# shadow the target's libc, so only the named folders are linked into the build tree.

# pintle_host_headers(<library> <file that proves it, e.g. doctest/doctest.h>)
# Defines the interface target <library>, or leaves it undefined if the machine has no such file.
function(pintle_host_headers library proof)
  cmake_path(GET proof PARENT_PATH folder)
  # Named, as CMake looks there by itself only where the target's system is a Unix.
  find_path(${library}_HOST_DIR ${proof} PATHS /usr/local/include /usr/include PATH_SUFFIXES eigen3
            NO_CMAKE_FIND_ROOT_PATH)
  mark_as_advanced(${library}_HOST_DIR)
  if(NOT ${library}_HOST_DIR)
    return()
  endif()
  set(root ${PROJECT_BINARY_DIR}/host_include/${library})
  file(MAKE_DIRECTORY ${root})
  file(CREATE_LINK ${${library}_HOST_DIR}/${folder} ${root}/${folder} SYMBOLIC)
  add_library(${library} INTERFACE IMPORTED GLOBAL)
  set_target_properties(${library} PROPERTIES INTERFACE_INCLUDE_DIRECTORIES ${root})
endfunction()
