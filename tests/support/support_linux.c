/* What the tests ask of Linux: descriptors, threads and memory by /proc. */
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support.h"
#include "support_system.h"

static void *tell_number(void *number)
{
    *(long *)number = syscall(SYS_gettid);
    return NULL;
}

/* ThreadSanitizer adds a thread of its own at the first one that is made.  One that has
 * been joined may be listed for a moment longer. */
void test_threads_settle(void)
{
    pthread_t thread;
    long number = 0;
    if (pthread_create(&thread, NULL, tell_number, &number) != 0)
        return;
    pthread_join(thread, NULL);
    while (syscall(SYS_tgkill, getpid(), number, 0) == 0)
        sched_yield();
}

static int count_entries(const char *path)
{
    DIR *directory = opendir(path);
    int count = 0;
    if (directory == NULL)
        return -1;
    while (readdir(directory) != NULL)
        count++;
    closedir(directory);
    return count;
}

/* Where the kernel is helped out (tests/kqueue): descriptors that are none of the test's. */
__attribute__((weak)) int emulated_descriptors(void);

/* The first 64 bytes of the kernel's pidfd_info. */
struct what_is_known {
    uint64_t mask;
    uint32_t rest[14];
};
#define GET_INFO     _IOWR(0xFF, 11, struct what_is_known)
#define STATUS_KNOWN ((uint64_t)1 << 3)

/* It is killed when its descriptor is there, whoever reaps it then. */
static bool remembers_status(void)
{
    struct what_is_known info = {.mask = STATUS_KNOWN};
    pid_t pid = fork();
    if (pid == 0)
        for (;;)
            pause();
    long fd = syscall(SYS_pidfd_open, pid, 0u);
    kill(pid, SIGKILL);
    while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
        ;
    bool known = fd >= 0 && syscall(SYS_ioctl, (int)fd, GET_INFO, &info) == 0 &&
                 (info.mask & STATUS_KNOWN) != 0;
    if (fd >= 0)
        close((int)fd);
    return known;
}

static bool has_process_descriptors(void)
{
    long fd = syscall(SYS_pidfd_open, getpid(), 0u);
    if (fd >= 0)
        close((int)fd);
    return fd >= 0;
}

struct test_abilities test_abilities(void)
{
    bool linux_library = emulated_descriptors == NULL;
    return (struct test_abilities){
        .sized_pipes = linux_library,
        .usage_of_zombies = linux_library,
        .death_signals = linux_library,
        .statuses_of_reaped = remembers_status(),
        .child_events = has_process_descriptors(),
    };
}

int test_count_descriptors(void)
{
    int emulated = emulated_descriptors == NULL ? 0 : emulated_descriptors();
    return count_entries("/proc/self/fd") - 3 - emulated; /* ".", ".." and the directory itself */
}

int test_count_threads(void)
{
    return count_entries("/proc/self/task") - 2;
}

const char *test_child(void)
{
    static char path[PATH_MAX + 8];
    if (path[0] == '\0') {
        ssize_t length = readlink("/proc/self/exe", path, PATH_MAX);
        cr_assert_gt(length, 0);
        path[length] = '\0';
        char *slash = strrchr(path, '/');
        memcpy(slash, "/child", sizeof "/child");
    }
    return path;
}

/* Anonymous memory, by the page tables: the counters in statm lag behind by up to 32
 * pages a processor, and pages of programs come and go as they are used. */
size_t test_resident_bytes(void)
{
    char line[256];
    unsigned long long kib = 0;
    FILE *file = fopen("/proc/self/smaps_rollup", "r");
    cr_assert_not_null(file);
    while (kib == 0 && fgets(line, sizeof line, file) != NULL)
        sscanf(line, "Anonymous: %llu kB", &kib);
    fclose(file);
    cr_assert_gt(kib, 0);
    return (size_t)kib * 1024;
}
