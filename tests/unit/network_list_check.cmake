# SPDX-License-Identifier: Apache-2.0
#
# That schema/network_list.inc does not compile where it lacks a field of pintle.fbs or has two of them
# the other way round; as it is, it does.
# -D COMPILER=c++ -D ROOT=repository -D INCLUDES=dir,dir,... -D OUT=folder
string(REPLACE "," ";" includes "${INCLUDES}")
list(TRANSFORM includes PREPEND -I)
file(READ ${ROOT}/schema/network_list.inc list)

# Compiles network_fields.h with `text` as its list; `expected` must be in what the compiler says.
function(check text expected)
  file(REMOVE_RECURSE ${OUT})
  file(COPY ${ROOT}/schema DESTINATION ${OUT})
  file(WRITE ${OUT}/schema/network_list.inc "${text}")
  execute_process(
    COMMAND ${COMPILER} -std=c++17 -fsyntax-only -I${OUT} ${includes} -x c++
            ${OUT}/schema/network_fields.h
    RESULT_VARIABLE status OUTPUT_VARIABLE said ERROR_VARIABLE said)
  if(expected STREQUAL "" AND NOT status EQUAL 0)
    message(FATAL_ERROR "the list as it is does not compile:\n${said}")
  endif()
  if(NOT expected STREQUAL "" AND (status EQUAL 0 OR NOT said MATCHES "${expected}"))
    message(FATAL_ERROR "expected: ${expected}\nfound: ${said}")
  endif()
endfunction()

check("${list}" "")
foreach(field IN ITEMS Architecture:norm_form Block:ffn_out Sae:decoder ExactScan:largest_row
                       Model:item_bias)
  string(REPLACE ":" ";" parts ${field})
  list(GET parts 0 table)
  list(GET parts 1 name)
  string(REGEX REPLACE "\nPINTLE_[A-Z]+\\([^\n]* ${name}, [^\n]*" "" without "${list}")
  if(without STREQUAL list)
    message(FATAL_ERROR "the list has no ${name}")
  endif()
  check("${without}" "network_list.inc lacks a field that ${table} has in pintle.fbs")
endforeach()
string(REGEX REPLACE "(\nPINTLE_TENSOR\\(Linear, ffn_in,[^\n]*)(\n[^\n]*)" "\\2\\1" swapped "${list}")
check("${swapped}" "network_list.inc has fields of Block in another order than pintle.fbs")
