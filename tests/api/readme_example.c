/* SPDX-License-Identifier: Apache-2.0
 *
 * The README's example in C; see readme_test.cpp. */
#include <pintle/pintle.h>

int fail(const char* message);
void show(int64_t id, float score);

int readme_example_c(void);

int readme_example_c(void) {
#include "readme_example_c.inc"
  return 0;
}
