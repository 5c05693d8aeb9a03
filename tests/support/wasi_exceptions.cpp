// SPDX-License-Identifier: Apache-2.0
//
// Debian's C++ library for WASI has no exceptions, and clang leaves out every catch. The few that the
// tests' support code throws end the program here: a test that expects one fails.
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <typeinfo>

extern "C" {

void* __cxa_allocate_exception(size_t size_bytes) { return std::malloc(size_bytes); }

[[noreturn]] void __cxa_throw(void*, std::type_info* type, void (*)(void*)) {
  std::fprintf(stderr, "an exception was thrown: %s\n", type->name());
  std::exit(1);
}

}  // extern "C"
