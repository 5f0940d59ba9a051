/* A completion port cannot watch what others read. */
#include "loop.h"

int brood_add_reader(brood_loop *loop, int fd, brood_callback *call, void *arg)
{
    (void)loop, (void)fd, (void)call, (void)arg;
    return BROOD_ENOSYS;
}

int brood_add_writer(brood_loop *loop, int fd, brood_callback *call, void *arg)
{
    (void)loop, (void)fd, (void)call, (void)arg;
    return BROOD_ENOSYS;
}

int brood_remove_reader(brood_loop *loop, int fd)
{
    (void)loop, (void)fd;
    return BROOD_ENOSYS;
}

int brood_remove_writer(brood_loop *loop, int fd)
{
    (void)loop, (void)fd;
    return BROOD_ENOSYS;
}

void brood__foreign_close(brood_loop *loop)
{
    (void)loop;
}
