# SPDX-License-Identifier: Apache-2.0

# The runtime's internals, as its own sources see them.
add_library(pintle_internals INTERFACE)
target_include_directories(pintle_internals INTERFACE
  ${PROJECT_SOURCE_DIR} ${PROJECT_SOURCE_DIR}/tests)
target_link_libraries(pintle_internals INTERFACE pintle_runtime pintle_schema)

# WASI's C++ library lacks exceptions, threads and file systems: see tests/support/wasi. 64-bit sizes in
# the tests' code (the runtime's own is checked) become size_t in many places.
set(is_wasm FALSE)
if(CMAKE_SYSTEM_PROCESSOR MATCHES "^wasm")
  set(is_wasm TRUE)
  add_library(pintle_wasi STATIC ${CMAKE_CURRENT_LIST_DIR}/wasi/exceptions.cpp)
  target_compile_options(pintle_wasi PUBLIC
    $<$<COMPILE_LANGUAGE:CXX>:-fexceptions> -Wno-shorten-64-to-32)
  target_compile_definitions(pintle_wasi PUBLIC JSON_HAS_FILESYSTEM=0
    DOCTEST_CONFIG_NO_EXCEPTIONS_BUT_WITH_ALL_ASSERTS DOCTEST_CONFIG_NO_MULTITHREADING
    DOCTEST_CONFIG_NO_POSIX_SIGNALS _WASI_EMULATED_SIGNAL)
  target_link_libraries(pintle_wasi PUBLIC wasi-emulated-signal)
  target_include_directories(pintle_wasi PUBLIC ${CMAKE_CURRENT_LIST_DIR}/wasi)
  target_link_libraries(pintle_internals INTERFACE pintle_wasi)
endif()

# An archive: a test file that brings its own main does not pull this one in.
add_library(pintle_doctest_main STATIC ${CMAKE_CURRENT_LIST_DIR}/doctest_main.cpp)
target_link_libraries(pintle_doctest_main PUBLIC doctest::doctest)
if(is_wasm)
  target_link_libraries(pintle_doctest_main PUBLIC pintle_wasi)
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
    ${CMAKE_CURRENT_LIST_DIR}/reference_lists.cpp ${CMAKE_CURRENT_LIST_DIR}/reference_steering.cpp
    ${CMAKE_CURRENT_LIST_DIR}/split_model.cpp ${CMAKE_CURRENT_LIST_DIR}/tiny_models.cpp)
  target_link_libraries(pintle_tiny_models PRIVATE pintle_warnings
                        PUBLIC pintle_internals doctest::doctest)
  if(PINTLE_CONVERTER)
    target_link_libraries(pintle_tiny_models PUBLIC pintle_converter)
  else()
    set(writer ${PROJECT_SOURCE_DIR}/converter)
    target_sources(pintle_tiny_models PRIVATE
      ${writer}/file/exact_index.cpp ${writer}/file/int4_rows.cpp
      ${writer}/file/pack_network.cpp ${writer}/file/quantize.cpp
      ${writer}/file/segments.cpp ${writer}/file/write_catalogue.cpp
      ${writer}/file/write_delta.cpp ${writer}/file/write_knobs.cpp ${writer}/file/writer.cpp ${writer}/io/progress.cpp
      ${writer}/run/runtime_model.cpp)
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
  if("${CMAKE_CXX_FLAGS}" MATCHES "-fsanitize")
    target_compile_options(${name} PRIVATE -O0)
  endif()
  add_test(NAME ${name} COMMAND ${name})
  set_tests_properties(${name} PROPERTIES SKIP_RETURN_CODE 77 LABELS "${arg_LABELS}")
endfunction()
