/* No CR comes before a newline, and none is taken away. */
#include <fcntl.h>
#include <io.h>

#include "actor.h"

void actor_no_translation(void)
{
    for (int fd = 0; fd < 3; fd++)
        _setmode(fd, _O_BINARY);
}
