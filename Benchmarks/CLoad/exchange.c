#define _GNU_SOURCE
#include "stepgate_load.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { head_limit = 4096 };

int stepgate_exchange_open(uint16_t port, double patience) {
    int descriptor = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (descriptor < 0) return -1;
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct timeval limit = {
        .tv_sec = (time_t)patience,
        .tv_usec = (suseconds_t)((patience - (double)(time_t)patience) * 1e6)};
    int on = 1;
    setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
    if (connect(descriptor, (struct sockaddr *)&address, sizeof address) != 0) {
        close(descriptor);
        return -1;
    }
    return descriptor;
}

static int send_all(int descriptor, const uint8_t *bytes, size_t length) {
    while (length > 0) {
        ssize_t count = send(descriptor, bytes, length, MSG_NOSIGNAL);
        if (count <= 0) return -1;
        bytes += count;
        length -= (size_t)count;
    }
    return 0;
}

/// The length that a head of lines says its body has; -1 where it says none.
static ssize_t body_length(const char *head, const char *end) {
    for (const char *line = head; line < end;) {
        const char *stop = memchr(line, '\n', (size_t)(end - line) + 2);
        if (stop == NULL) return -1;
        if (strncasecmp(line, "content-length:", 15) == 0) return strtol(line + 15, NULL, 10);
        line = stop + 1;
    }
    return -1;
}

int stepgate_exchange(
    int descriptor, const uint8_t *request, size_t length, uint8_t *body, size_t room,
    size_t *filled) {
    *filled = 0;
    if (send_all(descriptor, request, length) != 0) return -1;
    char head[head_limit];
    size_t count = 0;
    char *end = NULL;
    while (end == NULL) {
        if (count == head_limit - 1) return -1;
        ssize_t more = recv(descriptor, head + count, head_limit - 1 - count, 0);
        if (more <= 0) return -1;
        count += (size_t)more;
        head[count] = 0;
        end = memmem(head, count, "\r\n\r\n", 4);
    }
    if (count < 12 || memcmp(head, "HTTP/1.1 ", 9) != 0) return -1;
    ssize_t whole = body_length(head, end);
    size_t begun = count - (size_t)(end + 4 - head);
    if (whole < 0 || (size_t)whole > room || begun > (size_t)whole) return -1;
    memcpy(body, end + 4, begun);
    *filled = begun;
    while (*filled < (size_t)whole) {
        ssize_t more = recv(descriptor, body + *filled, (size_t)whole - *filled, 0);
        if (more <= 0) return -1;
        *filled += (size_t)more;
    }
    return atoi(head + 9);
}

void stepgate_exchange_close(int descriptor) { close(descriptor); }

double stepgate_thread_seconds(void) {
    struct rusage usage;
    getrusage(RUSAGE_THREAD, &usage);
    return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec)
        + (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

struct thread {
    pthread_t handle;
    void (*body)(void *, unsigned);
    void *context;
    unsigned place;
};

static void *run_one(void *argument) {
    struct thread *thread = argument;
    thread->body(thread->context, thread->place);
    return NULL;
}

int stepgate_threads_run(unsigned count, void (*body)(void *, unsigned), void *context) {
    struct thread *threads = calloc(count, sizeof *threads);
    if (threads == NULL) return -1;
    unsigned started = 0;
    for (; started < count; started++) {
        struct thread *thread = &threads[started];
        *thread = (struct thread){.body = body, .context = context, .place = started};
        if (pthread_create(&thread->handle, NULL, run_one, thread) != 0) break;
    }
    for (unsigned place = 0; place < started; place++) pthread_join(threads[place].handle, NULL);
    free(threads);
    return started == count ? 0 : -1;
}
