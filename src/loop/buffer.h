/* brood_buffer, for those who must not fail halfway. */
#ifndef BROOD_BUFFER_H
#define BROOD_BUFFER_H

#include "brood.h"

/* Room for `len` more bytes and the NUL: appending them cannot fail then.  ENOMEM. */
int brood__buffer_reserve(brood_buffer *buffer, size_t len);

#endif
