/* cat, for Windows, which has no such program: its input as it is, byte by byte. */
#include <fcntl.h>
#include <io.h>

int main(void)
{
    char block[65536];
    int n;
    _setmode(0, _O_BINARY);
    _setmode(1, _O_BINARY);
    while ((n = _read(0, block, sizeof block)) > 0)
        for (int at = 0, part; at < n; at += part)
            if ((part = _write(1, block + at, (unsigned)(n - at))) <= 0)
                return 1;
    return n < 0;
}
