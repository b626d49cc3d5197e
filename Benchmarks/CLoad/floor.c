#include "stepgate_load.h"

#include <microhttpd.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static enum MHD_Result answer(
    void *context, struct MHD_Connection *connection, const char *url, const char *method,
    const char *version, const char *upload, size_t *upload_size, void **slot) {
    (void)url, (void)method, (void)version, (void)upload;
    static char seen;
    if (*slot == NULL) {
        *slot = &seen;
        return MHD_YES;
    }
    if (*upload_size > 0) {
        *upload_size = 0;
        return MHD_YES;
    }
    return MHD_queue_response(connection, 200, context);
}

int stepgate_floor_serve(unsigned threads) {
    char body[401];
    memset(body, 'x', 400);
    memcpy(body, "{\"answer\":\"", 11);
    memcpy(body + 398, "\"}", 2);
    struct MHD_Response *response =
        MHD_create_response_from_buffer(400, body, MHD_RESPMEM_MUST_COPY);
    MHD_add_response_header(response, "content-type", "application/json");
    struct MHD_Daemon *daemon = MHD_start_daemon(
        MHD_USE_EPOLL_INTERNAL_THREAD | MHD_USE_TURBO, 0, NULL, NULL, answer, response,
        MHD_OPTION_THREAD_POOL_SIZE, threads, MHD_OPTION_CONNECTION_LIMIT, 10000u, MHD_OPTION_END);
    if (daemon == NULL) return 1;
    printf("127.0.0.1:%u\n", MHD_get_daemon_info(daemon, MHD_DAEMON_INFO_BIND_PORT)->port);
    fflush(stdout);
    char byte;
    while (read(0, &byte, 1) > 0) {}
    MHD_stop_daemon(daemon);
    MHD_destroy_response(response);
    return 0;
}
