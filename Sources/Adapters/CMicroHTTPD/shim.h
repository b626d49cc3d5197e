// Lets Swift see libmicrohttpd as Debian ships it; its variadic functions need wrappers.
#include <malloc.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <limits.h>
#include <signal.h>
#include <sys/eventfd.h>

/// What a daemon is started with; certificate and key are texts in PEM, or both null.
struct stepgate_mhd_settings {
    uint16_t port;
    struct sockaddr_in address;
    /// A socket that listens already and that the daemon takes over, or -1.
    int listening;
    unsigned connections;
    unsigned idle_seconds;
    size_t memory;
    const char *certificate;
    const char *key;
    MHD_AccessHandlerCallback handler;
    void *(*target)(void *, const char *, struct MHD_Connection *);
    MHD_RequestCompletedCallback completed;
    MHD_NotifyConnectionCallback connected;
    void *context;
};

/// Starts a daemon over epoll on one address, which works when it is run by its one thread, or
/// returns null with errno set.
static inline struct MHD_Daemon *stepgate_mhd_start(const struct stepgate_mhd_settings *start) {
    unsigned flags = MHD_USE_EPOLL | MHD_USE_TURBO | MHD_ALLOW_SUSPEND_RESUME;
    struct MHD_OptionItem none[] = {{MHD_OPTION_END, 0, NULL}};
    struct MHD_OptionItem shared[] = {
        {MHD_OPTION_LISTEN_SOCKET, start->listening, NULL}, {MHD_OPTION_END, 0, NULL}};
    struct MHD_OptionItem secured[] = {
        {MHD_OPTION_HTTPS_MEM_CERT, 0, (void *)start->certificate},
        {MHD_OPTION_HTTPS_MEM_KEY, 0, (void *)start->key},
        {MHD_OPTION_HTTPS_PRIORITIES, 0, (void *)"NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2"},
        {MHD_OPTION_END, 0, NULL}};
    if (start->certificate) flags |= MHD_USE_TLS;
    return MHD_start_daemon(
        flags, start->port, NULL, NULL, start->handler, start->context,
        MHD_OPTION_SOCK_ADDR, &start->address,
        MHD_OPTION_SIGPIPE_HANDLED_BY_APP, 1,
        MHD_OPTION_CONNECTION_LIMIT, start->connections,
        MHD_OPTION_CONNECTION_TIMEOUT, start->idle_seconds,
        MHD_OPTION_CONNECTION_MEMORY_LIMIT, start->memory,
        MHD_OPTION_URI_LOG_CALLBACK, start->target, start->context,
        MHD_OPTION_NOTIFY_COMPLETED, start->completed, start->context,
        MHD_OPTION_NOTIFY_CONNECTION, start->connected, start->context,
        MHD_OPTION_ARRAY, start->certificate ? secured : none,
        MHD_OPTION_ARRAY, start->listening >= 0 ? shared : none,
        MHD_OPTION_END);
}

/// The socket a daemon listens on, or -1.
static inline int stepgate_mhd_listening(struct MHD_Daemon *daemon) {
    const union MHD_DaemonInfo *info = MHD_get_daemon_info(daemon, MHD_DAEMON_INFO_LISTEN_FD);
    return info ? info->listen_fd : -1;
}

/// What becomes readable when a daemon has something to do, or -1.
static inline int stepgate_mhd_events(struct MHD_Daemon *daemon) {
    const union MHD_DaemonInfo *info = MHD_get_daemon_info(daemon, MHD_DAEMON_INFO_EPOLL_FD);
    return info ? info->epoll_fd : -1;
}

/// After how many milliseconds a daemon is to be run though nothing happened; -1: never.
static inline int stepgate_mhd_patience(struct MHD_Daemon *daemon) {
    MHD_UNSIGNED_LONG_LONG milliseconds;
    if (MHD_get_timeout(daemon, &milliseconds) != MHD_YES) return -1;
    return milliseconds > INT_MAX ? INT_MAX : (int)milliseconds;
}

/// Has the calling thread outlive a client that left, as libmicrohttpd's own threads do.
static inline void stepgate_mhd_outlive_clients(void) {
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGPIPE);
    pthread_sigmask(SIG_BLOCK, &signals, NULL);
}

/// Has the system ask clients that are silent for long whether they are still there; a
/// connection takes this over from the socket it came by.
static inline void stepgate_mhd_probe_clients(
    struct MHD_Daemon *daemon, int idle_seconds, int interval_seconds, int count) {
    int socket = stepgate_mhd_listening(daemon);
    int on = 1;
    setsockopt(socket, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
    setsockopt(socket, IPPROTO_TCP, TCP_KEEPIDLE, &idle_seconds, sizeof(int));
    setsockopt(socket, IPPROTO_TCP, TCP_KEEPINTVL, &interval_seconds, sizeof(int));
    setsockopt(socket, IPPROTO_TCP, TCP_KEEPCNT, &count, sizeof(int));
}

/// The port a daemon listens on, also when it was started on port 0.
static inline uint16_t stepgate_mhd_port(struct MHD_Daemon *daemon) {
    const union MHD_DaemonInfo *info = MHD_get_daemon_info(daemon, MHD_DAEMON_INFO_BIND_PORT);
    return info ? info->port : 0;
}

/// Sends the response without chunks, and ends the connection after it.
static inline enum MHD_Result stepgate_mhd_end_after(struct MHD_Response *response) {
    return MHD_set_response_options(response, MHD_RF_HTTP_1_0_COMPATIBLE_STRICT, MHD_RO_END);
}

/// A connection's socket, or -1.
static inline int stepgate_mhd_socket(struct MHD_Connection *connection) {
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
    return info ? info->connect_fd : -1;
}

/// What the application keeps with a connection.
static inline void *stepgate_mhd_context(struct MHD_Connection *connection) {
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    return info ? info->socket_context : NULL;
}

/// How many bytes the head of the request has, from its method to the empty line; 0: unknown.
static inline size_t stepgate_mhd_head_size(struct MHD_Connection *connection) {
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_REQUEST_HEADER_SIZE);
    return info ? info->header_size : 0;
}
