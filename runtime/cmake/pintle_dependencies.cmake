# SPDX-License-Identifier: Apache-2.0
#
# Where dependencies come from: the system first, else FetchContent pinned by commit.
include(FetchContent)

# pintle_dependency(NAME PACKAGES <find_package names> TARGET <target>
#                   [FETCHED_TARGET <its name in its own build>] [OPTIONAL]
#                   GIT <url> COMMIT <hash>)
# Leaves TARGET defined for every folder; an OPTIONAL one is left out where PINTLE_FETCH is off.
function(pintle_dependency name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "OPTIONAL" "TARGET;FETCHED_TARGET;GIT;COMMIT" "PACKAGES")
  if(TARGET ${arg_TARGET})
    return()
  endif()
  foreach(package ${arg_PACKAGES})  # not NAMES: that would pass over our Find modules
    find_package(${package} QUIET GLOBAL)
  endforeach()
  if(TARGET ${arg_TARGET})
    return()
  endif()
  if(NOT PINTLE_FETCH)
    if(NOT arg_OPTIONAL)
      message(FATAL_ERROR "${name} is not on this system, and PINTLE_FETCH is off")
    endif()
    return()
  endif()
  message(STATUS "${name}: not on this system, fetching ${arg_COMMIT}")
  set(options SYSTEM)  # their headers raise no warnings of ours
  if(CMAKE_VERSION VERSION_GREATER_EQUAL 3.28)
    list(APPEND options EXCLUDE_FROM_ALL)  # nor do their install rules join ours
  endif()
  FetchContent_Declare(${name} GIT_REPOSITORY ${arg_GIT} GIT_TAG ${arg_COMMIT} ${options})
  set(BUILD_TESTING OFF)
  set(BUILD_SHARED_LIBS OFF)
  FetchContent_MakeAvailable(${name})
  if(NOT TARGET ${arg_TARGET})
    add_library(${arg_TARGET} ALIAS ${arg_FETCHED_TARGET})
  endif()
endfunction()

# pintle_system_library(<target> HEADER <file> LIBRARY <name> DEBIAN <package>)
# For the converter's C libraries, which systems carry and whose own builds do not nest well: no
# fetch. Searched by hand: Debian's libzip config fails without three unrelated packages, and
# libcsv has none.
function(pintle_system_library target)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "HEADER;LIBRARY;DEBIAN" "")
  find_path(PINTLE_${arg_LIBRARY}_INCLUDE_DIR ${arg_HEADER})
  find_library(PINTLE_${arg_LIBRARY}_LIBRARY ${arg_LIBRARY})
  mark_as_advanced(PINTLE_${arg_LIBRARY}_INCLUDE_DIR PINTLE_${arg_LIBRARY}_LIBRARY)
  if(NOT PINTLE_${arg_LIBRARY}_INCLUDE_DIR OR NOT PINTLE_${arg_LIBRARY}_LIBRARY)
    message(FATAL_ERROR "The converter needs ${arg_HEADER}: apt-get install ${arg_DEBIAN} "
                        "(or build the runtime alone with -DPINTLE_CONVERTER=OFF)")
  endif()
  add_library(${target} UNKNOWN IMPORTED GLOBAL)
  set_target_properties(${target} PROPERTIES
    IMPORTED_LOCATION ${PINTLE_${arg_LIBRARY}_LIBRARY}
    INTERFACE_INCLUDE_DIRECTORIES ${PINTLE_${arg_LIBRARY}_INCLUDE_DIR})
endfunction()
