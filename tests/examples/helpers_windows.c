#include "helpers.h"

#include <stdio.h>
#include <windows.h>

#include "support.h"

const char example_suffix[] = ".exe";

bool example_make_folder(char *path, size_t size)
{
    char temporary[MAX_PATH + 1];
    static unsigned count;
    DWORD len = GetTempPathA(sizeof temporary, temporary);
    if (len == 0 || len >= sizeof temporary)
        return false;
    snprintf(path, size, "%sbrood-examples-%lu-%u", temporary, GetCurrentProcessId(), count++);
    for (char *c = path; *c != '\0'; c++)
        if (*c == '\\')
            *c = '/';
    return CreateDirectoryA(path, NULL) != 0;
}

bool example_make_executable(const char *path)
{
    (void)path; /* by its name */
    return true;
}

/* The file of a program stays as long as that runs, and a little longer. */
bool example_remove_file(const char *path)
{
    brood_time deadline = test_deadline();
    while (!DeleteFileA(path)) {
        DWORD error = GetLastError();
        if ((error != ERROR_ACCESS_DENIED && error != ERROR_SHARING_VIOLATION) ||
            brood_now() > deadline)
            return false;
        Sleep(1);
    }
    return true;
}

bool example_remove_folder(const char *path)
{
    return RemoveDirectoryA(path) != 0;
}
