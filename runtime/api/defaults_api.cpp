// SPDX-License-Identifier: Apache-2.0
//
// Defaults as functions, for callers that see no macros.
#include "pintle/pintle.h"
#include "runtime/api/sized_structs.h"

// pintle_<name>_init by PINTLE_<NAME>_INIT.
#define PINTLE_DEFINE_INIT(name, defaults)                     \
  void pintle_##name##_init(pintle_##name* out, size_t size) { \
    const pintle_##name values = defaults;                     \
    pintle::internal::init_struct(values, out, size);          \
  }

PINTLE_DEFINE_INIT(allocator, PINTLE_ALLOCATOR_INIT)
PINTLE_DEFINE_INIT(open_options, PINTLE_OPEN_OPTIONS_INIT)
PINTLE_DEFINE_INIT(model_info, PINTLE_MODEL_INFO_INIT)
PINTLE_DEFINE_INIT(item_info, PINTLE_ITEM_INFO_INIT)
PINTLE_DEFINE_INIT(group_info, PINTLE_GROUP_INFO_INIT)
PINTLE_DEFINE_INIT(attribute_info, PINTLE_ATTRIBUTE_INFO_INIT)
PINTLE_DEFINE_INIT(sae_info, PINTLE_SAE_INFO_INIT)
PINTLE_DEFINE_INIT(feature_info, PINTLE_FEATURE_INFO_INIT)
PINTLE_DEFINE_INIT(knob_info, PINTLE_KNOB_INFO_INIT)
PINTLE_DEFINE_INIT(preset_info, PINTLE_PRESET_INFO_INIT)
PINTLE_DEFINE_INIT(steering, PINTLE_STEERING_INIT)
PINTLE_DEFINE_INIT(executor, PINTLE_EXECUTOR_INIT)
PINTLE_DEFINE_INIT(request, PINTLE_REQUEST_INIT)
PINTLE_DEFINE_INIT(scan_info, PINTLE_SCAN_INFO_INIT)
PINTLE_DEFINE_INIT(wishes, PINTLE_WISHES_INIT)
PINTLE_DEFINE_INIT(list_info, PINTLE_LIST_INFO_INIT)
PINTLE_DEFINE_INIT(profile_options, PINTLE_PROFILE_OPTIONS_INIT)
PINTLE_DEFINE_INIT(restore_info, PINTLE_RESTORE_INFO_INIT)
