/* Memory that is about to be read into.  Linux can be told to bring it in before; otherwise
 * the read does it, page by page, with the pipe locked, for which the writer waits. */
#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

#include "memory.h"

#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23 /* since Linux 5.14; fails before, and nothing is lost by it */
#endif

/* Whole pages alone: a rest at the end may be a part of what is not ours. */
void brood__touch(void *memory, size_t len)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE), before = (uintptr_t)memory % page;
    size_t whole = (before + len) / page * page;
    if (whole > 0)
        madvise((char *)memory - before, whole, MADV_POPULATE_WRITE);
}
