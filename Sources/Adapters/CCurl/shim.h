// Lets Swift see libcurl as Debian ships it. Its setters are variadic, which Swift cannot call, and
// its message of a finished transfer is a union; each gets a wrapper with one exact type.
#include <curl/curl.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>

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

// The caller keeps the box as long as the handle may run.
static inline void stepgate_curl_set_opener(CURL *handle, curl_opensocket_callback opener,
                                            void *box) {
    curl_easy_setopt(handle, CURLOPT_OPENSOCKETFUNCTION, opener);
    curl_easy_setopt(handle, CURLOPT_OPENSOCKETDATA, box);
}

// Writes the bytes of an address, 4 or 16, and returns how many; 0 for one of another family.
static inline size_t stepgate_curl_address(const struct curl_sockaddr *address, uint8_t *out) {
    if (address->family == AF_INET) {
        memcpy(out, &((const struct sockaddr_in *)&address->addr)->sin_addr, 4);
        return 4;
    }
    if (address->family == AF_INET6) {
        memcpy(out, &((const struct sockaddr_in6 *)&address->addr)->sin6_addr, 16);
        return 16;
    }
    return 0;
}

// What libcurl does where nobody asks to open sockets for it.
static inline curl_socket_t stepgate_curl_open(const struct curl_sockaddr *address) {
    return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

static inline void stepgate_curl_set_number(CURL *handle, uint64_t number) {
    curl_easy_setopt(handle, CURLOPT_PRIVATE, (void *)(uintptr_t)number);
}

static inline long stepgate_curl_status(CURL *handle) {
    long status = 0;
    curl_easy_getinfo(handle, CURLINFO_RESPONSE_CODE, &status);
    return status;
}

// Whether the connection stood; a kept one has no time of connecting but one of beginning to send.
static inline bool stepgate_curl_has_connected(CURL *handle) {
    curl_off_t connected = 0, begun = 0;
    curl_easy_getinfo(handle, CURLINFO_CONNECT_TIME_T, &connected);
    curl_easy_getinfo(handle, CURLINFO_PRETRANSFER_TIME_T, &begun);
    return connected > 0 || begun > 0;
}

// Microseconds until the first byte of the answer; 0 while none has come.
static inline int64_t stepgate_curl_first_byte_after(CURL *handle) {
    curl_off_t time = 0;
    curl_easy_getinfo(handle, CURLINFO_STARTTRANSFER_TIME_T, &time);
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

// Watches a socket as libcurl asks. A failure to add needs no word: the transfer's time-out ends it.
static inline int stepgate_curl_watch_socket(CURL *handle, curl_socket_t socket, int what,
                                             void *box, void *known) {
    (void)handle;
    (void)known;
    int watch = (int)(intptr_t)box;
    struct epoll_event event = {.data.fd = socket};
    if (what & CURL_POLL_IN) event.events |= EPOLLIN;
    if (what & CURL_POLL_OUT) event.events |= EPOLLOUT;
    if (what == CURL_POLL_REMOVE) {
        epoll_ctl(watch, EPOLL_CTL_DEL, socket, &event);
    } else if (epoll_ctl(watch, EPOLL_CTL_ADD, socket, &event) != 0 && errno == EEXIST) {
        epoll_ctl(watch, EPOLL_CTL_MOD, socket, &event);
    }
    return 0;
}

// Lets libcurl tell the epoll descriptor which sockets to watch, beside a bell to wake it with.
static inline bool stepgate_curl_multi_watch(CURLM *multi, int watch, int bell) {
    struct epoll_event event = {.events = EPOLLIN, .data.fd = bell};
    return epoll_ctl(watch, EPOLL_CTL_ADD, bell, &event) == 0 &&
           curl_multi_setopt(multi, CURLMOPT_SOCKETFUNCTION, stepgate_curl_watch_socket) ==
               CURLM_OK &&
           curl_multi_setopt(multi, CURLMOPT_SOCKETDATA, (void *)(intptr_t)watch) == CURLM_OK;
}

// Waits for sockets, libcurl's next timer, the bell or the time given, and lets libcurl move what
// is due; false when more sockets may be ready than one turn takes.
static inline bool stepgate_curl_multi_turn(CURLM *multi, int watch, int bell, int milliseconds) {
    enum { most = 1024 };
    struct epoll_event ready[most];
    long timer = -1;
    curl_multi_timeout(multi, &timer);
    if (timer >= 0 && timer < milliseconds) milliseconds = (int)timer;
    int count = epoll_wait(watch, ready, most, milliseconds);
    int running = 0;
    for (int i = 0; i < count; i++) {
        if (ready[i].data.fd == bell) {
            eventfd_t rung;
            eventfd_read(bell, &rung);
            continue;
        }
        int what = 0;
        if (ready[i].events & EPOLLIN) what |= CURL_CSELECT_IN;
        if (ready[i].events & EPOLLOUT) what |= CURL_CSELECT_OUT;
        if (ready[i].events & (EPOLLERR | EPOLLHUP)) what |= CURL_CSELECT_ERR;
        curl_multi_socket_action(multi, ready[i].data.fd, what, &running);
    }
    curl_multi_socket_action(multi, CURL_SOCKET_TIMEOUT, 0, &running);
    return count >= 0 && count < most;
}
