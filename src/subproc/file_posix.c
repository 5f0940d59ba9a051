/* A process as a stream of the C library's: fopencookie (glibc, musl) or funopen (macOS,
 * the BSDs). */
#include <errno.h>
#include <string.h>

#include "file.h"
#include "memory.h"

/* One stream. */
struct view {
    brood_file *file;
    bool writes;
};

static void set_errno(ptrdiff_t error)
{
    errno = error < -4000 ? EIO : (int)-error; /* ours have no number there */
}

static ssize_t view_read(void *cookie, char *buf, size_t n)
{
    const struct view *view = cookie;
    int before = errno;
    ptrdiff_t got = brood_file_read(view->file, buf, n);
    errno = before;
    if (got < 0)
        set_errno(got);
    return got < 0 ? -1 : got;
}

static ssize_t view_write(void *cookie, const char *data, size_t len)
{
    const struct view *view = cookie;
    int error = brood_file_write(view->file, data, len);
    if (error < 0)
        set_errno(error);
    return error < 0 ? -1 : (ssize_t)len;
}

static int view_close(void *cookie)
{
    struct view *view = cookie;
    brood__file_release(view->file, view->writes);
    brood__free(view);
    return 0;
}

#if defined(__linux__) || defined(__GLIBC__)
/* glibc asks for 0 where a write fails, and musl takes that for a short one. */
#ifdef __GLIBC__
enum { FAILED_WRITE = 0 };
#else
enum { FAILED_WRITE = -1 };
#endif

static ssize_t view_write_cookie(void *cookie, const char *data, size_t len)
{
    ssize_t written = view_write(cookie, data, len);
    return written < 0 ? FAILED_WRITE : written;
}

static FILE *open_stream(struct view *view, const char *mode, bool reads)
{
    cookie_io_functions_t functions = {
        .read = reads ? view_read : NULL,
        .write = view->writes ? view_write_cookie : NULL,
        .close = view_close,
    };
    return fopencookie(view, mode, functions);
}
#else
static int view_read_int(void *cookie, char *buf, int n)
{
    return (int)view_read(cookie, buf, (size_t)n);
}

static int view_write_int(void *cookie, const char *data, int len)
{
    return (int)view_write(cookie, data, (size_t)len);
}

static FILE *open_stream(struct view *view, const char *mode, bool reads)
{
    (void)mode;
    return funopen(view, reads ? view_read_int : NULL, view->writes ? view_write_int : NULL, NULL,
                   view_close);
}
#endif

FILE *brood_file_stdio(brood_file *file, const char *mode)
{
    bool both = mode != NULL && strcmp(mode, "r+") == 0;
    bool reads = both || (mode != NULL && strcmp(mode, "r") == 0);
    bool writes = both || (mode != NULL && strcmp(mode, "w") == 0);
    if (file == NULL || file->closed || (!reads && !writes) ||
        (reads && file->process->outputs[0] == NULL) || (writes && file->process->in == NULL)) {
        errno = file == NULL || (!reads && !writes) ? EINVAL : EBADF;
        return NULL;
    }
    struct view *view = brood__alloc(sizeof *view);
    if (view == NULL) {
        errno = ENOMEM;
        return NULL;
    }
    view->file = file;
    view->writes = writes;
    FILE *stream = open_stream(view, mode, reads);
    if (stream == NULL) {
        brood__free(view);
        return NULL;
    }
    file->users++;
    file->writing_views += writes;
    return stream;
}
