/* What the tests ask of Linux: descriptors, threads and memory by /proc. */
#include <dirent.h>
#include <limits.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
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

/* Since 6.15 Linux still knows a status that somebody else has taken. */
static bool remembers_status(void)
{
    struct utsname name;
    int major = 0, minor = 0;
    uname(&name);
    sscanf(name.release, "%d.%d", &major, &minor);
    return major > 6 || (major == 6 && minor >= 15);
}

struct test_abilities test_abilities(void)
{
    bool linux_library = emulated_descriptors == NULL;
    return (struct test_abilities){
        .sized_pipes = linux_library,
        .usage_of_zombies = linux_library,
        .death_signals = linux_library,
        .statuses_of_reaped = remembers_status(),
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
