/* SPDX-License-Identifier: Apache-2.0
 *
 * A caller compiled against another version of pintle.h, whose structs are shorter or longer than the
 * library's (resize_structs.cmake): compiled twice, as growth_older_test and, with PINTLE_NEWER, as
 * growth_newer_test. */
#include <pintle/pintle.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "expect.h"

int write_steerable_model(const char* path); /* tiny_model_file.cpp */

/* A struct of this caller's size, with bytes behind it that nobody may touch. */
#define GUARDED(type, name)         \
  struct {                          \
    type value;                     \
    unsigned char behind[64];       \
  } name;                           \
  memset(&name, 0x6B, sizeof name); \
  type##_init(&name.value, sizeof name.value)

static int is_untouched(const unsigned char behind[64]) {
  for (int i = 0; i < 64; ++i) {
    if (behind[i] != 0x6B) return 0;
  }
  return 1;
}

#ifdef PINTLE_NEWER
/* What the library does not know comes back as the caller had it. */
#define SET_ADDED(name) (name.value.added_number = 77)
#define ADDED_IS_KEPT(name) (name.value.added_number == 77 && name.value.added_text == NULL)
#else
#define SET_ADDED(name) ((void)0)
#define ADDED_IS_KEPT(name) 1
#endif

/* Calls `call`, which fills `name`, and sees that it kept to the caller's size. */
#define EXPECT_FILLED(type, name, call) \
  SET_ADDED(name);                      \
  EXPECT_OK(call);                      \
  EXPECT(name.value.struct_size == sizeof(type) && is_untouched(name.behind) && ADDED_IS_KEPT(name))

static pintle_session* check_models(const pintle_model* model) {
  GUARDED(pintle_model_info, info);
  EXPECT_FILLED(pintle_model_info, info, pintle_model_get_info(model, &info.value));
  EXPECT(info.value.item_count == 37 && info.value.dim == 12 && info.value.isa != NULL);
  GUARDED(pintle_item_info, item);
  EXPECT_FILLED(pintle_item_info, item, pintle_model_get_item(model, 1, &item.value));
  EXPECT(item.value.is_trained == 1);
  GUARDED(pintle_group_info, group);
  EXPECT_FILLED(pintle_group_info, group, pintle_model_get_group(model, 1, &group.value));
  EXPECT(group.value.first_attribute == 2 && group.value.attribute_count == 1);
  GUARDED(pintle_attribute_info, attribute);
  EXPECT_FILLED(pintle_attribute_info, attribute,
                pintle_model_get_attribute(model, 2, &attribute.value));
  EXPECT(attribute.value.group == 1 && attribute.value.name != NULL);
  GUARDED(pintle_sae_info, sae);
  EXPECT_FILLED(pintle_sae_info, sae, pintle_model_get_sae(model, 1, &sae.value));
  EXPECT(sae.value.feature_count == 21);
  GUARDED(pintle_feature_info, feature);
  EXPECT_FILLED(pintle_feature_info, feature,
                pintle_model_get_feature(model, 0, 3, &feature.value));
  EXPECT(feature.value.label != NULL);
  GUARDED(pintle_knob_info, knob);
  EXPECT_FILLED(pintle_knob_info, knob, pintle_model_get_knob(model, 0, &knob.value));
  EXPECT(knob.value.min_strength < 0 && knob.value.max_strength > 0 &&
         knob.value.feature_count == 2);
  GUARDED(pintle_preset_info, preset);
  EXPECT_FILLED(pintle_preset_info, preset, pintle_model_get_preset(model, 0, &preset.value));
  EXPECT(strcmp(preset.value.name, "evening") == 0);

  /* Sizes that no struct has. */
  info.value.struct_size = 0;
  EXPECT(pintle_model_get_info(model, &info.value) == PINTLE_ERR_INVALID_ARGUMENT);
  info.value.struct_size = 1u << 20;
  EXPECT(pintle_model_get_info(model, &info.value) == PINTLE_ERR_INVALID_ARGUMENT);

  pintle_session* session = NULL;
  EXPECT_OK(pintle_session_new(model, &session, NULL));
  return session;
}

static void run_here(void* context, size_t count, pintle_task task, void* task_context) {
  (void)context;
  for (size_t i = 0; i < count; ++i) task(task_context, i);
}

static void check_requests(pintle_session* session) {
  const uint32_t history[3] = {4, 5, 6};
  EXPECT_OK(pintle_session_append(session, history, 3));
  GUARDED(pintle_request, request);
  EXPECT(request.value.k == 10 && request.value.struct_size == sizeof(pintle_request));
  EXPECT(is_untouched(request.behind));
  pintle_recommendation list[16], plain[16];
  size_t count = 0;
  EXPECT_OK(pintle_recommend(session, &request.value, plain, &count));
  EXPECT(count == 10);
  request.value.k = 4;
  const uint32_t denied = plain[0].item;
  request.value.deny = &denied;
  request.value.deny_count = 1;
  EXPECT_OK(pintle_recommend(session, &request.value, list, &count));
  EXPECT(count == 4 && list[0].item == plain[1].item);

#ifdef PINTLE_NEWER
  pintle_steering steering; /* longer than the library's, too */
  pintle_steering_init(&steering, sizeof steering);
  const pintle_edit edit = {PINTLE_EDIT_KNOB, 0, 0, 0, 1};
  steering.edits = &edit;
  steering.edit_count = 1;
  request.value.steering = &steering;
  EXPECT_OK(pintle_recommend(session, &request.value, list, &count));
  steering.added_number = 1;
  EXPECT(pintle_recommend(session, &request.value, list, &count) == PINTLE_ERR_INVALID_ARGUMENT);
  steering.added_number = 0;
  request.value.added_text = "set";
  EXPECT(pintle_recommend(session, &request.value, list, &count) == PINTLE_ERR_INVALID_ARGUMENT);
  EXPECT(strstr(pintle_session_last_error(session), "does not know") != NULL);
  request.value.added_text = NULL;
  request.value.steering = NULL;
#endif

  pintle_executor executor;
  pintle_executor_init(&executor, sizeof executor);
  executor.parallel_for = run_here;
  EXPECT_OK(pintle_session_set_executor(session, &executor));
  GUARDED(pintle_scan_info, scan);
  EXPECT_FILLED(pintle_scan_info, scan, pintle_session_get_scan(session, &scan.value));
  pintle_list_entry entries[16];
  pintle_rule_result result = {PINTLE_RULE_KEPT, 0, 0};
#ifdef PINTLE_NEWER /* the older caller's request has no wishes */
  pintle_wishes wishes;
  pintle_wishes_init(&wishes, sizeof wishes);
  const pintle_rule rule = {PINTLE_RULE_CAP, 2, 1, 0};
  wishes.rules = &rule;
  wishes.rule_count = 1;
  request.value.wishes = &wishes;
#endif
  GUARDED(pintle_list_info, info);
  EXPECT_FILLED(
      pintle_list_info, info,
      pintle_explain_list(session, &request.value, entries, &count, &result, &info.value));
  EXPECT(count == 4 && result.outcome == PINTLE_RULE_KEPT && result.got <= 1);
  EXPECT(info.value.expected_dcg <= info.value.plain_dcg);
#ifdef PINTLE_NEWER
  wishes.added_number = 1;
  EXPECT(pintle_recommend(session, &request.value, list, &count) == PINTLE_ERR_INVALID_ARGUMENT);
#endif
}

int main(int argc, char** argv) {
  if (argc != 2 || write_steerable_model(argv[1]) != 0) {
    fprintf(stderr, "usage: growth_test FILE, which will be written\n");
    return 1;
  }
  pintle_open_options options;
  pintle_open_options_init(&options, sizeof options);
  options.flags = PINTLE_OPEN_VERIFY_ALL;
  pintle_model* model = NULL;
  pintle_error error;
#ifdef PINTLE_NEWER
  options.added_number = 1;
  EXPECT(pintle_model_open_file(argv[1], &options, &model, &error) == PINTLE_ERR_INVALID_ARGUMENT);
  options.added_number = 0;
#endif
  if (pintle_model_open_file(argv[1], &options, &model, &error) != PINTLE_OK) {
    fprintf(stderr, "%s: %s\n", pintle_status_name(error.status), error.message);
    return 1;
  }
  pintle_session* session = check_models(model);
  if (session == NULL) return 1;
  check_requests(session);
  pintle_model_close(model); /* before the session, which holds it */
  size_t events = 0;
  EXPECT_OK(pintle_session_event_count(session, &events));
  EXPECT(events == 3);
  pintle_session_free(session);
  return failures == 0 ? 0 : 1;
}
