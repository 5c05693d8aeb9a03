/* SPDX-License-Identifier: Apache-2.0
 *
 * The README's example in C, every status checked. */
#include <pintle/pintle.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "expect.h"

int write_tiny_model(const char* path, int64_t history_ids[3]); /* tiny_model_file.cpp */

int main(int argc, char** argv) {
  int64_t ids[3];
  if (argc != 2 || write_tiny_model(argv[1], ids) != 0) {
    fprintf(stderr, "usage: c_api_test FILE, which will be written\n");
    return 1;
  }

  pintle_model* model = NULL;
  pintle_error error;
  if (pintle_model_open_file(argv[1], NULL, &model, &error) != PINTLE_OK) {
    fprintf(stderr, "%s: %s\n", pintle_status_name(error.status), error.message);
    return 1;
  }
  pintle_model_info info = PINTLE_MODEL_INFO_INIT;
  EXPECT_OK(pintle_model_get_info(model, &info));
  EXPECT(info.item_count == 37 && info.has_text_ids == 0);

  size_t size = 0;
  EXPECT_OK(pintle_session_memory(model, &size));
  void* memory = aligned_alloc(PINTLE_SESSION_ALIGNMENT, size);
  pintle_session* session = NULL;
  EXPECT_OK(pintle_session_create(model, memory, size, &session, NULL));
  if (session == NULL) return 1;

  uint32_t history[3];
  for (int i = 0; i < 3; ++i) {
    EXPECT_OK(pintle_model_find_integer_id(model, ids[i], &history[i]));
    EXPECT_OK(pintle_session_append(session, &history[i], 1));
  }
  pintle_request request = PINTLE_REQUEST_INIT;
  pintle_recommendation list[10];
  size_t count = 0;
  EXPECT_OK(pintle_recommend(session, &request, list, &count));
  EXPECT(count == 10);
  for (uint32_t i = 0; i < count; ++i) {
    pintle_item_info item = PINTLE_ITEM_INFO_INIT;
    EXPECT_OK(pintle_model_get_item(model, list[i].item, &item));
    EXPECT(item.id == list[i].id && item.is_trained == 1);
    EXPECT(list[i].item != history[0] && list[i].item != history[1] && list[i].item != history[2]);
    EXPECT(i == 0 || list[i].score <= list[i - 1].score);
  }

  pintle_open_options options = PINTLE_OPEN_OPTIONS_INIT;
  options.isa = "none such";
  pintle_model* other = NULL;
  EXPECT(pintle_model_open_file(argv[1], &options, &other, &error) == PINTLE_ERR_UNKNOWN_ISA);
  EXPECT(other == NULL && strstr(error.message, "none such") != NULL);

  pintle_session_destroy(session);
  free(memory);
  pintle_model_close(model);
  return failures == 0 ? 0 : 1;
}
