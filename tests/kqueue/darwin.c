/* What the library uses of macOS beside kqueue, on Linux: posix_spawn with its own flags and
 * actions, and the list of open descriptors.  By fork and exec, after the manuals:
 * nothing here was compared with a real macOS. */
#include <errno.h>
#include <fcntl.h>
#include <libproc.h>
#include <spawn.h>
#include <stdbool.h>
#include <string.h>
#include <sys/proc_info.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* ---- what is to be done ---------------------------------------------------------------- */

int posix_spawnattr_init(posix_spawnattr_t *attributes)
{
    memset(attributes, 0, sizeof *attributes);
    return 0;
}

int posix_spawnattr_destroy(posix_spawnattr_t *attributes)
{
    (void)attributes;
    return 0;
}

int posix_spawnattr_setflags(posix_spawnattr_t *attributes, short flags)
{
    attributes->flags = flags;
    return 0;
}

int posix_spawnattr_setpgroup(posix_spawnattr_t *attributes, pid_t group)
{
    attributes->group = group;
    return 0;
}

int posix_spawnattr_setsigdefault(posix_spawnattr_t *attributes, const sigset_t *signals)
{
    attributes->defaults = *signals;
    return 0;
}

int posix_spawnattr_setsigmask(posix_spawnattr_t *attributes, const sigset_t *mask)
{
    attributes->mask = *mask;
    return 0;
}

int posix_spawn_file_actions_init(posix_spawn_file_actions_t *actions)
{
    actions->count = 0;
    return 0;
}

int posix_spawn_file_actions_destroy(posix_spawn_file_actions_t *actions)
{
    (void)actions;
    return 0;
}

static int add(posix_spawn_file_actions_t *actions, int from, int to, const char *directory)
{
    if (actions->count == EMULATED_ACTIONS)
        return ENOMEM;
    actions->actions[actions->count].from = from;
    actions->actions[actions->count].to = to;
    actions->actions[actions->count++].directory = directory;
    return 0;
}

int posix_spawn_file_actions_adddup2(posix_spawn_file_actions_t *actions, int from, int to)
{
    return add(actions, from, to, NULL);
}

int posix_spawn_file_actions_addinherit_np(posix_spawn_file_actions_t *actions, int fd)
{
    return add(actions, fd, fd, NULL);
}

int posix_spawn_file_actions_addchdir_np(posix_spawn_file_actions_t *actions, const char *path)
{
    return add(actions, -1, -1, path);
}

/* ---- the child, each step: 0 or an errno ------------------------------------------------- */

static int act(const posix_spawn_file_actions_t *actions)
{
    for (int i = 0; i < actions->count; i++) {
        int from = actions->actions[i].from, to = actions->actions[i].to;
        const char *directory = actions->actions[i].directory;
        if (directory != NULL ? chdir(directory) < 0
            : from == to      ? syscall(SYS_fcntl, to, F_SETFD, 0) < 0
                              : dup2(from, to) < 0)
            return errno;
    }
    return 0;
}

/* All but what an action has named closes at exec. */
static int close_by_default(const posix_spawn_file_actions_t *actions)
{
    enum { CLOSE_ON_EXEC = 4 };
    if (syscall(SYS_close_range, 0u, ~0u, CLOSE_ON_EXEC) < 0)
        return errno;
    for (int i = 0; i < actions->count; i++)
        if (actions->actions[i].directory == NULL &&
            syscall(SYS_fcntl, actions->actions[i].to, F_SETFD, 0) < 0)
            return errno;
    return 0;
}

/* A kernel runs no handler of the parent: here they go before the mask lets signals in. */
static void drop_handlers(void)
{
    for (int number = 1; number < NSIG; number++) {
        void (*before)(int) = signal(number, SIG_DFL);
        if (before == SIG_IGN)
            signal(number, SIG_IGN);
    }
}

static int set_attributes(const posix_spawnattr_t *attributes)
{
    if ((attributes->flags & POSIX_SPAWN_SETSID) != 0 && setsid() < 0)
        return errno;
    if ((attributes->flags & POSIX_SPAWN_SETPGROUP) != 0 && setpgid(0, attributes->group) < 0)
        return errno;
    if ((attributes->flags & POSIX_SPAWN_SETSIGDEF) != 0)
        for (int number = 1; number < NSIG; number++)
            if (sigismember(&attributes->defaults, number) == 1)
                signal(number, SIG_DFL);
    drop_handlers();
    if ((attributes->flags & POSIX_SPAWN_SETSIGMASK) != 0)
        sigprocmask(SIG_SETMASK, &attributes->mask, NULL);
    return 0;
}

static int become(const char *path, const posix_spawn_file_actions_t *actions,
                  const posix_spawnattr_t *attributes, char *const argv[], char *const env[])
{
    int error = act(actions);
    if (error == 0 && (attributes->flags & POSIX_SPAWN_CLOEXEC_DEFAULT) != 0)
        error = close_by_default(actions);
    if (error == 0)
        error = set_attributes(attributes);
    if (error == 0)
        execve(path, argv, env);
    return error != 0 ? error : errno;
}

/* The standard numbers belong to the host. */
static int open_told(int told[2])
{
    int made[2];
    if (syscall(SYS_pipe2, made, O_CLOEXEC) < 0)
        return errno;
    for (int i = 0; i < 2; i++) {
        told[i] = (int)syscall(SYS_fcntl, made[i], F_DUPFD_CLOEXEC, 3);
        close(made[i]);
    }
    if (told[0] >= 0 && told[1] >= 0)
        return 0;
    for (int i = 0; i < 2; i++)
        if (told[i] >= 0)
            close(told[i]);
    return EMFILE;
}

/* Its parent has blocked all signals. */
int posix_spawn(pid_t *pid, const char *path, const posix_spawn_file_actions_t *actions,
                const posix_spawnattr_t *attributes, char *const argv[], char *const env[])
{
    int told[2] = {-1, -1}, error = open_told(told);
    if (error != 0)
        return error;
    pid_t child = _Fork();
    if (child == 0) {
        error = become(path, actions, attributes, argv, env);
        ssize_t ignored = write(told[1], &error, sizeof error);
        (void)ignored;
        _exit(127);
    }
    if (child < 0)
        error = errno;
    close(told[1]);
    if (child > 0 && read(told[0], &error, sizeof error) == sizeof error)
        waitpid(child, NULL, 0);
    close(told[0]);
    if (error == 0)
        *pid = child;
    return error;
}

/* ---- open descriptors ---------------------------------------------------------------------- */

int proc_pidinfo(int pid, int flavor, uint64_t arg, void *buffer, int size)
{
    enum { HIGHEST = 4096 };
    struct proc_fdinfo *open = buffer;
    int count = 0, room = size / (int)sizeof *open;
    (void)pid, (void)arg;
    if (flavor != PROC_PIDLISTFDS)
        return -1;
    if (buffer == NULL)
        return HIGHEST * (int)sizeof *open;
    for (int fd = 0; fd < HIGHEST && count < room; fd++)
        if (syscall(SYS_fcntl, fd, F_GETFD) >= 0)
            open[count++].proc_fd = fd;
    return count * (int)sizeof *open;
}
