/* Children without brood. */
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bare.h"
#include "figures.h"

extern char **environ;

void bare_start(struct bare *bare, const char *const *argv)
{
    int in[2], out[2];
    cr_assert_eq(pipe2(in, O_CLOEXEC), 0);
    cr_assert_eq(pipe2(out, O_CLOEXEC), 0);
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, in[0], 0);
    posix_spawn_file_actions_adddup2(&actions, out[1], 1);
    char *const *unchanged; /* posix_spawnp's argv is not const, and only read */
    memcpy(&unchanged, &argv, sizeof unchanged);
    int error = posix_spawnp(&bare->pid, argv[0], &actions, NULL, unchanged, environ);
    cr_assert_eq(error, 0);
    posix_spawn_file_actions_destroy(&actions);
    close(in[0]);
    close(out[1]);
    bare->in = in[1];
    bare->out = out[0];
}

void bare_end(struct bare *bare)
{
    int status;
    close(bare->out);
    if (bare->in >= 0)
        close(bare->in);
    cr_assert_eq(waitpid(bare->pid, &status, 0), bare->pid);
    cr_assert_eq(status, 0);
}

const char *producer(void)
{
    static char path[4200];
    const char *child = test_child(), *slash = strrchr(child, '/');
    snprintf(path, sizeof path, "%.*s/producer", (int)(slash - child), child);
    return path;
}

double seconds_since(brood_time began)
{
    return (double)(brood_now() - began) / 1e9;
}
