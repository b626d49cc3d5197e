// The one-shot EVP functions look the algorithm up on every call, which costs more than hashing a
// log entry; the SHA256_* functions do not, and stay in libcrypto 3 behind a deprecation notice.
#define OPENSSL_SUPPRESS_DEPRECATED
#include "stepgate_digest.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/sha.h>

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

void stepgate_hmac_sha256(const void *key, size_t key_count, const void *message,
                          size_t message_count, uint8_t *out) {
    unsigned int written = 0;
    HMAC(EVP_sha256(), key, (int)key_count, message, message_count, out, &written);
}

_Static_assert(sizeof(stepgate_sha256_state) >= sizeof(SHA256_CTX), "the state holds a context");

void stepgate_sha256_begin(stepgate_sha256_state *state) { SHA256_Init((SHA256_CTX *)state); }

void stepgate_sha256_add(stepgate_sha256_state *state, const void *bytes, size_t count) {
    add((SHA256_CTX *)state, bytes, count);
}

void stepgate_sha256_finish(stepgate_sha256_state *state, uint8_t *out) {
    SHA256_Final(out, (SHA256_CTX *)state);
}
