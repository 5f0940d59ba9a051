/* posix_spawn as macOS has it, as far as the library uses it: emulated by darwin.c. */
#ifndef BROOD_TEST_SPAWN_H
#define BROOD_TEST_SPAWN_H

#include <signal.h>
#include <sys/types.h>

enum { EMULATED_ACTIONS = 64 };

typedef struct {
    short flags;
    sigset_t defaults, mask;
    pid_t group;
} posix_spawnattr_t;

typedef struct {
    int count;
    struct {
        int from, to; /* alike: inherited as it is */
        const char *directory;
    } actions[EMULATED_ACTIONS];
} posix_spawn_file_actions_t;

#define POSIX_SPAWN_SETPGROUP       0x0002
#define POSIX_SPAWN_SETSIGDEF       0x0004
#define POSIX_SPAWN_SETSIGMASK      0x0008
#define POSIX_SPAWN_SETSID          0x0400
#define POSIX_SPAWN_CLOEXEC_DEFAULT 0x4000

int posix_spawnattr_init(posix_spawnattr_t *attributes);
int posix_spawnattr_destroy(posix_spawnattr_t *attributes);
int posix_spawnattr_setflags(posix_spawnattr_t *attributes, short flags);
int posix_spawnattr_setpgroup(posix_spawnattr_t *attributes, pid_t group);
int posix_spawnattr_setsigdefault(posix_spawnattr_t *attributes, const sigset_t *signals);
int posix_spawnattr_setsigmask(posix_spawnattr_t *attributes, const sigset_t *mask);

int posix_spawn_file_actions_init(posix_spawn_file_actions_t *actions);
int posix_spawn_file_actions_destroy(posix_spawn_file_actions_t *actions);
int posix_spawn_file_actions_adddup2(posix_spawn_file_actions_t *actions, int from, int to);
int posix_spawn_file_actions_addinherit_np(posix_spawn_file_actions_t *actions, int fd);
int posix_spawn_file_actions_addchdir_np(posix_spawn_file_actions_t *actions, const char *path);

int posix_spawn(pid_t *pid, const char *path, const posix_spawn_file_actions_t *actions,
                const posix_spawnattr_t *attributes, char *const argv[], char *const env[]);

#endif
