/* df -hl, for Windows, which has no such program: the drives of this machine. */
#include <stdio.h>
#include <windows.h>

/* Rounded up, as df does. */
static void print_size(unsigned long long bytes)
{
    static const char units[] = "BKMGTPE";
    unsigned long long scale = 1;
    size_t unit = 0;
    for (; bytes / scale >= 1024 && unit + 2 < sizeof units; unit++)
        scale *= 1024;
    printf("%4llu%c ", bytes / scale + (bytes % scale != 0), units[unit]);
}

static void print_drive(char letter)
{
    char root[] = {letter, ':', '\\', '\0'};
    ULARGE_INTEGER available, size, unused;
    if (GetDriveTypeA(root) != DRIVE_FIXED ||
        !GetDiskFreeSpaceExA(root, &available, &size, &unused) || size.QuadPart == 0)
        return;
    unsigned long long used = size.QuadPart - unused.QuadPart;
    printf("%c:          ", letter);
    print_size(size.QuadPart);
    print_size(used);
    print_size(available.QuadPart);
    printf("%3d%% %c:/\n", (int)(100 * ((double)used / (double)size.QuadPart)), letter);
}

int main(void)
{
    puts("Filesystem   Size  Used Avail Use% Mounted on");
    DWORD drives = GetLogicalDrives();
    for (int i = 0; i < 26; i++)
        if (drives >> i & 1)
            print_drive((char)('A' + i));
    return 0;
}
