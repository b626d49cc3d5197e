#define _GNU_SOURCE
#include "stepgate_load.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { head_limit = 4096, events_at_once = 256, chunk = 64 << 10 };

struct connection {
    int descriptor;
    bool is_busy;
    /// Of the request, what is on its way.
    size_t sent;
    /// When the request was meant to be sent.
    uint64_t since;
    size_t head_length;
    bool is_head_read;
    int status;
    size_t body_left;
    uint8_t *request;
    char head[head_limit];
};

struct load {
    const struct stepgate_load_plan *plan;
    struct stepgate_load_result *result;
    int epoll;
    struct connection *connections;
    /// Connections that may send, as a stack.
    uint32_t *idle;
    uint32_t idle_count;
    uint32_t busy_count;
    uint64_t last_answer;
    char bytes[chunk];
};

static uint64_t now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

size_t stepgate_load_bucket(uint64_t nanoseconds) {
    if (nanoseconds < 256) return (size_t)nanoseconds;
    unsigned shift = 63u - (unsigned)__builtin_clzll(nanoseconds) - 7u;
    return (size_t)shift * 128u + (size_t)(nanoseconds >> shift);
}

uint64_t stepgate_load_bucket_start(size_t bucket) {
    if (bucket < 256) return bucket;
    unsigned shift = (unsigned)(bucket / 128u) - 1u;
    return (uint64_t)(bucket - (size_t)shift * 128u) << shift;
}

void stepgate_load_key(uint64_t number, uint8_t *digits) {
    // The finisher of SplitMix64, which gives every number another one.
    uint64_t mixed = number + 0x9e3779b97f4a7c15u;
    mixed = (mixed ^ (mixed >> 30)) * 0xbf58476d1ce4e5b9u;
    mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111ebu;
    mixed ^= mixed >> 31;
    for (int digit = 15; digit >= 0; digit--, mixed >>= 4)
        digits[digit] = (uint8_t)"0123456789abcdef"[mixed & 15u];
}

static void write_number(uint64_t number, uint8_t *digits) {
    for (int digit = 9; digit >= 0; digit--, number /= 10)
        digits[digit] = (uint8_t)('0' + number % 10);
}

static void watch(struct load *load, struct connection *connection, bool writing) {
    struct epoll_event event = {
        .events = EPOLLIN | (writing ? EPOLLOUT : 0u), .data.ptr = connection};
    epoll_ctl(load->epoll, EPOLL_CTL_MOD, connection->descriptor, &event);
}

/// Counts a request as lost and lets its connection go.
static void lose(struct load *load, struct connection *connection) {
    if (connection->descriptor < 0) return;
    close(connection->descriptor);
    connection->descriptor = -1;
    if (connection->is_busy) {
        if (connection->head_length > 0) load->result->cut++;
        else load->result->broken++;
        connection->is_busy = false;
        load->busy_count--;
        return;
    }
    load->result->broken++;
    uint32_t place = (uint32_t)(connection - load->connections);
    for (uint32_t other = 0; other < load->idle_count; other++) {
        if (load->idle[other] != place) continue;
        load->idle[other] = load->idle[--load->idle_count];
        return;
    }
}

static void send_rest(struct load *load, struct connection *connection) {
    bool was_waiting = connection->sent > 0;
    while (connection->sent < load->plan->length) {
        ssize_t count = send(
            connection->descriptor, connection->request + connection->sent,
            load->plan->length - connection->sent, MSG_NOSIGNAL);
        if (count < 0 && errno == EINTR) continue;
        if (count < 0 && errno == EAGAIN) {
            watch(load, connection, true);
            return;
        }
        if (count < 0) {
            lose(load, connection);
            return;
        }
        connection->sent += (size_t)count;
    }
    if (was_waiting) watch(load, connection, false);
}

/// Sends the next request on a connection that may send.
static void begin(struct load *load, uint64_t intended) {
    const struct stepgate_load_plan *plan = load->plan;
    struct connection *connection = &load->connections[load->idle[--load->idle_count]];
    uint64_t number = plan->first + load->result->sent++;
    for (size_t place = 0; place < plan->number_count; place++)
        write_number(number, connection->request + plan->numbers[place]);
    for (size_t place = 0; place < plan->key_count; place++)
        stepgate_load_key(number, connection->request + plan->keys[place]);
    connection->is_busy = true;
    connection->is_head_read = false;
    connection->head_length = 0;
    connection->sent = 0;
    connection->since = intended;
    load->busy_count++;
    send_rest(load, connection);
}

static void finish(struct load *load, struct connection *connection) {
    struct stepgate_load_result *result = load->result;
    load->last_answer = now();
    uint64_t taken = load->last_answer - connection->since;
    if (connection->status >= 200 && connection->status < 300) {
        result->answered++;
        if (connection->status == 202) result->accepted++;
        result->buckets[stepgate_load_bucket(taken)]++;
        if (taken > result->longest) result->longest = taken;
    } else {
        result->refused++;
    }
    connection->is_busy = false;
    load->busy_count--;
    load->idle[load->idle_count++] = (uint32_t)(connection - load->connections);
}

/// Reads the status and the length of the body; no where there is neither.
static bool read_head(struct connection *connection, const char *end) {
    if (connection->head_length < 12 || memcmp(connection->head, "HTTP/1.1 ", 9) != 0) return false;
    connection->status = atoi(connection->head + 9);
    for (const char *line = connection->head; line < end;) {
        const char *stop = memchr(line, '\n', (size_t)(end - line) + 2);
        if (stop == NULL) return false;
        if (strncasecmp(line, "content-length:", 15) == 0) {
            connection->body_left = strtoul(line + 15, NULL, 10);
            return true;
        }
        line = stop + 1;
    }
    return false;
}

/// Takes more of an answer; how many of the bytes belong to its head, or -1 where it is none.
static ssize_t take_head(
    struct load *load, struct connection *connection, const char *bytes, size_t count) {
    size_t before = connection->head_length;
    size_t room = head_limit - 1 - before;
    size_t taken = count < room ? count : room;
    memcpy(connection->head + before, bytes, taken);
    connection->head_length += taken;
    connection->head[connection->head_length] = 0;
    char *end = memmem(connection->head, connection->head_length, "\r\n\r\n", 4);
    if (end == NULL) return taken < count || room == taken ? -1 : (ssize_t)taken;
    if (!read_head(connection, end)) return -1;
    connection->is_head_read = true;
    if ((connection->status < 200 || connection->status > 299) && load->result->refused == 0)
        memcpy(load->result->complaint, connection->head, sizeof load->result->complaint - 1);
    return (ssize_t)((size_t)(end + 4 - connection->head) - before);
}

/// Reads what is there; whether an answer is whole.
static bool receive(struct load *load, struct connection *connection) {
    ssize_t count = recv(connection->descriptor, load->bytes, sizeof load->bytes, 0);
    if (count < 0 && (errno == EAGAIN || errno == EINTR)) return false;
    if (count <= 0 || !connection->is_busy) {
        lose(load, connection);
        return false;
    }
    size_t start = 0;
    if (!connection->is_head_read) {
        ssize_t head = take_head(load, connection, load->bytes, (size_t)count);
        if (head < 0) {
            lose(load, connection);
            return false;
        }
        if (!connection->is_head_read) return false;
        start = (size_t)head;
    }
    size_t body = (size_t)count - start;
    if (body > connection->body_left) {
        lose(load, connection);
        return false;
    }
    connection->body_left -= body;
    return connection->body_left == 0;
}

static bool open_connection(struct load *load, uint32_t place) {
    struct connection *connection = &load->connections[place];
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons(load->plan->port),
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    connection->descriptor = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (connection->descriptor < 0) return false;
    int on = 1;
    setsockopt(connection->descriptor, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (connect(connection->descriptor, (struct sockaddr *)&address, sizeof address) != 0
        || fcntl(connection->descriptor, F_SETFL, O_NONBLOCK) != 0)
        return false;
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = connection};
    if (epoll_ctl(load->epoll, EPOLL_CTL_ADD, connection->descriptor, &event) != 0) return false;
    load->idle[load->idle_count++] = place;
    return true;
}

/// Begins all requests that are due; the nanoseconds until the next is, or until the end.
static int64_t begin_due(struct load *load, uint64_t start, uint64_t end) {
    const struct stepgate_load_plan *plan = load->plan;
    uint64_t time = now();
    if (time >= end) return -1;
    while (load->idle_count > 0 && (plan->most == 0 || load->result->sent < plan->most)) {
        uint64_t intended = time;
        if (plan->rate > 0) {
            intended = start + (uint64_t)((double)load->result->sent * 1e9 / plan->rate);
            if (intended > time) return (int64_t)(intended - time);
        }
        begin(load, intended);
    }
    if (plan->most > 0 && load->result->sent >= plan->most) return -1;
    return (int64_t)(end - time);
}

static void drive(struct load *load) {
    struct epoll_event events[events_at_once];
    uint64_t start = now();
    uint64_t end = start + (uint64_t)(load->plan->seconds * 1e9);
    uint64_t give_up = end + (uint64_t)(load->plan->patience * 1e9);
    load->last_answer = start;
    while (true) {
        int64_t wait = begin_due(load, start, end);
        if (wait < 0) {
            uint64_t time = now();
            if (load->busy_count == 0 || time >= give_up) break;
            wait = (int64_t)(give_up - time);
        }
        struct timespec timeout = {.tv_sec = wait / 1000000000, .tv_nsec = wait % 1000000000};
        int count = epoll_pwait2(load->epoll, events, events_at_once, &timeout, NULL);
        for (int place = 0; place < count; place++) {
            struct connection *connection = events[place].data.ptr;
            if (connection->descriptor < 0) continue;
            if (events[place].events & EPOLLOUT) send_rest(load, connection);
            if (connection->descriptor < 0 || !(events[place].events & ~(unsigned)EPOLLOUT))
                continue;
            if (receive(load, connection)) finish(load, connection);
        }
        if (load->busy_count == 0 && load->idle_count == 0) break;
    }
    load->result->waiting = load->busy_count;
    load->result->seconds = (double)(load->last_answer - start) / 1e9;
}

void stepgate_load_run(const struct stepgate_load_plan *plan, struct stepgate_load_result *result) {
    uint64_t *buckets = result->buckets;
    memset(result, 0, sizeof *result);
    memset(buckets, 0, STEPGATE_LOAD_BUCKETS * sizeof *buckets);
    result->buckets = buckets;
    struct load *load = calloc(1, sizeof *load);
    load->plan = plan;
    load->result = result;
    load->epoll = epoll_create1(EPOLL_CLOEXEC);
    load->connections = calloc(plan->connections, sizeof *load->connections);
    load->idle = calloc(plan->connections, sizeof *load->idle);
    uint8_t *requests = malloc((size_t)plan->connections * plan->length);
    for (uint32_t place = 0; place < plan->connections; place++) {
        load->connections[place].descriptor = -1;
        load->connections[place].request = requests + (size_t)place * plan->length;
        memcpy(load->connections[place].request, plan->request, plan->length);
        if (!open_connection(load, place)) result->broken++;
    }
    double before = stepgate_thread_seconds();
    drive(load);
    result->processor_seconds = stepgate_thread_seconds() - before;
    for (uint32_t place = 0; place < plan->connections; place++)
        if (load->connections[place].descriptor >= 0) close(load->connections[place].descriptor);
    close(load->epoll);
    free(requests);
    free(load->idle);
    free(load->connections);
    free(load);
}
