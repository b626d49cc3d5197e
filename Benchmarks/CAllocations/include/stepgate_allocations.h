// Counts what the program takes from the heap, by standing before glibc's own functions.
#ifndef STEPGATE_ALLOCATIONS_H
#define STEPGATE_ALLOCATIONS_H

#include <stdint.h>

/// Calls of malloc, calloc and realloc on this thread so far; none are counted under a sanitizer.
uint64_t stepgate_allocations(void);

#endif
