# SPDX-License-Identifier: Apache-2.0
#
# cmake -D NM=... -D OBJECTS=a.o,b.o,... -P: each kernels_<isa> object defines init_<isa> and nothing
# else that the linker could see, or nothing at all where the ISA is another architecture's (dispatch
# would not link if one were missing). A weak function compiled for AVX2 may be the copy that the linker
# keeps for every CPU.
cmake_minimum_required(VERSION 3.25)
string(REPLACE "," ";" objects "${OBJECTS}")
set(isas)
set(empty 0)
foreach(object ${objects})
  get_filename_component(file ${object} NAME)
  if(NOT file MATCHES "^kernels_([a-z0-9_]+)\\.cpp\\.")
    continue()
  endif()
  set(isa ${CMAKE_MATCH_1})
  execute_process(COMMAND ${NM} --defined-only --format=posix ${object}
                  OUTPUT_VARIABLE lines ERROR_QUIET COMMAND_ERROR_IS_FATAL ANY)
  string(REGEX MATCHALL "[^\n]+" lines "${lines}")
  foreach(line ${lines})
    # Capital letters: external; u, v, w: unique and weak.
    if(NOT line MATCHES "^([^ ]+) ([A-Zuvw])( |$)")
      continue()
    endif()
    set(symbol ${CMAKE_MATCH_1})
    if(symbol MATCHES "^_?_ZN6pintle[0-9]+init_${isa}EPNS_11KernelTableE$")
      list(APPEND isas ${isa})
    else()
      message(SEND_ERROR "${file} defines ${symbol}")
    endif()
  endforeach()
  if(NOT isa IN_LIST isas)
    math(EXPR empty "${empty} + 1")
  endif()
endforeach()
if(NOT scalar IN_LIST isas)
  message(SEND_ERROR "no kernels_scalar that defines init_scalar among ${objects}")
endif()
message("kernel objects: ${isas}; ${empty} empty ones")
