/* What the tests of spawning and watching ask of Unix. */
#include <ftw.h>

#include "helpers.h"

void wait_zombie(int64_t pid)
{
    siginfo_t info;
    while (waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT) < 0 && errno == EINTR)
        ;
}

/* ---- of the library ------------------------------------------------------------------ */

static void never_called(void *arg)
{
    (void)arg;
}

void make_room(brood_loop *loop)
{
    int ends[2];
    if (pipe(ends) < 0)
        return;
    brood_add_reader(loop, ends[0], never_called, NULL);
    brood_remove_reader(loop, ends[0]);
    brood_loop_step(loop, BROOD_NOWAIT);
    close(ends[0]);
    close(ends[1]);
}

static sigset_t noted;

void note_mask(void)
{
    pthread_sigmask(SIG_SETMASK, NULL, &noted);
}

bool mask_is_changed(void)
{
    sigset_t now;
    pthread_sigmask(SIG_SETMASK, NULL, &now);
    return !same_mask(&noted, &now);
}

void set_variable(const char *name, const char *value)
{
    if ((value != NULL ? setenv(name, value, 1) : unsetenv(name)) < 0)
        abort();
}

/* ---- files ----------------------------------------------------------------------- */

intptr_t lent_text(const char *text)
{
    return text_file(text, FD_CLOEXEC);
}

void rewind_lent(intptr_t file)
{
    lseek((int)file, 0, SEEK_SET);
}

void close_lent(intptr_t file)
{
    if (close((int)file) < 0)
        abort();
}

char scratch[512];

void scratch_begin(void)
{
    strcpy(scratch, "/tmp/brood-XXXXXX");
    if (mkdtemp(scratch) == NULL || chmod(scratch, 0755) < 0)
        abort();
}

static int remove_one(const char *path, const struct stat *status, int type, struct FTW *at)
{
    (void)status;
    (void)type;
    (void)at;
    return remove(path);
}

void scratch_end(void)
{
    nftw(scratch, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

const char *in_scratch(const char *name)
{
    static char paths[8][1024];
    static unsigned next;
    char *path = paths[next++ % 8];
    snprintf(path, sizeof paths[0], "%s/%s", scratch, name);
    return path;
}

const char *make_folder(const char *name)
{
    const char *path = in_scratch(name);
    if (mkdir(path, 0755) < 0)
        abort();
    return path;
}

const char *make_file(const char *name, const char *text, unsigned mode)
{
    const char *path = in_scratch(name);
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, (mode_t)mode);
    if (fd < 0 || write(fd, text, strlen(text)) < 0 || fchmod(fd, (mode_t)mode) < 0)
        abort();
    close(fd);
    return path;
}

const char *file_text(const char *path)
{
    static char text[4096];
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t length = fd < 0 ? 0 : read(fd, text, sizeof text - 1);
    text[length > 0 ? length : 0] = '\0';
    if (fd >= 0)
        close(fd);
    return text;
}
