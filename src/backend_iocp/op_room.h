/* What this backend keeps in an operation that is in flight: an OVERLAPPED. */
#ifndef BROOD_OP_ROOM_H
#define BROOD_OP_ROOM_H

#define BROOD__OP_ROOM void *room[4];

#endif
