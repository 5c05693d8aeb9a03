/* SPDX-License-Identifier: Apache-2.0 */
#include <pintle/pintle.h>
#include <stdio.h>

/* Opens a file that is no model: the library is linked, runs, and says what is wrong. */
int main(int argc, char** argv) {
  pintle_model* model = NULL;
  pintle_error error;
  const pintle_status status = pintle_model_open_file(argv[0], NULL, &model, &error);
  (void)argc;
  printf("pintle %s: %s: %s\n", pintle_version(), pintle_status_name(status), error.message);
  return status == PINTLE_ERR_NOT_A_MODEL && model == NULL ? 0 : 1;
}
