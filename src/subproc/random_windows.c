/* The system's random numbers, by way of the C runtime, which every program has. */
#define _CRT_RAND_S
#include <stdlib.h>

#include "random_windows.h"

bool brood__random_fill(unsigned numbers[4])
{
    for (int i = 0; i < 4; i++)
        if (rand_s(&numbers[i]) != 0)
            return false;
    return true;
}
