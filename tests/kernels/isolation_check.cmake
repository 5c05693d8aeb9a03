# SPDX-License-Identifier: Apache-2.0
#
# cmake -D NM=... -D OBJECTS=a.o,b.o,... -P: each kernels_<isa> object defines init_<isa> and nothing
# else that the linker could see. A weak function compiled for AVX2 may be the copy that it keeps for
# every CPU.
string(REPLACE "," ";" objects "${OBJECTS}")
set(count 0)
foreach(object ${objects})
  get_filename_component(file ${object} NAME)
  if(NOT file MATCHES "^kernels_([a-z0-9_]+)\\.cpp\\.")
    continue()
  endif()
  set(isa ${CMAKE_MATCH_1})
  math(EXPR count "${count} + 1")
  execute_process(COMMAND ${NM} --defined-only --format=posix ${object}
                  OUTPUT_VARIABLE lines COMMAND_ERROR_IS_FATAL ANY)
  string(REGEX MATCHALL "[^\n]+" lines "${lines}")
  set(found FALSE)
  foreach(line ${lines})
    # Capital letters: external; u, v, w: unique and weak.
    if(NOT line MATCHES "^([^ ]+) ([A-Zuvw])( |$)")
      continue()
    endif()
    set(symbol ${CMAKE_MATCH_1})
    if(symbol MATCHES "^_?_ZN6pintle[0-9]+init_${isa}EPNS_11KernelTableE$")
      set(found TRUE)
    else()
      message(SEND_ERROR "${file} defines ${symbol}")
    endif()
  endforeach()
  if(NOT found)
    message(SEND_ERROR "${file} does not define init_${isa}")
  endif()
endforeach()
if(count EQUAL 0)
  message(SEND_ERROR "no kernel objects among ${objects}")
endif()
message("${count} kernel objects")
