# SPDX-License-Identifier: Apache-2.0
#
# cmake -D ABIDIFF=... -D ABIDW=... -D LIBRARY=... -D EXPECTED=pintle.abi [-D UPDATE=ON] -P: compares the C
# interface with its committed description, type by type. What an older caller survives (a function
# more) is told too, as it has to be described; a caller that breaks is an error in other words.
if(NOT ABIDIFF OR NOT ABIDW)
  message("skipped: no abidiff (Debian's abigail-tools)")
  return()
endif()
get_filename_component(folder ${LIBRARY} DIRECTORY)
set(found ${folder}/found.abi)
execute_process(
  COMMAND ${ABIDW} --no-corpus-path --no-comp-dir-path --no-show-locs --no-elf-needed
          --out-file ${found} ${LIBRARY}
  COMMAND_ERROR_IS_FATAL ANY)
if(UPDATE)
  file(READ ${found} text)
  string(REGEX REPLACE " path='[^']*'" "" text "${text}")  # of the machine that describes it
  file(WRITE ${EXPECTED} "${text}")
  message("described in ${EXPECTED}")
  return()
endif()
execute_process(COMMAND ${ABIDIFF} ${EXPECTED} ${found} RESULT_VARIABLE result OUTPUT_VARIABLE changes)
if(result EQUAL 0)
  message("the C interface is as described in ${EXPECTED}")
  return()
endif()
math(EXPR breaks "${result} & 8")  # abidiff's bit for an incompatible change
set(words "has changed")
if(breaks)
  set(words "has changed so that programs built against it break")
endif()
message(FATAL_ERROR "the C interface ${words}:\n${changes}\nIf that is meant: say so in CHANGELOG.md, "
        "raise the version, and run the target update_abi")
