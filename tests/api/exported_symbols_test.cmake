# SPDX-License-Identifier: Apache-2.0
#
# cmake -D NM=... -D LIBRARY=libpintle.so -D HEADER=pintle.h -P: compares what is exported with
# what is declared.
execute_process(COMMAND ${NM} -D --defined-only --format=posix ${LIBRARY}
                OUTPUT_VARIABLE lines COMMAND_ERROR_IS_FATAL ANY)
string(REGEX MATCHALL "[^\n]+" lines "${lines}")
set(exported "")
foreach(line ${lines})
  string(REGEX REPLACE " .*" "" symbol "${line}")
  list(APPEND exported ${symbol})
endforeach()

file(READ ${HEADER} text)
string(REGEX MATCHALL "PINTLE_API [^(;]*[ *](pintle_[a-z0-9_]+)\\(" declarations "${text}")
set(declared "")
foreach(declaration ${declarations})
  string(REGEX REPLACE ".*[ *](pintle_[a-z0-9_]+)\\($" "\\1" symbol "${declaration}")
  list(APPEND declared ${symbol})
endforeach()

list(SORT exported)
list(SORT declared)
list(LENGTH declared count)
if(count EQUAL 0 OR NOT "${exported}" STREQUAL "${declared}")
  message(FATAL_ERROR "exported: ${exported}\ndeclared in pintle.h: ${declared}")
endif()
message("${count} functions declared and exported")
