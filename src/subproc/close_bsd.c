/* Closing what a child is not to have, on the BSDs.  FreeBSD's close_range is newer than
 * the systems that this is to run on, where calling it would end the process. */
#include <limits.h>
#include <unistd.h>

#include "child.h"

/* A gap between two numbers that the caller chose is as narrow as those are small; a wide
 * one costs a call for each number in it. */
int brood__sys_close_range(int first, int last)
{
    if (last == INT_MAX) {
        closefrom(first);
        return 0;
    }
    for (int fd = first; fd <= last; fd++)
        close(fd);
    return 0;
}
