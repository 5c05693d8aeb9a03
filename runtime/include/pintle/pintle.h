/* SPDX-License-Identifier: Apache-2.0
 *
 * Pintle: a steerable sequential recommender on the device. The whole public contract.
 *
 * Conventions
 *   Status      Every function that can fail returns a pintle_status; PINTLE_OK is 0. On failure the
 *               outputs are untouched and the object is as it was, unless said otherwise.
 *   Items       The catalogue has item_count items, numbered 0 ... item_count - 1 (`item`, uint32_t).
 *               The app's own ids ("external ids") map to them by pintle_model_find_*.
 *   Memory      A model allocates when it is opened. A session lives in one block that the caller
 *               gives; after pintle_session_create nothing allocates. (Built with XNNPACK, a session's
 *               creation lets XNNPACK pack its own copy of the dense weights, outside the block.)
 *   Threads     A model is immutable: any number of threads may use it. A session belongs to one
 *               thread at a time. There is no global state, and no thread is ever started: an app
 *               that wants more than one hands in an executor (pintle_executor).
 *   Pointers    Strings and arrays that a model hands out live as long as the model.
 *   Structs     `struct_size` is sizeof the struct as the caller was compiled; PINTLE_*_INIT set it.
 *               Fields may be added at the end of a struct in later versions.
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

#define PINTLE_VERSION_MAJOR 0
#define PINTLE_VERSION_MINOR 1
#define PINTLE_VERSION_PATCH 0

/* Values are pinned: 1-99 the caller, 100-199 the model file, 200-299 the machine. */
typedef enum pintle_status {
  PINTLE_OK = 0,
  PINTLE_ERR_INVALID_ARGUMENT = 1, /* a null pointer, a wrong struct_size, k of 0, ... */
  PINTLE_ERR_UNKNOWN_ITEM = 2,     /* an item number or external id that the catalogue lacks */
  PINTLE_ERR_BUFFER_TOO_SMALL = 3, /* a caller's block is smaller than the size asked for */
  PINTLE_ERR_MISALIGNED = 4,       /* a caller's block is not aligned as stated */
  PINTLE_ERR_EMPTY_HISTORY = 5,    /* nothing appended yet: no architecture defines its output */
  PINTLE_ERR_UNKNOWN_ISA = 6,      /* PINTLE_FORCE_ISA names no ISA, or one this CPU lacks */
  PINTLE_ERR_UNKNOWN_NAME = 7,     /* a knob, preset, feature, SAE or attribute the model lacks */
  PINTLE_ERR_OUT_OF_RANGE = 8,     /* a strength outside the knob's safe range */
  PINTLE_ERR_IO = 100,             /* the file could not be opened, read or mapped */
  PINTLE_ERR_NOT_A_MODEL = 101,    /* not a .pintle file */
  PINTLE_ERR_NEWER_FORMAT = 102,   /* written for a newer runtime */
  PINTLE_ERR_CORRUPT = 103,        /* the structure or a value is wrong */
  PINTLE_ERR_CHECKSUM = 104,       /* bulk data does not match its checksum */
  PINTLE_ERR_UNSUPPORTED = 105,    /* well-formed, but beyond this runtime's limits */
  PINTLE_ERR_OTHER_NETWORK = 106,  /* an SAE in the file was trained on another network */
  PINTLE_ERR_OUT_OF_MEMORY = 200
} pintle_status;

typedef struct pintle_model pintle_model;
typedef struct pintle_session pintle_session;

/* A failure in words: which check failed and what to do. Filled when passed; never read. */
typedef struct pintle_error {
  pintle_status status;
  char message[252]; /* NUL-terminated UTF-8 */
} pintle_error;

/* "PINTLE_ERR_CORRUPT" and the like; "unknown status" for other values. Static storage. */
PINTLE_API const char* pintle_status_name(pintle_status status);
/* The library's version, "0.1.0". Static storage. */
PINTLE_API const char* pintle_version(void);

/* ---- Models ---------------------------------------------------------------------------------- */

enum {
  /* Also read every byte: checksums, and that every stored number is finite. Costs one pass over the
   * file. Without it, opening checks the structure and everything that memory safety rests on. */
  PINTLE_OPEN_VERIFY_ALL = 1u << 0
};

typedef struct pintle_open_options {
  uint32_t struct_size;
  uint32_t flags;
  const char*
      isa; /* "scalar", "avx2", "neon", ...; null: the environment's PINTLE_FORCE_ISA if it is
                      set, else the best that this CPU has */
} pintle_open_options;
#define PINTLE_OPEN_OPTIONS_INIT \
  { sizeof(pintle_open_options), 0, NULL }

/* Maps `path` read-only and verifies it. The file must not change while the model is open.
 * options and error may be null. Close with pintle_model_close.
 * Returns PINTLE_OK, PINTLE_ERR_INVALID_ARGUMENT, PINTLE_ERR_UNKNOWN_ISA, PINTLE_ERR_OUT_OF_MEMORY
 * or any of the 100s. Any thread. */
PINTLE_API pintle_status pintle_model_open_file(const char* path,
                                                const pintle_open_options* options,
                                                pintle_model** model, pintle_error* error);
/* The same for `length_bytes` bytes of an open descriptor from `offset_bytes` (an uncompressed
 * Android asset). offset_bytes may be any value; if the model then is not 64-byte aligned in memory
 * it is copied once.
 * The descriptor stays the caller's and may be closed on return. */
PINTLE_API pintle_status pintle_model_open_fd(int fd, uint64_t offset_bytes, uint64_t length_bytes,
                                              const pintle_open_options* options,
                                              pintle_model** model, pintle_error* error);
/* The same for bytes in memory, which must be 64-byte aligned (else PINTLE_ERR_MISALIGNED), outlive
 * the model and not change. */
PINTLE_API pintle_status pintle_model_open_memory(const void* data, size_t size_bytes,
                                                  const pintle_open_options* options,
                                                  pintle_model** model, pintle_error* error);
/* Null is allowed. All of the model's sessions must be destroyed first. */
PINTLE_API void pintle_model_close(pintle_model* model);

typedef struct pintle_model_info {
  uint32_t struct_size;
  uint32_t item_count;
  uint32_t attribute_count;
  uint32_t dim; /* hidden width */
  uint32_t layer_count;
  uint32_t head_count;
  uint32_t window;          /* newest items that the network sees */
  int32_t has_text_ids;     /* 1: external ids are strings; 0: int64 */
  int32_t is_incremental;   /* 1: an append costs one position until the window is full */
  const char* architecture; /* the recipe's name */
  const char* isa;          /* the kernels in use */
  uint64_t file_size_bytes;
} pintle_model_info;
#define PINTLE_MODEL_INFO_INIT \
  { sizeof(pintle_model_info), 0, 0, 0, 0, 0, 0, 0, 0, NULL, NULL, 0 }

PINTLE_API pintle_status pintle_model_get_info(const pintle_model* model, pintle_model_info* info);

/* Finds an item by external id: O(log item_count). PINTLE_ERR_UNKNOWN_ITEM if there is none,
 * PINTLE_ERR_INVALID_ARGUMENT if the model's ids are of the other kind. id need not end in NUL. */
PINTLE_API pintle_status pintle_model_find_integer_id(const pintle_model* model, int64_t id,
                                                      uint32_t* item);
PINTLE_API pintle_status pintle_model_find_text_id(const pintle_model* model, const char* id,
                                                   size_t length_bytes, uint32_t* item);

typedef struct pintle_item_info {
  uint32_t struct_size;
  int32_t is_trained;         /* 0: in the catalogue, never recommended */
  int64_t id;                 /* external id; 0 with text ids */
  const char* id_text;        /* external id; null with integer ids */
  const char* title;          /* null if the model has no titles */
  const uint32_t* attributes; /* for pintle_model_get_attribute; ascending */
  uint32_t attribute_count;
} pintle_item_info;
#define PINTLE_ITEM_INFO_INIT \
  { sizeof(pintle_item_info), 0, 0, NULL, NULL, NULL, 0 }

/* PINTLE_ERR_UNKNOWN_ITEM, or PINTLE_ERR_CORRUPT if the item's strings lie outside their table. */
PINTLE_API pintle_status pintle_model_get_item(const pintle_model* model, uint32_t item,
                                               pintle_item_info* info);
/* group ("genres") and name ("Sci-Fi") of an attribute value; either pointer may be null. */
PINTLE_API pintle_status pintle_model_get_attribute(const pintle_model* model, uint32_t attribute,
                                                    const char** group, const char** name);

/* ---- Features and knobs ---------------------------------------------------------------------- */

typedef struct pintle_sae_info {
  uint32_t struct_size;
  uint32_t feature_count;
  const char* name;
  const char* hook; /* "block:0", "mlp:1" or "last" */
} pintle_sae_info;
#define PINTLE_SAE_INFO_INIT \
  { sizeof(pintle_sae_info), 0, NULL, NULL }

/* SAEs are numbered from 0. PINTLE_ERR_UNKNOWN_NAME past the last. */
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

PINTLE_API pintle_status pintle_model_get_feature(const pintle_model* model, uint32_t sae,
                                                  uint32_t feature, pintle_feature_info* info);

typedef struct pintle_knob_info {
  uint32_t struct_size;
  int32_t attribute; /* for pintle_model_get_attribute; -1: none (popularity) */
  const char* name;
  float min_strength; /* the safe range; outside it a call is refused */
  float max_strength;
} pintle_knob_info;
#define PINTLE_KNOB_INFO_INIT \
  { sizeof(pintle_knob_info), -1, NULL, 0, 0 }

PINTLE_API pintle_status pintle_model_get_knob(const pintle_model* model, uint32_t knob,
                                               pintle_knob_info* info);
/* The knob's or the preset's number by its name, compared exactly. PINTLE_ERR_UNKNOWN_NAME. */
PINTLE_API pintle_status pintle_model_find_knob(const pintle_model* model, const char* name,
                                                uint32_t* knob);
PINTLE_API pintle_status pintle_model_find_preset(const pintle_model* model, const char* name,
                                                  uint32_t* preset);

typedef enum pintle_edit_kind {
  PINTLE_EDIT_KNOB = 0,   /* target: a knob; value: its strength */
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

typedef struct pintle_edit {
  uint32_t kind; /* pintle_edit_kind */
  uint32_t target;
  uint32_t sae; /* 0 with PINTLE_EDIT_KNOB */
  uint32_t flags;
  float value;
} pintle_edit;

/* Writes a preset's edits: `capacity` of them at most, their whole number to *count. Then copy what
 * you like into a steering set. */
PINTLE_API pintle_status pintle_model_get_preset(const pintle_model* model, uint32_t preset,
                                                 pintle_edit* edits, size_t capacity,
                                                 size_t* count);

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

/* ---- Sessions -------------------------------------------------------------------------------- */

#define PINTLE_SESSION_ALIGNMENT 64u

/* Bytes that a session of this model needs: the formula is in the README. */
PINTLE_API pintle_status pintle_session_memory(const pintle_model* model, size_t* size_bytes);
/* Makes a session with an empty history in `memory` (aligned to PINTLE_SESSION_ALIGNMENT, at least
 * pintle_session_memory bytes; the caller's, and in use until pintle_session_destroy). The model
 * must outlive it. PINTLE_ERR_BUFFER_TOO_SMALL, PINTLE_ERR_MISALIGNED, PINTLE_ERR_OUT_OF_MEMORY
 * (XNNPACK only). */
PINTLE_API pintle_status pintle_session_create(const pintle_model* model, void* memory,
                                               size_t size_bytes, pintle_session** session);
/* Null is allowed. The memory stays the caller's. */
PINTLE_API void pintle_session_destroy(pintle_session* session);

/* Appends `count` events, oldest first. Computes nothing yet. PINTLE_ERR_UNKNOWN_ITEM if any item is
 * not below item_count: then none is appended. */
PINTLE_API pintle_status pintle_session_append(pintle_session* session, const uint32_t* items,
                                               size_t count);
/* Forgets the history. */
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

/* Default: EXACT. Takes effect at the next append; reset keeps it. PINTLE_ERR_INVALID_ARGUMENT. */
PINTLE_API pintle_status pintle_session_set_window_policy(pintle_session* session,
                                                          pintle_window_policy policy);
/* Events appended since creation or reset, those that left the window included. */
PINTLE_API pintle_status pintle_session_event_count(const pintle_session* session, uint64_t* count);

/* ---- Threads --------------------------------------------------------------------------------- */

/* One task of several. Tasks never block, spin or wait for each other. */
typedef void (*pintle_task)(void* task_context, size_t index);

/* The app's threads: a thread pool, Grand Central Dispatch, ... */
typedef struct pintle_executor {
  uint32_t struct_size;
  uint32_t task_count; /* tasks that work is cut into, >= 1: as many as there are threads */
  /* Calls task(task_context, i) once for every i below `count`, on any threads, the calling one
   * included, in any order, one after the other or at the same time, and returns when all have
   * returned. What a task wrote must then be visible to the caller. */
  void (*parallel_for)(void* context, size_t count, pintle_task task, void* task_context);
  void* context; /* for parallel_for */
} pintle_executor;
#define PINTLE_EXECUTOR_INIT \
  { sizeof(pintle_executor), 1, NULL, NULL }

/* A list over a catalogue of this many items or more is cut into tasks if the session has an
 * executor: into PINTLE_PARALLEL_TASKS at most, and if k is not above PINTLE_PARALLEL_K. Their
 * lists are part of a session's memory (only of such catalogues'): 24 bytes an entry and 4 KB of
 * scores a task, 56 KB in all. Below, handing work to a thread costs more than it saves. */
#define PINTLE_PARALLEL_ITEMS 65536u
#define PINTLE_PARALLEL_TASKS 8u
#define PINTLE_PARALLEL_K 128u

/* Default: none, and everything runs on the calling thread. With one, the scan of a large catalogue
 * (see above) by pintle_recommend and pintle_solve_share runs in its tasks: the same list, bit for
 * bit, whatever its threads. The executor is copied; its context must live as long as it is set.
 * Null takes it away; reset keeps it. Nothing allocates. PINTLE_ERR_INVALID_ARGUMENT. */
PINTLE_API pintle_status pintle_session_set_executor(pintle_session* session,
                                                     const pintle_executor* executor);

/* ---- Recommending ---------------------------------------------------------------------------- */

enum {
  PINTLE_INCLUDE_SEEN = 1u << 0 /* items of the history may come back; default: the full history is
                                   left out, not only the window */
};

typedef struct pintle_request {
  uint32_t struct_size;
  uint32_t k; /* entries wanted, >= 1 */
  uint32_t flags;
  uint32_t reserved;     /* 0 */
  const uint32_t* allow; /* only these items; null: all. Costs the items' panels of 16, each once if
                            the list is sorted or long, plus at most one bitmap word an entry */
  size_t allow_count;    /* duplicates are harmless */
  const uint32_t* deny;  /* not these; null: none */
  size_t deny_count;
  const pintle_steering* steering; /* null: unsteered */
} pintle_request;
#define PINTLE_REQUEST_INIT \
  { sizeof(pintle_request), 10, 0, 0, NULL, 0, NULL, 0, NULL }

typedef struct pintle_recommendation {
  uint32_t item;
  float score;         /* the network's logit */
  int64_t id;          /* external id; 0 with text ids */
  const char* id_text; /* external id; null with integer ids */
} pintle_recommendation;

/* Writes the best k eligible items to out (caller-owned, room for request->k), best first, and
 * their number to count: k, or as many as are eligible. Ties: lower item first. Items that were
 * never trained are not eligible. Runs the network over the events appended since the last call.
 * Steered, it runs only what lies behind the first edited hook; the unsteered state stays cached.
 * PINTLE_ERR_EMPTY_HISTORY, PINTLE_ERR_UNKNOWN_ITEM (an entry of allow or deny),
 * PINTLE_ERR_UNKNOWN_NAME (an edit's knob, SAE or feature), PINTLE_ERR_OUT_OF_RANGE (a knob's
 * strength), PINTLE_ERR_INVALID_ARGUMENT (a value that is not finite, an unknown kind or flag).
 * Never allocates. */
PINTLE_API pintle_status pintle_recommend(pintle_session* session, const pintle_request* request,
                                          pintle_recommendation* out, uint32_t* count);

/* Scores the given items (seen or not, trained or not), in their order: scores[count]. The same bits
 * as pintle_recommend's. */
PINTLE_API pintle_status pintle_score(pintle_session* session, const uint32_t* items, size_t count,
                                      float* scores);

/* Many histories, for offline use: for each history h (items[offsets[h]] ... items[offsets[h + 1] - 1])
 * resets the session, appends and recommends. out: history_count * request->k entries, row h at
 * h * k; counts[h]: entries of row h. An empty history gives counts[h] = 0. On an error the rows
 * before the failing history are valid, *done says how many. The session is reset on return. */
PINTLE_API pintle_status pintle_recommend_batch(pintle_session* session, const uint32_t* items,
                                                const size_t* offsets, size_t history_count,
                                                const pintle_request* request,
                                                pintle_recommendation* out, uint32_t* counts,
                                                size_t* done);

/* The same on the executor's threads. sessions: session_count different ones of one model; as many
 * tasks run, each with a session of its own, and take histories in turn. Their own executors rest
 * meanwhile. The rows are the same, bit for bit, however many sessions there are. On an error *done
 * is the first failing history, and its status is returned; rows behind it may be written.
 * PINTLE_ERR_INVALID_ARGUMENT also if session_count is 0, the sessions' models differ or one is
 * named twice. */
PINTLE_API pintle_status pintle_recommend_batch_parallel(
    pintle_session* const* sessions, size_t session_count, const pintle_executor* executor,
    const uint32_t* items, const size_t* offsets, size_t history_count,
    const pintle_request* request, pintle_recommendation* out, uint32_t* counts, size_t* done);

/* ---- Solving for a share --------------------------------------------------------------------- */

typedef enum pintle_share_stop {
  PINTLE_SHARE_REACHED = 0,
  PINTLE_SHARE_AT_RANGE = 1,  /* the knob's safe range ended first */
  PINTLE_SHARE_AT_OVERLAP = 2 /* more would leave less of the unsteered list than asked */
} pintle_share_stop;

typedef struct pintle_share_solution {
  float strength; /* of the knob */
  float share;    /* of the list's k items, how many have the knob's attribute */
  float overlap;  /* of the unsteered list's items, how many are still there */
  int32_t stop;   /* pintle_share_stop */
} pintle_share_solution;

/* Finds the strength nearest 0 at which at least (above the unsteered share) or at most (below it)
 * `target_share` in [0, 1] of the k items have the knob's attribute, within the knob's safe range,
 * keeping at least min_overlap in [0, 1] of the list without the knob; else the best that the bounds
 * allow. request->steering's edits apply throughout. out, count: the list at that strength, as in
 * pintle_recommend; scratch: caller-owned, room for request->k. Tries at most 24 strengths.
 * PINTLE_ERR_UNKNOWN_NAME: no such knob, or one without an attribute; and pintle_recommend's. */
PINTLE_API pintle_status pintle_solve_share(pintle_session* session, const pintle_request* request,
                                            uint32_t knob, float target_share, float min_overlap,
                                            pintle_recommendation* scratch,
                                            pintle_recommendation* out, uint32_t* count,
                                            pintle_share_solution* solution);

/* ---- Explaining ------------------------------------------------------------------------------ */

typedef struct pintle_feature_value {
  uint32_t feature;
  float value; /* the activation, or the contribution to a score */
} pintle_feature_value;

/* The features of `sae` that are active after the newest event, strongest first: `capacity` of them
 * at most, their whole number to *count. */
PINTLE_API pintle_status pintle_active_features(pintle_session* session, uint32_t sae,
                                                pintle_feature_value* out, size_t capacity,
                                                size_t* count);

/* What each active feature of `sae` gave to the (unsteered) score of `item`: out as above, largest
 * magnitude first. At hook "last" this is exact by linearity, activation * (decoder row . item); at
 * other hooks it is the score less the score with the feature ablated, one partial forward pass
 * each, for the `capacity` strongest features only. score = the sum of out's values + *remainder. */
PINTLE_API pintle_status pintle_explain_features(pintle_session* session, uint32_t sae,
                                                 uint32_t item, pintle_feature_value* out,
                                                 size_t capacity, size_t* count, float* score,
                                                 float* remainder);

typedef struct pintle_event_effect {
  uint32_t item; /* the event's */
  uint32_t age;  /* 0: the newest event */
  float effect;  /* the score less the score without this event */
} pintle_event_effect;

/* Leave-one-out over the events of the window, largest magnitude first: `capacity` of them at most,
 * their number to *count (0 if the history has one event only). Runs the network once an event; the
 * next call recomputes the window. */
PINTLE_API pintle_status pintle_explain_events(pintle_session* session, uint32_t item,
                                               pintle_event_effect* out, size_t capacity,
                                               size_t* count);

/* The network's state at `sae`'s hook for the newest event, dim floats: what researchers train on. */
PINTLE_API pintle_status pintle_session_state(pintle_session* session, const char* hook,
                                              float* state);

#ifdef __cplusplus
} /* extern "C" */
#endif

#endif /* PINTLE_PINTLE_H_ */
