# SPDX-License-Identifier: Apache-2.0
#
# Converts every checkpoint of PINTLE_SHARED/golden/index.tsv, and those of golden/zoo/index.tsv that
# a recipe fits, at f32, with the flags given there, by the command line. OUT/index.tsv lists them for
# golden_test. -D CLI=pintle -D OUT=folder
set(zoo recbole_bert4rec_121 replay_bert4rec_022 replay_sasrec_022 rectools_bert4rec
    rectools_sasrec_cat rectools_sasrec_keypad)
set(shared $ENV{PINTLE_SHARED})
if(NOT shared)
  message("skipped: PINTLE_SHARED is not set")
  return()
endif()
file(MAKE_DIRECTORY ${OUT})
file(STRINGS ${shared}/golden/index.tsv lines)
file(STRINGS ${shared}/golden/zoo/index.tsv zoo_lines)
foreach(name IN LISTS zoo)
  set(line ${zoo_lines})
  list(FILTER line INCLUDE REGEX "/${name}\\.json\t")
  list(APPEND lines ${line})
endforeach()
set(index "")
foreach(line IN LISTS lines)
  string(REGEX MATCH "^([^\t]+)\t([^\t]+)\t?(.*)$" fields "${line}")
  cmake_path(GET CMAKE_MATCH_1 STEM name)
  string(APPEND index "${CMAKE_MATCH_1}\n")
  set(weights ${CMAKE_MATCH_2})
  separate_arguments(flags UNIX_COMMAND "${CMAKE_MATCH_3}")
  execute_process(
    COMMAND ${CLI} convert --weights ${weights} ${flags} --precision f32 --out ${OUT}/${name}.pintle
    WORKING_DIRECTORY ${shared} OUTPUT_QUIET COMMAND_ERROR_IS_FATAL ANY)
endforeach()
file(WRITE ${OUT}/index.tsv "${index}")
