/* Memory that is about to be read into: macOS and the BSDs have no call for it, and the read
 * brings it in. */
#include "memory.h"

void brood__touch(void *memory, size_t len)
{
    (void)memory, (void)len;
}
