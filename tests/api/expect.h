/* SPDX-License-Identifier: Apache-2.0
 *
 * For tests in C: a failed expectation is told and counted, and the test goes on. */
#ifndef PINTLE_TESTS_API_EXPECT_H_
#define PINTLE_TESTS_API_EXPECT_H_

#include <stdio.h>

static int failures = 0;

static void expect(int holds, const char* what) {
  if (holds) return;
  fprintf(stderr, "failed: %s\n", what);
  ++failures;
}
#define EXPECT(condition) expect(condition, #condition)
#define EXPECT_OK(call) expect((call) == PINTLE_OK, #call)

#endif /* PINTLE_TESTS_API_EXPECT_H_ */
