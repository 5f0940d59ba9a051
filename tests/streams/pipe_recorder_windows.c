/* Pipes and their peers' ends on Windows.  Brood's end is overlapped; the peer's end is
 * not, and a descriptor of the C library.  What can be written to can be read from as
 * well underneath, which shows when its reader has gone. */
#include "pipe_recorder.h"

#include <fcntl.h>
#include <io.h>
#include <stdio.h>
#include <windows.h>

enum { ROOM = 65536, DESCRIPTORS = 2048 };

/* Of those descriptors that write: how much there is to read can only be asked at the
 * other end. */
static HANDLE readers[DESCRIPTORS];

static HANDLE handle_of(intptr_t number)
{
    return (HANDLE)number;
}

/* ---- ends ------------------------------------------------------------------------- */

static int descriptor_of(HANDLE handle, HANDLE reader)
{
    int fd = _open_osfhandle((intptr_t)handle, _O_BINARY | _O_NOINHERIT);
    cr_assert(fd >= 0 && fd < DESCRIPTORS);
    readers[fd] = reader;
    return fd;
}

/* The first end, overlapped, and the second, with `flags`. */
static void open_ends(DWORD first_access, DWORD room, DWORD second_access, DWORD flags,
                      HANDLE *first, HANDLE *second)
{
    static unsigned made;
    wchar_t name[64];
    swprintf(name, 64, L"\\\\.\\pipe\\LOCAL\\brood-test-%lx-%x", GetCurrentProcessId(), made++);
    *first =
        CreateNamedPipeW(name, first_access | FILE_FLAG_OVERLAPPED,
                         PIPE_TYPE_BYTE | PIPE_READMODE_BYTE | PIPE_WAIT, 1, room, room, 0, NULL);
    cr_assert_neq(*first, INVALID_HANDLE_VALUE);
    *second = CreateFileW(name, second_access, 0, NULL, OPEN_EXISTING, flags, NULL);
    cr_assert_neq(*second, INVALID_HANDLE_VALUE);
}

intptr_t make_wide_read_end(int *peer, size_t room)
{
    HANDLE ours, theirs;
    open_ends(PIPE_ACCESS_INBOUND, (DWORD)room, GENERIC_WRITE | FILE_READ_ATTRIBUTES, 0, &ours,
              &theirs);
    *peer = descriptor_of(theirs, ours);
    return (intptr_t)ours;
}

intptr_t make_read_end(int *peer)
{
    return make_wide_read_end(peer, ROOM);
}

intptr_t make_write_end(int *peer)
{
    HANDLE ours, theirs;
    open_ends(PIPE_ACCESS_DUPLEX, ROOM, GENERIC_READ | FILE_WRITE_ATTRIBUTES, 0, &ours, &theirs);
    *peer = descriptor_of(theirs, NULL);
    return (intptr_t)ours;
}

void make_ends(intptr_t *reader, intptr_t *writer)
{
    HANDLE from, to;
    open_ends(PIPE_ACCESS_DUPLEX, ROOM, GENERIC_READ | FILE_WRITE_ATTRIBUTES, FILE_FLAG_OVERLAPPED,
              &to, &from);
    *reader = (intptr_t)from;
    *writer = (intptr_t)to;
}

void make_pipe(int ends[2])
{
    HANDLE from, to;
    cr_assert(CreatePipe(&from, &to, NULL, ROOM));
    ends[0] = descriptor_of(from, NULL);
    ends[1] = descriptor_of(to, from);
}

intptr_t end_of(int fd)
{
    return _get_osfhandle(fd);
}

void close_end(intptr_t end)
{
    cr_assert(CloseHandle(handle_of(end)));
}

intptr_t copy_end(intptr_t end)
{
    HANDLE copy;
    cr_assert(DuplicateHandle(GetCurrentProcess(), handle_of(end), GetCurrentProcess(), &copy, 0,
                              FALSE, DUPLICATE_SAME_ACCESS));
    return (intptr_t)copy;
}

int mode_of(intptr_t end)
{
    DWORD flags;
    return GetHandleInformation(handle_of(end), &flags) ? (int)flags : -1;
}

bool is_untouched(intptr_t end)
{
    return mode_of(end) == 0;
}

static intptr_t open_path(const wchar_t *path)
{
    HANDLE file = CreateFileW(path, GENERIC_READ, FILE_SHARE_READ | FILE_SHARE_WRITE, NULL,
                              OPEN_EXISTING, FILE_FLAG_BACKUP_SEMANTICS, NULL);
    cr_assert_neq(file, INVALID_HANDLE_VALUE);
    return (intptr_t)file;
}

intptr_t open_file(void)
{
    wchar_t path[1024];
    DWORD len = GetModuleFileNameW(NULL, path, 1024);
    cr_assert(len > 0 && len < 1024);
    return open_path(path);
}

intptr_t open_directory(void)
{
    wchar_t path[MAX_PATH + 1];
    DWORD len = GetWindowsDirectoryW(path, MAX_PATH + 1);
    cr_assert(len > 0 && len <= MAX_PATH);
    return open_path(path);
}

/* ---- what is in a pipe -------------------------------------------------------------- */

size_t capacity_of(int fd)
{
    DWORD in, out;
    cr_assert(GetNamedPipeInfo(handle_of(_get_osfhandle(fd)), NULL, &out, &in, NULL));
    cr_assert_gt(in, 0);
    return in;
}

/* Nothing at the end. */
size_t available_at(intptr_t end)
{
    DWORD count = 0;
    if (!PeekNamedPipe(handle_of(end), NULL, 0, NULL, &count, NULL))
        cr_assert_eq(GetLastError(), ERROR_BROKEN_PIPE);
    return count;
}

size_t available(int fd)
{
    return available_at(readers[fd] != NULL ? (intptr_t)readers[fd] : _get_osfhandle(fd));
}

bool is_readable(int fd)
{
    DWORD count = 0;
    return !PeekNamedPipe(handle_of(_get_osfhandle(fd)), NULL, 0, NULL, &count, NULL) || count > 0;
}

bool nobody_reads(int fd)
{
    DWORD count;
    return !WriteFile(handle_of(_get_osfhandle(fd)), "x", 1, &count, NULL) &&
           (GetLastError() == ERROR_NO_DATA || GetLastError() == ERROR_BROKEN_PIPE);
}

void put_bytes(int fd, const void *bytes, size_t len)
{
    cr_assert_eq(_write(fd, bytes, (unsigned)len), (int)len);
}

size_t put_some(int fd, const void *bytes, size_t len)
{
    size_t room = capacity_of(fd) - available(fd);
    if (len > room)
        len = room;
    if (len > 0)
        put_bytes(fd, bytes, len);
    return len;
}

size_t take_bytes(int fd, void *bytes, size_t len)
{
    int n = _read(fd, bytes, (unsigned)len);
    cr_assert_geq(n, 0);
    return (size_t)n;
}

/* ---- the loop and time ---------------------------------------------------------------- */

static struct {
    brood_loop *loop;
    int fd;
    void (*call)(void *arg);
    void *arg;
    brood_handle *timer; /* NULL: nothing is watched */
} watched;

static void look(void *arg)
{
    (void)arg;
    cr_assert_eq(brood_call_at(watched.loop, brood_in(0.0005), look, NULL, &watched.timer), 0);
    if (is_readable(watched.fd))
        watched.call(watched.arg);
}

void watch_peer(brood_loop *loop, int fd, void (*call)(void *arg), void *arg)
{
    cr_assert_null(watched.timer, "one at a time");
    watched.loop = loop;
    watched.fd = fd;
    watched.call = call;
    watched.arg = arg;
    cr_assert_eq(brood_call_soon(loop, look, NULL, &watched.timer), 0);
}

void unwatch_peer(brood_loop *loop, int fd)
{
    if (watched.timer == NULL || watched.loop != loop || watched.fd != fd)
        return;
    brood_handle_cancel(watched.timer);
    watched.timer = NULL;
}

double own_seconds(void)
{
    return (double)brood_now() / 1e9;
}
