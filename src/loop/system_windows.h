/* Windows itself, and its errors in our codes. */
#ifndef BROOD_SYSTEM_WINDOWS_H
#define BROOD_SYSTEM_WINDOWS_H

#ifndef _WIN32_WINNT
#define _WIN32_WINNT 0x0A00 /* Windows 10 */
#endif
#ifndef WIN32_LEAN_AND_MEAN
#define WIN32_LEAN_AND_MEAN
#endif
#include <stdbool.h>
#include <stdint.h>
#include <windows.h>

/* A negative code for an error of the system (GetLastError). */
int brood__error_from(DWORD error);
int brood__last_error(void);

/* A HANDLE as the rest of the library carries it, and back. */
static inline intptr_t brood__number_of(HANDLE handle)
{
    return (intptr_t)handle;
}

static inline HANDLE brood__handle_of(intptr_t number)
{
    return (HANDLE)number;
}

/* Neither NULL nor INVALID_HANDLE_VALUE, which both mean none. */
static inline bool brood__handle_is_valid(HANDLE handle)
{
    return handle != NULL && handle != INVALID_HANDLE_VALUE;
}

#endif
