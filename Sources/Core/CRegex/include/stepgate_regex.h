// RE2 behind a C interface: linear-time matching, as CEL and JSON Schema users expect it.
#ifndef STEPGATE_REGEX_H
#define STEPGATE_REGEX_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct stepgate_regex stepgate_regex;

/// Compiles a pattern within so many bytes of memory. Never null; `stepgate_regex_error` tells
/// whether it is of use.
stepgate_regex *stepgate_regex_new(const char *pattern, size_t count, int64_t memory);

/// What is wrong with the pattern, or null. Lives as long as the expression.
const char *stepgate_regex_error(const stepgate_regex *regex);

/// Whether the pattern occurs anywhere in the text; safe from any thread.
int stepgate_regex_matches(const stepgate_regex *regex, const char *text, size_t count);

/// How many groups the pattern captures.
int stepgate_regex_groups(const stepgate_regex *regex);

/// Bytes of a text; both are -1 for a group that took no part.
typedef struct stepgate_regex_range {
    int64_t start;
    int64_t end;
} stepgate_regex_range;

/// Whether the pattern occurs from `start` on, and then where its first match and that match's
/// groups are: one range for the match and one for each group; safe from any thread.
int stepgate_regex_find(const stepgate_regex *regex, const char *text, size_t count, size_t start,
                        stepgate_regex_range *ranges, size_t range_count);

void stepgate_regex_free(stepgate_regex *regex);

#ifdef __cplusplus
}
#endif

#endif
