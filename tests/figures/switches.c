/* Two contexts that switch to each other and back so many times: run under callgrind,
 * which counts the instructions. */
#include <stdio.h>
#include <stdlib.h>

#include "brood.h"
#include "context.h"

static struct brood__context outer, inner;

static void bounce(void *arg)
{
    (void)arg;
    brood__context_arrived(&inner);
    for (;;)
        brood__context_switch(&inner, &outer);
}

int main(int argc, char **argv)
{
    struct brood__stack stack;
    long count = argc == 2 ? strtol(argv[1], NULL, 10) : 0;
    if (count <= 0 || brood__stack_open(&stack, BROOD_TASK_STACK_SIZE) < 0) {
        fputs("usage: switches COUNT\n", stderr);
        return 2;
    }
    brood__context_make(&inner, &stack, bounce, NULL);
    brood_time began = brood_now();
    for (long i = 0; i < count; i++)
        brood__context_switch(&outer, &inner);
    printf("%.2f\n", (double)(brood_now() - began) / (double)count);
    brood__context_drop(&inner);
    brood__stack_close(&stack);
    return 0;
}
