/* Runs one test in its own process: suite init, init, the body, fini, suite
 * fini. A failed cr_assert jumps out of the body, and fini functions still
 * run, as in Criterion. Where a jump is impossible (another thread, a process
 * that the test forked, a fiber on Windows, an init or fini function) the
 * process ends at once. */
#include "runner_body.h"

#include "isolate.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

static const struct cr_test *current;
static struct record *shared;
static long home_process;
static _Thread_local bool in_home_thread;
static bool in_body;
static jmp_buf body_end;
static bool shows_info;

static void call(void (*function)(void))
{
    if (function)
        function();
}

static void call_body(void)
{
    in_body = true;
    if (setjmp(body_end) == 0)
        current->body();
    in_body = false;
}

void body_run(const struct cr_test *test, struct record *record)
{
    const struct cr_suite *suite = test->suite;

    current = test;
    shared = record;
    home_process = isolate_process_id();
    in_home_thread = true;

    call(suite ? suite->options.init : NULL);
    call(test->options.init);
    call_body();
    call(test->options.fini);
    call(suite ? suite->options.fini : NULL);

    /* A real exit(), so that sanitizers look for leaks; they say what they
     * found with an exit status. A forked child that returned out of the
     * body is not the test. */
    if (isolate_process_id() == home_process)
        shared->is_finished = true;
    exit(EXIT_SUCCESS);
}

void body_show_info(void)
{
    shows_info = true;
}

bool body_shows_info(void)
{
    return shows_info;
}

static bool at_home(void)
{
    return in_home_thread && isolate_process_id() == home_process;
}

__attribute__((noreturn)) static void leave_at_once(void)
{
    fflush(stdout);
    _Exit(EXIT_SUCCESS);
}

void cr_stop_test(void)
{
    if (in_body && at_home() && isolate_can_jump())
        longjmp(body_end, 1);
    leave_at_once();
}

void cr_skip_because(const char *format, ...)
{
    va_list args;

    va_start(args, format);
    vsnprintf(shared->skip_reason, sizeof shared->skip_reason, format + 1, args);
    va_end(args);
    shared->is_skipped = true;
    leave_at_once();
}

/* One write for each line, so that tests in parallel do not mix theirs within
 * one. What does not fit is cut. */
__attribute__((format(CR_PRINTF_, 1, 2))) static void say(const char *format, ...)
{
    char line[4096];
    size_t room = sizeof line - 1; /* the last one is for the newline */
    va_list args;
    int n = snprintf(line, room, "%s::%s: ", current->suite_name, current->name);
    size_t length = n > 0 && (size_t)n < room ? (size_t)n : 0;

    va_start(args, format);
    n = vsnprintf(line + length, room - length, format, args);
    va_end(args);
    length += n < 0 ? 0 : (size_t)n < room - length ? (size_t)n : room - length - 1;
    line[length++] = '\n';
    fwrite(line, 1, length, stderr);
}

void cr_failed(const char *file, int line, const char *text, const char *format, ...)
{
    char message[3000];
    va_list args;

    shared->failures++;
    va_start(args, format);
    vsnprintf(message, sizeof message, format, args);
    va_end(args);
    say("%s:%d: failed: %s%s%s", file, line, text, format[1] != '\0' ? ":" : "",
        format[1] != '\0' ? message : "");
}

void cr_failed_strings(const char *file, int line, const char *text, const char *actual,
                       const char *expected, const char *format, ...)
{
    char message[1000];
    va_list args;

    va_start(args, format);
    vsnprintf(message, sizeof message, format, args);
    va_end(args);
    cr_failed(file, line, text, " \"%s\" and \"%s\"%s%s", actual ? actual : "(null)",
              expected ? expected : "(null)", format[1] != '\0' ? ":" : "",
              format[1] != '\0' ? message : "");
}

void cr_log(bool is_warning, const char *format, ...)
{
    char message[3000];
    va_list args;

    if (!is_warning && !shows_info)
        return;
    va_start(args, format);
    vsnprintf(message, sizeof message, format, args);
    va_end(args);
    say("%s: %s", is_warning ? "warning" : "info", message);
}
