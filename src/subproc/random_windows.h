/* Numbers that nobody can guess. */
#ifndef BROOD_RANDOM_WINDOWS_H
#define BROOD_RANDOM_WINDOWS_H

#include <stdbool.h>

bool brood__random_fill(unsigned numbers[4]);

#endif
