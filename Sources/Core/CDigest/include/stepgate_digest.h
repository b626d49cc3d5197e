// SHA-256 and HMAC-SHA-256 from OpenSSL's libcrypto, which uses the processor's SHA instructions.
#ifndef STEPGATE_DIGEST_H
#define STEPGATE_DIGEST_H

#include <stddef.h>
#include <stdint.h>

/// Writes the 32 bytes of SHA-256(first || second || third) to `out`; any part may be empty.
void stepgate_sha256(const void *first, size_t first_count, const void *second, size_t second_count,
                     const void *third, size_t third_count, uint8_t *out);

/// Writes the 32 bytes of HMAC-SHA-256(key, message) to `out`.
void stepgate_hmac_sha256(const void *key, size_t key_count, const void *message,
                          size_t message_count, uint8_t *out);

/// SHA-256 of bytes that come piece by piece; the words are libcrypto's SHA256_CTX.
typedef struct {
    uint64_t words[14];
} stepgate_sha256_state;

void stepgate_sha256_begin(stepgate_sha256_state *state);
void stepgate_sha256_add(stepgate_sha256_state *state, const void *bytes, size_t count);
void stepgate_sha256_finish(stepgate_sha256_state *state, uint8_t *out);

#endif
