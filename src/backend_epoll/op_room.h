/* What this backend keeps in an operation that is in flight: nothing. */
#ifndef BROOD_OP_ROOM_H
#define BROOD_OP_ROOM_H

#define BROOD__OP_ROOM

#endif
