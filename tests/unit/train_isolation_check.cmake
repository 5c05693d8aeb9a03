# SPDX-License-Identifier: Apache-2.0
#
# cmake -D NM=... -D OBJECTS=a.o,b.o,... -P: what the linker could see of SAE training's AVX2 object
# is its entry point and functions of the Eigen that was renamed for it. Any other weak function may
# be the copy that the linker keeps for every CPU.
string(REPLACE "," ";" objects "${OBJECTS}")
list(FILTER objects INCLUDE REGEX "/train_kernels_avx2\\.cpp\\.")
list(LENGTH objects count)
if(NOT count EQUAL 1)
  message(FATAL_ERROR "${count} objects of train_kernels_avx2.cpp, expected 1")
endif()
execute_process(COMMAND ${NM} --defined-only --format=posix ${objects}
                OUTPUT_VARIABLE lines COMMAND_ERROR_IS_FATAL ANY)
string(REGEX MATCHALL "[^\n]+" lines "${lines}")
foreach(line ${lines})
  # Capital letters: external; u, v, w: unique and weak.
  if(line MATCHES "^([^ ]+) ([A-Zuvw])( |$)")
    set(symbol ${CMAKE_MATCH_1})
    # DW.ref: a pointer to the personality routine, data.
    if(NOT symbol MATCHES "pintle_eigen_avx2|train_kernels_avx2|^DW[.]ref[.]")
      message(SEND_ERROR "train_kernels_avx2.cpp defines ${symbol}")
    endif()
  endif()
endforeach()
