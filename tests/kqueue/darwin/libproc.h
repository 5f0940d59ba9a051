/* How macOS tells which descriptors are open: emulated by darwin.c. */
#ifndef BROOD_TEST_LIBPROC_H
#define BROOD_TEST_LIBPROC_H

#include <stdint.h>

int proc_pidinfo(int pid, int flavor, uint64_t arg, void *buffer, int size);

#endif
