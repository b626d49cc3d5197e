// Lets Swift see libmicrohttpd as Debian ships it; its variadic start needs a wrapper.
#include <microhttpd.h>
#include <netinet/in.h>
#include <string.h>

/// Leaves escapes as they came: libmicrohttpd's own reading passes over wrong ones and ends a text
/// at an escaped NUL.
static size_t stepgate_mhd_keep_escapes(
    void *context, struct MHD_Connection *connection, char *text) {
    (void)context;
    (void)connection;
    return strlen(text);
}

/// Starts a daemon with internal epoll threads on one address, or returns null with errno set.
static inline struct MHD_Daemon *stepgate_mhd_start(
    uint16_t port, const struct sockaddr_in *address, unsigned threads, unsigned connections,
    unsigned idle_seconds, size_t memory, MHD_AccessHandlerCallback handler,
    MHD_RequestCompletedCallback completed, void *context) {
    unsigned flags = MHD_USE_EPOLL_INTERNAL_THREAD | MHD_USE_TURBO | MHD_ALLOW_SUSPEND_RESUME;
    return MHD_start_daemon(
        flags, port, NULL, NULL, handler, context,
        MHD_OPTION_SOCK_ADDR, address,
        MHD_OPTION_THREAD_POOL_SIZE, threads,
        MHD_OPTION_CONNECTION_LIMIT, connections,
        MHD_OPTION_CONNECTION_TIMEOUT, idle_seconds,
        MHD_OPTION_CONNECTION_MEMORY_LIMIT, memory,
        MHD_OPTION_NOTIFY_COMPLETED, completed, context,
        MHD_OPTION_STRICT_FOR_CLIENT, 1,
        MHD_OPTION_UNESCAPE_CALLBACK, stepgate_mhd_keep_escapes, NULL,
        MHD_OPTION_END);
}

/// The port a daemon listens on, also when it was started on port 0.
static inline uint16_t stepgate_mhd_port(struct MHD_Daemon *daemon) {
    const union MHD_DaemonInfo *info = MHD_get_daemon_info(daemon, MHD_DAEMON_INFO_BIND_PORT);
    return info ? info->port : 0;
}
