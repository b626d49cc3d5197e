#define _GNU_SOURCE
#include "stepgate_load.h"

#include <fcntl.h>
#include <ftw.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

extern char **environ;

pid_t stepgate_child_start(
    const char *const *arguments, const char *errors, int *input, int *output) {
    int into[2], from[2];
    if (pipe2(into, O_CLOEXEC) != 0) return -1;
    if (pipe2(from, O_CLOEXEC) != 0) {
        close(into[0]);
        close(into[1]);
        return -1;
    }
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, into[0], 0);
    posix_spawn_file_actions_adddup2(&actions, from[1], 1);
    posix_spawn_file_actions_addopen(&actions, 2, errors, O_WRONLY | O_CREAT | O_APPEND, 0600);
    pid_t child = -1;
    int failed = posix_spawn(
        &child, arguments[0], &actions, NULL, (char *const *)(const void *)arguments, environ);
    posix_spawn_file_actions_destroy(&actions);
    close(into[0]);
    close(from[1]);
    if (failed != 0) {
        close(into[1]);
        close(from[0]);
        return -1;
    }
    *input = into[1];
    *output = from[0];
    return child;
}

int stepgate_child_end(pid_t child, int input, int output) {
    close(input);
    kill(child, SIGTERM);
    int status = 0;
    struct timespec pause = {.tv_nsec = 10000000};
    for (int turn = 0; turn < 2000; turn++) {
        if (waitpid(child, &status, WNOHANG) == child) {
            close(output);
            return status;
        }
        nanosleep(&pause, NULL);
    }
    kill(child, SIGKILL);
    waitpid(child, &status, 0);
    close(output);
    return status;
}

static int remove_one(const char *path, const struct stat *status, int kind, struct FTW *place) {
    (void)status, (void)kind, (void)place;
    return remove(path);
}

void stepgate_folder_remove(const char *path) {
    nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}
