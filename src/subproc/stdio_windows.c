/* Opening the child's standard handles.  None of them can be inherited: what the child
 * gets are copies, made when it is started. */
#include "stdio_windows.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include "memory.h"
#include "random_windows.h"
#include "spawn.h"
#include "text_windows.h"

enum {
    PIPE_SIZE = 65536,
    NAME_ROOM = 96,
    ATTEMPTS = 16, /* to find a name that nobody uses */
};

static const char *const names[] = {"in", "out", "err"};

/* ---- pipes ---------------------------------------------------------------------- */

/* A name that cannot be guessed, so that nobody can have made it before. */
static bool make_name(wchar_t name[NAME_ROOM])
{
    unsigned random[4];
    if (!brood__random_fill(random))
        return false;
    swprintf(name, NAME_ROOM, L"\\\\.\\pipe\\LOCAL\\brood-%lx-%08x%08x%08x%08x",
             GetCurrentProcessId(), random[0], random[1], random[2], random[3]);
    return true;
}

/* Ours can be waited for; the child's is of the kind that programs expect.  The pipe of
 * its stdin goes both ways, though not for the child: a read on our end shows when the
 * last reader is gone. */
static int open_ends(bool is_input, DWORD size, HANDLE *ours, HANDLE *theirs)
{
    wchar_t name[NAME_ROOM];
    DWORD access = is_input ? PIPE_ACCESS_DUPLEX : PIPE_ACCESS_INBOUND;
    if (!make_name(name))
        return BROOD_EIO;
    *ours = CreateNamedPipeW(name, access | FILE_FLAG_OVERLAPPED | FILE_FLAG_FIRST_PIPE_INSTANCE,
                             PIPE_TYPE_BYTE | PIPE_READMODE_BYTE | PIPE_WAIT |
                                 PIPE_REJECT_REMOTE_CLIENTS,
                             1, size, size, 0, NULL);
    if (*ours == INVALID_HANDLE_VALUE) {
        DWORD error = GetLastError();
        *ours = NULL;
        /* somebody has that name: another one then */
        return error == ERROR_ACCESS_DENIED || error == ERROR_PIPE_BUSY ? BROOD_EBUSY
                                                                        : brood__error_from(error);
    }
    /* A program may ask about its end, and set how it reads. */
    DWORD wanted =
        is_input ? GENERIC_READ | FILE_WRITE_ATTRIBUTES : GENERIC_WRITE | FILE_READ_ATTRIBUTES;
    *theirs = CreateFileW(name, wanted, 0, NULL, OPEN_EXISTING, 0, NULL);
    if (*theirs != INVALID_HANDLE_VALUE)
        return 0;
    int error = brood__last_error();
    CloseHandle(*ours);
    *ours = *theirs = NULL;
    return error;
}

static int open_pipe(struct brood__stdio *stdio, int i, const brood_spawn_options *options)
{
    DWORD size = options->pipe_size > 0 ? (DWORD)options->pipe_size : PIPE_SIZE;
    int error = BROOD_EBUSY;
    for (int attempt = 0; attempt < ATTEMPTS && error == BROOD_EBUSY; attempt++)
        error = open_ends(i == 0, size, &stdio->parent[i], &stdio->child[i]);
    if (error < 0)
        return brood__spawn_failed(options, error, "pipe", names[i]);
    stdio->ours[i] = true;
    return 0;
}

/* ---- files ----------------------------------------------------------------------- */

static int open_path(struct brood__stdio *stdio, int i, const wchar_t *path, DWORD access,
                     DWORD how)
{
    HANDLE file = CreateFileW(path, access, FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE,
                              NULL, how, FILE_ATTRIBUTE_NORMAL, NULL);
    if (file == INVALID_HANDLE_VALUE)
        return brood__last_error();
    stdio->child[i] = file;
    stdio->ours[i] = true;
    return 0;
}

static int open_null(struct brood__stdio *stdio, int i, const brood_spawn_options *options)
{
    int error = open_path(stdio, i, L"NUL", i == 0 ? GENERIC_READ : GENERIC_WRITE, OPEN_EXISTING);
    return error < 0 ? brood__spawn_failed(options, error, "open", "NUL") : 0;
}

static int open_file(struct brood__stdio *stdio, int i, const brood_stdio *wanted,
                     const brood_spawn_options *options)
{
    wchar_t *path;
    DWORD access = GENERIC_READ, how = OPEN_EXISTING;
    if (i > 0 && wanted->append) {
        access = FILE_GENERIC_WRITE & ~(DWORD)FILE_WRITE_DATA;
        how = OPEN_ALWAYS;
    } else if (i > 0) {
        access = GENERIC_WRITE;
        how = CREATE_ALWAYS;
    }
    int error = brood__text_wide(wanted->path, &path);
    if (error == 0) {
        error = open_path(stdio, i, path, access, how);
        brood__free(path);
    }
    return error < 0 ? brood__spawn_failed(options, error, "open", wanted->path) : 0;
}

/* ---- handles that are there already -------------------------------------------------- */

/* A program without a console may have none: then the child gets the null device. */
static int inherit(struct brood__stdio *stdio, int i, const brood_spawn_options *options)
{
    static const DWORD which[] = {STD_INPUT_HANDLE, STD_OUTPUT_HANDLE, STD_ERROR_HANDLE};
    DWORD flags;
    HANDLE mine = GetStdHandle(which[i]);
    if (!brood__handle_is_valid(mine) || !GetHandleInformation(mine, &flags))
        return open_null(stdio, i, options);
    stdio->child[i] = mine;
    return 0;
}

static int lend(struct brood__stdio *stdio, int i, intptr_t handle,
                const brood_spawn_options *options)
{
    DWORD flags;
    stdio->child[i] = brood__handle_of(handle);
    if (brood__handle_is_valid(stdio->child[i]) && GetHandleInformation(stdio->child[i], &flags))
        return 0;
    char what[64];
    snprintf(what, sizeof what, "%lld as %d", (long long)handle, i);
    return brood__spawn_failed(options, BROOD_EBADF, "dup2", what);
}

static int open_one(struct brood__stdio *stdio, int i, const brood_stdio *wanted,
                    const brood_spawn_options *options)
{
    switch (wanted->kind) {
    case BROOD_PIPE:
        return open_pipe(stdio, i, options);
    case BROOD_DEVNULL:
        return open_null(stdio, i, options);
    case BROOD_FILE:
        return open_file(stdio, i, wanted, options);
    case BROOD_STDOUT:
        stdio->child[i] = stdio->child[1];
        return 0;
    default:
        return inherit(stdio, i, options);
    }
}

int brood__stdio_open(struct brood__stdio *stdio, const brood_spawn_options *options)
{
    const brood_stdio *wanted[] = {&options->in, &options->out, &options->err};
    int error = 0;
    /* What is lent comes first: a handle of ours might get the value of one that is closed. */
    for (int i = 0; i < 3 && error == 0; i++)
        if (wanted[i]->kind == BROOD_FD)
            error = lend(stdio, i, wanted[i]->fd, options);
    for (int i = 0; i < 3 && error == 0; i++)
        if (wanted[i]->kind != BROOD_FD)
            error = open_one(stdio, i, wanted[i], options);
    return error;
}

void brood__stdio_take_parent_ends(struct brood__stdio *stdio, intptr_t ends[3])
{
    for (int i = 0; i < 3; i++) {
        ends[i] = stdio->parent[i] != NULL ? brood__number_of(stdio->parent[i]) : -1;
        stdio->parent[i] = NULL;
    }
}

void brood__stdio_close(struct brood__stdio *stdio)
{
    for (int i = 0; i < 3; i++) {
        if (stdio->ours[i])
            CloseHandle(stdio->child[i]);
        if (stdio->parent[i] != NULL)
            CloseHandle(stdio->parent[i]);
    }
    *stdio = (struct brood__stdio){0};
}
