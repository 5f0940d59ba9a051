/* The protocol that writes down what happens to a child. */
#include <stdio.h>

#include "support.h"

static void note(struct recorder *recorder, const char *event)
{
    size_t used = strlen(recorder->log), length = strlen(event);
    /* Data comes in any number of pieces: that is no event of its own. */
    if (used >= length && strncmp(event, "data", 4) == 0 &&
        strcmp(recorder->log + used - length, event) == 0)
        return;
    cr_assert_lt(used + length + 2, sizeof recorder->log);
    if (used > 0)
        recorder->log[used++] = ' ';
    memcpy(recorder->log + used, event, length + 1);
}

static void made(void *arg, brood_subprocess *transport)
{
    struct recorder *recorder = arg;
    recorder->transport = transport;
    recorder->made = true;
    note(recorder, "made");
}

static void data(void *arg, int fd, const void *bytes, size_t len)
{
    struct recorder *recorder = arg;
    char event[16];
    snprintf(event, sizeof event, "data%d", fd);
    note(recorder, event);
    cr_assert_gt(len, 0);
    cr_assert_eq(brood_buffer_append(&recorder->out[fd], bytes, len), 0);
}

static void pipe_lost(void *arg, int fd, int error)
{
    struct recorder *recorder = arg;
    char event[32];
    snprintf(event, sizeof event, "lost%d%s%s", fd, error < 0 ? ":" : "",
             error < 0 ? brood_errname(error) : "");
    note(recorder, event);
    recorder->lost_pipe[fd] = true;
    recorder->lost_error[fd] = error;
}

static void exited(void *arg)
{
    struct recorder *recorder = arg;
    note(recorder, "exit");
    recorder->exited = true;
    cr_assert(brood_subprocess_returncode(recorder->transport, &recorder->returncode));
}

static void lost(void *arg, int error)
{
    struct recorder *recorder = arg;
    note(recorder, "lost");
    cr_assert_eq(error, 0);
    recorder->lost = true;
    if (recorder->close_when_lost)
        brood_subprocess_close(recorder->transport);
}

static void pause_writing(void *arg)
{
    note(arg, "pause");
}

static void resume_writing(void *arg)
{
    note(arg, "resume");
}

const brood_subprocess_protocol recorder_protocol = {
    .connection_made = made,
    .pipe_data_received = data,
    .pipe_connection_lost = pipe_lost,
    .process_exited = exited,
    .connection_lost = lost,
    .pause_writing = pause_writing,
    .resume_writing = resume_writing,
};

void recorder_free(struct recorder *recorder)
{
    for (int fd = 0; fd < 3; fd++)
        brood_buffer_free(&recorder->out[fd]);
}

void test_exec(brood_loop *loop, struct recorder *recorder, const brood_spawn_options *options)
{
    brood_spawn_failure failure = {0};
    brood_spawn_options with_failure = *options;
    if (options->failure == NULL)
        with_failure.failure = &failure;
    int error = brood_subprocess_exec(loop, &recorder_protocol, recorder, &with_failure,
                                      &recorder->transport);
    cr_assert_eq(error, 0, "exec: %s %s: %s", with_failure.failure->step,
                 with_failure.failure->what, brood_errname(error));
    cr_assert_null(failure.step, "untouched without a failure");
}

brood_returncode test_run_child(struct recorder *recorder, brood_spawn_options options,
                                const char *const *arguments)
{
    const char *argv[32] = {test_child()};
    for (size_t i = 0; arguments[i] != NULL; i++) {
        cr_assert_lt(i + 2, sizeof argv / sizeof *argv);
        argv[i + 1] = arguments[i];
    }
    if (options.argv == NULL)
        options.argv = argv;
    brood_loop *loop = test_loop();
    recorder->close_when_lost = true;
    test_exec(loop, recorder, &options);
    test_run_until(loop, &recorder->lost);
    test_loop_close(loop);
    return recorder->returncode;
}
