/* What actor.c leaves to the system. */
#ifndef BROOD_TEST_ACTOR_H
#define BROOD_TEST_ACTOR_H

/* Bytes go in and out as they are. */
void actor_no_translation(void);

#endif
