// The one-shot EVP functions look the algorithm up on every call, which costs more than hashing a
// log entry; the SHA256_* functions do not, and stay in libcrypto 3 behind a deprecation notice.
#define OPENSSL_SUPPRESS_DEPRECATED
#include "stepgate_digest.h"

#include <openssl/crypto.h>
#include <openssl/sha.h>
#include <string.h>

static void add(SHA256_CTX *context, const void *bytes, size_t count) {
    if (count > 0) SHA256_Update(context, bytes, count);
}

void stepgate_sha256(const void *first, size_t first_count, const void *second, size_t second_count,
                     const void *third, size_t third_count, uint8_t *out) {
    SHA256_CTX context;
    SHA256_Init(&context);
    add(&context, first, first_count);
    add(&context, second, second_count);
    add(&context, third, third_count);
    SHA256_Final(out, &context);
}

// RFC 2104 over the library's SHA-256: its HMAC looks the algorithm up by name each time, which takes
// longer than the two hashes.
void stepgate_hmac_sha256(const void *key, size_t key_count, const void *message,
                          size_t message_count, uint8_t *out) {
    uint8_t block[SHA256_CBLOCK] = {0};
    uint8_t inner[SHA256_DIGEST_LENGTH];
    if (key_count > sizeof block) {
        stepgate_sha256(key, key_count, NULL, 0, NULL, 0, block);
    } else if (key_count > 0) {
        memcpy(block, key, key_count);
    }
    for (size_t index = 0; index < sizeof block; index += 1) block[index] ^= 0x36;
    stepgate_sha256(block, sizeof block, message, message_count, NULL, 0, inner);
    for (size_t index = 0; index < sizeof block; index += 1) block[index] ^= 0x36 ^ 0x5c;
    stepgate_sha256(block, sizeof block, inner, sizeof inner, NULL, 0, out);
    OPENSSL_cleanse(block, sizeof block);
}

_Static_assert(sizeof(stepgate_sha256_state) >= sizeof(SHA256_CTX), "the state holds a context");

void stepgate_sha256_begin(stepgate_sha256_state *state) { SHA256_Init((SHA256_CTX *)state); }

void stepgate_sha256_add(stepgate_sha256_state *state, const void *bytes, size_t count) {
    add((SHA256_CTX *)state, bytes, count);
}

void stepgate_sha256_finish(stepgate_sha256_state *state, uint8_t *out) {
    SHA256_Final(out, (SHA256_CTX *)state);
}
