// Lets Swift see libcurl as Debian ships it. Its setters are variadic, which Swift cannot call, and
// its message of a finished transfer is a union; each gets a wrapper with one exact type.
#include <curl/curl.h>
#include <stdbool.h>
#include <stdint.h>

typedef size_t (*stepgate_curl_sink)(char *bytes, size_t size, size_t count, void *box);

static inline CURLcode stepgate_curl_set_long(CURL *handle, CURLoption option, long value) {
    return curl_easy_setopt(handle, option, value);
}

static inline CURLcode stepgate_curl_set_size(CURL *handle, CURLoption option, int64_t value) {
    return curl_easy_setopt(handle, option, (curl_off_t)value);
}

// Text and bytes that libcurl copies: everything but CURLOPT_POSTFIELDS.
static inline CURLcode stepgate_curl_set_text(CURL *handle, CURLoption option, const char *value) {
    return curl_easy_setopt(handle, option, value);
}

// The caller keeps the list until the transfer has left its multi handle.
static inline CURLcode stepgate_curl_set_headers(CURL *handle, struct curl_slist *list) {
    return curl_easy_setopt(handle, CURLOPT_HTTPHEADER, list);
}

// The caller keeps the box and the buffer as long as the handle may run.
static inline void stepgate_curl_set_sinks(CURL *handle, stepgate_curl_sink body,
                                           stepgate_curl_sink header, void *box, char *error) {
    curl_easy_setopt(handle, CURLOPT_WRITEFUNCTION, body);
    curl_easy_setopt(handle, CURLOPT_WRITEDATA, box);
    curl_easy_setopt(handle, CURLOPT_HEADERFUNCTION, header);
    curl_easy_setopt(handle, CURLOPT_HEADERDATA, box);
    curl_easy_setopt(handle, CURLOPT_ERRORBUFFER, error);
}

static inline void stepgate_curl_set_number(CURL *handle, uint64_t number) {
    curl_easy_setopt(handle, CURLOPT_PRIVATE, (void *)(uintptr_t)number);
}

static inline long stepgate_curl_status(CURL *handle) {
    long status = 0;
    curl_easy_getinfo(handle, CURLINFO_RESPONSE_CODE, &status);
    return status;
}

// Microseconds until the connection stood; 0 while it does not.
static inline int64_t stepgate_curl_connected_after(CURL *handle) {
    curl_off_t time = 0;
    curl_easy_getinfo(handle, CURLINFO_CONNECT_TIME_T, &time);
    return time;
}

static inline CURLMcode stepgate_curl_multi_set_long(CURLM *multi, CURLMoption option, long value) {
    return curl_multi_setopt(multi, option, value);
}

// The number and the result of a transfer that has ended, while there is one.
static inline bool stepgate_curl_next_done(CURLM *multi, uint64_t *number, CURLcode *result) {
    int left = 0;
    CURLMsg *message;
    while ((message = curl_multi_info_read(multi, &left))) {
        if (message->msg != CURLMSG_DONE) continue;
        char *marked = NULL;
        curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &marked);
        *number = (uint64_t)(uintptr_t)marked;
        *result = message->data.result;
        return true;
    }
    return false;
}
