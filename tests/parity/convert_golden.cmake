# SPDX-License-Identifier: Apache-2.0
#
# Converts every checkpoint of PINTLE_SHARED/golden/index.tsv at f32, with the flags given there, by
# the command line: what golden_test reads. -D CLI=pintle -D OUT=folder
set(shared $ENV{PINTLE_SHARED})
if(NOT shared)
  message("skipped: PINTLE_SHARED is not set")
  return()
endif()
file(MAKE_DIRECTORY ${OUT})
file(STRINGS ${shared}/golden/index.tsv lines)
foreach(line IN LISTS lines)
  string(REGEX MATCH "^([^\t]+)\t([^\t]+)\t?(.*)$" fields "${line}")
  cmake_path(GET CMAKE_MATCH_1 STEM name)
  set(weights ${CMAKE_MATCH_2})
  separate_arguments(flags UNIX_COMMAND "${CMAKE_MATCH_3}")
  execute_process(
    COMMAND ${CLI} convert --weights ${weights} ${flags} --precision f32 --out ${OUT}/${name}.pintle
    WORKING_DIRECTORY ${shared} OUTPUT_QUIET COMMAND_ERROR_IS_FATAL ANY)
endforeach()
