# SPDX-License-Identifier: Apache-2.0
#
# Counts the instructions of every path of instruction_paths under callgrind, on the default model with
# an SAE, and compares them with instructions.json. Counts are comparable only where the same compiler
# made the same kind of build; for another, this says skipped.
#
#   -D CLI=pintle -D PROGRAM=instruction_paths -D GENRES=write_genre_model -D VALGRIND=valgrind -D WORK=folder
#   -D DEFAULT_MODEL=converter/default_model -D BASELINE=instructions.json
#   -D BUILD="compiler, flags and options" -D ISA=avx2 [-D UPDATE=ON: writes the baseline instead]
cmake_minimum_required(VERSION 3.25)
set(tolerance_percent 3)

if(NOT VALGRIND)
  message("skipped: no valgrind")
  return()
endif()
if(NOT UPDATE)
  set(baseline "{}")
  if(EXISTS ${BASELINE})
    file(READ ${BASELINE} baseline)
  endif()
  string(JSON expected ERROR_VARIABLE missing GET "${baseline}" "${BUILD}")
  if(missing)
    message("skipped: the baseline knows no \"${BUILD}\"")
    return()
  endif()
endif()

# The model: converted, an SAE trained for a moment, and put in. What its features mean is no matter.
file(MAKE_DIRECTORY ${WORK})
set(convert ${CLI} convert --weights ${DEFAULT_MODEL}/model.safetensors
    --config ${DEFAULT_MODEL}/config.json --items ${DEFAULT_MODEL}/items.csv --id-column id
    --precision int8)
execute_process(COMMAND ${convert} --out ${WORK}/plain.pintle
                OUTPUT_QUIET COMMAND_ERROR_IS_FATAL ANY)
execute_process(
  COMMAND ${CLI} train-sae --model ${WORK}/plain.pintle --hook block:0 --dict 128 --k 8 --steps 100
          --batch 1024 --no-stability --threads 1 --interactions ${DEFAULT_MODEL}/interactions.txt --out ${WORK}/sae
  OUTPUT_QUIET ERROR_QUIET COMMAND_ERROR_IS_FATAL ANY)
execute_process(COMMAND ${convert} --sae ${WORK}/sae --out ${WORK}/steerable.pintle
                OUTPUT_QUIET COMMAND_ERROR_IS_FATAL ANY)

execute_process(COMMAND ${GENRES} ${WORK}/genres.pintle COMMAND_ERROR_IS_FATAL ANY)

set(paths open history append append_steered list_plain list_one list_two list_three list_mix
    list_profile feedback)
set(dumps)
foreach(path IN LISTS paths)
  list(APPEND dumps --dump-after=path_${path})
endforeach()
file(GLOB stale ${WORK}/callgrind.out*)
if(stale)
  file(REMOVE ${stale})
endif()
execute_process(
  COMMAND ${CMAKE_COMMAND} -E env PINTLE_FORCE_ISA=${ISA} ${VALGRIND} --tool=callgrind
          --collect-atstart=no --toggle-collect=path_* ${dumps}
          --callgrind-out-file=${WORK}/callgrind.out ${PROGRAM} ${WORK}/steerable.pintle
          ${WORK}/genres.pintle
  RESULT_VARIABLE result ERROR_VARIABLE log OUTPUT_VARIABLE log)
if(result EQUAL 77)
  message("skipped: ${ISA} cannot run here")
  return()
elseif(NOT result EQUAL 0)
  message(FATAL_ERROR "${log}")
endif()

# Each path's last dump: the ones before it were to warm up.
file(GLOB parts ${WORK}/callgrind.out.*)
list(SORT parts COMPARE NATURAL)
foreach(part IN LISTS parts)
  file(STRINGS ${part} lines REGEX "^(desc: Trigger|totals)")
  string(REGEX MATCH "--dump-after=path_([a-z_]+)" trigger "${lines}")
  set(path ${CMAKE_MATCH_1})
  if(trigger AND "${lines}" MATCHES "totals: ([0-9]+)")
    set(count_${path} ${CMAKE_MATCH_1})
  endif()
endforeach()

# What wishes cost, beside what they are to cost: per cent of the same append and list without them. Told, as
# callgrind counts instructions and the bars are about time; what fails is a change of the counts.
set(failures)
foreach(path_bar list_one/120 list_two/120 list_three/120 list_mix/150 list_profile/120)
  string(REPLACE "/" ";" path_bar ${path_bar})
  list(GET path_bar 0 path)
  list(GET path_bar 1 bar)
  if(count_${path} AND count_list_plain)
    math(EXPR percent "100 * ${count_${path}} / ${count_list_plain}")
    message("${path}: ${percent} % of list_plain; bar ${bar}")
  endif()
endforeach()

set(counts "{}")
foreach(path IN LISTS paths)
  if(NOT count_${path})
    message(FATAL_ERROR "callgrind did not count path_${path}:\n${log}")
  endif()
  string(JSON counts SET "${counts}" ${path} ${count_${path}})
  if(UPDATE)
    message("${path}: ${count_${path}} instructions")
    continue()
  endif()
  string(JSON before GET "${expected}" ${path})
  math(EXPR difference "${count_${path}} - ${before}")
  math(EXPR per_mille "1000 * ${difference} / ${before}")
  message("${path}: ${count_${path}} instructions, baseline ${before} (${per_mille} per mille)")
  math(EXPR scaled "100 * ${difference}")
  math(EXPR bound "${tolerance_percent} * ${before}")
  if(scaled GREATER bound OR scaled LESS -${bound})
    list(APPEND failures ${path})
  endif()
endforeach()

if(UPDATE)
  # Builds other than this one keep their entries.
  set(baseline "{}")
  if(EXISTS ${BASELINE})
    file(READ ${BASELINE} baseline)
  endif()
  string(JSON baseline SET "${baseline}" "${BUILD}" "${counts}")
  file(WRITE ${BASELINE} "${baseline}\n")
  message("written to ${BASELINE}")
elseif(failures)
  message(FATAL_ERROR
    "more than ${tolerance_percent} % from the baseline: ${failures}. If that is meant, whether for better "
    "or for worse: cmake --build --preset dev --target update_instruction_baseline")
endif()
