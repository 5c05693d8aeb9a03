# SPDX-License-Identifier: Apache-2.0
#
# cmake -D NM=... -D LIBRARY=libpintle.so -D HEADER=pintle.h [-D READELF=...] -P: compares what is exported with
# what is declared; and, given READELF, the SONAME with the version.
execute_process(COMMAND ${NM} -D --defined-only --format=posix ${LIBRARY}
                OUTPUT_VARIABLE lines COMMAND_ERROR_IS_FATAL ANY)
string(REGEX MATCHALL "[^\n]+" lines "${lines}")
set(exported "")
foreach(line ${lines})
  string(REGEX REPLACE " .*" "" symbol "${line}")
  list(APPEND exported ${symbol})
endforeach()

file(READ ${HEADER} text)
if(READELF)
  execute_process(COMMAND ${READELF} -d ${LIBRARY} OUTPUT_VARIABLE dynamic COMMAND_ERROR_IS_FATAL ANY)
  string(REGEX MATCH "PINTLE_VERSION_MAJOR ([0-9]+)" unused "${text}")
  set(name ${CMAKE_MATCH_1})
  if(name EQUAL 0)  # before 1.0 the minor version is part of it
    string(REGEX MATCH "PINTLE_VERSION_MINOR ([0-9]+)" unused "${text}")
    set(name 0.${CMAKE_MATCH_1})
  endif()
  if(NOT dynamic MATCHES "SONAME[^\n]*\\[libpintle\\.so\\.${name}\\]")
    message(FATAL_ERROR "the library's SONAME is not libpintle.so.${name}:\n${dynamic}")
  endif()
endif()
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
