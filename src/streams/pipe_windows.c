/* Handles that pipe transports are made of. */
#include "pipe.h"
#include "system_windows.h"

/* Attaching it to the port is what shows whether it can be read and written while one goes
 * on: with that it cannot be tried before. */
int brood__pipe_adopt(intptr_t fd, bool *was_blocking)
{
    *was_blocking = false;
    SetLastError(NO_ERROR);
    DWORD type = GetFileType(brood__handle_of(fd));
    if (type == FILE_TYPE_UNKNOWN)
        return GetLastError() == NO_ERROR ? BROOD_EINVAL : BROOD_EBADF;
    return type == FILE_TYPE_PIPE ? 0 : BROOD_EINVAL;
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
