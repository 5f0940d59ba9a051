/* What fanout.c asks the system: what a file is, and whether somebody watches. */
#ifndef EXAMPLE_SYSTEM_H
#define EXAMPLE_SYSTEM_H

#include <stdbool.h>

enum file_kind { FILE_PLAIN, FILE_FOLDER, FILE_OTHER };

#ifdef _WIN32

#include <windows.h>

static enum file_kind file_kind(const char *path)
{
    DWORD attributes = GetFileAttributesA(path);
    if (attributes == INVALID_FILE_ATTRIBUTES ||
        (attributes & (FILE_ATTRIBUTE_DEVICE | FILE_ATTRIBUTE_REPARSE_POINT)) != 0)
        return FILE_OTHER;
    return (attributes & FILE_ATTRIBUTE_DIRECTORY) != 0 ? FILE_FOLDER : FILE_PLAIN;
}

/* A console that knows how to erase a line. */
static bool is_terminal_on_stderr(void)
{
    HANDLE console = GetStdHandle(STD_ERROR_HANDLE);
    DWORD mode;
    return GetConsoleMode(console, &mode) &&
           SetConsoleMode(console, mode | ENABLE_VIRTUAL_TERMINAL_PROCESSING);
}

#else

#include <sys/stat.h>
#include <unistd.h>

static enum file_kind file_kind(const char *path)
{
    struct stat status;
    if (lstat(path, &status) < 0)
        return FILE_OTHER;
    return S_ISREG(status.st_mode)   ? FILE_PLAIN
           : S_ISDIR(status.st_mode) ? FILE_FOLDER
                                     : FILE_OTHER;
}

static bool is_terminal_on_stderr(void)
{
    return isatty(2) == 1;
}

#endif

#endif
