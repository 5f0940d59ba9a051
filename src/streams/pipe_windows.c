/* Handles that pipe transports are made of. */
#include "pipe.h"
#include "system_windows.h"

/* A pipe that gives messages, or that does not wait, is of another kind.  A handle that can
 * only write may not be asked: then it is taken for what it should be. */
static int check_mode(HANDLE pipe)
{
    DWORD state, flags;
    if (!GetNamedPipeInfo(pipe, &flags, NULL, NULL, NULL) && GetLastError() != ERROR_ACCESS_DENIED)
        return BROOD_EINVAL; /* a socket, for one */
    if (!GetNamedPipeHandleStateW(pipe, &state, NULL, NULL, NULL, NULL, 0))
        return 0;
    return (state & (PIPE_READMODE_MESSAGE | PIPE_NOWAIT)) != 0 ? BROOD_EINVAL : 0;
}

/* Attaching it to the port is what shows whether it can be read and written while one goes
 * on: that cannot be tried before. */
int brood__pipe_adopt(intptr_t fd, bool *was_blocking, bool *is_socket)
{
    *was_blocking = *is_socket = false;
    SetLastError(NO_ERROR);
    DWORD type = GetFileType(brood__handle_of(fd));
    if (type == FILE_TYPE_UNKNOWN)
        return GetLastError() == NO_ERROR ? BROOD_EINVAL : BROOD_EBADF;
    return type == FILE_TYPE_PIPE ? check_mode(brood__handle_of(fd)) : BROOD_EINVAL;
}

void brood__pipe_give_back(intptr_t fd, bool was_blocking)
{
    (void)fd, (void)was_blocking;
}

bool brood__pipe_is_hangup(intptr_t fd, ptrdiff_t error)
{
    (void)fd, (void)error;
    return false;
}

void brood__pipe_dispose(intptr_t fd, bool was_blocking)
{
    (void)was_blocking;
    CloseHandle(brood__handle_of(fd));
}

void brood__pipe_shut(intptr_t fd, bool writes)
{
    (void)fd, (void)writes; /* no pipe here is a socket */
}
