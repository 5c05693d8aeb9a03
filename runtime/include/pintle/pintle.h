/* SPDX-License-Identifier: Apache-2.0
 *
 * Pintle: a steerable sequential recommender on the device. The whole public contract.
 *
 * Conventions
 *   Status      Every function that can fail returns a pintle_status; PINTLE_OK is 0. On failure the
 *               outputs are untouched and the object is as it was, unless said otherwise. Opening and
 *               making a session tell the failure in words through their last argument, a session's
 *               calls through pintle_session_last_error, and the look-ups of a model, which have one
 *               thing that can be wrong, through pintle_status_message.
 *   Null        A null pointer where none is allowed, or a handle of the other kind, is
 *               PINTLE_ERR_INVALID_ARGUMENT. An array may be null where its count is 0.
 *   Numbers     Items, attributes, groups, SAEs, features, knobs, presets and the like are numbered from
 *               0 (uint32_t), and their counts are in pintle_model_info. The app's own ids ("external
 *               ids") map to items by pintle_model_find_*. Counts, capacities and sizes are size_t.
 *               An app keeps histories by external ids: numbers are those of one model and one delta.
 *   Memory      A model allocates when it is opened, through pintle_open_options' allocator. A session
 *               is one block, the caller's or allocated likewise; once it is made nothing allocates.
 *               (Built with XNNPACK, making a session lets XNNPACK pack its own copy of the dense
 *               weights, outside the block and the allocator.)
 *   Lifetime    A model is reference counted: its opener holds one reference, every session one. It
 *               goes with the last, so that models and sessions may be closed in any order.
 *   Threads     A model is immutable: any number of threads may use it. A session belongs to one
 *               thread at a time ("the session's thread"): any thread may call it, also to end it, as
 *               long as no two calls on it overlap and what one wrote is visible to the next. There is
 *               no global state (XNNPACK, where built in, has its own), and no thread is ever started:
 *               an app that wants more than one hands in an executor (pintle_executor).
 *   Pointers    Strings and arrays that a model hands out live as long as the model.
 *   Text        NUL-terminated, in the bytes that the file has: the converter writes UTF-8, but no
 *               reader checks it, so a binding that needs valid UTF-8 (or Java's modified one) decodes
 *               as it would any file's. Messages are UTF-8 as far as what they quote is, and are cut
 *               between characters.
 *   Structs     `struct_size` is sizeof the struct as the caller was compiled; PINTLE_*_INIT and
 *               pintle_*_init set it, and the other fields to their defaults. Later versions may add
 *               fields at the end. Of a shorter struct the library takes the fields that are there,
 *               of a longer one those that it knows, and refuses it (PINTLE_ERR_INVALID_ARGUMENT) only
 *               if one that it does not know is set, that is, not all zero bytes. (A size below 8,
 *               above 4096 or no multiple of 4 was never set, and is refused.) Of an output it
 *               writes the fields that both know, never a byte beyond struct_size. Structs without a
 *               size never change: what they cannot say will come as another struct.
 *   No function throws, aborts, prints or exits.
 */
#ifndef PINTLE_PINTLE_H_
#define PINTLE_PINTLE_H_

#include <stddef.h>
#include <stdint.h>

#if defined(PINTLE_SHARED) && defined(_WIN32)
#ifdef PINTLE_BUILDING
#define PINTLE_API __declspec(dllexport)
#else
#define PINTLE_API __declspec(dllimport)
#endif
#elif defined(__GNUC__)
#define PINTLE_API __attribute__((visibility("default")))
#else
#define PINTLE_API
#endif

#ifdef __cplusplus
extern "C" {
#endif

/* ---- Versions and statuses ------------------------------------------------------------------- */

#define PINTLE_VERSION_MAJOR 0
#define PINTLE_VERSION_MINOR 4
#define PINTLE_VERSION_PATCH 0
/* Versions compare as numbers: 1.2.3 is 1002003. */
#define PINTLE_VERSION_NUMBER \
  (PINTLE_VERSION_MAJOR * 1000000 + PINTLE_VERSION_MINOR * 1000 + PINTLE_VERSION_PATCH)

/* The running library's version as text, "0.4.0". Static storage. Any thread. */
PINTLE_API const char* pintle_version(void);
/* The same as a number, to be compared with PINTLE_VERSION_NUMBER. Any thread. */
PINTLE_API uint32_t pintle_version_number(void);
/* The newest file format that the running library knows: 1000 * major + minor. It opens every file of
 * that major number whose required features it has. Any thread. */
PINTLE_API uint32_t pintle_format_version(void);

/* Values are pinned: 1-99 the caller, 100-199 the model file, 200-299 the machine. */
typedef enum pintle_status {
  PINTLE_OK = 0,
  PINTLE_ERR_INVALID_ARGUMENT = 1, /* a null pointer, a wrong struct_size, k of 0, ... */
  PINTLE_ERR_UNKNOWN_ITEM = 2,     /* an item number or external id that the catalogue lacks */
  PINTLE_ERR_BUFFER_TOO_SMALL = 3, /* a caller's block or array is smaller than needed */
  PINTLE_ERR_MISALIGNED = 4,       /* a caller's block is not aligned as stated */
  PINTLE_ERR_EMPTY_HISTORY = 5,    /* nothing appended yet: no architecture defines its output */
  PINTLE_ERR_UNKNOWN_ISA = 6,      /* options->isa or PINTLE_FORCE_ISA: none, or not this CPU's */
  PINTLE_ERR_UNKNOWN_NAME = 7,     /* a knob, preset, feature, SAE, ... the model lacks */
  PINTLE_ERR_OUT_OF_RANGE = 8,     /* a strength outside the knob's range */
  PINTLE_ERR_IO = 100,             /* the file could not be opened, read or mapped */
  PINTLE_ERR_NOT_A_MODEL = 101,    /* not a .pintle file */
  PINTLE_ERR_NEWER_FORMAT = 102,   /* written for a newer runtime */
  PINTLE_ERR_CORRUPT = 103,        /* the structure or a value is wrong */
  PINTLE_ERR_CHECKSUM = 104,       /* bulk data does not match its checksum */
  PINTLE_ERR_UNSUPPORTED = 105,    /* well-formed, but beyond this runtime's limits */
  PINTLE_ERR_OTHER_NETWORK = 106,  /* an SAE in the file was trained on another network */
  PINTLE_ERR_OTHER_MODEL = 107,    /* a delta was made for another model */
  PINTLE_ERR_OUT_OF_MEMORY = 200
} pintle_status;

/* "PINTLE_ERR_CORRUPT" and the like; "unknown status" for other values. Static storage. Any thread. */
PINTLE_API const char* pintle_status_name(pintle_status status);
/* What a status means and what to do, in a sentence. Static storage. Any thread. */
PINTLE_API const char* pintle_status_message(pintle_status status);

/* Handles: types of their own in every language, as none of them is incomplete. The field is the
 * library's: it tells the two kinds apart, and no caller makes, copies or writes one. */
typedef struct pintle_model {
  uint32_t tag;
} pintle_model;
typedef struct pintle_session {
  uint32_t tag;
} pintle_session;

/* A failure in words: which check failed and what to do. Filled where one is passed and the call
 * fails; never read. Never changes. */
typedef struct pintle_error {
  pintle_status status;
  char message[252]; /* see Text */
} pintle_error;

/* ---- Opening models -------------------------------------------------------------------------- */

/* Where a model and its sessions get their memory. Both functions may be called by any thread that
 * opens or closes a model or makes or frees a session. */
typedef struct pintle_allocator {
  uint32_t struct_size;
  uint32_t reserved; /* 0 */
  void* context;     /* for the functions */
  /* Returns size_bytes aligned to alignment_bytes (a power of two), or null. */
  void* (*allocate)(void* context, size_t size_bytes, size_t alignment_bytes);
  /* Takes back what `allocate` gave for the same size; block is never null. */
  void (*release)(void* context, void* block, size_t size_bytes);
} pintle_allocator;
#define PINTLE_ALLOCATOR_INIT \
  { sizeof(pintle_allocator), 0, NULL, NULL, NULL }

enum {
  /* Also read every byte: checksums, and that every stored number is finite. Costs one pass over the
   * file. Without it, opening checks the structure and everything that memory safety rests on. */
  PINTLE_OPEN_VERIFY_ALL = 1u << 0,
  /* pintle_model_open_memory copies the bytes, which may then go or change; likewise a delta's. */
  PINTLE_OPEN_COPY = 1u << 1,
  /* Sessions may have groups by example (pintle_session_set_example). Costs opening one pass over the items
   * and dim * dim multiplications for each (3,416 items of 64 numbers: some milliseconds), the model's
   * memory 4 * (dim * dim + 3 * dim + item_count) bytes, and every session's 2 * item_count. */
  PINTLE_OPEN_EXAMPLES = 1u << 2,
  /* Sessions may have a profile (pintle_profile_*) and know when each item was last seen
   * (pintle_request.repeat_after_seconds). Costs every session 4.4 bytes an item, 69 an attribute and 53 KB: the
   * formula is in the README. */
  PINTLE_OPEN_PROFILE = 1u << 3
};

typedef struct pintle_open_options {
  uint32_t struct_size;
  uint32_t flags;
  /* "scalar", "avx2", "neon", ...; null: the environment's PINTLE_FORCE_ISA if it is set, else the
   * best that this CPU has. */
  const char* isa;
  /* Copied; its context must outlive the model. Null: the C library's. */
  const pintle_allocator* allocator;
  /* A delta of the model's catalogue (`pintle delta`): items that it adds, changes and takes out. By its
   * path, mapped as pintle_model_open_file maps, or by its bytes, taken as pintle_model_open_memory takes a
   * model's; not both. Null: none.
   * Items that it took out are still found, and may stand in histories, but no list has them. Those that it
   * adds are as any other, and are numbered from the model's own count, rounded up to 16, on; the
   * numbers between are PINTLE_ERR_UNKNOWN_ITEM. An id that both have is the added item's. */
  const char* delta_path;
  const void* delta;
  size_t delta_size_bytes;
} pintle_open_options;
#define PINTLE_OPEN_OPTIONS_INIT \
  { sizeof(pintle_open_options), 0, NULL, NULL, NULL, NULL, 0 }

/* Every pintle_*_init is its PINTLE_*_INIT for callers that see no macros: it sets struct_size to the
 * size given, which is the struct's as the caller has it, and the fields within it to their defaults.
 * Null, and what is no struct's size (see Structs), are left as they were. Any thread. */
PINTLE_API void pintle_allocator_init(pintle_allocator* allocator, size_t size_bytes);
PINTLE_API void pintle_open_options_init(pintle_open_options* options, size_t size_bytes);

/* Maps `path` read-only, verifies it and gives *model with one reference, which pintle_model_close
 * drops. The file must not change while the model is open. options and error may be null.
 * Returns PINTLE_OK, PINTLE_ERR_INVALID_ARGUMENT, PINTLE_ERR_UNKNOWN_ISA, PINTLE_ERR_IO,
 * PINTLE_ERR_NOT_A_MODEL, PINTLE_ERR_NEWER_FORMAT, PINTLE_ERR_CORRUPT, PINTLE_ERR_CHECKSUM (with
 * PINTLE_OPEN_VERIFY_ALL), PINTLE_ERR_UNSUPPORTED, PINTLE_ERR_OTHER_NETWORK, PINTLE_ERR_OTHER_MODEL,
 * PINTLE_ERR_OUT_OF_MEMORY. Those of files are the model's or the delta's, whose words begin with "delta: ".
 * Any thread. */
PINTLE_API pintle_status pintle_model_open_file(const char* path,
                                                const pintle_open_options* options,
                                                pintle_model** model, pintle_error* error);
/* The same for `length_bytes` bytes of an open descriptor from `offset_bytes` (an uncompressed
 * Android asset, stored by noCompress). offset_bytes may be any value; if it is no multiple of 64, as
 * zipalign's 4 bytes rarely are, the model is copied to the heap once: to have it mapped, keep it in a
 * file of its own. The descriptor stays the caller's and may be closed on return.
 * Returns PINTLE_OK, PINTLE_ERR_INVALID_ARGUMENT, PINTLE_ERR_UNKNOWN_ISA, PINTLE_ERR_IO,
 * PINTLE_ERR_NOT_A_MODEL, PINTLE_ERR_NEWER_FORMAT, PINTLE_ERR_CORRUPT, PINTLE_ERR_CHECKSUM (with
 * PINTLE_OPEN_VERIFY_ALL), PINTLE_ERR_UNSUPPORTED, PINTLE_ERR_OTHER_NETWORK, PINTLE_ERR_OTHER_MODEL,
 * PINTLE_ERR_OUT_OF_MEMORY. Those of files are the model's or the delta's, whose words begin with "delta: ".
 * Any thread. */
PINTLE_API pintle_status pintle_model_open_fd(int fd, uint64_t offset_bytes, uint64_t length_bytes,
                                              const pintle_open_options* options,
                                              pintle_model** model, pintle_error* error);
/* The same for bytes in memory. If they are 64-byte aligned they are used where they are, and must
 * outlive the model (its last reference) and not change; if not, or with PINTLE_OPEN_COPY, they are
 * copied.
 * Returns PINTLE_OK, PINTLE_ERR_INVALID_ARGUMENT, PINTLE_ERR_UNKNOWN_ISA, PINTLE_ERR_IO (of a delta's path
 * alone), PINTLE_ERR_NOT_A_MODEL, PINTLE_ERR_NEWER_FORMAT, PINTLE_ERR_CORRUPT, PINTLE_ERR_CHECKSUM (with
 * PINTLE_OPEN_VERIFY_ALL), PINTLE_ERR_UNSUPPORTED, PINTLE_ERR_OTHER_NETWORK, PINTLE_ERR_OTHER_MODEL,
 * PINTLE_ERR_OUT_OF_MEMORY, as above. Any thread. */
PINTLE_API pintle_status pintle_model_open_memory(const void* data, size_t size_bytes,
                                                  const pintle_open_options* options,
                                                  pintle_model** model, pintle_error* error);
/* Adds a reference, for another owner to drop by pintle_model_close. Null is allowed. Any thread. */
PINTLE_API void pintle_model_retain(pintle_model* model);
/* Drops one reference; with the last, the model goes. Null is allowed. Any thread. */
PINTLE_API void pintle_model_close(pintle_model* model);

/* ---- What a model holds ---------------------------------------------------------------------- */

typedef struct pintle_model_info {
  uint32_t struct_size;
  uint32_t format_version; /* of the file, as pintle_format_version */
  size_t item_count; /* numbers of items are below it; with a delta a few below it are nobody's */
  size_t attribute_count;
  size_t group_count; /* of attributes */
  size_t sae_count;
  size_t knob_count;
  size_t preset_count;
  size_t dim; /* hidden width */
  size_t layer_count;
  size_t head_count;
  size_t window;            /* newest items that the network sees */
  int32_t has_text_ids;     /* 1: external ids are strings; 0: int64 */
  int32_t is_incremental;   /* 1: an append costs one position until the window is full */
  const char* architecture; /* the recipe's name */
  const char* isa;          /* the kernels in use */
  uint64_t file_size_bytes;
  float temperature; /* of the probabilities: exp(score / temperature), normalised */
  float wish_unit;   /* the reward of a wish of 1, in expected DCG (see Wishes and rules) */
  int32_t has_dates; /* 1: of some items it is known when they appeared */
  uint32_t reserved;
  int32_t has_prior;         /* 1: a list without a history is possible, by popularity */
  int32_t has_profiles;      /* 1: opened with PINTLE_OPEN_PROFILE */
  size_t base_item_count;    /* of the model's own file, numbered from 0 */
  size_t added_item_count;   /* of the delta, numbered up to item_count - 1 */
  size_t retired_item_count; /* of the file's own items those that the delta took out */
  size_t main_parameter_count;
} pintle_model_info;
#define PINTLE_MODEL_INFO_INIT                                                                   \
  {                                                                                              \
    sizeof(pintle_model_info), 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, NULL, NULL, 0, 0, 0, 0, 0, \
        0, 0, 0, 0, 0, 0                                                                         \
  }
PINTLE_API void pintle_model_info_init(pintle_model_info* info, size_t size_bytes);

/* Returns PINTLE_OK, PINTLE_ERR_INVALID_ARGUMENT. Any thread. */
PINTLE_API pintle_status pintle_model_get_info(const pintle_model* model, pintle_model_info* info);

/* What the lists follow from, and how the person who gets them can change that, for the app to show: sentences or
 * paragraphs, from 0 in the order to show them in. English, or the words that the model's owner gave `pintle
 * convert`; older files have none. *text: see Pointers and Text.
 * Returns PINTLE_OK, PINTLE_ERR_UNKNOWN_NAME (no such parameter), PINTLE_ERR_INVALID_ARGUMENT. Any thread. */
PINTLE_API pintle_status pintle_model_get_main_parameter(const pintle_model* model,
                                                         uint32_t parameter, const char** text);

/* Stands for no item where a look-up found none. */
#define PINTLE_NO_ITEM UINT32_MAX

/* Finds an item by external id: O(log item_count).
 * Returns PINTLE_OK, PINTLE_ERR_UNKNOWN_ITEM, PINTLE_ERR_INVALID_ARGUMENT (also if the model's ids are
 * text), PINTLE_ERR_CORRUPT (the search meets an item that does not exist). Any thread. */
PINTLE_API pintle_status pintle_model_find_integer_id(const pintle_model* model, int64_t id,
                                                      uint32_t* item);
/* The same by `length_bytes` bytes of text, which need not end in NUL; never null.
 * Returns PINTLE_OK, PINTLE_ERR_UNKNOWN_ITEM, PINTLE_ERR_INVALID_ARGUMENT (also if the model's ids are
 * integers), PINTLE_ERR_CORRUPT (also an id that lies outside its table). Any thread. */
PINTLE_API pintle_status pintle_model_find_text_id(const pintle_model* model, const char* id,
                                                   size_t length_bytes, uint32_t* item);
/* Finds `count` items at once: items[i] of ids[i], PINTLE_NO_ITEM where there is none. unknown_count
 * may be null: how many there were of those.
 * Returns PINTLE_OK, PINTLE_ERR_INVALID_ARGUMENT (also if the model's ids are text), PINTLE_ERR_CORRUPT
 * (as above; the items before the failing id are written). Any thread. */
PINTLE_API pintle_status pintle_model_find_integer_ids(const pintle_model* model,
                                                       const int64_t* ids, size_t count,
                                                       uint32_t* items, size_t* unknown_count);
/* The same by NUL-terminated text.
 * Returns PINTLE_OK, PINTLE_ERR_INVALID_ARGUMENT (also if an id is null, or the model's ids are
 * integers), PINTLE_ERR_CORRUPT (as above). Any thread. */
PINTLE_API pintle_status pintle_model_find_text_ids(const pintle_model* model,
                                                    const char* const* ids, size_t count,
                                                    uint32_t* items, size_t* unknown_count);

typedef struct pintle_item_info {
  uint32_t struct_size;
  int32_t is_trained;  /* 0: in the catalogue, never recommended; so is what a delta took out */
  int64_t id;          /* external id; 0 with text ids */
  const char* id_text; /* external id; null with integer ids */
  const char* title;   /* null if the model has no titles */
  const uint32_t* attributes; /* [attribute_count], ascending */
  size_t attribute_count;
  const uint8_t* memberships; /* [attribute_count], in fifteenths, 1 to 15; null: all 15 */
  int64_t date;               /* when it appeared, seconds since 1970; PINTLE_NO_DATE: not known */
} pintle_item_info;
#define PINTLE_NO_DATE INT64_MIN
#define PINTLE_ITEM_INFO_INIT \
  { sizeof(pintle_item_info), 0, 0, NULL, NULL, NULL, 0, NULL, PINTLE_NO_DATE }
PINTLE_API void pintle_item_info_init(pintle_item_info* info, size_t size_bytes);

/* Returns PINTLE_OK, PINTLE_ERR_UNKNOWN_ITEM, PINTLE_ERR_INVALID_ARGUMENT, PINTLE_ERR_CORRUPT (the
 * item's strings or attributes lie outside their tables). Any thread. */
PINTLE_API pintle_status pintle_model_get_item(const pintle_model* model, uint32_t item,
                                               pintle_item_info* info);
/* Writes the item's row of the table that scores come from, as the runtime reads it: dim floats.
 * A score is its dot product with the state at hook "last", and the item's bias where there is one.
 * capacity: floats that `vector` (caller-owned) has room for.
 * Returns PINTLE_OK, PINTLE_ERR_UNKNOWN_ITEM, PINTLE_ERR_INVALID_ARGUMENT, PINTLE_ERR_BUFFER_TOO_SMALL
 * (capacity below dim). Any thread. */
PINTLE_API pintle_status pintle_model_get_item_vector(const pintle_model* model, uint32_t item,
                                                      float* vector, size_t capacity);

/* An attribute's group ("genres"): its attributes are consecutive numbers. */
typedef struct pintle_group_info {
  uint32_t struct_size;
  uint32_t first_attribute;
  size_t attribute_count;
  const char* name; /* "" where the attributes' source named none */
} pintle_group_info;
#define PINTLE_GROUP_INFO_INIT \
  { sizeof(pintle_group_info), 0, 0, NULL }
PINTLE_API void pintle_group_info_init(pintle_group_info* info, size_t size_bytes);

/* Returns PINTLE_OK, PINTLE_ERR_UNKNOWN_NAME (no such group), PINTLE_ERR_INVALID_ARGUMENT. Any
 * thread. */
PINTLE_API pintle_status pintle_model_get_group(const pintle_model* model, uint32_t group,
                                                pintle_group_info* info);

/* A value of an attribute ("Sci-Fi") and the items that have it, or belong to it in part. */
typedef struct pintle_attribute_info {
  uint32_t struct_size;
  uint32_t group;
  const char* name;
  const uint32_t* items; /* [item_count], ascending */
  size_t item_count;
  const uint8_t* memberships; /* [item_count], in fifteenths, 1 to 15; null: all 15 */
  /* The same of a delta's items; `items` are the file's own, those that the delta took out among them. */
  const uint32_t* added_items; /* [added_item_count], ascending */
  size_t added_item_count;
  const uint8_t* added_memberships;
} pintle_attribute_info;
#define PINTLE_ATTRIBUTE_INFO_INIT \
  { sizeof(pintle_attribute_info), 0, NULL, NULL, 0, NULL, NULL, 0, NULL }
PINTLE_API void pintle_attribute_info_init(pintle_attribute_info* info, size_t size_bytes);

/* Returns PINTLE_OK, PINTLE_ERR_UNKNOWN_NAME (no such attribute), PINTLE_ERR_INVALID_ARGUMENT,
 * PINTLE_ERR_CORRUPT (its items lie outside their table). Any thread. */
PINTLE_API pintle_status pintle_model_get_attribute(const pintle_model* model, uint32_t attribute,
                                                    pintle_attribute_info* info);
/* The attribute's number by its group's name and its own, compared exactly: O(attribute_count).
 * Returns PINTLE_OK, PINTLE_ERR_UNKNOWN_NAME, PINTLE_ERR_INVALID_ARGUMENT. Any thread. */
PINTLE_API pintle_status pintle_model_find_attribute(const pintle_model* model, const char* group,
                                                     const char* name, uint32_t* attribute);

/* ---- What can be steered --------------------------------------------------------------------- */

typedef struct pintle_sae_info {
  uint32_t struct_size;
  uint32_t reserved;
  size_t feature_count;
  const char* name;
  const char* hook; /* "block:0", "mlp:1" or "last" */
} pintle_sae_info;
#define PINTLE_SAE_INFO_INIT \
  { sizeof(pintle_sae_info), 0, 0, NULL, NULL }
PINTLE_API void pintle_sae_info_init(pintle_sae_info* info, size_t size_bytes);

/* Returns PINTLE_OK, PINTLE_ERR_UNKNOWN_NAME (no such SAE), PINTLE_ERR_INVALID_ARGUMENT. Any thread. */
PINTLE_API pintle_status pintle_model_get_sae(const pintle_model* model, uint32_t sae,
                                              pintle_sae_info* info);

typedef struct pintle_feature_info {
  uint32_t struct_size;
  float density;     /* share of positions where the feature is active; the rest is over those */
  const char* label; /* "" if it has none */
  float p50, p95, p99, max; /* of its activation; 0 where never measured */
} pintle_feature_info;
#define PINTLE_FEATURE_INFO_INIT \
  { sizeof(pintle_feature_info), 0, NULL, 0, 0, 0, 0 }
PINTLE_API void pintle_feature_info_init(pintle_feature_info* info, size_t size_bytes);

/* Returns PINTLE_OK, PINTLE_ERR_UNKNOWN_NAME (no such SAE or feature), PINTLE_ERR_INVALID_ARGUMENT,
 * PINTLE_ERR_CORRUPT (its label lies outside its table). Any thread. */
PINTLE_API pintle_status pintle_model_get_feature(const pintle_model* model, uint32_t sae,
                                                  uint32_t feature, pintle_feature_info* info);

typedef struct pintle_knob_info {
  uint32_t struct_size;
  int32_t has_attribute; /* 0: none (popularity) */
  uint32_t attribute;    /* what the knob is about */
  uint32_t sae;          /* of its features */
  const char* name;
  float min_strength; /* the range; outside it a call is refused */
  float max_strength;
  size_t feature_count;
  /* What a strength of 1 adds to the SAE's features, beside the knob's wish for its attribute. Most
   * knobs have none: they are their attribute. */
  const uint32_t* features; /* [feature_count] of `sae` */
  const float* weights;     /* [feature_count] */
  /* Why the range ends: where 5 % of NDCG@10 is lost, and where the group has run out (upwards: half of the
   * people's lists can gain no more of it; downwards: hardly anybody has so many to lose). NaN where that
   * was not met. */
  float min_by_loss, max_by_loss, min_by_items, max_by_items;
} pintle_knob_info;
#define PINTLE_KNOB_INFO_INIT \
  { sizeof(pintle_knob_info), 0, 0, 0, NULL, 0, 0, 0, NULL, NULL, 0, 0, 0, 0 }
PINTLE_API void pintle_knob_info_init(pintle_knob_info* info, size_t size_bytes);

/* Returns PINTLE_OK, PINTLE_ERR_UNKNOWN_NAME (no such knob), PINTLE_ERR_INVALID_ARGUMENT. Any
 * thread. */
PINTLE_API pintle_status pintle_model_get_knob(const pintle_model* model, uint32_t knob,
                                               pintle_knob_info* info);
/* The knob's number by its name, compared exactly: O(knob_count).
 * Returns PINTLE_OK, PINTLE_ERR_UNKNOWN_NAME, PINTLE_ERR_INVALID_ARGUMENT. Any thread. */
PINTLE_API pintle_status pintle_model_find_knob(const pintle_model* model, const char* name,
                                                uint32_t* knob);

typedef enum pintle_edit_kind {
  PINTLE_EDIT_KNOB = 0,   /* target: a knob; value: its strength, in items of ten (see Wishes) */
  PINTLE_EDIT_ADD = 1,    /* target: a feature of `sae`: f += value. The result may be negative */
  PINTLE_EDIT_SET = 2,    /* f = value */
  PINTLE_EDIT_SCALE = 3,  /* f *= value */
  PINTLE_EDIT_ABLATE = 4, /* f = 0; value is not read */
  PINTLE_EDIT_CLAMP_MIN = 5, /* f = max(f, value) */
  PINTLE_EDIT_CLAMP_MAX = 6  /* f = min(f, value) */
} pintle_edit_kind;

enum {
  PINTLE_EDIT_ONLY_ACTIVE = 1u << 0, /* only at positions where the feature is active */
  PINTLE_EDIT_CALIBRATED =
      1u << 1 /* value is in units of the feature's 95th percentile (not for SCALE) */
};

/* Never changes. */
typedef struct pintle_edit {
  uint32_t kind; /* pintle_edit_kind */
  uint32_t target;
  uint32_t sae; /* 0 with PINTLE_EDIT_KNOB */
  uint32_t flags;
  float value;
} pintle_edit;

/* A steering set that the file names. */
typedef struct pintle_preset_info {
  uint32_t struct_size;
  uint32_t reserved;
  const char* name;
  size_t edit_count;
} pintle_preset_info;
#define PINTLE_PRESET_INFO_INIT \
  { sizeof(pintle_preset_info), 0, NULL, 0 }
PINTLE_API void pintle_preset_info_init(pintle_preset_info* info, size_t size_bytes);

/* Returns PINTLE_OK, PINTLE_ERR_UNKNOWN_NAME (no such preset), PINTLE_ERR_INVALID_ARGUMENT. Any
 * thread. */
PINTLE_API pintle_status pintle_model_get_preset(const pintle_model* model, uint32_t preset,
                                                 pintle_preset_info* info);
/* Writes a preset's edits, all knobs, to edits (caller-owned): `capacity` of them at most, of the
 * edit_count that pintle_model_get_preset tells. Then copy what you like into a steering set.
 * Returns PINTLE_OK, PINTLE_ERR_UNKNOWN_NAME (no such preset), PINTLE_ERR_INVALID_ARGUMENT. Any
 * thread. */
PINTLE_API pintle_status pintle_model_get_preset_edits(const pintle_model* model, uint32_t preset,
                                                       pintle_edit* edits, size_t capacity);
/* The preset's number by its name, compared exactly: O(preset_count).
 * Returns PINTLE_OK, PINTLE_ERR_UNKNOWN_NAME, PINTLE_ERR_INVALID_ARGUMENT. Any thread. */
PINTLE_API pintle_status pintle_model_find_preset(const pintle_model* model, const char* name,
                                                  uint32_t* preset);

enum {
  /* The state becomes the SAE's reconstruction with the edits (the paper's way), in every SAE that
   * an edit names. Default: h + decode(edited) - decode(original), which adds no reconstruction
   * error and at zero strength gives the unsteered list bit for bit. */
  PINTLE_STEER_REPLACE = 1u << 0,
  /* Edit every position of the window. Default: the newest only, which keeps the cache of the
   * others; with this, the next call recomputes the window. */
  PINTLE_STEER_ALL_POSITIONS = 1u << 1
};

/* A steering set: edits take effect in their order, in any number, for one call. */
typedef struct pintle_steering {
  uint32_t struct_size;
  uint32_t flags;
  const pintle_edit* edits;
  size_t edit_count;
} pintle_steering;
#define PINTLE_STEERING_INIT \
  { sizeof(pintle_steering), 0, NULL, 0 }
PINTLE_API void pintle_steering_init(pintle_steering* steering, size_t size_bytes);

/* ---- Sessions -------------------------------------------------------------------------------- */

#define PINTLE_SESSION_ALIGNMENT 64u

/* Bytes that a session of this model needs: the formula is in the README.
 * Returns PINTLE_OK, PINTLE_ERR_INVALID_ARGUMENT. Any thread. */
PINTLE_API pintle_status pintle_session_memory(const pintle_model* model, size_t* size_bytes);
/* Makes a session with an empty history in `memory` (aligned to PINTLE_SESSION_ALIGNMENT, at least
 * pintle_session_memory bytes; the caller's, and in use until pintle_session_destroy). It holds a
 * reference to the model. error may be null.
 * Returns PINTLE_OK, PINTLE_ERR_INVALID_ARGUMENT, PINTLE_ERR_BUFFER_TOO_SMALL, PINTLE_ERR_MISALIGNED,
 * PINTLE_ERR_OUT_OF_MEMORY (XNNPACK only). Any thread. */
PINTLE_API pintle_status pintle_session_create(const pintle_model* model, void* memory,
                                               size_t size_bytes, pintle_session** session,
                                               pintle_error* error);
/* Ends a session of pintle_session_create; its memory stays the caller's. Null is allowed, and a
 * session of pintle_session_new is left as it is: pintle_session_free ends it. The session's thread. */
PINTLE_API void pintle_session_destroy(pintle_session* session);
/* The same in a block of the model's allocator, which pintle_session_free gives back.
 * Returns PINTLE_OK, PINTLE_ERR_INVALID_ARGUMENT, PINTLE_ERR_OUT_OF_MEMORY, PINTLE_ERR_MISALIGNED (the
 * allocator gave a block that is less aligned than asked for). Any thread. */
PINTLE_API pintle_status pintle_session_new(const pintle_model* model, pintle_session** session,
                                            pintle_error* error);
/* Ends a session of pintle_session_new. Null is allowed, and a session of pintle_session_create is left
 * as it is: pintle_session_destroy ends it. The session's thread. */
PINTLE_API void pintle_session_free(pintle_session* session);

/* What was wrong with the session's latest call, if it failed, in words: which edit, which item, what to
 * do; else "". After pintle_recommend_batch_parallel the first session's tells. The session's, until its
 * next call, of whatever kind. The session's thread. */
PINTLE_API const char* pintle_session_last_error(const pintle_session* session);

/* Appends `count` events, oldest first. Computes nothing yet.
 * Returns PINTLE_OK, PINTLE_ERR_UNKNOWN_ITEM (an item is not below item_count; then none is appended),
 * PINTLE_ERR_INVALID_ARGUMENT. The session's thread. */
PINTLE_API pintle_status pintle_session_append(pintle_session* session, const uint32_t* items,
                                               size_t count);
/* The same with the events' times: times[i] of items[i], seconds since 1970; PINTLE_NO_DATE: not known, as
 * pintle_session_append has them. They need not ascend.
 * Returns PINTLE_OK, PINTLE_ERR_UNKNOWN_ITEM, PINTLE_ERR_INVALID_ARGUMENT (also a time beyond
 * PINTLE_LATEST). The session's thread. */
#define PINTLE_LATEST 100000000000ll /* about the year 5138, and as far before 1970 */
PINTLE_API pintle_status pintle_session_append_timed(pintle_session* session, const uint32_t* items,
                                                     const int64_t* times, size_t count);
/* The events of the window, oldest first: `capacity` of them at most to items and times (caller-owned; either
 * may be null), their whole number, which may be above capacity, to *count.
 * Returns PINTLE_OK, PINTLE_ERR_INVALID_ARGUMENT. The session's thread. */
PINTLE_API pintle_status pintle_session_get_history(const pintle_session* session, uint32_t* items,
                                                    int64_t* times, size_t capacity, size_t* count);
/* Forgets the history; the profile stays.
 * Returns PINTLE_OK, PINTLE_ERR_INVALID_ARGUMENT. The session's thread. */
PINTLE_API pintle_status pintle_session_reset(pintle_session* session);

typedef enum pintle_window_policy {
  /* The window always holds the newest events. Once it is full, every append moves every position,
   * and so costs a whole window. */
  PINTLE_WINDOW_EXACT = 0,
  /* A full window drops its oldest quarter at once, so that the events until it is full again cost
   * one position each. Lists then rest on three quarters of the window or more. Only where the model
   * is incremental (pintle_model_info); else the same as EXACT. */
  PINTLE_WINDOW_HOP = 1
} pintle_window_policy;

/* Default: EXACT. Takes effect at the next append; reset keeps it.
 * Returns PINTLE_OK, PINTLE_ERR_INVALID_ARGUMENT. The session's thread. */
PINTLE_API pintle_status pintle_session_set_window_policy(pintle_session* session,
                                                          pintle_window_policy policy);
/* Events appended since creation or reset, those that left the window included.
 * Returns PINTLE_OK, PINTLE_ERR_INVALID_ARGUMENT. The session's thread. */
PINTLE_API pintle_status pintle_session_event_count(const pintle_session* session, size_t* count);

/* ---- Threads --------------------------------------------------------------------------------- */

/* One task of several. Tasks never block, spin or wait for each other. */
typedef void (*pintle_task)(void* task_context, size_t index);

/* The app's threads: a thread pool, Grand Central Dispatch, ... */
typedef struct pintle_executor {
  uint32_t struct_size;
  uint32_t reserved; /* 0 */
  size_t task_count; /* tasks that work is cut into, >= 1: as many as there are threads */
  /* Calls task(task_context, i) once for every i below `count`, on any threads, the calling one
   * included, in any order, one after the other or at the same time, and returns when all have
   * returned. What a task wrote must then be visible to the caller. */
  void (*parallel_for)(void* context, size_t count, pintle_task task, void* task_context);
  void* context; /* for parallel_for */
} pintle_executor;
#define PINTLE_EXECUTOR_INIT \
  { sizeof(pintle_executor), 0, 1, NULL, NULL }
PINTLE_API void pintle_executor_init(pintle_executor* executor, size_t size_bytes);

/* A list over a catalogue of this many items or more is cut into tasks if the session has an
 * executor: into PINTLE_PARALLEL_TASKS at most, and if k is not above PINTLE_PARALLEL_K. Their
 * lists are part of a session's memory (only of such catalogues'): 24 bytes an entry and 4 KB of
 * scores a task, 56 KB in all. Below, handing work to a thread costs more than it saves. */
#define PINTLE_PARALLEL_ITEMS 65536u
#define PINTLE_PARALLEL_TASKS 8u
#define PINTLE_PARALLEL_K 128u

/* Default: none, and everything runs on the calling thread. With one, the scan of a large catalogue
 * (see above) by a call that makes lists runs in its tasks: the same list, bit for bit, whatever its
 * threads. Short allow lists, models with an exact index and lists with knobs, wishes or rules are scanned
 * on the calling thread all the same. The executor is copied; its context must live as long as it is set.
 * Null takes it away; reset keeps it. Never allocates.
 * Returns PINTLE_OK, PINTLE_ERR_INVALID_ARGUMENT. The session's thread. */
PINTLE_API pintle_status pintle_session_set_executor(pintle_session* session,
                                                     const pintle_executor* executor);

/* ---- Wishes and rules ------------------------------------------------------------------------ */

/* Without wishes and rules a list is the k eligible items of the highest scores. With them it is the best
 * whole list: among all lists of k eligible items that keep the rules, the one with the largest
 *
 *   sum over ranks r = 1 .. k of p(item at r) / log2(r + 1)    its expected DCG, p the network's softmax
 *   + the rewards of all wishes                                at the model's temperature
 *
 * in the order of its scores, but for pins and runs. A wish for an attribute is worth reward * g(items
 * gained against the list without wishes and rules), g(x) = x up to one item and sqrt(x) above: the
 * second item is worth less than the first, so that many people's lists change a little and not few lists
 * a lot. A wish against it is the same for items lost. runtime/choice/objective.h has all formulas.
 *
 * Units: 1 is the reward at which about one item of ten changes. A knob's strength is calibrated: at +2 the
 * median person's ten hold two items more, at -1 one less. What is zero changes no bit of the list. */

/* Groups by example: "more like these, not like those", in place of an attribute in every wish and rule. A
 * session has PINTLE_EXAMPLES of them: example e is the target PINTLE_EXAMPLE_ATTRIBUTE + e. */
#define PINTLE_EXAMPLES 4u
#define PINTLE_EXAMPLE_ITEMS 64u /* of either list */
#define PINTLE_EXAMPLE_ATTRIBUTE 0x80000000u

/* Makes example `example`, in place of an earlier one: the items that somebody who names the `like_count` items
 * of `like` (5 to 20 are a good number) would probably name, too, each with a membership in fifteenths; those
 * of `like` have 15, those of `unlike` 0. What the items' vectors tell is all that it goes by. Of a model that
 * was opened with PINTLE_OPEN_EXAMPLES. Reset keeps it, batches use it; sessions of one batch each need it.
 * Never allocates. Costs eight scans and three passes over the members (3,416 items of 64 numbers: 0.2 ms).
 * Returns PINTLE_OK, PINTLE_ERR_UNKNOWN_ITEM, PINTLE_ERR_INVALID_ARGUMENT (also an example that is not below
 * PINTLE_EXAMPLES, no item in `like`, more than PINTLE_EXAMPLE_ITEMS in a list, an item that is named twice or
 * was never trained, a model opened without PINTLE_OPEN_EXAMPLES). The session's thread. */
PINTLE_API pintle_status pintle_session_set_example(pintle_session* session, uint32_t example,
                                                    const uint32_t* like, size_t like_count,
                                                    const uint32_t* unlike, size_t unlike_count);
/* An item's membership in an example, in fifteenths, 0 to 15.
 * Returns PINTLE_OK, PINTLE_ERR_UNKNOWN_NAME (the example was not set), PINTLE_ERR_UNKNOWN_ITEM,
 * PINTLE_ERR_INVALID_ARGUMENT. The session's thread. */
PINTLE_API pintle_status pintle_session_get_example(const pintle_session* session, uint32_t example,
                                                    uint32_t item, uint32_t* membership);

typedef enum pintle_wish_kind {
  /* target: an attribute, or an example. For a slider, prefer its knob: an edit PINTLE_EDIT_KNOB of the request's
   * steering, which is this wish with a calibrated reward. */
  PINTLE_WISH_ATTRIBUTE = 0,
  PINTLE_WISH_ITEM = 1, /* target: an item: the reward of having it, by value * unit */
  PINTLE_WISH_FRESH =
      2, /* target 0: for new items (value > 0), or old ones. An item's membership is
                            2^(-age / half_life_seconds), in fifteenths; 0 of unknown or later dates */
  /* target 0: value in [0, 1]: what one part more of intra-list diversity (mean over all pairs of 1 -
   * cosine of the items' vectors) is worth, in parts of the list's expected DCG. k up to
   * PINTLE_DIVERSE_K. */
  PINTLE_WISH_DIVERSE = 3,
  /* target 0: value in [0, 1]: adds value * temperature * a standard Gumbel number, drawn from `seed`
   * and the item, to every score: at 1 the list is a draw without replacement from the network's own
   * probabilities. The same seed gives the same list. */
  PINTLE_WISH_EXPLORE = 4
} pintle_wish_kind;

/* Never changes. */
typedef struct pintle_wish {
  uint32_t kind; /* pintle_wish_kind */
  uint32_t target;
  float value; /* finite; in units where not said otherwise; negative: against */
} pintle_wish;

typedef enum pintle_rule_kind {
  /* target: an attribute, or an example; share: of the k entries, in [0, 1]. Entries are whole: at least .25 of ten is
   * three, at most .25 two, exactly .25 the nearest, here three. */
  PINTLE_RULE_AT_LEAST = 0,
  PINTLE_RULE_AT_MOST = 1,
  PINTLE_RULE_EXACTLY = 2,
  PINTLE_RULE_CAP = 3,      /* target: an attribute: at most `count` entries of it */
  PINTLE_RULE_CAP_EACH = 4, /* target: a group: of each of its attributes at most `count` */
  PINTLE_RULE_RUN = 5,      /* target: an attribute: at most `count` >= 1 entries of it in a row */
  PINTLE_RULE_RUN_EACH =
      6,               /* target: a group: of none of its attributes more than `count` in a row */
  PINTLE_RULE_PIN = 7, /* target: an item; count: its rank, from 1 to k */
  /* EXACTLY, but that all rules of this kind together may be off by one entry in ten: a mix ("30 %
   * Sci-Fi, 20 % Comedy") that is met to a calibration error (half the sum of the differences) of .05
   * costs about half of what the exact one does. */
  PINTLE_RULE_MIX = 8
} pintle_rule_kind;

/* Never changes. */
typedef struct pintle_rule {
  uint32_t kind; /* pintle_rule_kind */
  uint32_t target;
  uint32_t count; /* 0 where not named */
  float share;    /* 0 where not named */
} pintle_rule;

/* The most of a call: */
#define PINTLE_LIST_ATTRIBUTES 8u /* that wishes, knobs and rules name, freshness being one */
#define PINTLE_LIST_WISHES 32u    /* its knobs not counted */
#define PINTLE_LIST_RULES 32u
#define PINTLE_LIST_GROUPS 2u /* that rules *_EACH name */
#define PINTLE_LIST_K 128u    /* entries of a list with wishes, knobs or rules */
#define PINTLE_DIVERSE_K 32u

/* What a list is to be besides likely. */
typedef struct pintle_wishes {
  uint32_t struct_size;
  uint32_t flags; /* 0 */
  const pintle_wish* wishes;
  size_t
      wish_count; /* FRESH, DIVERSE and EXPLORE once; those for one attribute, knobs too, add up */
  /* Filters, seen items and pins come first. Where the rules cannot all hold, the list misses them by as
   * few entries as can be, the earlier rule being kept where that leaves a choice:
   * pintle_explain_list says which gave way, and why. */
  const pintle_rule* rules;
  size_t rule_count;
  int64_t now;              /* FRESH: seconds since 1970; 0: the request's */
  double half_life_seconds; /* FRESH: above 0 */
  uint64_t seed;            /* EXPLORE */
} pintle_wishes;
#define PINTLE_WISHES_INIT \
  { sizeof(pintle_wishes), 0, NULL, 0, NULL, 0, 0, 0, 0 }
PINTLE_API void pintle_wishes_init(pintle_wishes* wishes, size_t size_bytes);

/* ---- Recommending ---------------------------------------------------------------------------- */

enum {
  /* Items of the history may come back. Default: the full history is left out, not only the
   * window. */
  PINTLE_INCLUDE_SEEN = 1u << 0,
  /* Only the items of `allow` are eligible: with allow_count 0, none. Default: all, and there must be
   * no allow list. */
  PINTLE_ONLY_ALLOWED = 1u << 1,
  /* The list that anybody would get: neither the history nor the profile has a part in it, nor in what is left
   * out. Of a model with a popularity prior (pintle_model_info.has_prior). */
  PINTLE_NOT_PERSONAL = 1u << 2
};

typedef struct pintle_request {
  uint32_t struct_size;
  uint32_t flags;
  size_t k; /* entries wanted, >= 1 */
  const uint32_t*
      allow; /* [allow_count], with PINTLE_ONLY_ALLOWED. Costs the items' panels of 16, each
                            once if the list is sorted or long, plus at most one bitmap word an entry */
  size_t allow_count;   /* duplicates are harmless */
  const uint32_t* deny; /* [deny_count]: not these */
  size_t deny_count;
  const pintle_steering* steering; /* null: unsteered */
  const pintle_wishes* wishes;     /* null: none */
  /* Seconds since 1970; PINTLE_NO_DATE: the time of the newest event or feedback. What the profile fades by,
   * repeat_after_seconds counts back from, and FRESH goes by where the wishes have no `now`. */
  int64_t now;
  /* Above 0: items that were seen before that, not within it, may come back ("not again within a week").
   * Seen items whose time is not known stay out. Of a model opened with PINTLE_OPEN_PROFILE. */
  double repeat_after_seconds;
} pintle_request;
#define PINTLE_REQUEST_INIT \
  { sizeof(pintle_request), 0, 10, NULL, 0, NULL, 0, NULL, NULL, PINTLE_NO_DATE, 0 }
PINTLE_API void pintle_request_init(pintle_request* request, size_t size_bytes);

/* Never changes. */
typedef struct pintle_recommendation {
  uint32_t item;
  float score;         /* the network's logit, whatever the wishes */
  int64_t id;          /* external id; 0 with text ids */
  const char* id_text; /* external id; null with integer ids */
} pintle_recommendation;

/* Writes the best k eligible items to out (caller-owned, room for request->k), best first, and
 * their number to count: k, or as many as are eligible. Ties: lower item first. Without a history the list is by
 * the model's popularity prior, if it has one. Items that were
 * never trained are not eligible. With wishes, rules or knobs: the best list, see above. Runs the network over the events appended since the last call.
 * Steered, it runs only what lies behind the first edited hook; the unsteered state stays cached.
 * Never allocates.
 * Returns PINTLE_OK, PINTLE_ERR_EMPTY_HISTORY, PINTLE_ERR_UNKNOWN_ITEM (an entry of allow or deny),
 * PINTLE_ERR_UNKNOWN_NAME (an edit's knob, SAE or feature, a wish's or rule's attribute, group or example),
 * PINTLE_ERR_OUT_OF_RANGE (a knob's strength), PINTLE_ERR_INVALID_ARGUMENT (also a value that is not
 * finite, an unknown kind or flag, an allow list without PINTLE_ONLY_ALLOWED, more wishes, rules,
 * attributes or entries than PINTLE_LIST_*, a wish for freshness of a model without dates).
 * PINTLE_ERR_UNKNOWN_ITEM also: a wish's or pin's item. The session's thread. */
PINTLE_API pintle_status pintle_recommend(pintle_session* session, const pintle_request* request,
                                          pintle_recommendation* out, size_t* count);

/* pintle_recommend without structs, for bindings: the best k items under `knob_count` knobs, knobs[i] at
 * strengths[i]. items, scores, ids: caller-owned, room for k entries each; scores and ids (0 with text
 * ids) may be null. flags: PINTLE_INCLUDE_SEEN or 0. Never allocates.
 * Returns PINTLE_OK, PINTLE_ERR_EMPTY_HISTORY, PINTLE_ERR_UNKNOWN_NAME (a knob), PINTLE_ERR_OUT_OF_RANGE
 * (a strength), PINTLE_ERR_INVALID_ARGUMENT (also more than PINTLE_FLAT_KNOBS knobs, a k above
 * PINTLE_FLAT_K, or above PINTLE_LIST_K with a knob that is turned). The session's thread. */
#define PINTLE_FLAT_KNOBS 64u
#define PINTLE_FLAT_K 256u
PINTLE_API pintle_status pintle_recommend_flat(pintle_session* session, size_t k, uint32_t flags,
                                               const uint32_t* knobs, const float* strengths,
                                               size_t knob_count, uint32_t* items, float* scores,
                                               int64_t* ids, size_t* count);

/* Scores the given items (seen or not, trained or not), in their order: scores[count]. The same bits
 * as pintle_recommend's. Never allocates.
 * Returns PINTLE_OK, PINTLE_ERR_EMPTY_HISTORY, PINTLE_ERR_UNKNOWN_ITEM, PINTLE_ERR_INVALID_ARGUMENT.
 * The session's thread. */
PINTLE_API pintle_status pintle_score(pintle_session* session, const uint32_t* items, size_t count,
                                      float* scores);

/* Many histories, for offline use: for each history h (items[offsets[h]] ... items[offsets[h + 1] - 1])
 * resets the session, appends and recommends. out: history_count * request->k entries, row h at
 * h * k; counts[h]: entries of row h. An empty history gives counts[h] = 0. On an error the rows
 * before the failing history are valid, *done says how many, and the session is reset on return. (If an
 * argument was wrong, nothing was begun: *done and the session are as they were.)
 * Returns PINTLE_OK, PINTLE_ERR_UNKNOWN_ITEM (an event, or an entry of allow or deny),
 * PINTLE_ERR_UNKNOWN_NAME, PINTLE_ERR_OUT_OF_RANGE, PINTLE_ERR_INVALID_ARGUMENT (as pintle_recommend;
 * also offsets that descend). The session's thread. */
PINTLE_API pintle_status pintle_recommend_batch(pintle_session* session, const uint32_t* items,
                                                const size_t* offsets, size_t history_count,
                                                const pintle_request* request,
                                                pintle_recommendation* out, size_t* counts,
                                                size_t* done);

/* The same on the executor's threads. sessions: session_count different ones of one model; as many
 * tasks run, each with a session of its own, and take histories in turn. Those of several rest their own
 * executors meanwhile; a single one's runs on the calling thread, with its own. The rows are the same,
 * bit for bit, however many sessions there are. On an error of a history
 * *done is the first failing one, and its status is returned; rows behind it may be written.
 * Returns PINTLE_OK, PINTLE_ERR_UNKNOWN_ITEM, PINTLE_ERR_UNKNOWN_NAME, PINTLE_ERR_OUT_OF_RANGE,
 * PINTLE_ERR_INVALID_ARGUMENT (also if session_count is 0, the sessions' models differ or one is named
 * twice). A thread that has all the sessions. */
PINTLE_API pintle_status pintle_recommend_batch_parallel(
    pintle_session* const* sessions, size_t session_count, const pintle_executor* executor,
    const uint32_t* items, const size_t* offsets, size_t history_count,
    const pintle_request* request, pintle_recommendation* out, size_t* counts, size_t* done);

/* What the session's latest list read of the item table, where the model has an exact index. */
typedef struct pintle_scan_info {
  uint32_t struct_size;
  int32_t is_pruned; /* 0: there was no list, or it read every eligible item; the rest is 0 */
  uint64_t rows_scored_f32; /* items that bounds could not leave out */
  uint64_t bytes_read;
} pintle_scan_info;
#define PINTLE_SCAN_INFO_INIT \
  { sizeof(pintle_scan_info), 0, 0, 0 }
PINTLE_API void pintle_scan_info_init(pintle_scan_info* info, size_t size_bytes);

/* Returns PINTLE_OK, PINTLE_ERR_INVALID_ARGUMENT. The session's thread. */
PINTLE_API pintle_status pintle_session_get_scan(const pintle_session* session,
                                                 pintle_scan_info* info);

/* ---- Profile --------------------------------------------------------------------------------- */

/* What a person tells the app by what they do, learned on the device: of a model that was opened with
 * PINTLE_OPEN_PROFILE. A profile is its feedback, at most PINTLE_FEEDBACK_EVENTS of them, and nothing else: what
 * it does to a list is computed from them, so that one taken back leaves no trace, in whatever order. From
 * them come weights of the items' attributes and concepts and of single items (runtime/profile/learn.h has
 * the formulas), and from these every item's offset u: a list is that of exp(score / temperature + u) in
 * place of the network's exp(score / temperature). Filters, rules and wishes come on top of it. */
typedef enum pintle_feedback_kind {
  PINTLE_FEEDBACK_LIKE = 0,           /* target: an item */
  PINTLE_FEEDBACK_DISLIKE = 1,        /* as LIKE, against; the item leaves the lists */
  PINTLE_FEEDBACK_NOT_INTERESTED = 2, /* the item leaves the lists; says little about others */
  PINTLE_FEEDBACK_SEEN_ELSEWHERE = 3, /* the item leaves the lists; says nothing else */
  PINTLE_FEEDBACK_MORE_LIKE = 4, /* target: an item: more of its groups, and of its nearest items */
  PINTLE_FEEDBACK_LESS_LIKE = 5, /* the same, against; the item leaves the lists */
  PINTLE_FEEDBACK_FINISH = 6,    /* the item was played, read, ... to its end */
  PINTLE_FEEDBACK_SKIP = 7,      /* it was shown or begun, and left */
  PINTLE_FEEDBACK_MORE_OF = 8,   /* target: an attribute: they want more of it than they get */
  PINTLE_FEEDBACK_LESS_OF = 9,
  /* target: an attribute that they have always liked ("pick three genres"): says little beside MORE_OF,
   * and less as their history says it better */
  PINTLE_FEEDBACK_PREFERS = 10
} pintle_feedback_kind;

/* Never changes. */
typedef struct pintle_feedback {
  uint32_t kind; /* pintle_feedback_kind */
  uint32_t target;
  float weight;      /* in (0, 1], to a millionth: how much of one (a film seen by half: .5) */
  uint32_t reserved; /* 0 */
  int64_t time;      /* seconds since 1970; PINTLE_NO_DATE: not known, it does not fade */
  uint64_t number;   /* written by the library: of this feedback, rising from 1; read nowhere */
} pintle_feedback;

#define PINTLE_FEEDBACK_EVENTS 512u

/* Learns from one feedback, as beside the list that the session recommended last: to like what all like says nothing,
 * and without such a list feedback on an item is about it and its nearest alone. What somebody picks at the start
 * ("pick five items") is appended to the history, as is what was consumed (pintle_session_append). *number (may be
 * null) is what pintle_profile_undo takes it back by. Where the profile is full the feedback of the oldest time
 * leaves it (what it took out of the lists stays out). Never allocates.
 * Returns PINTLE_OK, PINTLE_ERR_UNKNOWN_ITEM, PINTLE_ERR_UNKNOWN_NAME (no such attribute),
 * PINTLE_ERR_INVALID_ARGUMENT (also an unknown kind, a weight that is not in (0, 1], a model opened without
 * PINTLE_OPEN_PROFILE). The session's thread. */
PINTLE_API pintle_status pintle_profile_give(pintle_session* session,
                                             const pintle_feedback* feedback, uint64_t* number);
/* Takes a feedback back: every list is, bit for bit, what it would be had it not been given. (But one that a full
 * profile dropped for it does not come back.)
 * Returns PINTLE_OK, PINTLE_ERR_UNKNOWN_NAME (the profile has none of that number),
 * PINTLE_ERR_INVALID_ARGUMENT. The session's thread. */
PINTLE_API pintle_status pintle_profile_undo(pintle_session* session, uint64_t number);
/* The profile's feedback by ascending number: `capacity` of them at most to out (caller-owned), their whole
 * number, which may be above capacity, to *count.
 * Returns PINTLE_OK, PINTLE_ERR_INVALID_ARGUMENT. The session's thread. */
PINTLE_API pintle_status pintle_profile_get_feedback(const pintle_session* session,
                                                     pintle_feedback* out, size_t capacity,
                                                     size_t* count);
/* Forgets all feedback, and what it took out of the lists; the options stay.
 * Returns PINTLE_OK, PINTLE_ERR_INVALID_ARGUMENT. The session's thread. */
PINTLE_API pintle_status pintle_profile_reset(pintle_session* session);

typedef struct pintle_profile_options {
  uint32_t struct_size;
  uint32_t flags; /* 0 */
  double
      half_life_seconds; /* of what feedback weighs, whole; 0: it does not fade. Default: 90 days */
  float strength;        /* of all offsets, in [0, 4]; 0: the profile changes no list. Default: 1 */
  /* In [0, 1]: the least part of the expected DCG of the list without the profile, by the network's own
   * probabilities, that a list with it keeps. Default: .05 */
  float trust;
} pintle_profile_options;
#define PINTLE_PROFILE_OPTIONS_INIT \
  { sizeof(pintle_profile_options), 0, 90.0 * 86400, 1, 0.05f }
PINTLE_API void pintle_profile_options_init(pintle_profile_options* options, size_t size_bytes);

/* Returns PINTLE_OK, PINTLE_ERR_INVALID_ARGUMENT. The session's thread. */
PINTLE_API pintle_status pintle_profile_set_options(pintle_session* session,
                                                    const pintle_profile_options* options);
PINTLE_API pintle_status pintle_profile_get_options(const pintle_session* session,
                                                    pintle_profile_options* options);

/* What a profile has learned of one attribute. Never changes. */
typedef struct pintle_profile_part {
  uint32_t attribute;
  float weight;       /* of a whole membership, in nats of odds: u is their sum */
  uint32_t count_for; /* feedback for it and against it, item by item */
  uint32_t count_against;
  int64_t newest; /* the time of the newest of it; PINTLE_NO_DATE: none has one */
} pintle_profile_part;

/* The parts of the profile, largest magnitude first: `capacity` of them at most to out (caller-owned), their
 * whole number to *count. now: as in pintle_request.
 * Returns PINTLE_OK, PINTLE_ERR_INVALID_ARGUMENT. The session's thread. */
PINTLE_API pintle_status pintle_profile_explain(pintle_session* session, int64_t now,
                                                pintle_profile_part* out, size_t capacity,
                                                size_t* count);
/* A part in a sentence of plain English, "Less Horror: you asked on three occasions", NUL-terminated to text
 * (caller-owned, capacity bytes); *length (may be null): its bytes without the NUL, whatever fits.
 * Returns PINTLE_OK, PINTLE_ERR_UNKNOWN_NAME (no such attribute), PINTLE_ERR_BUFFER_TOO_SMALL (*length
 * is written, text is not to be read), PINTLE_ERR_INVALID_ARGUMENT. The session's thread. */
PINTLE_API pintle_status pintle_profile_describe(const pintle_session* session,
                                                 const pintle_profile_part* part, char* text,
                                                 size_t capacity, size_t* length);
/* What the profile gives an item: its offset u in nats to *offset (0 without a profile), and of its attributes
 * those that have a part in it, as above.
 * Returns PINTLE_OK, PINTLE_ERR_UNKNOWN_ITEM, PINTLE_ERR_INVALID_ARGUMENT. The session's thread. */
PINTLE_API pintle_status pintle_profile_explain_item(pintle_session* session, uint32_t item,
                                                     int64_t now, pintle_profile_part* out,
                                                     size_t capacity, size_t* count, float* offset);

/* ---- Snapshots ------------------------------------------------------------------------------- */

/* A session as the app keeps it: history, window policy and profile, by external ids and names, so that another
 * version of the model takes it, too (sessions' examples and executors are not in it). It is JSON, for a person to
 * see and to take away (schema/README.md draws it); its last member is a checksum, without which an edited one is
 * taken. platforms/store writes it to a file so that a process killed meanwhile loses nothing. */

/* Writes a snapshot to `data` (caller-owned, capacity bytes) and its size to *size_bytes; with a capacity of 0
 * the size alone. Equal sessions give equal bytes. Never allocates.
 * Returns PINTLE_OK, PINTLE_ERR_BUFFER_TOO_SMALL (*size_bytes is written all the same, data is not to be read),
 * PINTLE_ERR_CORRUPT (an id or name of the model's lies outside its table), PINTLE_ERR_INVALID_ARGUMENT. The
 * session's thread. */
PINTLE_API pintle_status pintle_session_save(const pintle_session* session, void* data,
                                             size_t capacity, size_t* size_bytes);

typedef struct pintle_restore_info {
  uint32_t struct_size;
  int32_t is_same_model; /* 1: of the same network and the same number of items */
  size_t event_count;    /* of the window, restored */
  size_t seen_count;     /* items that were seen, restored */
  size_t feedback_count; /* restored */
  /* What the model lacks, of each: items by id, attributes by group and name. */
  size_t dropped_events;
  size_t dropped_seen;
  size_t dropped_feedback;
  size_t dropped_exclusions; /* items that feedback of before kept out */
  size_t unknown_members;    /* of a later version, not used */
  char message[252];         /* the same in words, "" if nothing was dropped: see Text */
} pintle_restore_info;
#define PINTLE_RESTORE_INFO_INIT                                  \
  {                                                               \
    sizeof(pintle_restore_info), 0, 0, 0, 0, 0, 0, 0, 0, 0, { 0 } \
  }
PINTLE_API void pintle_restore_info_init(pintle_restore_info* info, size_t size_bytes);

/* Makes the session the one that was saved, in place of what it held. Lists are then the same, bit for bit, if the
 * model is. A profile needs PINTLE_OPEN_PROFILE; without it, it counts as dropped. On failure the session is as it
 * was. info may be null. Never allocates.
 * Returns PINTLE_OK, PINTLE_ERR_CORRUPT (no snapshot, cut short, or a value that none can have),
 * PINTLE_ERR_CHECKSUM, PINTLE_ERR_NEWER_FORMAT, PINTLE_ERR_INVALID_ARGUMENT. The session's thread. */
PINTLE_API pintle_status pintle_session_restore(pintle_session* session, const void* data,
                                                size_t size_bytes, pintle_restore_info* info);
/* Whether restoring could take it, whatever the model: its form and checksum. error may be null.
 * Returns PINTLE_OK, PINTLE_ERR_CORRUPT, PINTLE_ERR_CHECKSUM, PINTLE_ERR_NEWER_FORMAT,
 * PINTLE_ERR_INVALID_ARGUMENT. Any thread. */
PINTLE_API pintle_status pintle_snapshot_check(const void* data, size_t size_bytes,
                                               pintle_error* error);

/* ---- Explaining ------------------------------------------------------------------------------ */

/* Why an entry is in the list. */
typedef enum pintle_cause {
  PINTLE_CAUSE_SCORE = 0, /* it is in the list without wishes and rules */
  PINTLE_CAUSE_WISH = 1,  /* the rewards outweigh what it costs */
  PINTLE_CAUSE_RULE = 2,  /* the rules need it */
  PINTLE_CAUSE_PROFILE =
      3 /* it is in the list without wishes and rules, and would not be but for the profile */
} pintle_cause;

/* No rank: see pintle_list_entry. */
#define PINTLE_NO_RANK UINT32_MAX

/* Never changes. */
typedef struct pintle_list_entry {
  uint32_t item;
  float score;         /* the network's */
  float probability;   /* the network's softmax at the model's temperature */
  uint32_t plain_rank; /* from 1, in the list without wishes and rules; PINTLE_NO_RANK: not in it */
  uint32_t cause;      /* pintle_cause */
  /* The wish or rule, as pintle_reason.source has it, that gains most by the entry; 0 with CAUSE_SCORE and
   * CAUSE_PROFILE, as `gain`. */
  uint32_t source;
  uint32_t replaced; /* the item of that list that left for it; PINTLE_NO_ITEM with those two */
  /* What the list's objective (expected DCG and rewards) would lose with `replaced` in its place: the sum of
   * the entry's reasons. Below 0 only where a rule needs the entry. */
  float gain;
} pintle_list_entry;

/* One part of an entry's gain. source: PINTLE_SOURCE_SCORE is its expected DCG; below that, knobs by their
 * place among the steering's edits, wishes and rules by their place in pintle_wishes, each from its
 * PINTLE_SOURCE_* on; PINTLE_SOURCE_PROFILE is what the profile's offsets add to it. A rule's value is 0: it is
 * a condition. Never changes. */
typedef struct pintle_reason {
  uint32_t source;
  float value;
} pintle_reason;
#define PINTLE_SOURCE_SCORE UINT32_MAX
#define PINTLE_SOURCE_KNOBS 0u
#define PINTLE_SOURCE_WISHES 0x10000000u
#define PINTLE_SOURCE_RULES 0x20000000u
#define PINTLE_SOURCE_PROFILE 0x30000000u

typedef enum pintle_rule_outcome {
  PINTLE_RULE_KEPT = 0,
  PINTLE_RULE_TOO_FEW = 1,  /* so many eligible items do not exist */
  PINTLE_RULE_CONFLICT = 2, /* other rules, pins or the length of the list leave no room */
  PINTLE_RULE_FILTERED = 3, /* PIN: the item is seen, denied, not allowed or untrained */
  PINTLE_RULE_NOT_FOUND = 4 /* the search ended before it found a list that keeps it */
} pintle_rule_outcome;

/* What became of a rule. Never changes. */
typedef struct pintle_rule_result {
  uint32_t outcome; /* pintle_rule_outcome */
  float wanted; /* entries (of soft attributes, memberships summed); RUN: in a row; PIN: the rank */
  float got;    /* the same of the list; PIN: its rank, 0 if it is not there */
} pintle_rule_result;

typedef struct pintle_list_info {
  uint32_t struct_size;
  int32_t is_proven;   /* 1: no other list has a larger objective; 0: a search found none */
  double expected_dcg; /* of the list, by the network's own probabilities */
  double plain_dcg;    /* of the list without wishes and rules: the difference is what they cost */
  double reward;       /* of all wishes, in the same unit */
  double diversity;    /* intra-list, as DIVERSE has it; 0 without that wish */
  double plain_diversity;
  size_t kept_count; /* entries of the list without wishes and rules that are still there */
} pintle_list_info;
#define PINTLE_LIST_INFO_INIT \
  { sizeof(pintle_list_info), 0, 0, 0, 0, 0, 0, 0 }
PINTLE_API void pintle_list_info_init(pintle_list_info* info, size_t size_bytes);

/* The list that pintle_recommend gives for this request, and why it is so: entries (caller-owned, room for
 * request->k, at most PINTLE_LIST_K), best first, and their number to *count; results: one a rule,
 * caller-owned, null to leave them; info may be null. Never allocates.
 * Returns PINTLE_OK, PINTLE_ERR_EMPTY_HISTORY, PINTLE_ERR_UNKNOWN_ITEM, PINTLE_ERR_UNKNOWN_NAME,
 * PINTLE_ERR_OUT_OF_RANGE, PINTLE_ERR_INVALID_ARGUMENT, each as pintle_recommend. The session's thread. */
PINTLE_API pintle_status pintle_explain_list(pintle_session* session, const pintle_request* request,
                                             pintle_list_entry* entries, size_t* count,
                                             pintle_rule_result* results, pintle_list_info* info);

/* The parts of the gain of the entry at `rank` (from 1) of that list: `capacity` of them at most to reasons
 * (caller-owned), largest magnitude first, their whole number, which may be above capacity, to *count; none
 * of an entry with CAUSE_SCORE. Never allocates.
 * Returns PINTLE_OK, PINTLE_ERR_EMPTY_HISTORY, PINTLE_ERR_UNKNOWN_ITEM, PINTLE_ERR_UNKNOWN_NAME,
 * PINTLE_ERR_OUT_OF_RANGE, PINTLE_ERR_INVALID_ARGUMENT, each as pintle_explain_list; the last also for a
 * rank that the list does not have. The session's thread. */
PINTLE_API pintle_status pintle_explain_entry(pintle_session* session,
                                              const pintle_request* request, size_t rank,
                                              pintle_reason* reasons, size_t capacity,
                                              size_t* count);

/* Never changes. */
typedef struct pintle_feature_value {
  uint32_t feature;
  float value; /* the activation, or the contribution to a score */
} pintle_feature_value;

/* The features of `sae` that are active after the newest event, strongest first: `capacity` of them
 * at most to out (caller-owned), their whole number, which may be above capacity, to *count. Never
 * allocates.
 * Returns PINTLE_OK, PINTLE_ERR_EMPTY_HISTORY, PINTLE_ERR_UNKNOWN_NAME (no such SAE),
 * PINTLE_ERR_INVALID_ARGUMENT. The session's thread. */
PINTLE_API pintle_status pintle_active_features(pintle_session* session, uint32_t sae,
                                                pintle_feature_value* out, size_t capacity,
                                                size_t* count);

/* What each active feature of `sae` gave to the (unsteered) score of `item`: out as above, largest
 * magnitude first. The contributions of all active features add up to the score less the score with all
 * of them off, where the newest event's state is the SAE's decoder bias and what the SAE misses of the
 * state. *score = the sum of out's values + *remainder: with a capacity of at least *count the remainder
 * is the score with all off; with a smaller one, also the sum of the contributions that out lacks.
 *
 * At hook "last" a contribution is exact by linearity, activation * (decoder row . item). At other hooks
 * features act together, and share what they change together: they are switched off one after the other
 * by their numbers, then on again in the same order, and both once more from the middle number on; a
 * contribution is the mean of the four changes of the score at the feature's switch, near its Shapley
 * value. It is not what ablating that feature alone changes: others may stand in for it, or need it.
 *
 * Cost at other hooks: four partial forward passes for every active feature, whatever the capacity; whole
 * windows in a bidirectional model with two or more blocks behind the hook. Never allocates.
 * Returns PINTLE_OK, PINTLE_ERR_EMPTY_HISTORY, PINTLE_ERR_UNKNOWN_NAME (no such SAE),
 * PINTLE_ERR_UNKNOWN_ITEM, PINTLE_ERR_INVALID_ARGUMENT. The session's thread. */
PINTLE_API pintle_status pintle_explain_features(pintle_session* session, uint32_t sae,
                                                 uint32_t item, pintle_feature_value* out,
                                                 size_t capacity, size_t* count, float* score,
                                                 float* remainder);

/* Never changes. */
typedef struct pintle_event_effect {
  uint32_t item; /* the event's */
  uint32_t age;  /* 0: the newest event */
  float effect;  /* the score less the score without this event */
} pintle_event_effect;

/* Leave-one-out over the events of the window, largest magnitude first: `capacity` of them at most to
 * out (caller-owned), their whole number, which may be above capacity, to *count (0 if the history has
 * one event only). Runs the network once an event; the next call recomputes the window. Never allocates.
 * Returns PINTLE_OK, PINTLE_ERR_EMPTY_HISTORY, PINTLE_ERR_UNKNOWN_ITEM, PINTLE_ERR_INVALID_ARGUMENT.
 * The session's thread. */
PINTLE_API pintle_status pintle_explain_events(pintle_session* session, uint32_t item,
                                               pintle_event_effect* out, size_t capacity,
                                               size_t* count);

/* The network's unsteered state at `hook` ("block:0", "mlp:1", "last") for the newest event, dim floats:
 * what SAEs are trained on. capacity: floats that `state` (caller-owned) has room for. Never allocates.
 * Returns PINTLE_OK, PINTLE_ERR_EMPTY_HISTORY, PINTLE_ERR_UNKNOWN_NAME (no such hook),
 * PINTLE_ERR_BUFFER_TOO_SMALL (capacity below dim), PINTLE_ERR_INVALID_ARGUMENT. The session's thread. */
PINTLE_API pintle_status pintle_session_state(pintle_session* session, const char* hook,
                                              float* state, size_t capacity);

#ifdef __cplusplus
} /* extern "C" */
#endif

#endif /* PINTLE_PINTLE_H_ */
