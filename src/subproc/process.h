/* The process, for the files that do something with one. */
#ifndef BROOD_PROCESS_H
#define BROOD_PROCESS_H

#include "reader.h"
#include "subprocess.h"
#include "wait.h"
#include "writer.h"

struct brood_process {
    struct brood__owned owned;
    brood_loop *loop;
    brood_subprocess *transport;
    int64_t pid;
    brood_returncode returncode;               /* once it has exited */
    bool exited;                               /* the loop has seen it end                        */
    bool finished;                             /* and all its pipes: the transport's last event   */
    bool closed;                               /* by its owner: freed once it has finished        */
    bool cut;                                  /* pipes were closed after the grace period        */
    bool fed;                                  /* its input has been given, by communicate        */
    brood_writer *in, in_space;                /* NULL, or its space */
    brood_reader *outputs[2], output_space[2]; /* stdout, stderr */
    struct brood__link exit_waiters, finish_waiters;
    brood_time grace; /* how long; 0: for ever */
    struct brood__timer grace_timer;
    struct brood__post post; /* to free it */
};

/* 0, EINVAL, EFORK, ECLOSED. */
int brood__process_check(const brood_process *process);

/* ---- communicate.c: reading while something else is waited for ------------------ */

/* From now on whatever the child says is kept, or dropped, beyond any limit; EBUSY
 * when somebody reads.  Until stop. */
int brood__process_gather(brood_process *process, bool keep_out, bool keep_err);
void brood__process_gather_stop(brood_process *process);

/* brood_process_communicate; without `keep`, input that is left when it fails is dropped,
 * and stdin closed. */
int brood__process_communicate(brood_process *process, const void *input, size_t len,
                               brood_buffer *out, brood_buffer *err, brood_time deadline,
                               bool keep);

/* process.c.  What the child has written until now comes into its readers, beyond any limit.
 * ENOMEM, also if that has lost some before. */
int brood__process_take_rest(brood_process *process);

/* What has come, appended; NULL drops it. */
int brood__process_take(brood_process *process, brood_buffer *out, brood_buffer *err);

#endif
