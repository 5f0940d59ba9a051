/* What the tests of processes share: children, gates that hold them up, tasks, and
 * text of any length.  All of it asserts: not for threads and forked processes. */
#ifndef BROOD_TEST_PROCESSES_H
#define BROOD_TEST_PROCESSES_H

#include "helpers.h"

#define CHILD(...) ARGV(test_child(), __VA_ARGS__)
#define PIPE_IN    .in.kind = BROOD_PIPE
#define PIPE_OUT   .out.kind = BROOD_PIPE
#define PIPE_ERR   .err.kind = BROOD_PIPE
#define ALL_PIPES  PIPE_IN, PIPE_OUT, PIPE_ERR

static inline brood_process *spawn(brood_loop *loop, brood_spawn_options options,
                                   const char *const *argv)
{
    brood_process *process = NULL;
    options.argv = argv;
    cr_assert_eq(brood_spawn(loop, &options, &process), 0);
    return process;
}

/* The return code, waited for. */
static inline brood_returncode code_of(brood_process *process)
{
    brood_returncode code = -1000;
    cr_assert_eq(brood_process_wait(process, &code, test_deadline()), 0);
    return code;
}

/* Of one that was killed, one that was terminated, and one that has written where nobody
 * reads. */
extern const brood_returncode code_killed, code_terminated, code_broken_pipe;

/* Closes both; whatever the process was at. */
static inline void close_all(brood_process *process, brood_loop *loop)
{
    brood_process_close(process);
    test_loop_close(loop);
}

/* A number on a line of its own: what the child's `fork` says. */
static inline int64_t number_from(brood_process *process)
{
    char text[32] = "";
    brood_slice line;
    ptrdiff_t n = brood_reader_readline(brood_process_stdout(process), &line, test_deadline());
    cr_assert(n > 1 && n < (ptrdiff_t)sizeof text);
    memcpy(text, line.data, line.len);
    return strtoll(text, NULL, 10);
}

/* ---- gates ------------------------------------------------------------------------- */

/* A pipe to the child beside those of brood's.  The child knows its end by the name:
 * `byte NAME` waits for one byte from here, `eof NAME` for the gate's end.  It has the end
 * by a number of its own, or has inherited it, as the system has it. */
struct gate {
    intptr_t ours, childs;
    char name[24];
    brood_child_fd fds[3];
    size_t fd_count;
    bool inherited;
};
#define GATE(gate) .fds = (gate)->fds, .fd_count = (gate)->fd_count, .keep_fds = (gate)->inherited

struct gate gate_make(void);
/* One that the child writes to. */
struct gate gate_make_back(void);
/* Whoever gets the gate gets the other one too; before its name is used. */
void gate_add(struct gate *gate, struct gate *other);

void gate_pass(const struct gate *gate);
/* What the child has written at once, or the end: "". */
void gate_hear(const struct gate *gate, char *text, size_t size);
void gate_end(struct gate *gate);

/* ---- processes that are no brood's --------------------------------------------------- */

/* A running child that has been left to this process: ends it, and nothing is left. */
void end_left_child(int64_t pid);
/* Kills any running process. */
void kill_process(int64_t pid);
/* How many children this process has had since the first question. */
unsigned count_births(void);
/* Whether the system tells what a process has used once it has ended: Wine doesn't. */
bool usage_is_told(void);
#define NEEDS_USAGE                                           \
    do {                                                      \
        if (!usage_is_told())                                 \
            cr_skip_test("the system forgets what was used"); \
    } while (0)

/* ---- tasks --------------------------------------------------------------------------- */

static inline brood_task *start_task(brood_loop *loop, brood_task_main *main, void *arg)
{
    brood_task *task = NULL;
    cr_assert_eq(brood_task_start(loop, main, arg, &task), 0);
    return task;
}

static inline int join_task(brood_task *task)
{
    int result = 12345;
    cr_assert_eq(brood_task_join(task, &result, test_deadline()), 0);
    return result;
}

/* ---- text ------------------------------------------------------------------------------ */

/* "abc...zabc..." as the child's `fill` writes it; to be freed. */
static inline char *alphabet(size_t len)
{
    char *text = malloc(len + 1);
    cr_assert_not_null(text);
    for (size_t i = 0; i < len; i++)
        text[i] = (char)('a' + i % 26);
    text[len] = '\0';
    return text;
}

static inline bool is_alphabet(const char *text, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if (text[i] != (char)('a' + i % 26))
            return false;
    return true;
}

/* Whether a buffer holds this text and no more; an empty one may have no memory. */
static inline bool holds(const brood_buffer *buffer, const char *text)
{
    return buffer->len == strlen(text) && (buffer->len == 0 || strcmp(buffer->data, text) == 0);
}

#endif
