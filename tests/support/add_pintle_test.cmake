# SPDX-License-Identifier: Apache-2.0

# The runtime's internals, as its own sources see them.
add_library(pintle_internals INTERFACE)
target_include_directories(pintle_internals INTERFACE
  ${PROJECT_SOURCE_DIR} ${PROJECT_SOURCE_DIR}/runtime ${PROJECT_SOURCE_DIR}/runtime/src
  ${PROJECT_SOURCE_DIR}/runtime/kernels ${PROJECT_SOURCE_DIR}/tests)
target_link_libraries(pintle_internals INTERFACE pintle_runtime pintle_schema)

# An archive: a test file that brings its own main does not pull this one in.
add_library(pintle_doctest_main STATIC ${CMAKE_CURRENT_LIST_DIR}/doctest_main.cpp)
target_link_libraries(pintle_doctest_main PUBLIC doctest::doctest)

# add_pintle_test(<name> SOURCES <file ...> [LABELS <label ...>] [LIBS <target ...>])
# A doctest program over the runtime's internals; LIBS pintle_converter for the converter's (then it
# is left out of builds without the converter). The label `isa`: CI repeats it once per ISA. Exit
# code 77 means skipped: something it needs (PINTLE_SHARED, an ISA) is not on this machine.
function(add_pintle_test name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "SOURCES;LABELS;LIBS")
  if(pintle_converter IN_LIST arg_LIBS AND NOT PINTLE_CONVERTER)
    return()
  endif()
  add_executable(${name} ${arg_SOURCES})
  target_link_libraries(${name} PRIVATE pintle_warnings ${arg_LIBS} pintle_internals
                        pintle_doctest_main)
  add_test(NAME ${name} COMMAND ${name})
  set_tests_properties(${name} PROPERTIES SKIP_RETURN_CODE 77 LABELS "${arg_LABELS}")
endfunction()
