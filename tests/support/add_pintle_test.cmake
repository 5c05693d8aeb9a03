# SPDX-License-Identifier: Apache-2.0

# The runtime's internals, as its own sources see them.
add_library(pintle_internals INTERFACE)
target_include_directories(pintle_internals INTERFACE
  ${PROJECT_SOURCE_DIR} ${PROJECT_SOURCE_DIR}/runtime ${PROJECT_SOURCE_DIR}/runtime/src
  ${PROJECT_SOURCE_DIR}/runtime/kernels ${PROJECT_SOURCE_DIR}/tests)
target_link_libraries(pintle_internals INTERFACE pintle_runtime pintle_schema)

if(CMAKE_SYSTEM_PROCESSOR MATCHES "^wasm")
  add_library(pintle_wasi_exceptions STATIC ${CMAKE_CURRENT_LIST_DIR}/wasi_exceptions.cpp)
  target_link_libraries(pintle_internals INTERFACE pintle_wasi_exceptions)
endif()

# An archive: a test file that brings its own main does not pull this one in.
add_library(pintle_doctest_main STATIC ${CMAKE_CURRENT_LIST_DIR}/doctest_main.cpp)
target_link_libraries(pintle_doctest_main PUBLIC doctest::doctest)
if(CMAKE_SYSTEM_PROCESSOR MATCHES "^wasm")
  target_compile_definitions(pintle_doctest_main PUBLIC
    DOCTEST_CONFIG_NO_MULTITHREADING DOCTEST_CONFIG_NO_POSIX_SIGNALS)
endif()

# Checkpoints of PyTorch's formats, made byte by byte.
if(PINTLE_CONVERTER)
  add_library(pintle_torch_files STATIC ${CMAKE_CURRENT_LIST_DIR}/torch_files.cpp)
  target_include_directories(pintle_torch_files PUBLIC ${PROJECT_SOURCE_DIR}/tests)
  target_link_libraries(pintle_torch_files PUBLIC pintle_converter)
endif()

# Random small models in memory, their owners and the oracles. Builds without the converter compile
# the few of its files that write a model; where Eigen is missing there are none of these tests.
if(PINTLE_CONVERTER OR TARGET Eigen3::Eigen)
  add_library(pintle_tiny_models STATIC
    ${CMAKE_CURRENT_LIST_DIR}/open_model.cpp ${CMAKE_CURRENT_LIST_DIR}/reference_forward.cpp
    ${CMAKE_CURRENT_LIST_DIR}/reference_steering.cpp ${CMAKE_CURRENT_LIST_DIR}/tiny_models.cpp)
  target_link_libraries(pintle_tiny_models PUBLIC pintle_internals doctest::doctest
                        PRIVATE pintle_warnings)
  if(PINTLE_CONVERTER)
    target_link_libraries(pintle_tiny_models PUBLIC pintle_converter)
  else()
    set(writer ${PROJECT_SOURCE_DIR}/converter)
    target_sources(pintle_tiny_models PRIVATE
      ${writer}/int4_rows.cpp ${writer}/progress.cpp ${writer}/quantize.cpp
      ${writer}/segments.cpp ${writer}/writer.cpp)
    target_link_libraries(pintle_tiny_models PUBLIC Eigen3::Eigen nlohmann_json::nlohmann_json)
  endif()
endif()

# add_pintle_test(<name> SOURCES <file ...> [LABELS <label ...>] [LIBS <target ...>])
# A doctest program over the runtime's internals; LIBS pintle_tiny_models for models to run, LIBS
# pintle_converter or pintle_torch_files for the converter's tests. Left out of builds that lack one
# of the LIBS. Labels: `isa` is repeated once per ISA,
# `slow` runs in the dev build only. Exit code 77 means skipped: something that the test needs
# (PINTLE_SHARED, an ISA) is not on this machine.
function(add_pintle_test name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "SOURCES;LABELS;LIBS")
  foreach(library IN LISTS arg_LIBS)
    if(NOT TARGET ${library})
      return()
    endif()
  endforeach()
  add_executable(${name} ${arg_SOURCES})
  target_link_libraries(${name} PRIVATE pintle_warnings ${arg_LIBS} pintle_internals
                        pintle_doctest_main)
  add_test(NAME ${name} COMMAND ${name})
  set_tests_properties(${name} PROPERTIES SKIP_RETURN_CODE 77 LABELS "${arg_LABELS}")
endfunction()
