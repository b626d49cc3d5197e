#include "stepgate_allocations.h"

#include <stddef.h>

// glibc exports its own functions under these names for programs that stand before them.
extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t count, size_t size);
extern void *__libc_realloc(void *old, size_t size);

static __thread uint64_t allocations;

// A sanitizer stands there itself, and is not ready when the first memory is asked for.
#if defined(__SANITIZE_THREAD__) || defined(__SANITIZE_ADDRESS__)
#define STEPGATE_SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer) || __has_feature(address_sanitizer)
#define STEPGATE_SANITIZED 1
#endif
#endif

#ifndef STEPGATE_SANITIZED
void *malloc(size_t size) {
    allocations++;
    return __libc_malloc(size);
}

void *calloc(size_t count, size_t size) {
    allocations++;
    return __libc_calloc(count, size);
}

void *realloc(void *old, size_t size) {
    allocations++;
    return __libc_realloc(old, size);
}

#endif

uint64_t stepgate_allocations(void) { return allocations; }
