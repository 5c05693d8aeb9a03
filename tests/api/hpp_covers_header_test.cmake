# SPDX-License-Identifier: Apache-2.0
#
# cmake -D HEADER=pintle.h -D WRAPPER=pintle.hpp -P: every function of the C API is called by the C++ one,
# but for those that C++ does not need.
set(not_needed "^pintle_version$|_init$|^pintle_recommend_flat$")
file(READ ${HEADER} header)
file(READ ${WRAPPER} wrapper)
string(REGEX MATCHALL "PINTLE_API [^(;]*[ *](pintle_[a-z0-9_]+)\\(" declarations "${header}")
set(missing "")
set(count 0)
foreach(declaration ${declarations})
  string(REGEX REPLACE ".*[ *](pintle_[a-z0-9_]+)\\($" "\\1" name "${declaration}")
  # version_number serves, macros initialise, and lists without structs are for other languages.
  if(name MATCHES "${not_needed}")
    continue()
  endif()
  math(EXPR count "${count} + 1")
  if(NOT wrapper MATCHES "[^a-z_]${name}\\(")
    list(APPEND missing ${name})
  endif()
endforeach()
if(missing OR count EQUAL 0)
  message(FATAL_ERROR "pintle.hpp calls none of: ${missing}")
endif()
message("${count} functions")
