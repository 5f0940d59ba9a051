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

/* The child's descriptor 3: `byte 3` waits for one byte from here, `eof 3` for the
 * gate's end. */
struct gate {
    int ends[2];
    brood_child_fd fd;
};
#define GATE(gate) .fds = &(gate)->fd, .fd_count = 1

static inline struct gate gate_make(void)
{
    struct gate gate;
    cr_assert_eq(pipe2(gate.ends, O_CLOEXEC), 0);
    gate.fd = (brood_child_fd){.child = 3, .parent = gate.ends[0]};
    return gate;
}

static inline void gate_pass(const struct gate *gate)
{
    cr_assert_eq(write(gate->ends[1], "x", 1), 1);
}

static inline void gate_end(struct gate *gate)
{
    if (gate->ends[0] >= 0) {
        close(gate->ends[0]);
        close(gate->ends[1]);
    }
    gate->ends[0] = -1;
}

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
