/* Each thing that a spawn needs is refused at its first use, its second, and so on:
 * every failure is clean, and afterwards all is well. */
#include <sys/resource.h>

#include "helpers.h"

SUITE(faults);

static char output[64];
static brood_child_fd lent;
static int kind = BROOD_PIPE; /* of the child's 0 and 1 */

static int preexec_succeeds(void *arg)
{
    (void)arg;
    return 0;
}

/* A spawn that needs something of everything. */
static brood_spawn_options rich(bool forks)
{
    brood_spawn_options options = {
        .in.kind = kind,
        .out.kind = kind,
        .fds = &lent,
        .fd_count = 1,
        .pipe_size = 8192,
        .err = {.kind = BROOD_FILE, .path = output, .append = true},
        .nice = 1,
        .new_session = true,
    };
    options.preexec = forks ? preexec_succeeds : NULL;
    return options;
}

static void begin(void)
{
    scratch_begin();
    snprintf(output, sizeof output, "%s", in_scratch("err"));
    lent = (brood_child_fd){.child = 20, .parent = text_file("lent", FD_CLOEXEC)};
}

static void end(void)
{
    close(lent.parent);
    scratch_end();
}

/* A child that was started in spite of everything, or a later one, is in order. */
static bool runs_well(brood_loop *loop, struct kid *kid)
{
    brood_loop_step(loop, BROOD_NOWAIT);
    brood_pipe_close(brood_subprocess_pipe(kid->transport, 0));
    bool over = run_until(loop, &kid->lost);
    bool fine = over && kid->code == 3 && kid->text.len > 0 && strcmp(kid->text.data, "lent") == 0;
    brood_subprocess_close(kid->transport);
    brood_loop_step(loop, BROOD_NOWAIT);
    brood_buffer_free(&kid->text);
    *kid = (struct kid){0};
    return fine;
}

struct fault_case {
    const char *name;
    int error;
    bool forks;
    void (*set)(const struct fault_case *fault, unsigned nth);
    bool (*struck)(const struct fault_case *fault);
    enum fault call;
    unsigned before;
};

/* Spawns in a fresh loop with the nth use refused; false: there was no nth use. */
static bool spawn_with(struct fault_case *fault, unsigned nth)
{
    const char *const *arguments = ARGV("show", "20", "eof", "0", "exit", "3");
    brood_loop *loop = test_loop();
    brood_spawn_failure failure = {0};
    brood_spawn_options options = rich(fault->forks);
    struct kid kid = {0};
    options.failure = &failure;
    fault->before = test_faults(fault->call);
    fault->set(fault, nth);
    int error = kid_start(loop, &kid, options, arguments);
    bool struck = fault->struck(fault);
    fault->set(fault, 0);
    if (error == 0) { /* not struck, or done without what was refused */
        cr_expect(runs_well(loop, &kid), "%s %u: the child is not in order", fault->name, nth);
    } else {
        cr_expect(struck, "%s %u: %s %s", fault->name, nth, brood_errname(error), failure.step);
        cr_expect_eq(error, fault->error, "%s %u: %s %s", fault->name, nth, brood_errname(error),
                     failure.step);
        cr_expect_eq(failure.error, error);
        cr_expect_not_null(failure.step, "%s %u", fault->name, nth);
        cr_expect_null(kid.transport);
        test_settle(loop);
        cr_expect_eq(kid.calls, 0);
        cr_expect_not(test_has_children(), "%s %u: a child is left", fault->name, nth);
        /* The same loop, without the fault. */
        options.failure = NULL;
        cr_assert_eq(kid_start(loop, &kid, options, arguments), 0);
        cr_expect(runs_well(loop, &kid), "%s %u: the next child is not in order", fault->name, nth);
    }
    test_loop_close(loop);
    return struck;
}

/* How many uses there are. */
static unsigned each_use(struct fault_case fault)
{
    unsigned nth = 1;
    begin();
    int descriptors = test_count_descriptors();
    size_t allocations = test_live_allocations();
    while (nth < 200 && spawn_with(&fault, nth)) {
        cr_expect_eq(test_count_descriptors(), descriptors, "%s %u: descriptors", fault.name, nth);
        cr_expect_eq(test_live_allocations(), allocations, "%s %u: memory", fault.name, nth);
        nth++;
    }
    end();
    return nth - 1;
}

static void set_call(const struct fault_case *fault, unsigned nth)
{
    test_fail_call(fault->call, nth, -fault->error, 0);
}

static bool call_struck(const struct fault_case *fault)
{
    return test_faults(fault->call) != fault->before;
}

static void set_allocation(const struct fault_case *fault, unsigned nth)
{
    (void)fault;
    test_fail_allocation(nth, false);
}

static bool allocation_struck(const struct fault_case *fault)
{
    (void)fault;
    return test_allocation_failed();
}

static unsigned each_call(enum fault call, const char *name, int error, bool forks)
{
    return each_use((struct fault_case){.name = name,
                                        .error = error,
                                        .forks = forks,
                                        .set = set_call,
                                        .struck = call_struck,
                                        .call = call});
}

/* ---- each kind ------------------------------------------------------------------------- */

Test(faults, memory)
{
    struct fault_case fault = {.name = "memory",
                               .error = BROOD_ENOMEM,
                               .set = set_allocation,
                               .struck = allocation_struck};
    cr_expect_geq(each_use(fault), 5); /* watcher, transport, plan, moves, a path ... */
    fault.forks = true;
    cr_expect_geq(each_use(fault), 4);
}

Test(faults, pipe2)
{
    /* in, out, hold, and the report, which is done without once one child has been seen */
    cr_expect_geq(each_call(FAULT_PIPE2, "pipe2", BROOD_EMFILE, false), 2);
    cr_expect_eq(each_call(FAULT_PIPE2, "pipe2", BROOD_ENFILE, true),
                 brood__index_by_handle ? 4 : 3);
}

/* One for both ways, with the size of each. */
Test(faults, sockets)
{
    kind = BROOD_SOCKET;
    cr_expect_eq(each_call(FAULT_SOCKETPAIR, "socketpair", BROOD_EMFILE, false), 1);
    cr_expect_geq(each_call(FAULT_SETSOCKOPT, "setsockopt", BROOD_ENOBUFS, false), 2);
    cr_expect_geq(each_call(FAULT_FCNTL, "fcntl", BROOD_EMFILE, false), 2);
    each_call(FAULT_POLLER_SET, "epoll_ctl", BROOD_ENOSPC, false);
    kind = BROOD_PIPE;
}

Test(faults, fcntl)
{
    cr_expect_geq(each_call(FAULT_FCNTL, "fcntl", BROOD_EPERM, false), 4);
    cr_expect_geq(each_call(FAULT_FCNTL, "fcntl", BROOD_ENOMEM, true), 4);
}

Test(faults, open)
{
    cr_expect_eq(each_call(FAULT_OPEN, "open", BROOD_EACCES, false), 1);
    cr_expect_eq(each_call(FAULT_OPEN, "open", BROOD_EMFILE, false), 1);
}

Test(faults, clone)
{
    cr_expect_eq(each_call(FAULT_CLONE, "clone", BROOD_EAGAIN, false), 1);
    cr_expect_eq(each_call(FAULT_CLONE, "clone", BROOD_ENOMEM, false), 1);
}

Test(faults, fork)
{
    cr_expect_eq(each_call(FAULT_FORK, "fork", BROOD_EAGAIN, true), 1);
    cr_expect_eq(each_call(FAULT_FORK, "fork", BROOD_ENOMEM, true), 1);
}

Test(faults, epoll_create1)
{
    each_call(FAULT_POLLER_OPEN, "epoll_create1", BROOD_EMFILE, false);
}

Test(faults, epoll_ctl)
{
    each_call(FAULT_POLLER_SET, "epoll_ctl", BROOD_ENOSPC, false);
    each_call(FAULT_POLLER_SET, "epoll_ctl", BROOD_ENOMEM, true);
}

Test(faults, sigaction)
{
    each_call(FAULT_SIGACTION, "sigaction", BROOD_EINVAL, false);
}

Test(faults, process_open)
{
    each_call(FAULT_PROCESS_OPEN, "process_open", BROOD_EMFILE, false);
    each_call(FAULT_PROCESS_OPEN, "process_open", BROOD_ENOMEM, true);
}

/* ---- an open of a device that is interrupted ---------------------------------------------- */

Test(faults, an_interrupted_open_is_repeated)
{
    begin();
    test_fail_call(FAULT_OPEN, 1, EINTR, 0);
    brood_spawn_options options = {.in.kind = BROOD_DEVNULL};
    cr_expect_str_eq(look(options, ARGV("cat", "out", "x")), "x");
    cr_expect_eq(test_faults(FAULT_OPEN), 1);
    end();
}

/* ---- a watcher that cannot be made active --------------------------------------------------- */

static void watcher_refused(enum fault call, unsigned which, int error, int watcher)
{
    brood_loop *loop = open_loop(watcher);
    brood_spawn_failure failure = {0};
    struct kid kid = {0};
    unsigned born = test_calls(FAULT_CLONE);
    cr_assert_not_null(loop);
    test_fail_call(call, which, -error, 0);
    cr_expect_eq(
        kid_start(loop, &kid, (brood_spawn_options){.failure = &failure}, ARGV("exit", "0")),
        error);
    test_fail_call(call, 0, 0, 0);
    cr_expect_str_eq(failure.step, "watch");
    cr_expect_eq(test_calls(FAULT_CLONE), born, "a process was created");
    cr_assert_eq(kid_start(loop, &kid, (brood_spawn_options){0}, ARGV("exit", "0")), 0);
    cr_expect(kid_finish(loop, &kid));
}

Test(faults, sem_05_a_watcher_that_is_not_active_refuses_before_a_process_is_created)
{
    bool indexed = test_abilities().child_events;
    if (indexed) {
        watcher_refused(FAULT_POLLER_OPEN, 1, BROOD_EMFILE, BROOD_WATCH_SIGCHLD);
        watcher_refused(FAULT_POLLER_OPEN, 1, BROOD_EMFILE, BROOD_WATCH_PROCFD);
    }
    /* With an index the handler is needed where SIGCHLD is ignored, which is asked first. */
    signal(SIGCHLD, SIG_IGN);
    watcher_refused(FAULT_SIGACTION, indexed ? 2 : 1, BROOD_EINVAL, BROOD_WATCH_SIGCHLD);
    signal(SIGCHLD, SIG_DFL);
}

/* Too late to refuse: the clock does what the signal would. */
Test(faults, a_child_without_a_handle_whose_signal_cannot_be_had_is_asked_by_the_clock)
{
    if (!test_abilities().child_events)
        cr_skip_test("without an index the handler comes before the first child");
    brood_loop *loop = open_loop(BROOD_WATCH_SIGCHLD);
    struct kid kid = {0};
    next_without_handle();
    test_fail_call(FAULT_SIGACTION, 2, EINVAL, 0);
    cr_assert_eq(kid_start(loop, &kid, (brood_spawn_options){0}, ARGV("exit", "7")), 0);
    cr_expect_eq(test_faults(FAULT_SIGACTION), 1);
    test_fail_call(FAULT_SIGACTION, 0, 0, 0);
    cr_assert(run_until(loop, &kid.lost));
    cr_expect_eq(kid.code, 7);
    test_loop_close(loop);
}

/* ---- no descriptors left ---------------------------------------------------------------------- */

static void spawn_at_every_limit(void)
{
    struct rlimit before, now;
    bool started = false;
    begin();
    cr_assert_eq(getrlimit(RLIMIT_NOFILE, &before), 0);
    int descriptors = test_count_descriptors();
    for (rlim_t limit = 3; !started && limit < 200; limit++) {
        brood_loop *loop = test_loop();
        struct kid kid = {0};
        brood_spawn_failure failure = {0};
        brood_spawn_options options = {
            .in.kind = kind, .out.kind = kind, .err.kind = BROOD_DEVNULL, .failure = &failure};
        now = (struct rlimit){.rlim_cur = limit, .rlim_max = before.rlim_max};
        cr_assert_eq(setrlimit(RLIMIT_NOFILE, &now), 0);
        int error = kid_start(loop, &kid, options, ARGV("out", "x"));
        cr_assert_eq(setrlimit(RLIMIT_NOFILE, &before), 0);
        if (error == 0) {
            started = true;
            cr_assert(run_until(loop, &kid.lost));
            cr_expect_eq(kid.code, 0);
            cr_expect_str_eq(kid.text.data, "x");
            brood_buffer_free(&kid.text);
        } else {
            cr_expect_eq(error, BROOD_EMFILE, "limit %d: %s %s %s", (int)limit,
                         brood_errname(error), failure.step, failure.what);
            cr_expect_not(test_has_children());
        }
        test_loop_close(loop);
        cr_expect_eq(test_count_descriptors(), descriptors, "limit %d", (int)limit);
    }
    cr_expect(started);
    end();
}

Test(faults, emfile_at_every_limit_is_clean)
{
    NOT_UNDER_VALGRIND("Valgrind keeps descriptors for itself");
    spawn_at_every_limit();
    kind = BROOD_SOCKET;
    spawn_at_every_limit();
    kind = BROOD_PIPE;
}
