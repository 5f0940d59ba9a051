/* Bytes are bytes here. */
#include "actor.h"

void actor_no_translation(void)
{
}
