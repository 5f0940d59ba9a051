/* Pipe transports as Windows makes them: what they can be made of, a reader that goes, the
 * end, reads that stay in flight while a pipe is paused, and the one write in flight. */
#include <io.h>
#include <windows.h>

#include "pipe.h"
#include "pipe_recorder.h"

SUITE(pipe_windows);

enum { ROOM = 65536 };

/* ---- what is connected --------------------------------------------------------------- */

static void refuse(HANDLE handle, int error)
{
    brood_loop *loop = test_loop();
    struct pipe_recorder recorder = {0};
    DWORD flags;
    intptr_t end = (intptr_t)handle;
    bool open = GetHandleInformation(handle, &flags);
    cr_expect_eq(
        brood_connect_read_pipe(loop, end, &pipe_recorder_protocol, &recorder, &recorder.pipe),
        error);
    cr_expect_eq(
        brood_connect_write_pipe(loop, end, &pipe_recorder_protocol, &recorder, &recorder.pipe),
        error);
    cr_expect_null(recorder.pipe);
    test_settle(loop);
    cr_expect_str_eq(recorder.log, "");
    test_loop_close(loop);
    cr_expect_eq(GetHandleInformation(handle, &flags) != 0, open, "it is the caller's");
}

/* They are pipes, and cannot be waited for: each read and write would block. */
Test(pipe_windows, sem_11_the_ends_of_an_anonymous_pipe_are_refused_and_stay_as_they_were)
{
    HANDLE from, to;
    char byte = 0;
    DWORD count;
    cr_assert(CreatePipe(&from, &to, NULL, 0));
    refuse(from, BROOD_EINVAL);
    refuse(to, BROOD_EINVAL);
    cr_assert(WriteFile(to, "x", 1, &count, NULL));
    cr_assert(ReadFile(from, &byte, 1, &count, NULL));
    cr_assert_eq(byte, 'x');
    CloseHandle(from);
    CloseHandle(to);
}

/* The reading end of a new pipe of the host's making, and the other one. */
static HANDLE make_own_pipe(DWORD mode, HANDLE *peer)
{
    static const wchar_t name[] = L"\\\\.\\pipe\\LOCAL\\brood-test-own";
    HANDLE ours = CreateNamedPipeW(name, PIPE_ACCESS_INBOUND | FILE_FLAG_OVERLAPPED, mode, 1, 4096,
                                   4096, 0, NULL);
    cr_assert_neq(ours, INVALID_HANDLE_VALUE);
    *peer = CreateFileW(name, GENERIC_WRITE, 0, NULL, OPEN_EXISTING, 0, NULL);
    cr_assert_neq(*peer, INVALID_HANDLE_VALUE);
    return ours;
}

Test(pipe_windows, sem_11_a_pipe_of_messages_or_one_that_does_not_wait_is_refused)
{
    static const DWORD modes[] = {PIPE_TYPE_MESSAGE | PIPE_READMODE_MESSAGE, PIPE_NOWAIT};
    for (int i = 0; i < 2; i++) {
        HANDLE peer, ours = make_own_pipe(modes[i], &peer);
        refuse(ours, BROOD_EINVAL);
        CloseHandle(peer);
        CloseHandle(ours);
    }
}

/* What is done at once is then told by no packet. */
Test(pipe_windows, a_host_may_have_asked_for_fewer_packets)
{
    brood_loop *loop = test_loop();
    struct pipe_recorder reading = {0};
    HANDLE peer, ours = make_own_pipe(PIPE_TYPE_BYTE, &peer);
    DWORD count;
    cr_assert(SetFileCompletionNotificationModes(ours, FILE_SKIP_COMPLETION_PORT_ON_SUCCESS));
    cr_assert(WriteFile(peer, "there already", 13, &count, NULL));
    record_reading(loop, &reading, (intptr_t)ours);
    while (reading.received < 13)
        cr_assert_eq(brood_loop_step(loop, test_deadline()), 0);
    cr_assert(WriteFile(peer, " and later", 10, &count, NULL));
    while (reading.received < 23)
        cr_assert_eq(brood_loop_step(loop, test_deadline()), 0);
    CloseHandle(peer);
    test_run_until(loop, &reading.lost);
    cr_expect_str_eq(reading.log, "made data eof lost");
    cr_expect_str_eq(reading.bytes.data, "there already and later");
    test_loop_close(loop);
    pipe_recorder_free(&reading);
}

Test(pipe_windows, sem_11_files_and_devices_are_refused)
{
    intptr_t file = open_file();
    HANDLE null = CreateFileW(L"NUL", GENERIC_READ | GENERIC_WRITE, 0, NULL, OPEN_EXISTING,
                              FILE_FLAG_OVERLAPPED, NULL);
    cr_assert_neq(null, INVALID_HANDLE_VALUE);
    refuse((HANDLE)file, BROOD_EINVAL);
    refuse(null, BROOD_EINVAL);
    close_end(file);
    CloseHandle(null);
}

Test(pipe_windows, sem_11_handles_of_other_kinds_are_refused)
{
    HANDLE event = CreateEventW(NULL, TRUE, FALSE, NULL);
    cr_assert_not_null(event);
    brood_loop *loop = test_loop();
    struct pipe_recorder recorder = {0};
    cr_expect_lt(brood_connect_read_pipe(loop, (intptr_t)event, &pipe_recorder_protocol, &recorder,
                                         &recorder.pipe),
                 0);
    cr_expect_null(recorder.pipe);
    test_loop_close(loop);
    cr_assert(CloseHandle(event));
}

Test(pipe_windows, what_is_not_open_is_refused)
{
    refuse((HANDLE)(intptr_t)0xabcdc, BROOD_EBADF);
    refuse(NULL, BROOD_EBADF);
    refuse(INVALID_HANDLE_VALUE, BROOD_EBADF);
}

/* Two loops cannot share a pipe: a handle belongs to one port for good. */
Test(pipe_windows, a_handle_that_a_loop_has_is_refused_by_another)
{
    struct pipe_recorder reading = {0}, other = {0};
    brood_loop *first = test_loop(), *second = test_loop();
    int peer;
    intptr_t end = make_read_end(&peer);
    record_reading(first, &reading, end);
    cr_expect_eq(brood_connect_read_pipe(second, end, &pipe_recorder_protocol, &other, &other.pipe),
                 BROOD_EINVAL);
    cr_expect_null(other.pipe);
    put(peer, "still");
    close(peer);
    test_run_until(first, &reading.lost);
    cr_expect_str_eq(reading.log, "made data eof lost");
    pipe_recorder_free(&reading);
    test_loop_close(first);
    test_loop_close(second);
}

/* ---- a reader that goes --------------------------------------------------------------- */

Test(pipe_windows, sem_78_a_reader_that_goes_is_noticed_where_the_pipe_goes_both_ways)
{
    brood_loop *loop = test_loop();
    struct pipe_recorder writing = {0};
    int peer = record_writer(loop, &writing);
    test_settle(loop);
    cr_assert_eq(brood_pipe_write(writing.pipe, "x", 1), 0);
    test_settle(loop);
    cr_assert_eq(brood_pipe_buffered(writing.pipe), 0);
    cr_assert_not(brood_pipe_is_closing(writing.pipe), "it has been written, and not been read");
    close(peer);
    test_run_until(loop, &writing.lost);
    cr_assert_str_eq(writing.log, "made lost");
    test_loop_close(loop);
}

/* Ours is the reading end of a pipe that goes one way, the writing one of which is given to
 * brood: nothing can be read from that, so that only a write can show it. */
Test(pipe_windows, sem_78_on_a_pipe_that_goes_one_way_the_next_write_shows_it)
{
    brood_loop *loop = test_loop();
    struct pipe_recorder writing = {0};
    HANDLE to = CreateNamedPipeW(L"\\\\.\\pipe\\LOCAL\\brood-test-one-way",
                                 PIPE_ACCESS_OUTBOUND | FILE_FLAG_OVERLAPPED,
                                 PIPE_TYPE_BYTE | PIPE_WAIT, 1, ROOM, ROOM, 0, NULL);
    cr_assert_neq(to, INVALID_HANDLE_VALUE);
    HANDLE from = CreateFileW(L"\\\\.\\pipe\\LOCAL\\brood-test-one-way", GENERIC_READ, 0, NULL,
                              OPEN_EXISTING, 0, NULL);
    cr_assert_neq(from, INVALID_HANDLE_VALUE);
    record_writing(loop, &writing, (intptr_t)to);
    test_settle(loop);
    CloseHandle(from);
    test_settle(loop);
    cr_expect_str_eq(writing.log, "made");
    brood_pipe_write(writing.pipe, "x", 1);
    test_run_until(loop, &writing.lost);
    cr_expect_str_eq(writing.log, "made lost:EPIPE");
    test_loop_close(loop);
}

/* Somebody may write to the wrong end: it is nobody's, and no sign of an end. */
Test(pipe_windows, sem_78_what_comes_from_the_reader_is_dropped)
{
    brood_loop *loop = test_loop();
    struct pipe_recorder writing = {0};
    char bytes[2000] = {0};
    DWORD count;
    HANDLE ours = CreateNamedPipeW(L"\\\\.\\pipe\\LOCAL\\brood-test-wrong-end",
                                   PIPE_ACCESS_DUPLEX | FILE_FLAG_OVERLAPPED,
                                   PIPE_TYPE_BYTE | PIPE_WAIT, 1, ROOM, ROOM, 0, NULL);
    cr_assert_neq(ours, INVALID_HANDLE_VALUE);
    HANDLE theirs = CreateFileW(L"\\\\.\\pipe\\LOCAL\\brood-test-wrong-end",
                                GENERIC_READ | GENERIC_WRITE, 0, NULL, OPEN_EXISTING, 0, NULL);
    cr_assert_neq(theirs, INVALID_HANDLE_VALUE);
    record_writing(loop, &writing, (intptr_t)ours);
    for (int i = 0; i < 100; i++) { /* more than the pipe holds */
        cr_assert(WriteFile(theirs, bytes, sizeof bytes, &count, NULL));
        test_settle(loop);
    }
    cr_expect_str_eq(writing.log, "made");
    cr_assert_eq(brood_pipe_write(writing.pipe, "still", 5), 0);
    test_settle(loop);
    cr_assert(ReadFile(theirs, bytes, sizeof bytes, &count, NULL));
    cr_expect_eq(count, 5);
    CloseHandle(theirs);
    test_run_until(loop, &writing.lost);
    cr_expect_str_eq(writing.log, "made lost");
    test_loop_close(loop);
}

Test(pipe_windows, sem_85_a_pipe_that_goes_both_ways_can_write_its_end)
{
    brood_loop *loop = test_loop();
    struct pipe_recorder writing = {.keep_when_lost = true};
    int peer = record_writer(loop, &writing);
    char bytes[8];
    cr_assert(brood_pipe_can_write_eof(writing.pipe));
    cr_assert_eq(brood_pipe_write(writing.pipe, "last", 4), 0);
    cr_assert_eq(brood_pipe_write_eof(writing.pipe), 0);
    test_run_until(loop, &writing.lost);
    cr_assert_str_eq(writing.log, "made lost");
    cr_assert_eq(take_bytes(peer, bytes, sizeof bytes), 4);
    cr_assert_eq(take_bytes(peer, bytes, sizeof bytes), 0, "and then the end");
    brood_pipe_close(writing.pipe);
    test_settle(loop);
    close(peer);
    test_loop_close(loop);
}

/* ---- the end --------------------------------------------------------------------------- */

static void end_of_stream(bool pending, const char *text, const char *log)
{
    brood_loop *loop = test_loop();
    struct pipe_recorder reading = {0};
    int peer = record_reader(loop, &reading);
    if (pending)
        test_settle(loop);
    put(peer, text);
    close(peer);
    test_run_until(loop, &reading.lost);
    cr_expect_str_eq(reading.log, log);
    cr_expect_eq(reading.error, 0);
    cr_expect_eq(reading.received, strlen(text));
    test_loop_close(loop);
    pipe_recorder_free(&reading);
}

Test(pipe_windows, sem_79_a_broken_pipe_is_the_end_of_what_is_read)
{
    for (int pending = 0; pending < 2; pending++) {
        end_of_stream(pending != 0, "", "made eof lost");
        end_of_stream(pending != 0, "last words", "made data eof lost");
    }
}

/* Some programs do; Windows completes a read by it, Wine does not. */
Test(pipe_windows, sem_79_a_write_of_no_bytes_is_no_end)
{
    brood_loop *loop = test_loop();
    struct pipe_recorder reading = {0};
    int peer = record_reader(loop, &reading);
    DWORD count;
    test_settle(loop);
    for (int i = 0; i < 3; i++) {
        cr_assert(WriteFile((HANDLE)end_of(peer), "", 0, &count, NULL));
        test_settle(loop);
        cr_expect_str_eq(reading.log, "made");
    }
    put(peer, "some");
    test_settle(loop);
    cr_expect_str_eq(reading.log, "made data");
    cr_expect_eq(reading.received, 4);
    close(peer);
    test_run_until(loop, &reading.lost);
    cr_expect_str_eq(reading.log, "made data eof lost");
    test_loop_close(loop);
    pipe_recorder_free(&reading);
}

/* ---- pausing ---------------------------------------------------------------------------- */

static void check_pattern(const struct pipe_recorder *recorder, size_t len)
{
    char *bytes = pattern_of(len);
    cr_expect_eq(recorder->bytes.len, len);
    cr_expect_arr_eq(recorder->bytes.data, bytes, len);
    free(bytes);
}

Test(pipe_windows, sem_80_the_read_in_flight_stays_there_while_paused)
{
    brood_loop *loop = test_loop();
    struct pipe_recorder reading = {0};
    int peer = record_reader(loop, &reading);
    test_settle(loop);
    for (int i = 0; i < 3; i++) {
        do_pause(&reading);
        test_settle(loop);
        cr_expect_eq(brood__pipe_in(reading.pipe)->op.state, BROOD__SUBMITTED);
        cr_expect_eq(brood_pipe_resume_reading(reading.pipe), 0);
        cr_expect_eq(brood__pipe_in(reading.pipe)->op.state, BROOD__SUBMITTED,
                     "it is still that one");
    }
    put(peer, "x");
    test_settle(loop);
    cr_expect_eq(reading.received, 1);
    close(peer);
    test_run_until(loop, &reading.lost);
    test_loop_close(loop);
    pipe_recorder_free(&reading);
}

/* Each part comes while it is paused: before a round has seen the packet, or after. */
static void deliver_on_resume(bool settle_first, bool settle_after)
{
    enum { PARTS = 20, PART = 3000 };
    brood_loop *loop = test_loop();
    struct pipe_recorder reading = {0};
    int peer = record_reader(loop, &reading);
    char *bytes = pattern_of((size_t)PARTS * PART);
    test_settle(loop);
    for (size_t i = 0; i < PARTS; i++) {
        do_pause(&reading);
        if (settle_first)
            test_settle(loop);
        put_bytes(peer, bytes + i * PART, PART);
        if (settle_after)
            test_settle(loop);
        cr_expect_eq(reading.received, i * PART, "nothing while it is paused");
        cr_expect_eq(available(peer), PART, "it waits in the pipe");
        cr_expect_eq(brood_pipe_resume_reading(reading.pipe), 0);
        cr_expect_eq(reading.received, i * PART, "nothing calls back inline");
        test_settle(loop);
        cr_expect_eq(reading.received, (i + 1) * PART);
    }
    check_pattern(&reading, (size_t)PARTS * PART);
    close(peer);
    test_run_until(loop, &reading.lost);
    cr_expect_str_eq(reading.log, "made data eof lost");
    test_loop_close(loop);
    pipe_recorder_free(&reading);
    free(bytes);
}

Test(pipe_windows, sem_80_what_comes_while_paused_is_delivered_once_on_resume)
{
    for (int i = 0; i < 4; i++)
        deliver_on_resume((i & 1) != 0, (i & 2) != 0);
}

static void end_while_paused(bool settle_first, const char *text, const char *log)
{
    brood_loop *loop = test_loop();
    struct pipe_recorder reading = {0};
    int peer = record_reader(loop, &reading);
    test_settle(loop);
    do_pause(&reading);
    if (settle_first)
        test_settle(loop);
    put(peer, text);
    close(peer);
    test_settle(loop);
    cr_expect_str_eq(reading.log, "made");
    cr_expect_not(brood_pipe_is_closing(reading.pipe));
    cr_expect_eq(brood_pipe_resume_reading(reading.pipe), 0);
    test_run_until(loop, &reading.lost);
    cr_expect_str_eq(reading.log, log);
    cr_expect_eq(reading.received, strlen(text));
    test_loop_close(loop);
    pipe_recorder_free(&reading);
}

Test(pipe_windows, sem_80_an_end_that_comes_while_paused_is_told_on_resume)
{
    for (int i = 0; i < 2; i++) {
        end_while_paused(i != 0, "", "made eof lost");
        end_while_paused(i != 0, "last words", "made data eof lost");
    }
}

Test(pipe_windows, sem_80_a_paused_pipe_with_something_to_read_can_be_closed)
{
    brood_loop *loop = test_loop();
    struct pipe_recorder readers[3] = {{0}};
    int peers[3];
    for (int i = 0; i < 3; i++) {
        peers[i] = record_reader(loop, &readers[i]);
        test_settle(loop);
        do_pause(&readers[i]);
        if (i > 0)
            put(peers[i], "never read");
        if (i > 1)
            test_settle(loop);
        brood_pipe_close(readers[i].pipe);
        test_run_until(loop, &readers[i].lost);
        cr_expect_str_eq(readers[i].log, "made lost");
        cr_expect(nobody_reads(peers[i]));
        close(peers[i]);
    }
    test_loop_close(loop);
}

/* ---- writing ------------------------------------------------------------------------------ */

Test(pipe_windows, sem_59_a_write_is_buffered_until_the_loop_knows_that_it_is_out)
{
    brood_loop *loop = test_loop();
    struct pipe_recorder writing = {0};
    int peer = record_writer(loop, &writing);
    cr_assert_eq(brood_pipe_write(writing.pipe, "abc", 3), 0);
    cr_assert_eq(available(peer), 3, "it is there at once");
    cr_assert_eq(brood_pipe_buffered(writing.pipe), 3);
    test_settle(loop);
    cr_assert_eq(brood_pipe_buffered(writing.pipe), 0);
    close(peer);
    test_run_until(loop, &writing.lost);
    cr_assert_str_eq(writing.log, "made lost");
    test_loop_close(loop);
}

Test(pipe_windows, sem_81_the_marks_count_what_is_in_flight)
{
    brood_loop *loop = test_loop();
    struct pipe_recorder writing = {0};
    char *bytes = pattern_of(4000);
    int peer = record_writer(loop, &writing);
    test_settle(loop);
    cr_assert_eq(brood_pipe_set_limits(writing.pipe, 999, 100), 0);
    cr_assert_eq(brood_pipe_write(writing.pipe, bytes, 999), 0);
    cr_assert_eq(brood_pipe_write(writing.pipe, bytes + 999, 1), 1, "although the pipe has room");
    cr_assert_eq(brood_pipe_buffered(writing.pipe), 1000);
    cr_assert_str_eq(writing.log, "made", "nothing calls back inline");
    test_settle(loop);
    cr_assert_eq(brood_pipe_buffered(writing.pipe), 0);
    cr_assert_str_eq(writing.log, "made pause resume");
    close(peer);
    test_run_until(loop, &writing.lost);
    test_loop_close(loop);
    free(bytes);
}

/* A write that does not fit is in flight, and counts, until its last byte fits. */
Test(pipe_windows, sem_81_a_write_counts_whole_until_all_of_it_is_in_the_pipe)
{
    brood_loop *loop = test_loop();
    struct pipe_recorder writing = {0};
    char *bytes = pattern_of(ROOM + 70000);
    int peer = record_writer(loop, &writing);
    size_t taken = 0;
    test_settle(loop);
    cr_assert_eq(brood_pipe_write(writing.pipe, bytes, ROOM + 70000), 1);
    while (taken < 69999) {
        taken += take_pattern(peer, 69999 - taken, taken);
        test_settle(loop);
        cr_assert_eq(brood_pipe_buffered(writing.pipe), ROOM + 70000);
    }
    taken += take_pattern(peer, 1, taken);
    test_settle(loop);
    cr_assert_eq(brood_pipe_buffered(writing.pipe), 0);
    cr_assert_str_eq(writing.log, "made pause resume");
    while (taken < ROOM + 70000)
        taken += take_pattern(peer, ROOM, taken);
    close(peer);
    test_run_until(loop, &writing.lost);
    test_loop_close(loop);
    free(bytes);
}

Test(pipe_windows, sem_81_one_write_is_in_flight_and_the_rest_joined_behind_it_in_order)
{
    enum { FIRST = ROOM + 1000, PARTS = 50, PART = 300, TOTAL = FIRST + PARTS * PART };
    brood_loop *loop = test_loop();
    struct pipe_recorder writing = {0};
    char *bytes = pattern_of(TOTAL);
    int peer = record_writer(loop, &writing);
    size_t taken = 0;
    test_settle(loop);
    cr_assert_eq(brood_pipe_set_limits(writing.pipe, TOTAL, BROOD_DERIVED), 0);
    cr_assert_eq(brood_pipe_write(writing.pipe, bytes, FIRST), 0);
    for (size_t i = 0; i < PARTS; i++) {
        cr_assert_eq(brood_pipe_write(writing.pipe, bytes + FIRST + i * PART, PART), 0);
        cr_assert_eq(available(peer), FIRST, "the first alone");
    }
    test_settle(loop);
    cr_assert_eq(brood__pipe_out(writing.pipe)->outgoing->sending.len, FIRST);
    cr_assert_eq(brood_pipe_buffered(writing.pipe), TOTAL);
    while (taken < 1000)
        taken += take_pattern(peer, 1000 - taken, taken);
    test_settle(loop);
    cr_assert_eq(brood__pipe_out(writing.pipe)->outgoing->sending.len, PARTS * PART,
                 "all the rest as one");
    cr_assert_eq(available(peer), TOTAL - 1000);
    cr_assert_eq(brood_pipe_buffered(writing.pipe), PARTS * PART);
    brood_pipe_close(writing.pipe);
    for (size_t n = 1; n > 0; taken += n) {
        n = take_pattern(peer, 4096, taken);
        test_settle(loop);
    }
    cr_assert_eq(taken, TOTAL);
    test_run_until(loop, &writing.lost);
    close(peer);
    test_loop_close(loop);
    free(bytes);
}

/* Its memory is the system's until then: what the owner writes to meanwhile is not it. */
Test(pipe_windows, sem_83_a_pipe_with_a_write_in_flight_goes_with_its_loop)
{
    for (int aborted = 0; aborted < 2; aborted++) {
        brood_loop *loop = test_loop();
        struct pipe_recorder writing = {0};
        char *bytes = pattern_of(200000);
        int peer = record_writer(loop, &writing);
        test_settle(loop);
        cr_assert_eq(brood_pipe_write(writing.pipe, bytes, 200000), 1);
        free(bytes);
        if (aborted)
            brood_pipe_abort(writing.pipe);
        test_loop_close(loop);
        size_t taken = 0;
        for (size_t n = 1; n > 0; taken += n)
            n = take_pattern(peer, ROOM, taken);
        cr_expect_lt(taken, 200000, "it was taken back");
        close(peer);
    }
}
