# SPDX-License-Identifier: Apache-2.0
#
# Debian's clang for WASI: clang-14, lld-14, wasi-libc, libc++-14-dev-wasm32, libc++abi-14-dev-wasm32
# and libclang-rt-14-dev-wasm32 (any later version whose packages are there, too). Node's WASI runs the
# tests.
set(CMAKE_SYSTEM_NAME Generic)  # CMake knows WASI from 3.31 on
set(CMAKE_SYSTEM_PROCESSOR wasm32)

set(PINTLE_LLVM_VERSION 14 CACHE STRING "Version of Debian's clang, lld and libc++ packages")
set(llvm /usr/lib/llvm-${PINTLE_LLVM_VERSION}/bin)
set(CMAKE_TRY_COMPILE_PLATFORM_VARIABLES PINTLE_LLVM_VERSION)
set(CMAKE_C_COMPILER clang-${PINTLE_LLVM_VERSION})
set(CMAKE_CXX_COMPILER clang++-${PINTLE_LLVM_VERSION})
set(CMAKE_C_COMPILER_TARGET wasm32-wasi)
set(CMAKE_CXX_COMPILER_TARGET wasm32-wasi)
set(CMAKE_AR ${llvm}/llvm-ar CACHE FILEPATH "")
set(CMAKE_RANLIB ${llvm}/llvm-ranlib CACHE FILEPATH "")
set(CMAKE_NM ${llvm}/llvm-nm CACHE FILEPATH "")

# The default stack is 64 KiB, and lies where an overflow would write to the globals; first in memory,
# it traps.
set(CMAKE_EXE_LINKER_FLAGS_INIT "-Wl,-z,stack-size=1048576 -Wl,--stack-first")

find_program(PINTLE_NODE NAMES node nodejs)
mark_as_advanced(PINTLE_NODE)
if(PINTLE_NODE)
  set(CMAKE_CROSSCOMPILING_EMULATOR ${PINTLE_NODE} --no-warnings --single-threaded
    ${CMAKE_CURRENT_LIST_DIR}/../../tests/support/wasi/run.mjs)
endif()

# Never the build machine's own libraries and packages.
set(CMAKE_FIND_ROOT_PATH /usr/lib/wasm32-wasi /usr/include/wasm32-wasi)
set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)
set(CMAKE_FIND_ROOT_PATH_MODE_LIBRARY ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_INCLUDE ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_PACKAGE ONLY)
