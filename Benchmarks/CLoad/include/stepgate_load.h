// What a benchmark needs of the system: a load generator that takes little of the machine it shares
// with what it measures, a bare server to compare with, and children.
#ifndef STEPGATE_LOAD_H
#define STEPGATE_LOAD_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/// One above the highest place `stepgate_load_bucket` gives.
#define STEPGATE_LOAD_BUCKETS 7680

/// What is sent to 127.0.0.1, how often, and for how long.
struct stepgate_load_plan {
    uint16_t port;
    uint32_t connections;
    /// One whole request; each one sent differs in the places below only.
    const uint8_t *request;
    size_t length;
    /// Where ten digits stand that become the request's number.
    const uint32_t *numbers;
    size_t number_count;
    /// Where sixteen digits stand that become the request's key: each number has another, and they
    /// follow no order, as random keys.
    const uint32_t *keys;
    size_t key_count;
    /// The number of the first request.
    uint64_t first;
    /// After these no request is begun.
    double seconds;
    /// Requests a second, each meant for its own moment; 0: each connection sends when it may.
    double rate;
    /// No more requests than that; 0: as many as the time allows.
    uint64_t most;
    /// Seconds after the last request was begun that answers are still waited for.
    double patience;
};

/// What came of it.
struct stepgate_load_result {
    uint64_t sent;
    /// With a status from 200 to 299.
    uint64_t answered;
    /// Of these, with status 202.
    uint64_t accepted;
    /// With another status.
    uint64_t refused;
    /// Connections that could not be made or that broke before an answer began.
    uint64_t broken;
    /// Answers cut off, or not to be read.
    uint64_t cut;
    /// Still without an answer when patience ended.
    uint64_t waiting;
    /// Until the last answer.
    double seconds;
    /// What the generator itself used of a processor.
    double processor_seconds;
    /// The longest an answer took.
    uint64_t longest;
    /// The first answer that was refused, its head and some of its body.
    char complaint[1024];
    /// Room for STEPGATE_LOAD_BUCKETS, which the caller gives.
    uint64_t *buckets;
};

/// Puts a load on a server from this thread, and measures each answer from the moment its request
/// was meant to be sent. Of the result, only `buckets` is set beforehand.
void stepgate_load_run(const struct stepgate_load_plan *plan, struct stepgate_load_result *result);

/// Where that many nanoseconds are counted: exact to one part in 128.
size_t stepgate_load_bucket(uint64_t nanoseconds);

/// The lowest nanoseconds counted there.
uint64_t stepgate_load_bucket_start(size_t bucket);

/// The sixteen digits of a request's key.
void stepgate_load_key(uint64_t number, uint8_t *digits);

/// A connection to 127.0.0.1 on which `stepgate_exchange` waits no longer than that many seconds for
/// more of an answer; -1 where none can be made.
int stepgate_exchange_open(uint16_t port, double patience);

/// Sends a whole request and reads its whole answer, blocking this thread; its status, or -1 where the
/// connection broke, the answer has no length, or its body has no room.
int stepgate_exchange(
    int descriptor, const uint8_t *request, size_t length, uint8_t *body, size_t room,
    size_t *filled);

void stepgate_exchange_close(int descriptor);

/// Seconds of a processor that this thread has used so far.
double stepgate_thread_seconds(void);

/// Runs the body on so many threads of their own, each with its place from 0, and returns once all
/// have ended; -1 where not all could be started.
int stepgate_threads_run(unsigned count, void (*body)(void *, unsigned), void *context);

/// Answers every request with a fixed JSON of 400 bytes once its body is read, on that many epoll
/// threads; says the port on standard output and returns when standard input ends.
int stepgate_floor_serve(unsigned threads);

/// Starts a program with its standard output, its standard input kept open until it is ended, and
/// its errors in a file; -1 where it cannot be started.
pid_t stepgate_child_start(
    const char *const *arguments, const char *errors, int *input, int *output);

/// Asks it to end, kills it where it does not within some seconds, and gives how it ended.
int stepgate_child_end(pid_t child, int input, int output);

/// Removes a folder and all in it.
void stepgate_folder_remove(const char *path);

#endif
