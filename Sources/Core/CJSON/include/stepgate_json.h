// simdjson behind a C interface: one call a text, which yields a flat run of events.
#ifndef STEPGATE_JSON_H
#define STEPGATE_JSON_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef enum {
    STEPGATE_JSON_NULL,
    STEPGATE_JSON_FALSE,
    STEPGATE_JSON_TRUE,
    STEPGATE_JSON_INT,
    STEPGATE_JSON_UINT,
    STEPGATE_JSON_DOUBLE,
    STEPGATE_JSON_STRING,
    STEPGATE_JSON_ARRAY,
    STEPGATE_JSON_OBJECT,
} stepgate_json_kind;

/// One value in the order of the text; containers come before what is in them, and an object's
/// members are a string and a value each.
typedef struct {
    uint32_t kind;
    /// Elements or members of a container, bytes of a string.
    uint32_t count;
    union {
        int64_t integer;
        uint64_t natural;
        double number;
        const char *text;
    } as;
} stepgate_json_event;

/// The events of a text, or null when simdjson refuses it, it nests deeper than `depth`, or holds
/// more than `limit` values.
///
/// Each thread has a parser of its own; the events and their strings live until its next call.
const stepgate_json_event *stepgate_json_read(const char *text, size_t count, size_t depth,
                                              size_t limit, size_t *event_count);

/// How many bytes a text has once it is escaped.
size_t stepgate_json_escaped_size(const uint8_t *text, size_t count);

/// Writes a text's bytes with the escapes of RFC 8785, section 3.2.2.2, and says how many it wrote.
///
/// `out` has room for `stepgate_json_escaped_size`.
size_t stepgate_json_escape(const uint8_t *text, size_t count, uint8_t *out);

#ifdef __cplusplus
}
#endif

#endif
